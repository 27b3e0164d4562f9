//! `cargo interpret`: the trainings of the cross-check, interpreted by Miri.

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser as _;
use tamis_tests::hardening::interpret::interpret;
use tamis_tests::hardening::trainings::Expected;

/// Interprets trainings with every option by Miri, and compares their digests with those of this host.
#[derive(clap::Parser)]
#[command(bin_name = "cargo interpret", after_help = "Example:\n    cargo interpret --updates 20")]
struct Options {
    /// So many updates of each training.
    #[arg(long, default_value_t = 2)]
    updates: u32,
    /// Only the first N trainings.
    #[arg(long, value_name = "N")]
    trainings: Option<usize>,
    /// One JSON object instead of text.
    #[arg(long)]
    json: bool,
}

fn main() -> Result<ExitCode> {
    let options = Options::parse();
    let expected = Expected::computed(options.updates, options.trainings)?;
    let different = interpret(&expected)?;
    if options.json {
        let object = serde_json::json!({ "trainings": expected.len(), "different": different });
        println!("{}", serde_json::to_string_pretty(&object)?);
    } else {
        println!("{} of {} trainings equal", expected.len() - different.len(), expected.len());
    }
    different.iter().for_each(|name| eprintln!("{name} differs"));
    Ok(ExitCode::from(u8::from(!different.is_empty())))
}
