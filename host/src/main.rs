//! The command `tamis`.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tamis_host::tools::Missing;
use tamis_host::{
    bench, boards, checkpoint, crosscheck, demo, device, fits, import, repro, run, select, sweep, theory,
    trace, train,
};

/// Trains neural networks on microcontrollers, with the same bits as on the host.
///
/// Exit codes: 0 all is well, 1 a difference or an error, 2 wrong usage, 3 no emulator could be had.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Bench(bench::Options),
    Boards(boards::Options),
    Checkpoint(checkpoint::Options),
    Demo(demo::Options),
    Device(device::command::Options),
    Crosscheck(crosscheck::Options),
    Fits(fits::Options),
    Import(import::Options),
    Replay(trace::replay::Options),
    Repro(repro::Options),
    Run(run::Options),
    Select(Box<select::Options>),
    Sweep(sweep::Options),
    Theory(theory::Options),
    Train(Box<train::Options>),
    Trials(select::trials::Options),
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Bench(options) => bench::run(&options),
        Command::Boards(options) => boards::run(&options),
        Command::Checkpoint(options) => checkpoint::run(&options),
        Command::Demo(options) => demo::run(&options),
        Command::Device(options) => device::command::run(&options),
        Command::Crosscheck(options) => crosscheck::run(&options),
        Command::Fits(options) => fits::run(&options),
        Command::Import(options) => import::run(&options),
        Command::Replay(options) => trace::replay::run(&options),
        Command::Repro(options) => repro::run(&options),
        Command::Run(options) => run::run(&options),
        Command::Select(options) => select::run(&options),
        Command::Sweep(options) => sweep::run(&options),
        Command::Theory(options) => theory::run(&options),
        Command::Train(options) => train::run(&options),
        Command::Trials(options) => select::trials::run(&options),
    };
    result.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::from(if error.is::<Missing>() { 3 } else { 1 })
    })
}
