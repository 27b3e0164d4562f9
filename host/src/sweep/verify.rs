//! `tamis sweep verify`: random rows of a table, trained again one by one, and on a board.

use std::collections::BTreeSet;
use std::fs;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::Args;
use serde_json::json;
use tamis::Seed;
use tamis::random::{self, Purpose};

use super::grid::Grid;
use super::row::{self, Rows};
use super::{runs, table};
use crate::emulator::{Clock, Emulator};
use crate::machine::Machine;
use crate::{bundle, device, fits, pool, replica, report, tools};

/// Trains random rows of a table again, one by one, and compares every character; small ones on a board too.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n    tamis sweep verify rows.csv --rows 20 --machine mps2-an386")]
pub struct Options {
    /// The table.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// How many rows.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    rows: u32,
    /// Decides which.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Those of the rows that are small enough run on this board too, and their final parameters are compared.
    #[arg(long, value_enum)]
    machine: Option<Machine>,
    /// One JSON object instead of text.
    #[arg(long)]
    json: bool,
}

/// No more samples than this run on a board.
const SAMPLES: u64 = 20_000;
/// The memory of the smallest board, in KiB.
const KIB: usize = 16;

/// Runs the command.
pub fn run(options: &Options) -> Result<ExitCode> {
    let shown = options.file.display();
    let grid = table::grid_of(&options.file)?;
    let rows = Rows::new(&grid);
    let text = fs::read(&options.file).with_context(|| format!("{shown} cannot be read"))?;
    let lines = table::read(&options.file, &text, &rows, None)?.lines;
    let chosen = choose(lines.len(), options.rows, options.seed);
    ensure!(!chosen.is_empty(), "{shown} has no rows");
    let chosen: Vec<&str> = chosen.into_iter().map(|row| lines[row]).collect();

    let bar = report::progress(chosen.len());
    bar.set_message("one by one");
    let differences = pool::map(&chosen, |line| {
        let difference = alone(&grid, &rows, line);
        bar.inc(1);
        difference
    });
    bar.finish_and_clear();
    let mut differences =
        differences.into_iter().filter_map(Result::transpose).collect::<Result<Vec<_>>>()?;
    let on_board = match options.machine {
        None => 0,
        Some(machine) => on_board(machine, &grid, &rows, &chosen, &mut differences)?,
    };

    if options.json {
        let object = json!({
            "rows": lines.len(), "compared": chosen.len(), "machine": options.machine,
            "compared_on_machine": on_board, "differences": differences,
        });
        println!("{}", serde_json::to_string_pretty(&object)?);
    } else {
        let board =
            options.machine.map_or(String::new(), |machine| format!(", {on_board} of them on {machine}"));
        println!("{} of {} rows trained again one by one{board}", chosen.len(), lines.len());
        differences.iter().for_each(|difference| println!("{shown}: {difference}"));
        if differences.is_empty() {
            println!("all equal");
        }
    }
    Ok(ExitCode::from(u8::from(!differences.is_empty())))
}

/// So many of `length` rows, in order.
fn choose(length: usize, rows: u32, seed: u64) -> BTreeSet<usize> {
    let mut chosen = BTreeSet::new();
    let Some(choices) = u32::try_from(length).ok().and_then(NonZeroU32::new) else { return chosen };
    let mut generator = Seed(seed).generator(Purpose::Order, 0);
    while chosen.len() < length.min(rows as usize) {
        chosen.insert(random::below(&mut generator, choices) as usize);
    }
    chosen
}

/// How the row differs from the training that it tells of, if it does.
fn alone(grid: &Grid, rows: &Rows<'_>, line: &str) -> Result<Option<String>> {
    let run = rows.read(line).context("a damaged row")?;
    let training = grid.setup(run)?.training;
    let outcome = replica::run(&training, bundle::last_params(training.plan.updates), |_| {});
    let again = rows.line(run, &training, outcome)?;
    let header = rows.header();
    let cells = header.split(',').zip(line.split(',')).zip(again.trim_end().split(','));
    // The checksum only repeats what differs before it.
    let different = cells.filter(|((name, was), is)| was != is && name.trim_end() != "check");
    let different: Vec<_> =
        different.map(|((name, was), is)| format!("{name} is {was}, alone {is}")).collect();
    Ok((!different.is_empty()).then(|| format!("run {run}: {}", different.join("; "))))
}

/// Runs the rows that are small enough on the board: how many these are.
fn on_board(
    machine: Machine,
    grid: &Grid,
    rows: &Rows<'_>,
    lines: &[&str],
    differences: &mut Vec<String>,
) -> Result<usize> {
    let room = KIB * 1024 - fits::STACK - fits::RUNTIME;
    let mut small = Vec::new();
    for line in lines {
        let run = rows.read(line).context("a damaged row")?;
        let training = grid.setup(run)?.training;
        let fits = runs::samples(&training) <= SAMPLES && replica::ram(&training).total() <= room;
        if fits && let Some(digest) = row::digest_of(line) {
            small.push((run, training, digest));
        }
    }
    ensure!(
        !small.is_empty(),
        "none of the chosen rows goes on {machine}: {room} bytes and {SAMPLES} samples at most, and not diverged"
    );
    let elf = tools::firmware(machine)?;
    let bar = report::progress(small.len());
    bar.set_message(machine.name());
    let results = pool::map(&small, |(run, training, digest)| -> Result<Option<String>> {
        let mut board = Emulator::boot(machine, &elf, Clock::Free)?;
        let outcome = device::run(&mut board, training, bundle::last_params(training.plan.updates), |_| {});
        let outcome = outcome.with_context(|| format!("run {run} on {machine}"))?;
        board.exit()?;
        bar.inc(1);
        let on_board = row::final_digest(&outcome).context("the board has not sent its parameters")?;
        Ok((on_board != *digest)
            .then(|| format!("run {run}: digest is {digest:08x}, on {machine} {on_board:08x}")))
    });
    bar.finish_and_clear();
    let results = results.into_iter().filter_map(Result::transpose).collect::<Result<Vec<_>>>()?;
    differences.extend(results);
    Ok(small.len())
}
