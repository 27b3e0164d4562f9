//! `tamis bench`: what a step takes.

pub mod host;

use std::process::ExitCode;

use anyhow::{Result, ensure};
use clap::Args;

/// Measures what a step takes.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n    tamis bench --host")]
pub struct Options {
    /// On this machine: alone, in lanes, in plain C, and in other libraries.
    #[arg(long)]
    pub host: bool,
    /// With PyTorch, where Python has it.
    #[arg(long, requires = "host")]
    pub torch: bool,
    /// One JSON object instead of tables.
    #[arg(long)]
    pub json: bool,
}

/// Runs the command.
pub fn run(options: &Options) -> Result<ExitCode> {
    ensure!(options.host, "nothing to measure: say --host");
    let figures = host::measure(options.torch)?;
    if options.json {
        println!("{}", serde_json::to_string_pretty(&figures)?);
    } else {
        print!("{}", host::tables(&figures));
    }
    Ok(ExitCode::SUCCESS)
}
