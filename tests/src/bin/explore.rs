//! `cargo explore`: fuzzing that is guided by coverage.

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser as _;
use tamis_host::report;
use tamis_tests::fuzz::TARGETS;
use tamis_tests::hardening::explore::explore;

/// Tries bytes from outside, guided by the branches that they take, under the address sanitizer.
#[derive(clap::Parser)]
#[command(
    bin_name = "cargo explore",
    after_help = "Example:\n    cargo explore --seconds 600 --target trace"
)]
struct Options {
    /// So long for each target.
    #[arg(long, default_value_t = 60)]
    seconds: u32,
    /// Only this one.
    #[arg(long, value_parser = TARGETS.map(|(name, ..)| name))]
    target: Option<String>,
    /// One JSON object instead of a table.
    #[arg(long)]
    json: bool,
}

fn main() -> Result<ExitCode> {
    let options = Options::parse();
    let names = TARGETS.map(|(name, ..)| name);
    let is_chosen = |name: &&str| options.target.as_deref().is_none_or(|target| target == *name);
    let chosen: Vec<_> = names.into_iter().filter(is_chosen).collect();
    let bar = report::progress(chosen.len());
    let mut rows = Vec::new();
    for target in chosen {
        bar.set_message(target);
        rows.push(explore(target, options.seconds)?);
        bar.inc(1);
    }
    bar.finish_and_clear();
    if options.json {
        let object = serde_json::json!({ "seconds": options.seconds, "targets": rows });
        println!("{}", serde_json::to_string_pretty(&object)?);
    } else {
        let cells = rows.iter().map(|row| {
            vec![row.target.to_owned(), row.inputs.to_string(), row.edges.to_string(), row.new.to_string()]
        });
        println!("{}", report::table(&["target", "inputs", "edges", "new inputs kept"], 1, cells));
    }
    Ok(ExitCode::SUCCESS)
}
