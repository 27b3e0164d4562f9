//! `cargo faults`: takes each defence away in a copy of this repository, and shows that its test fails.

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser as _;
use tamis_host::report;
use tamis_tests::hardening::faults::{self, FAULTS, ROUNDS};

/// Takes each defence against a fault away, in three rounds, and shows that its test fails; a quarter of an hour.
#[derive(clap::Parser)]
#[command(bin_name = "cargo faults", after_help = "Example:\n    cargo faults --json")]
struct Options {
    /// One JSON object instead of a table.
    #[arg(long)]
    json: bool,
}

fn main() -> Result<ExitCode> {
    let options = Options::parse();
    let bar = report::progress(FAULTS.len());
    let mut outcomes = Vec::new();
    for round in 1..=ROUNDS {
        let tree = faults::copy()?;
        let of_round: Vec<_> = FAULTS.into_iter().filter(|fault| fault.round == round).collect();
        of_round.iter().try_for_each(|fault| fault.remove_in(&tree))?;
        for fault in of_round {
            bar.set_message(fault.what);
            outcomes.push((fault, fault.outcome_in(&tree)));
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    let fails = |outcome: &Result<()>| if outcome.is_ok() { "its test fails" } else { "NOT NOTICED" };
    if options.json {
        let rows = outcomes.iter().map(|(fault, outcome)| {
            serde_json::json!({ "fault": fault.what, "test": fault.test[1], "is_noticed": outcome.is_ok() })
        });
        println!("{}", serde_json::to_string_pretty(&rows.collect::<Vec<_>>())?);
    } else {
        let rows = outcomes.iter().map(|(fault, outcome)| {
            vec![fault.what.to_owned(), fault.test[1].to_owned(), fails(outcome).to_owned()]
        });
        println!("{}", report::table(&["fault", "test", "without its defence"], 3, rows));
    }
    let mut is_needed = true;
    for (fault, outcome) in &outcomes {
        if let Err(error) = outcome {
            eprintln!("{}: {error:#}", fault.what);
            is_needed = false;
        }
    }
    Ok(ExitCode::from(u8::from(!is_needed)))
}
