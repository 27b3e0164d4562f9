//! `cargo golden`: shows which golden figures have moved, and with `--write` rewrites them.

use std::process::ExitCode;

use anyhow::Result;
use tamis_tests::golden::Golden;

fn main() -> Result<ExitCode> {
    let write = std::env::args().any(|argument| argument == "--write");
    let mut moved = false;
    for golden in [Golden::digests()?, Golden::options()?] {
        let (path, difference) = (golden.path.display(), golden.difference());
        difference.iter().for_each(|line| println!("{line}"));
        if difference.is_empty() {
            println!("{path}: nothing has moved");
        } else if write {
            std::fs::write(&golden.path, &golden.new)?;
            println!("{path}: written");
        } else {
            moved = true;
            println!(
                "{path}: `cargo golden --write` takes these over; a moved bit needs a new ARITHMETIC_VERSION and a line in CHANGELOG.md"
            );
        }
    }
    Ok(ExitCode::from(u8::from(moved)))
}
