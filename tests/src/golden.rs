//! Golden files: figures that are computed again and compared, so that none moves unseen.
//!
//! The digests of known trainings: what their bits mean is checked elsewhere, against the f64 oracle, PyTorch and
//! finite differences. The table of costs in the docs. The figures of the benchmarks, and the page and the picture
//! that tell them.

use std::fmt::Write;
use std::path::PathBuf;

use anyhow::{Context, Result};
use tamis_host::bench::figures::Figures;
use tamis_host::bench::picture;
use tamis_host::experiments::{self, Experiment};
use tamis_host::machine::Machine;
use tamis_host::replica::Report;
use tamis_host::{configurations, pool, replica, svg, tools};

use crate::{benchmarks, costs};

/// Where the figures of the benchmarks are.
const BENCHMARKS: &str = "tests/golden/benchmarks.json";

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
        let new = told(&old, "costs", &costs::table()?)?;
        Ok(Self { path, old, new })
    }

    /// The figures of the benchmarks, and the pages and the picture that tell them.
    pub fn benchmarks(figures: &Figures) -> Result<[Self; 4]> {
        let (path, old) = Self::read(BENCHMARKS)?;
        let golden = Self { path, old, new: figures.text()? };
        let (path, old) = Self::read("docs/BENCHMARKS.md")?;
        let new = told(&old, "device", &benchmarks::device(figures)?)?;
        let new = told(&new, "growth", &benchmarks::growth(figures)?)?;
        let page = Self { path, old, new };
        let (path, old) = Self::read("docs/growth.svg")?;
        let picture = Self { path, old, new: picture::svg(&figures.growth)? };
        let (path, old) = Self::read("README.md")?;
        let readme = Self { path, new: told(&old, "speed", &benchmarks::summary(figures)?)?, old };
        Ok([golden, page, picture, readme])
    }

    /// The figures of the benchmarks as they are committed.
    pub fn committed_benchmarks() -> Result<Figures> {
        Figures::parse(&Self::read(BENCHMARKS)?.1)
    }

    /// Takes the new text over; beside a picture there is also its PNG.
    pub fn write(&self) -> Result<()> {
        match (self.path.extension(), self.path.parent(), self.path.file_stem()) {
            (Some(extension), Some(folder), Some(name)) if extension == "svg" => {
                svg::save(&self.new, folder, &name.to_string_lossy())?;
            }
            _ => std::fs::write(&self.path, &self.new)?,
        }
        Ok(())
    }

    /// The lines that have moved.
    pub fn difference(&self) -> Vec<String> {
        difference(&self.old, &self.new)
    }
}

/// `page` with `text` between its marks of this name.
fn told(page: &str, name: &str, text: &str) -> Result<String> {
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->\n"));
    let (before, rest) = page.split_once(&begin).with_context(|| format!("the page has no {begin}"))?;
    let (_, after) = rest.split_once(&end).with_context(|| format!("the page has no {end}"))?;
    Ok([before, &begin, text, &end, after].concat())
}

/// A line for each training of the demonstration and of the cross-check, at seed 1: the digest after its last update, what it
/// is, and the whole of it, in `postcard`, for `tests/bits`.
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
        write!(text, "{:08x}  {}  {name}, {} updates  ", digest?, training.layers, training.plan.updates)?;
        postcard::to_extend(training, Vec::new())?.iter().try_for_each(|byte| write!(text, "{byte:02x}"))?;
        text.push('\n');
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
