//! `tamis run`: a program of your own on an emulated board, its log in plain words.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use crate::machine::Machine;
use crate::{elf, log, tools};

/// Runs a program on an emulated board and prints its log; the exit code is the program's.
///
/// `cargo run --target ...` calls this.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n    tamis run --machine microbit target/thumbv6m-none-eabi/release/example"
)]
pub struct Options {
    /// The board.
    #[arg(long, value_enum)]
    pub machine: Machine,
    /// The program.
    pub elf: PathBuf,
    /// One JSON object instead of lines.
    #[arg(long)]
    pub json: bool,
}

/// Runs the command.
pub fn run(options: &Options) -> Result<ExitCode> {
    if let Err(missing) = tools::ensure_qemu(options.machine) {
        eprintln!("error: {missing}");
        return Ok(ExitCode::from(3));
    }
    elf::check(options.machine, &options.elf)?;
    let (status, messages) = log::run_to_end(options.machine, &options.elf)?;
    if options.json {
        let object = serde_json::json!({ "exit_code": status.code(), "log": messages });
        println!("{}", serde_json::to_string_pretty(&object)?);
    } else {
        messages.iter().for_each(|message| println!("{message}"));
    }
    Ok(ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)))
}
