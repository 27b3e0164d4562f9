//! `tamis crosscheck`: every step of every option, device against host.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use tamis::wire::Report;

use crate::compare::{self, Difference};
use crate::emulator::{Clock, Emulator};
use crate::exit::Code;
use crate::experiments;
use crate::machine::Machine;
use crate::{device, replica, tools};

/// Compares every step of every option, bit for bit, on emulated boards and on the host.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n    tamis crosscheck --machine microbit --seed 7")]
pub struct Options {
    /// The board, or all of them.
    #[arg(long, value_name = "M|all", default_value = "all", value_parser = parse_machines)]
    pub machine: Machines,
    /// Decides weights, samples and their order.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// A firmware of your own instead of the one that is built; needs --machine.
    #[arg(long, value_name = "FILE")]
    pub elf: Option<PathBuf>,
    /// One JSON object instead of text.
    #[arg(long)]
    pub json: bool,
}

/// One machine or all.
#[derive(Clone, Debug)]
pub struct Machines(pub Vec<Machine>);

fn parse_machines(text: &str) -> Result<Machines, String> {
    use clap::ValueEnum;
    if text == "all" {
        return Ok(Machines(Machine::ALL.to_vec()));
    }
    let names = || Machine::ALL.map(Machine::name).join(", ");
    Machine::from_str(text, false).map(|machine| Machines(vec![machine])).map_err(|_| format!("one of {}, all", names()))
}

/// What the cross-check of one machine finds.
#[derive(Debug, Serialize)]
pub struct Report1 {
    machine: Machine,
    digests_compared: usize,
    first_difference: Option<Located>,
}

#[derive(Debug, Serialize)]
struct Located {
    run: &'static str,
    #[serde(flatten)]
    difference: Difference,
}
