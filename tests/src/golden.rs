//! Golden files: figures that are computed again and compared, so that none moves unseen.
//!
//! The digests of known trainings: what their bits mean is checked elsewhere, against the f64 oracle, PyTorch and
//! finite differences. And the table of costs in the docs.

use std::fmt::Write;
use std::path::PathBuf;

use anyhow::{Context, Result};
use tamis::wire::Report;
use tamis_host::experiments::{self, Experiment};
use tamis_host::machine::Machine;
use tamis_host::{configurations, pool, replica, tools};

use crate::costs;

/// A golden file.
pub struct Golden {
    /// Where it is.
    pub path: PathBuf,
    /// What is in it.
    pub old: String,
    /// What should be.
    pub new: String,
}

impl Golden {
    fn read(path: &str) -> Result<(PathBuf, String)> {
        let path = tools::workspace().join(path);
        let text =
            std::fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()));
        text.map(|text| (path, text))
    }

    /// The digests.
    pub fn digests() -> Result<Self> {
        let (path, old) = Self::read("tests/golden/digests.txt")?;
        Ok(Self { path, old, new: digests()? })
    }

    /// The page of the options, with what each costs.
    pub fn options() -> Result<Self> {
        let (path, old) = Self::read("docs/OPTIONS.md")?;
        let (begin, end) = ("<!-- costs -->\n", "<!-- /costs -->\n");
        let (before, rest) = old.split_once(begin).context("the page has no place for the costs")?;
        let (_, after) = rest.split_once(end).context("the page has no end of the costs")?;
        let new = [before, begin, &costs::table()?, end, after].concat();
        Ok(Self { path, old, new })
    }

    /// The lines that have moved.
    pub fn difference(&self) -> Vec<String> {
        difference(&self.old, &self.new)
    }
}

/// A line for each training of the demonstration and of the cross-check, at seed 1.
fn digests() -> Result<String> {
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
