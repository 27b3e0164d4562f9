//! One pass over a stream: against f64, and what it refuses.

use std::convert::Infallible;
use std::vec;

use anyhow::{Error, Result};
use tamis::one_pass::{Finding, Label, OnePass, OnePassError, Progress, Settings, Stage, loss};
use tamis::state::{State as _, Words};
use tamis::{
    AnyActivation, Chain, Dense, Identity, LayerSpec, Layers, Screen, Seed, Shadow, StepError, Tanh, Target,
    Task,
};
use tamis_test_kit::oracle::{self, Shadows};
use tamis_test_kit::{Row, bits, relative_distance};

const INPUTS: usize = 16;
type Pass<'a> = OnePass<'a, Chain<Dense<32, 8, Tanh>, Dense<8, 1, Identity>>, INPUTS>;

/// The first `n` rows of a task, all inputs at scales and offsets of their own.
fn table(target: Target, relevant: u16, n: u32) -> Vec<Row> {
    let task = Task::plain(target, 16, relevant, 0.4, Seed(7));
    let row = |k: u32| {
        let mut x = vec![0.0; INPUTS];
        let y = task.row(k.into(), &mut x);
        for (j, x) in x.iter_mut().enumerate() {
            *x = *x * (1 + j) as f32 + 3.0 * j as f32;
        }
        Row { x, target: vec![5.0 - 2.0 * y] }
    };
    (0..n).map(row).collect()
}

fn push(pass: &mut Pass<'_>, row: &Row) -> Result<Stage, StepError> {
    pass.push(row.x.as_slice().try_into().unwrap(), row.target[0])
}

/// The whole procedure in f64, from its description: scale, shadows, updates, norms, screen.
#[test]
fn it_does_what_f64_does() -> Result<()> {
    let (mut ring, mut reservoir) = ([[0.0; INPUTS]; 5], [[0.0; INPUTS]; 12]);
    let cases = [
        (Target::Linear, 3, Shadow::Previous, Shadows::Delay(1)),
        (Target::Sine, 2, Shadow::Delay(&mut ring), Shadows::Delay(5)),
        (Target::Product, 2, Shadow::Reservoir(&mut reservoir), Shadows::Reservoir(12)),
    ];
    for (target, relevant, shadow, shadows) in cases {
        let settings = Settings { settle: 50, ..Settings::new(1_003, Seed(3)) };
        let rows = table(target, relevant, settings.samples);
        let mut memory = [0.0; Pass::NUMBERS];
        let mut pass = Pass::new(&settings, shadow, &mut memory)?;
        let expected = oracle::one_pass(&rows, &settings, shadows, 8, pass.params());
        rows.iter().try_for_each(|row| push(&mut pass, row).map(|_| ()))?;

        let distance = relative_distance(pass.norms().as_flattened(), &expected.norms);
        assert!(distance < 2e-4, "{}: norms are {distance:e} off", target.name());
        let distance = relative_distance(pass.params(), &expected.params);
        assert!(distance < 2e-4, "{}: parameters are {distance:e} off", target.name());
        // The squares are around running means, here around those of all rows.
        for (z, exact) in pass.screen().z().as_flattened().iter().zip(expected.z.as_flattened()) {
            assert!((f64::from(*z) - exact).abs() < 0.05 + 0.02 * exact.abs(), "{z}, not {exact}");
        }
        let largest = expected.norms[INPUTS..].iter().copied().fold(0.0, f64::max);
        for (j, (finding, z)) in pass.findings().iter().zip(&expected.z).enumerate() {
            let is_visible = z.iter().any(|z| z.powi(2) > 2.0 * 640_f64.ln());
            let exact = match expected.norms[j] / largest {
                ..1.0 => Finding::NoEvidence,
                1.0..1.5 => Finding::Undecided,
                _ if is_visible => Finding::Relevant(Label::Marginal),
                _ => Finding::Relevant(Label::Joint),
            };
            assert_eq!(*finding, exact, "{}, input {j}", target.name());
        }
    }
    Ok(())
}

