//! What a step takes on the host: alone, in lanes, in plain C, in the crate `mynn`. Prints one JSON object, of which
//! `tamis bench --host` makes tables.
//!
//! All who are timed start from the same weights and go through the same samples, in rounds: each round times everyone
//! once, and the shortest time of all rounds counts. So what else the machine does meets everyone alike.

mod peer;

use std::time::Instant;

use anyhow::Result;
use tamis::{Lanes, Number};
use tamis_firmware::workloads::{W1, W2, W3, W4, W5, Workload};
use tamis_speed::figures::{Absent, Figures, HostRow, Peak};
use tamis_speed::peak;
use tamis_speed::plain::{self, Plain};
use tamis_speed::simd::Level;
use tamis_speed::steps::Training;

/// How often everyone is timed.
const ROUNDS: usize = 60;

/// What one who is timed takes in a round, about.
const ROUND_NS: f64 = 1e6;

/// One who is timed: so many steps take so many nanoseconds each, for one training.
struct Variant {
    name: String,
    time: Box<dyn FnMut(u32) -> Result<f64>>,
    best: f64,
}

impl Variant {
    fn new(name: impl Into<String>, time: impl FnMut(u32) -> Result<f64> + 'static) -> Self {
        Self { name: name.into(), time: Box::new(time), best: f64::INFINITY }
    }

    /// The kernel, on numbers that are `trainings` at once.
    fn of<W: Workload + 'static, T: Number + 'static>(
        name: impl Into<String>,
        mut training: Training<W, T>,
        level: Level,
        trainings: u32,
    ) -> Self {
        Self::new(name, move |steps| {
            let start = Instant::now();
            training.run(steps, level)?;
            Ok(start.elapsed().as_nanos() as f64 / f64::from(steps) / f64::from(trainings))
        })
    }
}

/// Times one workload, in the kernel's variants, in C, and in those of `others`.
fn measure<W: Workload + 'static>(figures: &mut Figures, others: Vec<Variant>) -> Result<()> {
    let mut variants = vec![Variant::of("scalar", Training::<W, f32>::scalar(0)?, Level::Baseline, 1)];
    for level in Level::ALL.into_iter().filter(|level| level.is_available()) {
        let training = Training::<W, Lanes<8>>::lanes()?;
        variants.push(Variant::of(format!("8 lanes, {level}"), training, level, 8));
    }
    if plain::has_compiler() {
        plain::check::<W>()?;
        let mut plain = Plain::start::<W>()?;
        variants.push(Variant::new("plain C", move |steps| Ok(plain.run(steps)?.0)));
    }
    variants.extend(others);
    for round in 0..ROUNDS {
        for variant in &mut variants {
            // The first round finds out how many steps the others have.
            let steps = if round == 0 { 16.0 } else { (ROUND_NS / variant.best).clamp(16.0, 1e6) };
            variant.best = variant.best.min((variant.time)(steps as u32)?);
        }
    }
    figures.rows.extend(variants.into_iter().map(|variant| HostRow {
        workload: W::NAME.to_owned(),
        variant: variant.name,
        ns_per_step: variant.best,
    }));
    Ok(())
}

fn main() -> Result<()> {
    let mut figures = Figures::default();
    for (level, bits) in [(Level::Baseline, 128), (Level::Avx2, 256), (Level::Avx512, 512)] {
        if level.is_available() {
            let measured = (0..ROUNDS).map(|_| peak::pairs_per_ns(level, bits));
            figures.peaks.push(Peak { bits, pairs_per_ns: measured.fold(0.0, f64::max) });
        } else {
            let reason = "this core does not have it".to_owned();
            figures.absent.push(Absent { variant: format!("8 lanes, {level}"), reason });
        }
    }
    if !plain::has_compiler() {
        let reason = "there is no C compiler `cc`".to_owned();
        figures.absent.push(Absent { variant: "plain C".to_owned(), reason });
    }
    measure::<W1>(&mut figures, vec![Variant::new(peer::NAME, peer::w1()?)])?;
    measure::<W2>(&mut figures, vec![Variant::new(peer::NAME, peer::w2()?)])?;
    measure::<W3>(&mut figures, Vec::new())?;
    figures.absent.push(Absent { variant: format!("{} on W3", peer::NAME), reason: peer::NO_W3.to_owned() });
    measure::<W4>(&mut figures, Vec::new())?;
    measure::<W5>(&mut figures, Vec::new())?;
    println!("{}", serde_json::to_string(&figures)?);
    Ok(())
}
