//! Mutation testing: `cargo-mutants` changes an operator or a function of the kernel at a time, and a test of the kernel has to
//! notice.
//!
//! The quickest judges are asked first, and all tests only about what they let pass. A mutant that survives them is a
//! hole in the tests, or changes nothing that anyone can see: those are listed in `tests/kernel/survivors.txt`, each with its
//! reason.

use std::collections::BTreeMap;
use std::process::Command;
use std::{fs, io};

use anyhow::{Context, Result, bail, ensure};
use serde::Serialize;
use serde_json::Value;
use tamis_host::tools;

use super::toolchain::ensure_subcommand;

/// Those of the files of tests that take no longer than a second or two.
const FIRST: [&str; 8] = ["batches", "layers", "losses", "orders", "random", "standardise", "tasks", "wire"];

/// What has become of the mutants of a file.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Row {
    /// A test failed, or did not end.
    pub killed: usize,
    /// They did not compile.
    pub unviable: usize,
    /// Survivors that are explained.
    pub explained: usize,
    /// The others, as `cargo-mutants` calls them.
    pub survivors: Vec<String>,
}

/// Mutates `files`, or the whole kernel; of all mutants the part `shard`, as "0/20": every twentieth, from the first on. A row
/// for each file.
pub fn mutate(files: &[String], shard: Option<&str>) -> Result<BTreeMap<String, Row>> {
    let mut chosen: Vec<_> = files.iter().flat_map(|file| ["--file".to_owned(), file.clone()]).collect();
    if let Some(shard) = shard {
        chosen.extend(["--sharding", "round-robin", "--shard", shard].map(str::to_owned));
    }
    let mut fates = outcomes(&chosen, &FIRST)?;
    let mut survivors = Vec::new();
    for (name, _) in fates.iter().filter(|(_, fate)| *fate == MISSED) {
        let (file, _) = name.split_once(':').context("a mutant is in a file")?;
        // Both: some kinds of mutants are chosen whatever the expression is.
        survivors.extend(["--file".to_owned(), file.to_owned(), "--re".to_owned(), pattern(name)]);
    }
    if !survivors.is_empty() {
        fates.extend(outcomes(&survivors, &[])?);
    }
    let explained = explained()?;
    let mut rows = BTreeMap::<String, Row>::new();
    for (name, fate) in fates {
        let (file, _) = name.split_once(':').context("a mutant is in a file")?;
        let row = rows.entry(file.to_owned()).or_default();
        match fate.as_str() {
            "CaughtMutant" | "Timeout" => row.killed += 1,
            MISSED if explained.contains(&without_place(&name)) => row.explained += 1,
            MISSED => row.survivors.push(name),
            "Unviable" => row.unviable += 1,
            fate => bail!("{name}: {fate}"),
        }
    }
    Ok(rows)
}

/// What `cargo-mutants` says of a mutant that all tests let pass.
const MISSED: &str = "MissedMutant";

/// Has `cargo-mutants` try these tests of the kernel, all if none is named, on the chosen mutants: the fate of each, by name.
fn outcomes(chosen: &[String], tests: &[&str]) -> Result<BTreeMap<String, String>> {
    let path = ensure_subcommand("cargo-mutants", "27.1.0")?;
    let root = tools::workspace().join("target/mutants");
    fs::create_dir_all(&root)?;
    let mut cargo = Command::new("cargo");
    cargo.args(["mutants", "--package", "tamis", "--test-package", "tamis-kernel-tests", "--jobs", "2"]);
    cargo.args(["--profile", "quick", "--baseline", "skip", "--timeout", "120", "--output"]).arg(&root);
    cargo.args(chosen).arg("--").args(tests.iter().flat_map(|test| ["--test", test]));
    // It shows how far it is; what comes to the standard output is ours.
    cargo.current_dir(tools::workspace()).env("PATH", path).stdout(io::stderr());
    let status = cargo.status().context("cargo does not run")?;
    // 0: none has survived, 2: some have, 3: some have not ended.
    ensure!(matches!(status.code(), Some(0 | 2 | 3)), "cargo-mutants: {status}");
    let path = root.join("mutants.out/outcomes.json");
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let found: Value = serde_json::from_str(&text)?;
    let fates = found["outcomes"].as_array().context("no outcomes")?.iter().map(|outcome| {
        let (name, fate) = (&outcome["scenario"]["Mutant"]["name"], &outcome["summary"]);
        let (name, fate) = (name.as_str().context("no name")?, fate.as_str().context("no summary")?);
        Ok((name.to_owned(), fate.to_owned()))
    });
    fates.collect()
}

/// The regular expression that finds a name and nothing else.
fn pattern(name: &str) -> String {
    let character = |c: char| {
        if c.is_ascii_alphanumeric() { c.to_string() } else { format!("\\x{{{:X}}}", u32::from(c)) }
    };
    format!("^{}$", name.chars().map(character).collect::<String>())
}

/// The survivors that are explained, without their places, which move.
fn explained() -> Result<Vec<String>> {
    let text = fs::read_to_string(tools::workspace().join("tests/kernel/survivors.txt"))?;
    Ok(text.lines().filter(|line| line.starts_with("kernel/")).map(str::to_owned).collect())
}

/// "kernel/src/ops.rs:12:5: replace + with - in dot" without the numbers.
fn without_place(name: &str) -> String {
    let mut parts = name.splitn(4, ':');
    let (file, what) = (parts.next().unwrap_or_default(), parts.nth(2).unwrap_or_default());
    format!("{file}:{what}")
}
