//! x
use std::time::Instant;
use anyhow::Result;
use tamis::{Lanes, Number};
use tamis_firmware::workloads::*;
use tamis_speed::{simd::Level, steps::{Training, multiply_adds}};

fn time<W: Workload, T: Number>(t: &mut Training<W, T>, level: Level, lanes: usize, name: &str) {
    let target = 2_000_000.0;
    let mut best = f64::MAX;
    let mut steps = 64u32;
    for _ in 0..40 {
        let s = Instant::now();
        t.run(steps, level).unwrap();
        let ns = s.elapsed().as_nanos() as f64 / steps as f64;
        best = best.min(ns);
        steps = (target / ns) as u32 + 1;
    }
    println!("{} {name} {level}: {best:.1} ns a step, {:.1} a run, {:.1} GFMA", W::NAME, best / lanes as f64, multiply_adds::<W>() as f64 * lanes as f64/ best);
}
fn all<W: Workload>() -> Result<()> {
    time(&mut Training::<W, f32>::scalar(0)?, Level::Baseline, 1, "scalar");
    for level in Level::ALL {
    time(&mut Training::<W, Lanes<4>>::lanes()?, level, 4, "4");
    time(&mut Training::<W, Lanes<8>>::lanes()?, level, 8, "8");
    time(&mut Training::<W, Lanes<16>>::lanes()?, level, 16, "16");
    }
    Ok(())
}
fn main() -> Result<()> {
    all::<W1>()?;
    all::<W2>()?;
    all::<W3>()
}
