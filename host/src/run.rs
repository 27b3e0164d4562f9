//! `tamis run`: a program of your own on an emulated board, its log in plain words.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::Args;

use crate::machine::Machine;
use crate::{elf, log, tools};

/// Runs a program on an emulated board and prints its log as it comes; the exit code is the program's.
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
    /// One JSON object at the end instead of lines.
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
    let mut messages = Vec::new();
    // As long as it likes: a program of the user's may be one that never ends.
    let status = log::follow(options.machine, &options.elf, Duration::MAX, &mut |message| {
        if options.json {
            messages.push(message);
        } else {
            println!("{message}");
        }
    })?;
    if options.json {
        let object = serde_json::json!({ "exit_code": status.code(), "log": messages });
        println!("{}", serde_json::to_string_pretty(&object)?);
    }
    Ok(ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)))
}
