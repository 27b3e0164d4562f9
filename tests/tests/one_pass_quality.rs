//! How well one pass finds the inputs that matter: the tables of `docs/SELECTION.md`, measured again.
//!
//! The preset was chosen on other seeds, 0 to 79.

use std::fmt::Write;

use tamis::one_pass::{Finding, Settings};
use tamis::{Seed, Shadow, Target, Task};
use tamis_firmware::one_pass::{INPUTS, Pass};
use tamis_host::{pool, tools};

/// How many streams stand behind a figure.
const DRAWS: u64 = 40;
/// How many rows a delay or a reservoir keeps.
const ROWS: usize = 64;

/// Where shadows come from.
#[derive(Clone, Copy)]
enum Kind {
    Previous,
    Delay,
    Reservoir,
}

/// What a pass has found.
struct Found {
    relevant: usize,
    norms: [[f32; INPUTS]; 2],
    findings: [Finding; INPUTS],
    visible: [bool; INPUTS],
}

impl Found {
    /// Which inputs are above `factor` times the largest shadow.
    fn above(&self, factor: f32) -> [bool; INPUTS] {
        let [inputs, shadows] = &self.norms;
        let largest = shadows.iter().copied().fold(0.0, f32::max);
        inputs.map(|norm| norm > factor * largest)
    }

    /// How many of the relevant inputs are among `found`.
    fn hits(&self, found: &[bool; INPUTS]) -> usize {
        found[..self.relevant].iter().filter(|&&found| found).count()
    }

    fn has_false_positive(&self, found: &[bool; INPUTS]) -> bool {
        found[self.relevant..].contains(&true)
    }

    /// 2 hits / (found + relevant); without a relevant input 1 if nothing is found.
    fn f1(&self, factor: f32) -> f64 {
        let found = self.above(factor);
        let all = found.iter().filter(|&&found| found).count() + self.relevant;
        if all == 0 { 1.0 } else { 2.0 * self.hits(&found) as f64 / all as f64 }
    }
}

/// A pass over `samples` rows, by the preset but for `settle`.
fn pass(
    samples: u32,
    settle: u32,
    relevant: usize,
    seed: u64,
    kind: Kind,
    mut row: impl FnMut(u32, &mut [f32; INPUTS]) -> f32,
) -> Found {
    let mut rows = vec![[0.0; INPUTS]; ROWS];
    let shadow = match kind {
        Kind::Previous => Shadow::Previous,
        Kind::Delay => Shadow::Delay(&mut rows),
        Kind::Reservoir => Shadow::Reservoir(&mut rows),
    };
    let mut memory = [0.0; Pass::NUMBERS];
    let settings = Settings { settle, ..Settings::new(samples, Seed(seed)) };
    let mut pass = Pass::new(&settings, shadow, &mut memory).unwrap();
    let mut x = [0.0; INPUTS];
    for k in 0..samples {
        let y = row(k, &mut x);
        pass.push(&x, y).unwrap();
    }
    let (norms, findings, visible) = (*pass.norms(), pass.findings(), pass.screen().visible());
    Found { relevant, norms, findings, visible }
}

/// The task families: how many inputs are relevant, and the deviation of the target without noise.
const FAMILIES: [(&str, Target, u16, f32); 5] = [
    ("null", Target::Noise, 0, 1.0),
    ("linear", Target::Linear, 3, 1.732),
    ("sine", Target::Sine, 2, 0.7006),
    ("product", Target::Product, 2, 1.0),
    ("staircase", Target::Staircase, 3, 1.732),
];

/// All draws of a family at `samples` rows that do not depend on each other, noise 0.3 of the target's deviation.
fn draws(family: usize, samples: u32) -> Vec<Found> {
    let (_, target, relevant, deviation) = FAMILIES[family];
    let noise = if target == Target::Noise { 1.0 } else { 0.3 * deviation };
    pool::map(&(1_000..1_000 + DRAWS).collect::<Vec<_>>(), |&seed| {
        let task = Task::plain(target, 16, relevant, noise, Seed(seed));
        pass(samples, 100, relevant.into(), seed, Kind::Previous, |k, x| task.row(k.into(), x))
    })
}

fn mean(found: &[Found], of: impl Fn(&Found) -> f64) -> f64 {
    found.iter().map(of).sum::<f64>() / found.len() as f64
}

fn false_positives(found: &[Found], factor: f32) -> usize {
    found.iter().filter(|found| found.has_false_positive(&found.above(factor))).count()
}

/// The part of `docs/SELECTION.md` that is between the marks of this name.
fn documented(name: &str) -> String {
    let docs = std::fs::read_to_string(tools::workspace().join("docs/SELECTION.md")).unwrap();
    let (open, close) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let (_, rest) = docs.split_once(&open).unwrap();
    rest.split_once(&close).unwrap().0.to_owned()
}

