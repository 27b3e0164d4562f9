//! Mutation testing: `cargo-mutants` changes an operator or a function of the kernel at a time, and a test of the kernel has to
//! notice.
//!
//! The quickest judges are asked first, [`FIRST`], and all tests only about what they let pass. A mutant that survives them is a
//! hole in the tests, or changes nothing that anyone can see: those are listed in `tests/kernel/survivors.txt`, each with its
//! reason.

use std::collections::BTreeMap;
use std::{env, fs};

use anyhow::{Context, Result, ensure};
use serde::Serialize;
use serde_json::Value;
use tamis_host::tools;

use super::toolchain::{ensure_subcommand, output};

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

/// Mutates `files`, or the whole kernel; of all mutants the part `shard`, as "0/20". A row for each file.
pub fn mutate(files: &[String], shard: Option<&str>) -> Result<BTreeMap<String, Row>> {
    let mut fates = BTreeMap::new();
    run(files, shard, &FIRST, &mut fates)?;
    run(files, shard, &[], &mut fates)?;
    let explained = explained()?;
    let mut rows = BTreeMap::<String, Row>::new();
    for (name, fate) in fates {
        let (file, _) = name.split_once(':').context("a mutant is in a file")?;
        let row = rows.entry(file.to_owned()).or_default();
        match fate.as_str() {
            "CaughtMutant" | "Timeout" => row.killed += 1,
            "Unviable" => row.unviable += 1,
            _ if explained.contains(&without_place(&name)) => row.explained += 1,
            _ => row.survivors.push(name),
        }
    }
    Ok(rows)
}

/// Has `cargo-mutants` try these tests of the kernel on what is not known to be killed; all of them if none is named.
fn run(
    files: &[String],
    shard: Option<&str>,
    tests: &[&str],
    fates: &mut BTreeMap<String, String>,
) -> Result<()> {
    let programs = ensure_subcommand("cargo-mutants", "27.1.0")?;
    let path = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths([programs].into_iter().chain(env::split_paths(&path)))?;
    let root = tools::workspace().join("target/mutants");
    fs::create_dir_all(&root)?;
    let mut cargo = std::process::Command::new("cargo");
    cargo.args(["mutants", "--package", "tamis", "--test-package", "tamis-kernel-tests", "--jobs", "2"]);
    cargo.args(["--profile", "quick", "--baseline", "skip", "--timeout", "120", "--output"]).arg(&root);
    if fates.is_empty() {
        let _ = fs::remove_dir_all(root.join("mutants.out"));
    } else {
        cargo.arg("--iterate");
    }
    files.iter().for_each(|file| _ = cargo.args(["--file", file]));
    shard.iter().for_each(|shard| _ = cargo.args(["--shard", shard]));
    cargo
        .arg("--")
        .args(tests.iter().flat_map(|test| ["--test", test]))
        .current_dir(tools::workspace())
        .env("PATH", path);
    let output = output(&mut cargo, &[])?;
    // 0: none has survived, 2: some have, 3: some have not ended.
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(matches!(output.status.code(), Some(0 | 2 | 3)), "cargo-mutants: {}\n{said}", output.status);
    let outcomes = root.join("mutants.out/outcomes.json");
    let text = fs::read_to_string(&outcomes).with_context(|| outcomes.display().to_string())?;
    let outcomes: Value = serde_json::from_str(&text)?;
    for outcome in outcomes["outcomes"].as_array().context("no outcomes")? {
        let (name, fate) = (&outcome["scenario"]["Mutant"]["name"], &outcome["summary"]);
        let (name, fate) = (name.as_str().context("no name")?, fate.as_str().context("no summary")?);
        fates.insert(name.to_owned(), fate.to_owned());
    }
    Ok(())
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
