//! What others have written: where it comes from, under which licence, and how little of it the kernel has.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tamis_host::{boards, tools};

/// What may be linked into a program of either licence of ours. MPL-2.0 asks for changes of its own files only.
const LICENCES: [&str; 10] = [
    "MIT",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Zlib",
    "0BSD",
    "Unlicense",
    "Unicode-3.0",
    "MPL-2.0",
];

fn cargo(folder: &Path, arguments: &str) -> Result<String> {
    let output = Command::new("cargo").args(arguments.split(' ')).current_dir(folder).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

/// Whether one of the alternatives of an SPDX expression is ours: "(MIT OR Apache-2.0) AND Unicode-3.0".
fn is_allowed(licence: &str) -> bool {
    let part = |part: &str| {
        let names = part.trim_matches(['(', ')', ' ']).split([' ', '/']);
        names.filter(|name| !["OR", "WITH", ""].contains(name)).any(|name| LICENCES.contains(&name))
    };
    licence.split(" AND ").all(part)
}

#[test]
fn licences_are_told_apart() {
    assert!(is_allowed("(MIT OR Apache-2.0) AND Unicode-3.0") && is_allowed("MIT OR GPL-3.0-only"));
    assert!(is_allowed("Unlicense/MIT") && is_allowed("Apache-2.0 WITH LLVM-exception OR MIT"));
    assert!(!is_allowed("GPL-3.0-only") && !is_allowed("MIT AND GPL-2.0") && !is_allowed(""));
}

/// In the workspace, for the real boards and for the ESP32-C3.
#[test]
fn everything_is_from_the_registry_under_a_licence_that_fits() -> Result<()> {
    let boards = boards::workspace();
    for folder in [tools::workspace(), &boards, &boards.join("esp32c3")] {
        let metadata: Value =
            serde_json::from_str(&cargo(folder, "metadata --format-version 1 --locked --quiet")?)?;
        let packages = metadata["packages"].as_array().context("no packages")?;
        let foreign: Vec<_> = packages.iter().filter(|package| package["source"].is_string()).collect();
        assert!(foreign.len() > 100, "{}", foreign.len());
        for package in foreign {
            let name = &package["name"];
            assert_eq!(package["source"], "registry+https://github.com/rust-lang/crates.io-index", "{name}");
            let licence = package["license"].as_str().unwrap_or_default();
            assert!(is_allowed(licence), "{name} is under {licence:?}");
        }
    }
    Ok(())
}

/// The names of all that the kernel is built from, with these features.
fn built_from(features: &str) -> Result<BTreeSet<String>> {
    let tree = format!("tree --package tamis --edges normal --prefix none --locked {features}");
    let names = cargo(tools::workspace(), &tree)?;
    Ok(names.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect())
}

#[test]
fn the_kernel_has_little_of_others() -> Result<()> {
    let names = [
        "byteorder",
        "hash32",
        "heapless",
        "libm",
        "rand_core",
        "rand_xoshiro",
        "stable_deref_trait",
        "tamis",
    ];
    assert_eq!(built_from("--no-default-features")?, names.map(str::to_owned).into());
    assert!(built_from("--all-features")?.is_superset(&built_from("--no-default-features")?));
    Ok(())
}
