//! What a step takes on the host: alone, in lanes, in plain C, in the crate `mynn`. One line of JSON; the command
//! `tamis bench` makes tables of it.
//!
//! All that is timed goes through the same samples from the same weights, in rounds: each round times everyone
//! once, and the shortest time of all rounds counts. So what else the machine does meets everyone alike.

use std::time::Instant;

use anyhow::{Result, ensure};
use serde_json::json;
use tamis::{Lanes, Number};
use tamis_firmware::workloads::{W1, W2, W3, W4, W5, Workload};
use tamis_speed::plain::{self, Plain};
use tamis_speed::simd::Level;
use tamis_speed::steps::{Training, multiply_adds};
use tamis_speed::peak;

/// How often everyone is timed.
const ROUNDS: usize = 40;

/// What a variant's run in one round takes, about.
const ROUND_NS: f64 = 1e6;

/// One of those that are timed: a number of steps becomes nanoseconds a step and training.
struct Variant {
    name: String,
    time: Box<dyn FnMut(u32) -> Result<f64>>,
    best: f64,
}

impl Variant {
    fn new(name: impl Into<String>, time: impl FnMut(u32) -> Result<f64> + 'static) -> Self {
        Self { name: name.into(), time: Box::new(time), best: f64::INFINITY }
    }

    /// On numbers that are `trainings` at once.
    fn of<W: Workload + 'static, T: Number + 'static>(
        name: String,
        mut training: Training<W, T>,
        level: Level,
        trainings: usize,
    ) -> Self {
        Self::new(name, move |steps| {
            let start = Instant::now();
            training.run(steps, level)?;
            Ok(start.elapsed().as_nanos() as f64 / f64::from(steps) / trainings as f64)
        })
    }
}

/// The rows of one workload.
fn rows<W: Workload + 'static>() -> Result<Vec<serde_json::Value>> {
    let mut variants = vec![Variant::of("scalar".into(), Training::<W, f32>::scalar(0)?, Level::Baseline, 1)];
    for level in Level::ALL.into_iter().filter(|level| level.is_available()) {
        let name = format!("{} lanes, {level}", level.lanes());
        variants.push(match level {
            Level::Baseline => Variant::of(name, Training::<W, Lanes<4>>::lanes()?, level, 4),
            Level::Avx2 => Variant::of(name, Training::<W, Lanes<8>>::lanes()?, level, 8),
            Level::Avx512 => Variant::of(name, Training::<W, Lanes<16>>::lanes()?, level, 16),
        });
    }
    if plain::has_compiler() {
        let mut plain = Plain::start::<W>()?;
        variants.push(Variant::new("plain C", move |steps| Ok(plain.run(steps)?.0)));
    }
    for round in 0..ROUNDS {
        for variant in &mut variants {
            // The first round finds out how many steps the others have.
            let steps = if round == 0 { 16.0 } else { (ROUND_NS / variant.best).clamp(16.0, 1e6) };
            variant.best = variant.best.min((variant.time)(steps as u32)?);
        }
    }
    let row = |variant: &Variant| json!({ "workload": W::NAME, "variant": variant.name, "ns_per_step": variant.best });
    Ok(variants.iter().map(row).collect())
}

fn main() -> Result<()> {
    let mut all = Vec::new();
    for level in Level::ALL {
        let best = (0..20).map(|_| peak::pairs_per_ns(level)).fold(0.0, f64::max);
        println!("peak {level}: {best:.1}");
    }
    for rows in [rows::<W1>()?, rows::<W2>()?, rows::<W3>()?, rows::<W4>()?, rows::<W5>()?] {
        all.extend(rows);
    }
    for row in &all { println!("{row}"); }
    Ok(())
}
