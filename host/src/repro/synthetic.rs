//! The paper's synthetic experiments: 15 inputs, 5 of them relevant, a linear network of four layers.
//!
//! ```text
//! linear     f = x_1 + ... + x_5
//! sine       f = sin(x_1 + ... + x_5)
//! staircase  f = x_1 + x_1 x_2 + ... + x_1 x_2 x_3 x_4 x_5
//! ```
//!
//! 15-15-15-15-1 without biases, identity, He's normal weights, mean squared error, gradients clipped to norm 1;
//! 5,000 samples mirrored to 10,000, in a new order every epoch. The course of a training is the norm of the first
//! layer's irrelevant columns.

mod board;
mod controls;
mod expected;
mod pictures;
mod published;
pub mod runs;

use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::Args;
use serde_json::{Value, json};
use tamis_speed::course::Start;

use self::published::Published;
use self::runs::{CHECKPOINTS, Checkpoint, Measured};
use super::{Options, Outcome};
use crate::machine::Machine;
use crate::quantile::median;
use crate::report;

/// d.
pub const INPUTS: usize = 15;
/// r.
pub const RELEVANT: usize = 5;
/// Inputs, hidden units, output.
pub const WIDTHS: [usize; 5] = [INPUTS, 15, 15, 15, 1];

/// A target of the paper's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Synthetic {
    /// The sum.
    Linear,
    /// Its sine.
    Sine,
    /// The sum of products.
    Staircase,
}

impl Synthetic {
    /// As it is called here, and in the published data.
    pub fn name(self) -> &'static str {
        self.task().name()
    }

    /// The kernel's task.
    pub fn task(self) -> tamis::Target {
        match self {
            Self::Linear => tamis::Target::Linear,
            Self::Sine => tamis::Target::Sine,
            Self::Staircase => tamis::Target::Staircase,
        }
    }

    /// The deviation of the noise on its targets.
    pub fn noise(self) -> f32 {
        match self {
            Self::Linear | Self::Sine => 0.001,
            Self::Staircase => 0.0,
        }
    }
}

/// What only the synthetic experiments take.
#[derive(Args, Clone, Debug, Default)]
pub struct Given {
    /// Initial weights w1 .. w4 from a safetensors file: the published start (linear, sine, staircase).
    #[arg(long, value_name = "FILE", requires = "data")]
    pub init: Option<PathBuf>,
    /// Samples x, noise and targets from a safetensors file.
    #[arg(long, value_name = "FILE", requires = "init")]
    pub data: Option<PathBuf>,
    /// How many starts of our own, 8 unless told; of a published start, how many orders of its samples, 1 unless told.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=512))]
    pub seeds: Option<u16>,
    /// The step size: 0.1, or 0.2 or 0.5 as in other figures of the paper.
    #[arg(long, value_name = "ETA", default_value_t = 0.1, value_parser = step_size)]
    pub step_size: f32,
    /// The first 1,000 or 10,000 updates only.
    #[arg(long)]
    pub quick: bool,
    /// Also on this board: the linear experiment at a batch of one from the published start, digests compared.
    #[arg(long, value_enum)]
    pub machine: Option<Machine>,
}

fn step_size(text: &str) -> Result<f32, String> {
    let value: f32 = text.parse().map_err(|_| "it is not a number".to_owned())?;
    if value.is_finite() && value > 0.0 { Ok(value) } else { Err("it must be a positive number".to_owned()) }
}

/// Where the trainings of a figure start.
enum Origin {
    /// Each from its own seed.
    Own,
    /// All from the published one.
    Published,
}

/// Runs one target.
pub fn run(target: Synthetic, options: &Options) -> Result<Outcome> {
    let of = &options.synthetic;
    let machine = of.machine.filter(|_| target == Synthetic::Linear);
    ensure!(
        machine.is_none_or(|machine| machine == Machine::MpsAn386),
        "--machine must be mps2-an386: no other board has room for the published data"
    );
    let (origin, starts) = starts(target, of)?;
    let runs = runs::of(target, of.quick);
    let measured = runs::carry_out(&runs, &starts, of.step_size)?;
    let controls = controls::carry_out(target, of.quick)?;
    let mut verdicts = expected::verdicts(target, &origin, of, &measured);
    verdicts.extend(controls.iter().flat_map(|control| control.verdicts.clone()));
    let mut text = vec![heading(target, &origin, of, starts.len()), table(&measured)];
    if !controls.is_empty() {
        text.push(controls::table(&controls).to_string());
    }
    if let Some(machine) = machine {
        let comparison = board::compare(machine)?;
        text.push(comparison.sentence());
        verdicts.push(comparison.verdict());
    }
    let pictures = pictures::draw(target, &measured, of.step_size, &options.out)?;
    let runs = measured.iter().map(Measured::to_json);
    let runs = runs.chain(controls.iter().map(controls::Control::to_json)).collect::<Vec<Value>>();
    Ok(Outcome { target: target.name(), text, verdicts, pictures, runs: json!(runs) })
}

/// The starts that were asked for.
fn starts(target: Synthetic, options: &Given) -> Result<(Origin, Vec<Start>)> {
    match (&options.init, &options.data) {
        (Some(init), Some(data)) => {
            let published = Published::read(target, init, data)?;
            let orders = 1..=u64::from(options.seeds.unwrap_or(1));
            Ok((Origin::Published, orders.map(|seed| published.start(seed, target.noise())).collect()))
        }
        _ => {
            let seeds = 1..=u64::from(options.seeds.unwrap_or(8));
            Ok((Origin::Own, seeds.map(|seed| runs::own_start(target, seed)).collect::<Result<_>>()?))
        }
    }
}

fn heading(target: Synthetic, origin: &Origin, options: &Given, starts: usize) -> String {
    let from = match (origin, starts) {
        (Origin::Own, 1) => "one start of our own".to_owned(),
        (Origin::Own, _) => format!("{starts} starts of our own, medians"),
        (Origin::Published, 1) => "the published start".to_owned(),
        (Origin::Published, _) => format!("the published start, {starts} orders of its samples, medians"),
    };
    format!("{}: 15-15-15-15-1, step size {}, clipped to norm 1; {from}", target.name(), options.step_size)
}

/// Four lines a training, a column a checkpoint.
fn table(measured: &[Measured]) -> String {
    let mut rows = Vec::new();
    for run in measured.chunk_by(|a, b| a.run == b.run) {
        let of = |name: &str, what: &str, of: &dyn Fn(Checkpoint) -> f64, decimals: usize| {
            let cell = |&update: &u32| {
                let values: Vec<_> = run.iter().filter_map(|one| one.at(update)).map(of).collect();
                if values.is_empty() {
                    String::new()
                } else {
                    format!("{:.decimals$}", median(values.into_iter()))
                }
            };
            [name, what].into_iter().map(str::to_owned).chain(CHECKPOINTS.iter().map(cell)).collect()
        };
        let name = run[0].run.name;
        rows.push(of(name, "irrelevant norm", &|at| at.irrelevant, 3));
        rows.push(of("", "relevant norm", &|at| at.relevant, 3));
        rows.push(of("", "loss / variance", &|at| at.loss, 4));
        rows.push(of("", "clipped, %", &|at| 100.0 * at.clipped, 1));
    }
    let header = ["", "after updates", "1", "10", "100", "1e3", "1e4", "2e4", "5e4", "1e5", "2e5"];
    report::table::<String>(&header, 2, rows).to_string()
}
