//! `tamis repro`: the experiments of the paper, and whether they come out as published.
//!
//! Beneventano, Pinto, Poggio, *How Neural Networks Learn the Support is an Implicit Regularization Effect of SGD*,
//! arXiv 2406.11110. Each target is a file of its own in `repro/`; what it finds is compared with published or
//! independently measured values, one verdict a value, and the exit code follows the verdicts.

pub mod synthetic;
mod verdict;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use synthetic::Synthetic;
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
    pub synthetic: synthetic::Given,
}

/// What a target comes to.
#[derive(Debug, Default)]
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
    if let Some(machine) = options.synthetic.machine
        && let Err(missing) = tools::ensure_qemu(machine)
    {
        eprintln!("error: {missing}");
        return Ok(ExitCode::from(3));
    }
    std::fs::create_dir_all(&options.out)
        .with_context(|| format!("the folder {} cannot be made", options.out.display()))?;
    let outcomes: Vec<Outcome> = match options.target {
        Target::Linear => vec![synthetic::run(Synthetic::Linear, options)?],
        Target::Sine => vec![synthetic::run(Synthetic::Sine, options)?],
        Target::Staircase => vec![synthetic::run(Synthetic::Staircase, options)?],
        Target::All => {
            let all = [Synthetic::Linear, Synthetic::Sine, Synthetic::Staircase];
            all.map(|target| synthetic::run(target, options)).into_iter().collect::<Result<_>>()?
        }
    };
    if options.json {
        let all: Vec<_> = outcomes.iter().map(Outcome::to_json).collect();
        println!("{}", serde_json::to_string_pretty(&all)?);
    } else {
        outcomes.iter().for_each(Outcome::print);
    }
    let failed = outcomes.iter().flat_map(|outcome| &outcome.verdicts).any(|verdict| !verdict.passes());
    Ok(ExitCode::from(u8::from(failed)))
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
