//! `tamis fits`: the largest network that fits into so much RAM.
//!
//! The family is 8-h-1, tanh and bias, as in demo C. A batch of one keeps parameters and scratch; a batch of 32 a
//! gradient beside them; gradient descent also its 256 stored samples.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use serde::Serialize;
use tamis::Ram;

use crate::report;

/// Prints the largest network of a family that fits into 4, 8, 16 and 64 KiB of RAM.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n    tamis fits --json")]
pub struct Options {
    /// One JSON object instead of a table.
    #[arg(long)]
    pub json: bool,
}

/// The budgets, in KiB.
pub const BUDGETS: [usize; 4] = [4, 8, 16, 64];
/// What a program of this size keeps for its stack; the linker checks it.
pub const STACK: usize = 2048;
/// What logger and start-up code keep for themselves.
pub const RUNTIME: usize = 96;

const INPUTS: usize = 8;
const STORED: usize = 256;

/// The hidden units that fit; none where not even one does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Fit {
    /// The budget.
    pub kib: usize,
    /// With a batch of one, from a stream.
    pub batch_1: Option<usize>,
    /// With a batch of 32, from a stream.
    pub batch_32: Option<usize>,
    /// With all of 256 stored samples as the batch.
    pub gd_256_stored: Option<usize>,
}

/// What fits into `kib` KiB.
pub fn fit(kib: usize) -> Fit {
    let room = (kib * 1024).saturating_sub(STACK + RUNTIME);
    let most = |ram: fn(usize) -> Ram| (1..room).take_while(|&hidden| ram(hidden).total() <= room).last();
    Fit {
        kib,
        batch_1: most(ram),
        batch_32: most(|hidden| ram(hidden).with_gradient()),
        gd_256_stored: most(|hidden| ram(hidden).with_gradient().with_samples(STORED, INPUTS + 1)),
    }
}

/// The RAM of 8-h-1 with a batch of one, for h that is known at run time only.
pub fn ram(hidden: usize) -> Ram {
    Ram::of_sizes((INPUTS + 1) * hidden + hidden + 1, hidden + 1)
}

/// Runs the command.
pub fn run(options: &Options) -> Result<ExitCode> {
    let fits = BUDGETS.map(fit);
    if options.json {
        let object = serde_json::json!({ "family": "8-h-1 tanh, bias", "stack_bytes": STACK, "runtime_bytes": RUNTIME, "largest_h": fits });
        println!("{}", serde_json::to_string_pretty(&object)?);
        return Ok(ExitCode::SUCCESS);
    }
    let cell = |hidden: Option<usize>| hidden.map_or("none".to_owned(), |hidden| format!("8-{hidden}-1"));
    let rows = fits.map(|fit| {
        vec![format!("{} KiB", fit.kib), cell(fit.batch_1), cell(fit.batch_32), cell(fit.gd_256_stored)]
    });
    println!("The largest network 8-h-1 (tanh, bias) to train, 2 KiB kept for the stack:");
    println!("{}", report::table(&["RAM", "batch 1", "batch 32", "GD, 256 stored"], 1, rows));
    Ok(ExitCode::SUCCESS)
}
