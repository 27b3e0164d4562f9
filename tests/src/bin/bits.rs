//! `cargo bits`: the golden digests from every compiler, at every level, on every core that runs here.

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser as _;
use tamis_host::report;
use tamis_tests::hardening::bits::BUILDS;
use tamis_tests::hardening::trainings::Expected;

/// Builds the kernel in many ways and compares the digests of a hundred trainings with the golden file.
#[derive(clap::Parser)]
#[command(bin_name = "cargo bits", after_help = "Example:\n    cargo bits --few")]
struct Options {
    /// Only what needs no other toolchain, target or emulator, and differs most.
    #[arg(long)]
    few: bool,
    /// One JSON object instead of a table.
    #[arg(long)]
    json: bool,
}

fn main() -> Result<ExitCode> {
    let options = Options::parse();
    let expected = Expected::read()?;
    let builds: Vec<_> = BUILDS.into_iter().filter(|build| build.is_quick || !options.few).collect();
    let bar = report::progress(builds.len());
    let (mut rows, mut skipped) = (Vec::new(), Vec::new());
    for build in builds {
        bar.set_message(build.name);
        if build.runs_here() {
            rows.push(build.check(&expected)?);
        } else {
            skipped.push(build.name);
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    if options.json {
        let object =
            serde_json::json!({ "trainings": expected.len(), "builds": rows, "cannot_run_here": skipped });
        println!("{}", serde_json::to_string_pretty(&object)?);
    } else {
        let cells = rows.iter().map(|row| {
            vec![row.build.to_owned(), row.compiler.clone(), format!("{} of {}", row.equal, expected.len())]
        });
        println!("{}", report::table(&["build", "compiler", "golden digests"], 2, cells));
        skipped.iter().for_each(|name| println!("not run: {name}, which this processor has not"));
    }
    for row in &rows {
        row.different.iter().for_each(|training| eprintln!("{}: {training} differs", row.build));
    }
    Ok(ExitCode::from(u8::from(rows.iter().any(|row| !row.different.is_empty()))))
}
