//! `cargo golden`: shows which golden figures have moved, and with `--write` rewrites them.

use std::process::ExitCode;

use anyhow::Result;
use tamis_host::bench::figures::{Figures, SMALL};
use tamis_host::machine::Machine;
use tamis_tests::golden::Golden;

fn main() -> Result<ExitCode> {
    let write = std::env::args().any(|argument| argument == "--write");
    let mut moved = false;
    let figures = Figures::measure(Machine::CORES, &SMALL)?;
    let goldens = [Golden::digests()?, Golden::options()?].into_iter().chain(Golden::benchmarks(&figures)?);
    for golden in goldens {
        let (path, difference) = (golden.path.display(), golden.difference());
        difference.iter().for_each(|line| println!("{line}"));
        if difference.is_empty() {
            println!("{path}: nothing has moved");
        } else if write {
            golden.write()?;
            println!("{path}: written");
        } else {
            moved = true;
            println!(
                "{path}: `cargo golden --write` takes these over; a moved digest needs a new ARITHMETIC_VERSION and a line in CHANGELOG.md"
            );
        }
    }
    Ok(ExitCode::from(u8::from(moved)))
}
