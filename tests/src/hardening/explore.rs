//! Fuzzing that is guided by coverage: the targets of [`fuzz`], by `cargo-fuzz` and libFuzzer, under the address sanitizer.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use serde::Serialize;
use tamis_host::tools;

use super::toolchain::{self, NIGHTLY, ensure_subcommand, ensure_toolchain, output};
use crate::fuzz;

/// What came of a target.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// Its name.
    pub target: &'static str,
    /// How many inputs were tried.
    pub inputs: u64,
    /// How many edges between blocks of code were taken.
    pub edges: u64,
    /// How many of the inputs took one that none before had taken, or took it more often.
    pub new: usize,
}

/// Tries inputs on a target for so many seconds. What is found goes beside the corpus, into `target/fuzz`, and the next time
/// goes on from there; an input that does harm is an error, which names its file.
pub fn explore(target: &'static str, seconds: u32) -> Result<Row> {
    ensure_toolchain(NIGHTLY)?;
    let path = ensure_subcommand("cargo-fuzz", "0.13.2")?;
    let root = tools::workspace().join("target/fuzz");
    let (found, harmful) = (root.join("found").join(target), root.join("harmful"));
    fs::create_dir_all(&found)?;
    fs::create_dir_all(&harmful)?;
    let mut cargo = toolchain::program(NIGHTLY, "cargo");
    cargo.args(["fuzz", "run", "--debug-assertions", "--fuzz-dir", "tests/fuzz", "--target-dir"]).arg(&root);
    cargo.arg(target).args([&found, &fuzz::folder(target)]).arg("--");
    cargo.args([&format!("-max_total_time={seconds}"), "-print_final_stats=1", "-timeout=60"]);
    cargo.arg(format!("-artifact_prefix={}/{target}-", harmful.display())).env("PATH", path);
    let before = files(&found)?;
    let output = output(&mut cargo, &[])?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{target}: {}", end_of(&said));
    let number = |before: &str| -> Result<u64> {
        let behind =
            said.rsplit_once(before).with_context(|| format!("{target} says nothing of {before}"))?.1;
        let digits = behind.trim_start().split(|digit: char| !digit.is_ascii_digit()).next();
        digits.unwrap_or_default().parse().with_context(|| format!("{target}: {before}"))
    };
    Ok(Row {
        target,
        inputs: number("stat::number_of_executed_units:")?,
        edges: number(" cov:")?,
        new: files(&found)? - before,
    })
}

fn files(folder: &PathBuf) -> Result<usize> {
    Ok(fs::read_dir(folder)?.count())
}

/// The last lines of what a program has said.
fn end_of(said: &str) -> String {
    let lines: Vec<_> = said.lines().collect();
    lines[lines.len().saturating_sub(30)..].join("\n")
}
