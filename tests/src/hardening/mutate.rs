//! Mutation testing: `cargo-mutants` changes an operator or a function of the kernel at a time, and a test of the kernel has to
//! notice.
//!
//! The quickest judge is asked first, and each of the others only about what those before let pass. A mutant that survives
//! them all is a hole in the tests, or changes nothing that anyone can see: those are listed in
//! `tests/kernel/survivors.txt`, each with its reason.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::{fs, io};

use anyhow::{Context, Result, bail, ensure};
use serde::Serialize;
use serde_json::Value;
use tamis_host::tools;

use super::toolchain::ensure_subcommand;

/// The package with the golden digests of trainings with every option: a few seconds.
const GOLDEN: &str = "tamis-bits";
/// The package with the other tests that need nothing but the kernel.
const TESTS: &str = "tamis-kernel-tests";
/// Those of its files that take long to build after a change deep in the arithmetic, or to run.
const SLOW: [&str; 2] = ["checkpoint", "literal"];

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
    let mut fates = BTreeMap::<String, String>::new();
    let (slow, quick) = files_of_tests()?.into_iter().partition(|file| SLOW.contains(&file.as_str()));
    for (package, tests) in [(GOLDEN, Vec::new()), (TESTS, quick), (TESTS, slow)] {
        for (name, fate) in outcomes(&chosen, package, &tests)? {
            // Some kinds of mutants are tried again although they were not asked for.
            if fates.get(&name).is_none_or(|before| before == MISSED) {
                fates.insert(name, fate);
            }
        }
        chosen.clear();
        for (name, _) in fates.iter().filter(|(_, fate)| *fate == MISSED) {
            let (file, _) = name.split_once(':').context("a mutant is in a file")?;
            chosen.extend(["--file".to_owned(), file.to_owned(), "--re".to_owned(), pattern(name)]);
        }
        if chosen.is_empty() {
            break;
        }
    }
    let explained = explained()?;
    if shard.is_none() {
        ensure_are_mutants(&explained, fates.keys())?;
    }
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

/// The names of the files of [`TESTS`].
fn files_of_tests() -> Result<Vec<String>> {
    let folder = tools::workspace().join("tests/kernel/tests");
    let mut names = Vec::new();
    for file in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
        let name = file?.path().file_stem().map(|name| name.to_string_lossy().into_owned());
        names.push(name.context("a file has a name")?);
    }
    names.sort();
    Ok(names)
}

/// Has `cargo-mutants` try these files of tests of a package, all if none is named, on the chosen mutants: the fate of each, by
/// name.
fn outcomes(chosen: &[String], package: &str, tests: &[String]) -> Result<BTreeMap<String, String>> {
    let path = ensure_subcommand("cargo-mutants", "27.1.0")?;
    let root = tools::workspace().join("target/mutants");
    fs::create_dir_all(&root)?;
    let mut cargo = Command::new("cargo");
    cargo.args(["mutants", "--package", "tamis", "--test-package", package, "--jobs", "2"]);
    cargo.args(["--profile", "quick", "--baseline", "skip", "--timeout", "120", "--output"]).arg(&root);
    // An argument of cargo itself: what is not asked is not built either.
    cargo.args(tests.iter().map(|test| format!("--cargo-arg=--test={test}"))).args(chosen);
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

/// Whether what is explained in the files of these mutants, which are all that those have, is among them.
fn ensure_are_mutants<'a>(explained: &[String], mutants: impl Iterator<Item = &'a String>) -> Result<()> {
    let known: BTreeSet<_> = mutants.map(|name| without_place(name)).collect();
    let file = |name: &str| name.split(':').next().map(str::to_owned);
    let files: BTreeSet<_> = known.iter().map(|name| file(name)).collect();
    match explained.iter().find(|name| files.contains(&file(name)) && !known.contains(*name)) {
        Some(name) => bail!("tests/kernel/survivors.txt explains what is no mutant: {name}"),
        None => Ok(()),
    }
}

/// "kernel/src/ops.rs:12:5: replace + with - in dot" without the numbers.
fn without_place(name: &str) -> String {
    let mut parts = name.splitn(4, ':');
    let (file, what) = (parts.next().unwrap_or_default(), parts.nth(2).unwrap_or_default());
    format!("{file}:{what}")
}
