//! `cargo golden`: shows which golden digests have moved, and with `--write` rewrites them.

use std::process::ExitCode;

use anyhow::Result;
use tamis_tests::golden;

fn main() -> Result<ExitCode> {
    let write = std::env::args().any(|argument| argument == "--write");
    let old = std::fs::read_to_string(golden::path()).unwrap_or_default();
    let new = golden::compute()?;
    let difference = golden::difference(&old, &new);
    for line in &difference {
        println!("{line}");
    }
    if difference.is_empty() {
        println!("no golden digest has moved");
    } else if write {
        std::fs::write(golden::path(), new)?;
        println!("written to {}", golden::path().display());
    } else {
        println!(
            "`cargo golden --write` takes these over; a moved bit needs a new ARITHMETIC_VERSION and a line in CHANGELOG.md"
        );
        return Ok(ExitCode::from(1));
    }
    Ok(ExitCode::SUCCESS)
}
