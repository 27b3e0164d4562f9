//! `cargo sanitize`: tests of the host under sanitizers.

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser as _;
use tamis_host::report;
use tamis_tests::hardening::sanitize::SANITIZERS;

/// Runs tests of the host under the address and the thread sanitizer of a nightly compiler.
#[derive(clap::Parser)]
#[command(bin_name = "cargo sanitize", after_help = "Example:\n    cargo sanitize --json")]
struct Options {
    /// One JSON object instead of a table.
    #[arg(long)]
    json: bool,
}

fn main() -> Result<ExitCode> {
    let options = Options::parse();
    let bar = report::progress(SANITIZERS.len());
    let mut rows = Vec::new();
    for sanitizer in SANITIZERS {
        bar.set_message(sanitizer.name);
        rows.push(sanitizer.check()?);
        bar.inc(1);
    }
    bar.finish_and_clear();
    if options.json {
        println!("{}", serde_json::to_string_pretty(&rows)?);
    } else {
        let cells = rows
            .iter()
            .map(|row| vec![row.sanitizer.to_owned(), row.finds.to_owned(), row.tests.to_string()]);
        println!("{}", report::table(&["sanitizer", "finds", "tests passed"], 2, cells));
    }
    Ok(ExitCode::SUCCESS)
}
