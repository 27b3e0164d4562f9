//! `tamis sweep bench`: how many updates a second a sweep makes, beside trainings one by one and PyTorch's loop.
//!
//! All train the paper's linear network, 15-15-15-15-1, at a batch of one from 10,000 stored samples with the norm of
//! the gradient clipped. They take turns, and the fastest turn of each counts, so that what else the machine does meets
//! everyone alike.

use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use clap::Args;
use serde::{Deserialize, Serialize};
use tamis::wire::Training;

use super::grid::{Grid, GridOptions};
use super::row::Rows;
use super::runs;
use crate::replica::Memory;
use crate::{bundle, replica, report, tools};

/// Measures how many updates a second a sweep makes, alone, in lanes, on all cores, and in PyTorch.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n    tamis sweep bench --torch")]
pub struct Options {
    /// Runs PyTorch's loop too, with python3; else the figure of November 2026 stands for it.
    #[arg(long)]
    torch: bool,
    /// One JSON object instead of a table.
    #[arg(long)]
    json: bool,
}

/// PyTorch 2.2.2 on one thread of a quiet x86-64, nanoseconds a step: the lower end of 430 to 460 microseconds, measured
/// in November 2026.
const TORCH: f64 = 430_000.0;

/// The grid that is trained.
const GRID: &str = "task = 'linear'
inputs = 15
relevant = 5
noise = 0.001
mirrored = 5000
shape = '15-15-15-15-1'
activation = 'identity'
no-bias = true
init = 'he'
data = 'shuffled:10000'
clip-norm = 1.0
updates = 30000
";

/// How often everyone has a turn.
const ROUNDS: usize = 9;

/// One who is timed.
#[derive(Debug, Serialize)]
struct Figure {
    name: &'static str,
    /// Of an update of one training.
    ns: f64,
}

/// Runs the command.
pub fn run(options: &Options) -> Result<ExitCode> {
    let grid = |axis: &str| Grid::new(Some(("bench", &format!("{GRID}{axis}\n"))), &GridOptions::default());
    let step_sizes = grid("step-size = [0.03, 0.04, 0.05, 0.06, 0.07, 0.08, 0.09, 0.1]")?;
    let seeds = grid("step-size = 0.1\nseed = '1..8'")?;
    let many = grid("step-size = [0.03, 0.04, 0.05, 0.06, 0.07, 0.08, 0.09, 0.1]\nseed = '1..8'")?;
    let of = |grid: &Grid| grid.trainings(0..grid.runs());
    let (step_sizes, seeds, all) = (of(&step_sizes)?, of(&seeds)?, of(&many)?);
    let rows = Rows::new(&many);
    type Work<'w> = Box<dyn FnMut() -> Result<()> + 'w>;
    let everywhere = || runs::carry_out(&all, 0..all.len() as u64, &rows, false, |_, _| Ok(()));
    let timed: [(&str, usize, Work<'_>); 5] = [
        ("one by one, as `tamis train`", 1, Box::new(|| one_by_one(&all[0]))),
        ("one by one, without digests", 1, Box::new(|| without_digests(&all[0]))),
        ("8 lanes of one core, 8 seeds", 8, Box::new(|| bundle::run_to_end(&seeds, false).map(drop))),
        (
            "8 lanes of one core, 8 step sizes",
            8,
            Box::new(|| bundle::run_to_end(&step_sizes, false).map(drop)),
        ),
        ("a sweep of 64 runs, all cores", all.len(), Box::new(everywhere)),
    ];
    let mut figures = timed.map(|(name, runs, work)| (Figure { name, ns: f64::INFINITY }, runs, work));
    let updates = f64::from(all[0].plan.updates);
    let bar = report::progress(ROUNDS);
    bar.set_message("keep the machine quiet");
    for _ in 0..ROUNDS {
        for (figure, runs, work) in &mut figures {
            let start = Instant::now();
            work()?;
            figure.ns = figure.ns.min(start.elapsed().as_nanos() as f64 / updates / *runs as f64);
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    let figures = figures.map(|(figure, ..)| figure);
    let torch = if options.torch { torch()? } else { TORCH };
    tell(&figures, torch, options)?;
    Ok(ExitCode::SUCCESS)
}

fn one_by_one(training: &Training) -> Result<()> {
    replica::run(training, bundle::last_params(training.plan.updates), |_| {}).map(drop)
}

/// The updates alone.
fn without_digests(training: &Training) -> Result<()> {
    let mut memory = Memory::of(training);
    let plan = &training.plan;
    let mut trainer = plan.start_layers(training.layers.clone(), training.loss, memory.lent(), plan.task)?;
    for _ in 0..plan.updates {
        trainer.learn()?;
    }
    Ok(())
}

/// What `torch_loop.py` prints.
#[derive(Deserialize)]
struct Torch {
    fastest_ns: f64,
}

/// A step of PyTorch's loop, in nanoseconds: its fastest round, as for the others.
fn torch() -> Result<f64> {
    let mut python = Command::new("python3");
    python.arg("tests/reference/torch_loop.py").current_dir(tools::workspace()).stderr(Stdio::inherit());
    let output = python.output().context("python3 does not run")?;
    ensure!(output.status.success(), "tests/reference/torch_loop.py has failed; is there a module torch?");
    let torch: Torch = serde_json::from_slice(&output.stdout).context("the figures of torch_loop.py")?;
    Ok(torch.fastest_ns)
}

fn tell(figures: &[Figure], torch: f64, options: &Options) -> Result<()> {
    let scalar = figures[0].ns;
    if options.json {
        let object =
            serde_json::json!({ "figures": figures, "torch_ns": torch, "torch_measured_now": options.torch });
        println!("{}", serde_json::to_string_pretty(&object)?);
        return Ok(());
    }
    let row = |Figure { name, ns }: &Figure| {
        let ratio = |of: f64| format!("{:.1}", of / ns);
        vec![
            (*name).to_owned(),
            format!("{ns:.0}"),
            format!("{:.2}", 1e3 / ns),
            ratio(scalar),
            format!("{:.0}", torch / ns),
        ]
    };
    let torch_name = if options.torch { "PyTorch, one thread" } else { "PyTorch, one thread, November 2026" };
    let torch = Figure { name: torch_name, ns: torch };
    let header = ["", "ns an update and run", "million updates/s", "x one by one", "x PyTorch"];
    println!("{}", report::table(&header, 1, figures.iter().chain([&torch]).map(row)));
    Ok(())
}