/// Bad samples are counted, and the pass goes on as if they had not been.
#[test]
fn a_bad_sample_leaves_no_trace() -> Result<()> {
    let rows = table(Target::Sine, 2, 600);
    let (mut memory, mut other) = ([0.0; Pass::NUMBERS], [0.0; Pass::NUMBERS]);
    let (mut reservoir, mut another) = ([[0.0; INPUTS]; 4], [[0.0; INPUTS]; 4]);
    let settings = Settings::new(600, Seed(2));
    let mut clean = Pass::new(&settings, Shadow::Reservoir(&mut reservoir), &mut memory)?;
    let mut dirty = Pass::new(&settings, Shadow::Reservoir(&mut another), &mut other)?;
    let mut rejected = 0;
    for (k, row) in rows.iter().enumerate() {
        push(&mut clean, row)?;
        if k % 7 == 0 {
            let mut bad = row.clone();
            bad.x[k % INPUTS] = [f32::NAN, f32::INFINITY][k % 2];
            assert_eq!(push(&mut dirty, &bad), Err(StepError::Input(k % INPUTS)));
            let bad = Row { target: vec![f32::NEG_INFINITY], ..row.clone() };
            assert_eq!(push(&mut dirty, &bad), Err(StepError::Target(0)));
            rejected += 2;
        }
        push(&mut dirty, row)?;
        assert_eq!(dirty.progress(), Progress { rejected, ..clean.progress() });
    }
    assert_eq!(bits(dirty.params()), bits(clean.params()));
    assert_eq!(bits(dirty.norms().as_flattened()), bits(clean.norms().as_flattened()));
    assert_eq!(dirty.findings(), clean.findings());
    Ok(())
}

/// The words of a state.
struct Copied(Vec<u32>);

impl Words for Copied {
    type Error = Infallible;

    fn word(&mut self, word: &mut u32) -> Result<(), Infallible> {
        self.0.push(*word);
        Ok(())
    }
}

/// Words that become a state again.
struct GivenBack(vec::IntoIter<u32>);

impl Words for GivenBack {
    type Error = &'static str;

    fn word(&mut self, word: &mut u32) -> Result<(), &'static str> {
        *word = self.0.next().ok_or("a word is missing")?;
        Ok(())
    }
}

/// It goes on from its state after any sample, also in the middle of a batch.
#[test]
fn its_state_is_all_that_it_is() -> Result<()> {
    let rows = table(Target::Sine, 2, 600);
    let settings = Settings { settle: 50, ..Settings::new(600, Seed(2)) };
    let (mut memory, mut reservoir) = ([0.0; Pass::NUMBERS], [[0.0; INPUTS]; 4]);
    let mut whole = Pass::new(&settings, Shadow::Reservoir(&mut reservoir), &mut memory)?;
    rows.iter().try_for_each(|row| push(&mut whole, row).map(|_| ()))?;
    for stop in [0, 30, 52, 200, 201, 202, 203, 500, 599, 600] {
        let (before, after) = rows.split_at(stop);
        let (mut memory, mut reservoir) = ([0.0; Pass::NUMBERS], [[0.0; INPUTS]; 4]);
        let mut stopped = Pass::new(&settings, Shadow::Reservoir(&mut reservoir), &mut memory)?;
        before.iter().try_for_each(|row| push(&mut stopped, row).map(|_| ()))?;
        let mut words = Copied(Vec::new());
        stopped.pass(&mut words)?;

        let (mut memory, mut reservoir) = ([0.0; Pass::NUMBERS], [[0.0; INPUTS]; 4]);
        let mut resumed = Pass::new(&settings, Shadow::Reservoir(&mut reservoir), &mut memory)?;
        let mut words = GivenBack(words.0.into_iter());
        resumed.pass(&mut words).map_err(Error::msg)?;
        assert_eq!(words.0.len(), 0, "words are left");
        assert_eq!(resumed.progress(), stopped.progress());
        after.iter().try_for_each(|row| push(&mut resumed, row).map(|_| ()))?;
        assert_eq!(bits(resumed.params()), bits(whole.params()), "stopped after {stop}");
        assert_eq!(bits(resumed.norms().as_flattened()), bits(whole.norms().as_flattened()));
        assert_eq!(resumed.screen().z(), whole.screen().z());
        assert_eq!((resumed.progress(), resumed.findings()), (whole.progress(), whole.findings()));
    }
    Ok(())
}

