//! Golden digests: the bits of known trainings, kept in a file, so that no bit moves unseen.
//!
//! What the bits mean is checked elsewhere: against the f64 oracle, PyTorch and finite differences.

use std::fmt::Write;
use std::path::PathBuf;

use anyhow::{Context, Result};
use tamis::wire::Report;
use tamis_host::experiments::{self, Experiment};
use tamis_host::machine::Machine;
use tamis_host::{configurations, pool, replica, tools};

/// The file.
pub fn path() -> PathBuf {
    tools::workspace().join("tests/golden/digests.txt")
}

/// What the file should hold: a line for each training of the demonstration and of the cross-check, at seed 1.
pub fn compute() -> Result<String> {
    let demonstration = experiments::demonstration(1)?.into_iter().map(|row| row.experiment);
    let crosscheck = configurations::all(1, Machine::MpsAn386.crosscheck_steps())?;
    let experiments: Vec<_> = demonstration.chain(crosscheck).collect();
    let digests = pool::map(&experiments, |Experiment { training, .. }| {
        let last = Report { digest_every: u32::MAX, params: None };
        replica::run(training, last, |_| {}).and_then(|outcome| outcome.digest().context("no digest"))
    });
    let mut text = format!("arithmetic version {}\n", tamis::ARITHMETIC_VERSION);
    for (Experiment { name, training }, digest) in experiments.iter().zip(digests) {
        writeln!(text, "{:08x}  {}  {name}, {} updates", digest?, training.layers, training.plan.updates)?;
    }
    Ok(text)
}

/// The lines that differ: `-` as in the file, `+` as they are now.
pub fn difference(old: &str, new: &str) -> Vec<String> {
    let missing = |a: &str, b: &str, sign: char| -> Vec<String> {
        a.lines()
            .filter(|&line| !b.lines().any(|other| other == line))
            .map(|line| format!("{sign} {line}"))
            .collect()
    };
    [missing(old, new, '-'), missing(new, old, '+')].concat()
}