/// F1, draws with a false positive, and labels, over families and lengths.
#[test]
fn it_finds_what_matters_in_one_pass() {
    let names: Vec<&str> = FAMILIES.iter().map(|family| family.0).collect();
    let mut table = format!("| N | | {} |\n|---|---|{}\n", names.join(" | "), "---|".repeat(names.len()));
    for samples in [1_000, 3_000, 10_000] {
        let families: Vec<Vec<Found>> = (0..FAMILIES.len()).map(|family| draws(family, samples)).collect();
        let mut line = |what: &str, of: &dyn Fn(&Vec<Found>) -> String| {
            let cells: Vec<String> = families.iter().map(of).collect();
            writeln!(table, "| {samples} | {what} | {} |", cells.join(" | ")).unwrap();
        };
        for factor in [1.0, 1.5, 2.0] {
            line(&format!("F1 at {factor:.1}, false positives"), &|found| {
                let f1 = mean(found, |found| found.f1(factor));
                format!("{f1:.2}, {}/{DRAWS}", false_positives(found, factor))
            });
        }
        line("visible by themselves: relevant, any other", &|found| {
            let others = found.iter().filter(|found| found.has_false_positive(&found.visible)).count();
            let share =
                mean(found, |found| found.hits(&found.visible) as f64) / found[0].relevant.max(1) as f64;
            if found[0].relevant == 0 {
                format!("{others}/{DRAWS}")
            } else {
                format!("{share:.2}, {others}/{DRAWS}")
            }
        });

        let [null, linear, sine, product, staircase] = &families[..] else { panic!("five families") };
        // As likely as not by symmetry, and hardly ever half as much again.
        assert!((10..=30).contains(&false_positives(null, 1.0)), "{table}");
        assert!(false_positives(null, 1.5) <= 2 && false_positives(null, 2.0) == 0, "{table}");
        let f1 = |found: &[Found]| mean(found, |found| found.f1(1.5));
        assert!(f1(linear) >= 0.95 && f1(sine) >= 0.95, "{table}");
        assert!(samples < 3_000 || f1(staircase) >= 0.9, "{table}");
        assert!(samples < 10_000 || f1(product) >= 0.55, "{table}");
        for found in families.iter().flatten() {
            let relevant = found.findings.map(|finding| matches!(finding, Finding::Relevant(_)));
            assert_eq!(relevant, found.above(1.5), "the findings are those of the rule");
        }
    }
    println!("{table}");
    assert_eq!(documented("one pass"), table);
}

/// Inputs that follow a course of their own, x <- phi x + sqrt(1 - phi phi) e, and a target that does too.
fn courses(phi: f32, is_null: bool, kind: Kind) -> Vec<Found> {
    pool::map(&(2_000..2_000 + DRAWS).collect::<Vec<_>>(), |&seed| {
        let white = Task::plain(Target::Noise, 16, 0, 1.0, Seed(seed));
        let (mut e, mut noise) = ([0.0; INPUTS], 0.0);
        let kept = (1.0 - phi * phi).sqrt();
        pass(3_000, 500, if is_null { 0 } else { 3 }, seed, kind, |k, x| {
            let e_y = white.row(k.into(), &mut e);
            x.iter_mut().zip(&e).for_each(|(x, e)| *x = phi * *x + kept * e);
            noise = phi * noise + kept * e_y;
            if is_null { noise } else { x[0] + x[1] + x[2] + 0.5 * noise }
        })
    })
}

/// Where rows follow each other closely, a reservoir finds what is not there; the row before does not, but hides some of
/// what is; a delay does neither, as far as it is long.
#[test]
fn slow_rows_want_a_delay() {
    let mut table = "| rows | target | previous | delay | reservoir |\n|---|---|---|---|---|\n".to_owned();
    let mut slow = Vec::new();
    for phi in [0.0, 0.95] {
        for is_null in [true, false] {
            let kinds = [Kind::Previous, Kind::Delay, Kind::Reservoir].map(|kind| {
                let found = courses(phi, is_null, kind);
                if phi > 0.0 && is_null {
                    // To the screen slow rows are more than they are.
                    assert!(
                        mean(&found, |found| f64::from(found.has_false_positive(&found.visible))) >= 0.95
                    );
                }
                let recall = mean(&found, |found| found.hits(&found.above(1.5)) as f64) / 3.0;
                (false_positives(&found, 1.5), recall)
            });
            let cells = kinds.map(|(wrong, recall)| {
                if is_null { format!("{wrong}/{DRAWS}") } else { format!("{wrong}/{DRAWS}, {recall:.2}") }
            });
            let target = if is_null { "null" } else { "linear" };
            writeln!(table, "| φ = {phi} | {target} | {} |", cells.join(" | ")).unwrap();
            if phi > 0.0 {
                slow.push(kinds);
            }
        }
    }
    println!("{table}");
    let [[previous, delay, reservoir], [previous_linear, delay_linear, _]] = slow[..] else {
        panic!("two targets")
    };
    assert!(previous.0 <= 2 && delay.0 <= 4 && reservoir.0 >= 20, "{table}");
    assert!(delay_linear.0 <= 4 && delay_linear.1 > previous_linear.1, "{table}");
    assert_eq!(documented("slow rows"), table);
}