#[test]
fn it_says_what_it_is_at() -> Result<()> {
    let mut ring = [[0.0; INPUTS]; 20];
    let mut memory = [0.0; Pass::NUMBERS];
    let settings = Settings { settle: 50, ..Settings::new(470, Seed(1)) };
    let mut pass = Pass::new(&settings, Shadow::Delay(&mut ring), &mut memory)?;
    let mut ends = Vec::new();
    let mut last = pass.progress().stage;
    for (k, row) in (1..).zip(table(Target::Linear, 3, 470)) {
        assert!(last >= Stage::Norms || pass.findings() == [Finding::Undecided; INPUTS], "before sample {k}");
        let stage = push(&mut pass, &row)?;
        if stage != last {
            ends.push((last, k));
        }
        last = stage;
    }
    // 400 samples learned from are 100 updates, 20 of them with averaged norms.
    assert_eq!(ends, [(Stage::Scale, 50), (Stage::Shadows, 70), (Stage::Learning, 390), (Stage::Norms, 470)]);
    let before = bits(pass.params());
    for row in table(Target::Noise, 0, 20) {
        assert_eq!(push(&mut pass, &row), Ok(Stage::Done));
    }
    assert_eq!((pass.progress().accepted, bits(pass.params())), (470, before));
    Ok(())
}

/// A constant input has no evidence and is named; a constant target leaves nothing to find; huge numbers do no harm.
#[test]
fn what_carries_nothing_is_named() -> Result<()> {
    let run = |change: fn(u32, &mut [f32; INPUTS], &mut f32)| {
        let mut memory = [0.0; Pass::NUMBERS];
        let mut pass = Pass::new(&Settings::new(1_000, Seed(4)), Shadow::Previous, &mut memory)?;
        let task = Task::plain(Target::Linear, 16, 3, 0.3, Seed(4));
        for k in 0..1_000 {
            let mut x = [0.0; INPUTS];
            let mut y = task.row(k.into(), &mut x);
            change(k, &mut x, &mut y);
            pass.push(&x, y)?;
        }
        let constant: Vec<_> = pass.constant_inputs().collect();
        if let &[input] = &constant[..] {
            assert_eq!(pass.screen().z()[input], [0.0; 2]);
        }
        anyhow::Ok((pass.findings(), constant, pass.has_constant_target()))
    };
    let (findings, constant, is_constant) = run(|_, x, _| x[5] = 3.25)?;
    assert_eq!((findings[5], constant, is_constant), (Finding::NoEvidence, vec![5], false));
    let (findings, _, is_constant) = run(|_, _, y| *y = 1.0)?;
    assert!(is_constant && !findings.iter().any(|finding| matches!(finding, Finding::Relevant(_))));
    let (findings, _, _) = run(|k, x, y| {
        if k % 50 == 49 && k > 100 {
            (x[9], *y) = (f32::MAX, -f32::MAX);
        }
    })?;
    assert!(
        findings[..3].iter().all(|&finding| finding == Finding::Relevant(Label::Marginal)),
        "{findings:?}"
    );
    Ok(())
}

