//! `cargo mutate`: changes the kernel in small ways, and shows that a test notices.

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser as _;
use tamis_host::report;
use tamis_tests::hardening::mutate::mutate;

/// Changes an operator or a function of the kernel at a time, and runs the kernel's tests; hours without a file or a shard.
#[derive(clap::Parser)]
#[command(bin_name = "cargo mutate", after_help = "Example:\n    cargo mutate --file kernel/src/cobs.rs")]
struct Options {
    /// Only in this file; may be given several times.
    #[arg(long, value_name = "FILE")]
    file: Vec<String>,
    /// Only one in N of the mutants, from number K on.
    #[arg(long, value_name = "K/N")]
    shard: Option<String>,
    /// One JSON object instead of a table.
    #[arg(long)]
    json: bool,
}

fn main() -> Result<ExitCode> {
    let options = Options::parse();
    let rows = mutate(&options.file, options.shard.as_deref())?;
    if options.json {
        println!("{}", serde_json::to_string_pretty(&rows)?);
    } else {
        let cells = rows.iter().map(|(file, row)| {
            let numbers = [row.killed, row.unviable, row.explained, row.survivors.len()];
            [file.clone()].into_iter().chain(numbers.map(|number| number.to_string())).collect()
        });
        let header = ["file", "killed", "do not compile", "survive, explained", "survive"];
        println!("{}", report::table(&header, 1, cells));
    }
    rows.values().flat_map(|row| &row.survivors).for_each(|mutant| eprintln!("survives: {mutant}"));
    Ok(ExitCode::from(u8::from(rows.values().any(|row| !row.survivors.is_empty()))))
}
