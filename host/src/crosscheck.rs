//! `tamis crosscheck`: every step of every option, device against host.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::replica::Report;
use anyhow::{Context, Result, ensure};
use clap::Args;
use serde::Serialize;

use crate::compare::{self, Comparison, Difference};
use crate::configurations;
use crate::emulator::{Clock, Emulator};
use crate::experiments::Experiment;
use crate::machine::{Machine, Machines};
use crate::tools::Profile;
use crate::{device, pool, replica, report, tools};

/// Compares every step of every option, bit for bit, on emulated boards and on the host.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n    tamis crosscheck --machine microbit --seed 7")]
pub struct Options {
    /// The board, or all of them.
    #[arg(long, value_name = "M|all", default_value = "all", value_parser = Machines::parse)]
    pub machine: Machines,
    /// Decides weights, samples and their order.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// The firmware with debug assertions and overflow checks.
    #[arg(long, conflicts_with = "elf")]
    pub checked: bool,
    /// Another firmware than the one that is built here; needs one machine.
    #[arg(long, value_name = "FILE")]
    pub elf: Option<PathBuf>,
    /// One JSON object instead of text.
    #[arg(long)]
    pub json: bool,
}

/// What the cross-check of one machine found.
#[derive(Debug, Serialize)]
pub struct Finding {
    /// The machine.
    pub machine: Machine,
    /// How many digests were compared and equal.
    pub digests_compared: usize,
    /// The first difference, and the run that it is in.
    pub first_difference: Option<Located>,
}

/// A difference in one of the runs.
#[derive(Debug, Serialize)]
pub struct Located {
    /// The run.
    pub run: String,
    /// Where in it.
    #[serde(flatten)]
    pub difference: Difference,
}

/// Runs the command.
pub fn run(options: &Options) -> Result<ExitCode> {
    let Machines(machines) = &options.machine;
    if let Err(missing) = machines.iter().try_for_each(|&machine| tools::ensure_qemu(machine)) {
        eprintln!("error: {missing}");
        return Ok(ExitCode::from(3));
    }
    ensure!(options.elf.is_none() || machines.len() == 1, "--elf needs --machine, and one machine only");
    let profile = if options.checked { Profile::Checked } else { Profile::Release };
    let mut findings = Vec::new();
    for &machine in machines {
        let elf = match &options.elf {
            Some(elf) => elf.clone(),
            None => tools::build_firmware_as(profile, machine, "trainer")?,
        };
        let finding = check(machine, &elf, options.seed)?;
        if !options.json {
            report_finding(&finding);
        }
        findings.push(finding);
    }
    if options.json {
        let object = serde_json::json!({ "seed": options.seed, "machines": findings });
        println!("{}", serde_json::to_string_pretty(&object)?);
    }
    let equal = findings.iter().all(|finding| finding.first_difference.is_none());
    Ok(ExitCode::from(u8::from(!equal)))
}

fn report_finding(Finding { machine, digests_compared, first_difference }: &Finding) {
    let core = machine.core();
    match first_difference {
        None => println!("{machine} ({core}): {digests_compared} digests compared, all equal"),
        Some(Located { run, difference }) => {
            println!("{machine} ({core}): first difference in \"{run}\": {difference}")
        }
    }
}

/// Where the whole cover is not run, every so many of its trainings are.
const SMOKE: usize = 7;

/// Compares every step of a cover of all options on one machine, or of a sample of it.
pub fn check(machine: Machine, elf: &Path, seed: u64) -> Result<Finding> {
    check_each(machine, elf, &experiments(machine, seed)?)
}

/// What a cross-check of one machine trains.
pub fn experiments(machine: Machine, seed: u64) -> Result<Vec<Experiment>> {
    let every = if machine.runs_whole_cover() { 1 } else { SMOKE };
    let experiments = configurations::all(seed, machine.crosscheck_steps())?;
    Ok(experiments.into_iter().step_by(every).collect())
}

/// Compares every step of `experiments` on one machine.
pub fn check_each(machine: Machine, elf: &Path, experiments: &[Experiment]) -> Result<Finding> {
    let steps = experiments.iter().map(|experiment| experiment.training.plan.updates as usize);
    let bar = report::progress(steps.sum());
    bar.set_message(machine.name());
    let results = pool::map(experiments, |experiment| check_one(machine, elf, experiment, || bar.inc(1)));
    bar.finish_and_clear();
    let mut finding = Finding { machine, digests_compared: 0, first_difference: None };
    for (experiment, result) in experiments.iter().zip(results) {
        let comparison = result.with_context(|| format!("{machine}, \"{}\"", experiment.name))?;
        finding.digests_compared += comparison.equal;
        if let (None, Some(difference)) = (&finding.first_difference, comparison.first_difference) {
            finding.first_difference = Some(Located { run: experiment.name.clone(), difference });
        }
    }
    Ok(finding)
}

fn check_one(
    machine: Machine,
    elf: &Path,
    Experiment { training, .. }: &Experiment,
    progress: impl Fn(),
) -> Result<Comparison> {
    let every_step = Report { digest_every: 1, params: None };
    let mut board = Emulator::boot(machine, elf, Clock::Free)?;
    let device = device::run(&mut board, training, every_step, |_| progress())?;
    let host = replica::run(training, every_step, |_| {})?;
    let comparison = compare::compare(&mut board, training, &device, &host)?;
    board.exit()?;
    Ok(comparison)
}
