//! `tamis sweep`: grids of trainings, in lanes and over all cores.
//!
//! A row is the run that `tamis train` makes of the same options, bit for bit; `verify` repeats random rows one by one,
//! on the host and on a board. What a grid comes to is a table, which a stopped sweep goes on with, which parts of a
//! sweep are merged into, and of which pictures are made.

use std::fs;
use std::ops::Range;
use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use indicatif::ProgressStyle;

use crate::report;
use crate::svg::grouped;

mod bench;
mod curves;
pub mod grid;
mod merge;
#[cfg(feature = "parquet")]
mod parquet;
mod plot;
pub mod row;
pub mod runs;
pub mod table;
mod verify;

use grid::{Grid, GridOptions};
use row::Rows;
use table::Table;

/// Trains a grid of settings in lanes and on all cores, and makes tables and pictures of what comes of it.
#[derive(Args, Debug)]
#[command(after_help = "Example:
    tamis sweep run --task linear --step-size 0.005,0.01,0.02 --batch 1,4,16 --seed 1..8 --updates 2000 --out rows.csv
    tamis sweep plot rows.csv --out pictures")]
pub struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    Run(Box<RunOptions>),
    Verify(verify::Options),
    Merge(merge::Options),
    #[cfg(feature = "parquet")]
    Parquet(parquet::Options),
    Plot(plot::Options),
    Bench(bench::Options),
}

/// Trains every run of a grid: one row a run, in a CSV file that a stopped sweep goes on with.
///
/// The options are those of `tamis train`, each with a list of values: 0.01,0.02 or, for whole numbers, 1..8. The value
/// `off` is the option not given.
#[derive(Args, Debug)]
#[command(after_help = "Example:
    tamis sweep run --task linear --step-size 0.005,0.01,0.02 --batch 1,4,16 --seed 1..8 --updates 2000 --out rows.csv")]
struct RunOptions {
    /// A file with the same options: `step-size = [0.01, 0.02]`. Options beside it come before it.
    #[arg(value_name = "GRID.toml")]
    grid: Option<PathBuf>,
    #[command(flatten)]
    options: GridOptions,
    /// Where the rows go; the grid goes beside them, into FILE.grid.toml.
    #[arg(long, value_name = "FILE", default_value = "rows.csv", help_heading = "Sweep")]
    out: PathBuf,
    /// Only part K of N, to be merged with the others.
    #[arg(long, value_name = "K/N", default_value = "1/1", help_heading = "Sweep")]
    shard: Shard,
    /// Loss and norms of every run at logarithmically spaced updates too, into FILE.curves.csv.
    #[arg(long, help_heading = "Sweep")]
    curves: bool,
    /// Goes on however large the grid is.
    #[arg(long, help_heading = "Sweep")]
    yes: bool,
}

/// More runs than this are asked about.
const MANY_RUNS: u64 = 100_000;
/// And more samples, which take about an hour of one core.
const MANY_SAMPLES: u64 = 30_000_000_000;

/// Part k of n of a grid: neighbouring runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Shard {
    part: u64,
    of: u64,
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('/').and_then(|(k, n)| Some((k.parse().ok()?, n.parse().ok()?)));
        match parts {
            Some((part, of)) if (1..=of).contains(&part) && of <= u32::MAX.into() => Ok(Self { part, of }),
            _ => Err("a part and the number of parts are needed, from 1/N to N/N".to_owned()),
        }
    }
}

impl Shard {
    /// The runs of this part.
    fn range(self, runs: u64) -> Range<u64> {
        let until = |part: u64| (u128::from(runs) * u128::from(part) / u128::from(self.of)) as u64;
        until(self.part - 1)..until(self.part)
    }
}

/// Runs the command.
pub fn run(options: &Options) -> Result<ExitCode> {
    match &options.command {
        Command::Run(options) => options.run(),
        Command::Verify(options) => verify::run(options),
        Command::Merge(options) => merge::run(options),
        #[cfg(feature = "parquet")]
        Command::Parquet(options) => parquet::run(options),
        Command::Plot(options) => plot::run(options),
        Command::Bench(options) => bench::run(options),
    }
}

impl RunOptions {
    fn run(&self) -> Result<ExitCode> {
        let prepared = self.grid().and_then(|grid| {
            let range = self.shard.range(grid.runs());
            self.ask(grid.runs(), "runs", MANY_RUNS)?;
            let trainings = grid.trainings(range.clone())?;
            self.ask(trainings.iter().map(runs::samples).sum(), "samples to visit", MANY_SAMPLES)?;
            Ok((grid, range, trainings))
        });
        let (grid, range, trainings) = match prepared {
            Ok(prepared) => prepared,
            Err(error) => {
                eprintln!("error: {error:#}");
                return Ok(ExitCode::from(2));
            }
        };
        let rows = Rows::new(&grid);
        let mut table = Table::open(&self.out, &grid, &rows, &range, self.curves)?;
        let (first, done) = (table.next, (table.next - range.start) as usize);
        if done > 0 {
            eprintln!("{} has {} rows of {}", self.out.display(), done, trainings.len());
        }
        let bar = report::progress(0);
        let style = "{msg:<26} {bar:32} {percent:>3} %  {per_sec} samples, {eta} left";
        bar.set_style(ProgressStyle::with_template(style)?);
        bar.set_length(trainings[done..].iter().map(runs::samples).sum());
        runs::carry_out(&trainings[done..], first..range.end, &rows, self.curves, |run, done| {
            table.append(&done.line, &done.curve, run + 1)?;
            bar.inc(done.samples);
            bar.set_message(format!("run {} of {}", run + 1 - range.start, range.end - range.start));
            Ok(())
        })?;
        bar.finish_and_clear();
        eprintln!("{}: {} rows", self.out.display(), grouped(range.end - range.start, ','));
        Ok(ExitCode::SUCCESS)
    }

    fn grid(&self) -> Result<Grid> {
        let Some(path) = &self.grid else { return Grid::new(None, &self.options) };
        let name = path.display().to_string();
        let text = fs::read_to_string(path).with_context(|| format!("{name} cannot be read"))?;
        Grid::new(Some((&name, &text)), &self.options)
    }

    /// Whether so much is meant.
    fn ask(&self, count: u64, what: &str, many: u64) -> Result<()> {
        if count > many && !self.yes {
            let (count, many) = (grouped(count, ','), grouped(many, ','));
            bail!("the grid has {count} {what}, more than {many}; if you mean it, add --yes");
        }
        Ok(())
    }
}
