//! `tamis repro`: the experiments of the paper, and whether they come out as published.
//!
//! Beneventano, Pinto, Poggio, *How Neural Networks Learn the Support is an Implicit Regularization Effect of SGD*,
//! arXiv 2406.11110. Each target is a file of its own in `repro/`; what it finds is compared with published or
//! independently measured values, one verdict a value, and the exit code follows the verdicts.

pub mod diagonal;
pub mod digits;
pub mod synthetic;
pub mod toy;
pub mod verdict;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use synthetic::{Given, Synthetic};
pub use verdict::Verdict;

use crate::tools;

/// What to reproduce.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Target {
    /// A linear target of 5 of 15 inputs.
    Linear,
    /// Its sine.
    Sine,
    /// A sum of products.
    Staircase,
    /// The two-parameter example, over its loss landscape.
    Toy,
    /// The diagonal linear network of arXiv 2210.05337.
    Diagonal,
    /// Handwritten digits, 8x8.
    Digits,
    /// Every target there is, one after the other.
    All,
}

/// Reproduces the experiments of the paper, and says what comes out as published.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n    tamis repro all --out /tmp/repro")]
pub struct Options {
    /// Which experiment.
    #[arg(value_enum)]
    pub target: Target,
    /// Where the pictures go.
    #[arg(long, value_name = "DIR", default_value = "repro")]
    pub out: PathBuf,
    /// One JSON object instead of tables.
    #[arg(long)]
    pub json: bool,
    /// What only some targets take.
    #[command(flatten)]
    pub synthetic: Given,
}

/// What a target comes to.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// The name of the target.
    pub target: &'static str,
    /// Tables and sentences for a reader, in order.
    pub text: Vec<String>,
    /// Value, reference, tolerance; what fails decides the exit code.
    pub verdicts: Vec<Verdict>,
    /// The pictures that were written.
    pub pictures: Vec<PathBuf>,
    /// Every number, for a machine.
    pub runs: Value,
}

/// Runs the command.
pub fn run(options: &Options) -> Result<ExitCode> {
    let Given { init, machine, .. } = &options.synthetic;
    if !options.target.is_synthetic() && (init.is_some() || machine.is_some()) {
        eprintln!("error: --init, --data and --machine are for linear, sine and staircase");
        return Ok(ExitCode::from(2));
    }
    if let Some(machine) = options.synthetic.machine
        && let Err(missing) = tools::ensure_qemu(machine)
    {
        eprintln!("error: {missing}");
        return Ok(ExitCode::from(3));
    }
    std::fs::create_dir_all(&options.out)
        .with_context(|| format!("the folder {} cannot be made", options.out.display()))?;
    let outcomes = options.target.run(options)?;
    if options.json {
        let all: Vec<_> = outcomes.iter().map(Outcome::to_json).collect();
        println!("{}", serde_json::to_string_pretty(&all)?);
    } else {
        outcomes.iter().for_each(Outcome::print);
    }
    let failed = outcomes.iter().flat_map(|outcome| &outcome.verdicts).any(|verdict| !verdict.passes());
    Ok(ExitCode::from(u8::from(failed)))
}

impl Target {
    /// All of them but `All`.
    const EACH: [Self; 6] =
        [Self::Linear, Self::Sine, Self::Staircase, Self::Toy, Self::Diagonal, Self::Digits];

    fn run(self, options: &Options) -> Result<Vec<Outcome>> {
        Ok(vec![match self {
            Self::Linear => synthetic::run(Synthetic::Linear, options)?,
            Self::Sine => synthetic::run(Synthetic::Sine, options)?,
            Self::Staircase => synthetic::run(Synthetic::Staircase, options)?,
            Self::Toy => toy::run(options)?,
            Self::Diagonal => diagonal::run(options)?,
            Self::Digits => digits::run(options)?,
            Self::All => {
                let each = Self::EACH.map(|target| target.run(options));
                return Ok(each.into_iter().collect::<Result<Vec<_>>>()?.concat());
            }
        }])
    }

    /// Whether it starts from weights and samples that may come from a file.
    fn is_synthetic(self) -> bool {
        matches!(self, Self::Linear | Self::Sine | Self::Staircase | Self::All)
    }
}

impl Outcome {
    fn print(&self) {
        for text in &self.text {
            println!("{text}\n");
        }
        println!("{}\n", verdict::table(&self.verdicts));
        let pictures: Vec<_> = self.pictures.iter().map(|picture| picture.display().to_string()).collect();
        println!("pictures: {}", pictures.join(", "));
    }

    fn to_json(&self) -> Value {
        json!({
            "target": self.target,
            "runs": self.runs,
            "verdicts": self.verdicts.iter().map(Verdict::to_json).collect::<Vec<_>>(),
            "pictures": self.pictures,
        })
    }
}