#[test]
fn what_makes_no_sense_is_refused() {
    let refusal = |settings: Settings, rows: usize| {
        let mut ring = vec![[0.0; INPUTS]; rows];
        let mut memory = [0.0; Pass::NUMBERS];
        Pass::new(&settings, Shadow::Delay(&mut ring), &mut memory).err().map(|error| error.to_string())
    };
    let good = Settings::new(1_000, Seed(1));
    assert_eq!(refusal(good, 1), None);
    let bad = [
        (good, 0, "a shadow needs memory for at least one row"),
        (good, 884, "scale and shadows leave samples for fewer than five updates"),
        (Settings { samples: 0, ..good }, 1, "scale and shadows leave samples for fewer than five updates"),
        (Settings { batch: 0, ..good }, 1, "a batch needs at least one sample"),
        (Settings { batch: 1, ..good }, 1, "a batch of one stores no gradient: call Model::step"),
        (Settings { step_size: 0.0, ..good }, 1, "the step size must be a positive finite number"),
        (
            Settings { penalty: -1.0, ..good },
            1,
            "the proximal penalty must be a finite number, zero or more, at least one update apart",
        ),
        (Settings { factor: 0.5, ..good }, 1, "the factor of the verdict must be a finite number, 1 or more"),
    ];
    for (settings, rows, message) in bad {
        assert_eq!(refusal(settings, rows).as_deref(), Some(message), "{settings:?}, {rows} rows");
    }
    assert_eq!(refusal(good, 883), None); // 17 samples, 5 updates
    let mut none: [[f32; INPUTS]; 0] = [];
    let mut memory = [0.0; Pass::NUMBERS];
    let refused = Pass::new(&good, Shadow::Reservoir(&mut none), &mut memory).err();
    assert_eq!(refused, Some(OnePassError::Shadow));
}

#[test]
fn a_network_of_another_shape_is_refused() -> Result<()> {
    let mut memory = [0.0; 2 * Pass::NUMBERS];
    for (inputs, outputs, is_refused) in [(32, 1, false), (31, 1, true), (32, 2, true), (16, 1, true)] {
        let net = Layers::new(inputs, &[LayerSpec::new(outputs, AnyActivation::Identity)])?;
        let settings = Settings::new(1_000, Seed(1));
        let pass = OnePass::<_, INPUTS, _>::over(net, loss(), &settings, Shadow::Previous, &mut memory);
        let expected = is_refused.then_some(OnePassError::Network);
        assert_eq!(pass.err(), expected, "{inputs} inputs, {outputs} outputs");
    }
    Ok(())
}

/// Where the bound is, by its formula in f64: for few inputs and for many, from samples whose z grows with their number.
#[test]
fn an_input_is_visible_beyond_the_bound() {
    fn check<const D: usize>() -> (usize, usize) {
        let bound = 2.0 * (40.0 * D as f64).ln();
        let mut screen = Screen::<D>::default();
        let mut counts = (0, 0);
        for k in 0..60 {
            let v = if k % 2 == 0 { 1.0 } else { -1.0 };
            screen.push(&[v; D], v);
            let [z, _] = screen.z()[0];
            let is_visible = f64::from(z).powi(2) > bound;
            assert_eq!(screen.visible(), [is_visible; D], "{k} samples, z {z}");
            if is_visible {
                counts.0 += 1;
            } else {
                counts.1 += 1;
            }
        }
        counts
    }
    for counts in [check::<1>(), check::<4>(), check::<100>()] {
        assert!(counts.0 > 5 && counts.1 > 5, "{counts:?}");
    }
}

/// Parameters and gradient of 273 numbers, 32 norms: 2.3 KB. The rest is scratch, scale, the last two rows, the screen,
/// settings and counters.
#[test]
fn the_state_is_as_large_as_stated() {
    type Small<'a> = OnePass<'a, Chain<Dense<4, 8, Tanh>, Dense<8, 1, Identity>>, 2>;
    let params = |d: usize| 2 * d * 8 + 8 + 8 + 1;
    assert_eq!(size_of::<f32>() * (2 * params(16) + 32), 2_312);
    assert_eq!(Pass::NUMBERS, 2 * params(16) + 2 * 9 + 2 * 17);
    assert_eq!(Small::NUMBERS, 2 * params(2) + 2 * 9 + 2 * 3);
    // Per input: two columns and their gradient, two norms, mean and deviation, two rows, six sums.
    let bytes = Pass::STATE_BYTES - Small::STATE_BYTES;
    assert_eq!(bytes, 14 * 4 * (2 * 2 * 8 + 2 + 2 + 2 + 6));
}
