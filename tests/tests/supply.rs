//! What others have written: where it comes from, under which licence, and how little of it the kernel has.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tamis_host::tools;
use tamis_tests::hardening::supply::{rules, workspaces};

/// What may be linked into a program of either licence of ours, as `cargo deny` has it too.
fn allowed() -> Result<Vec<String>> {
    let rules: Value = toml::from_str(&fs::read_to_string(rules())?)?;
    Ok(serde_json::from_value(rules["licenses"]["allow"].clone())?)
}

fn cargo(folder: &Path, arguments: &str) -> Result<String> {
    let output = Command::new("cargo").args(arguments.split(' ')).current_dir(folder).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

/// Whether one of the alternatives of an SPDX expression is allowed: "(MIT OR Apache-2.0) AND Unicode-3.0".
fn is_allowed(licence: &str, allowed: &[String]) -> bool {
    let part = |part: &str| {
        let names = part.trim_matches(['(', ')', ' ']).split([' ', '/']);
        names
            .filter(|name| !["OR", "WITH", ""].contains(name))
            .any(|name| allowed.iter().any(|it| it == name))
    };
    licence.split(" AND ").all(part)
}

#[test]
fn licences_are_told_apart() -> Result<()> {
    let allowed = allowed()?;
    let is_allowed = |licence| is_allowed(licence, &allowed);
    assert!(is_allowed("(MIT OR Apache-2.0) AND Unicode-3.0") && is_allowed("MIT OR GPL-3.0-only"));
    assert!(is_allowed("Unlicense/MIT") && is_allowed("Apache-2.0 WITH LLVM-exception OR MIT"));
    assert!(!is_allowed("GPL-3.0-only") && !is_allowed("MIT AND GPL-2.0") && !is_allowed(""));
    Ok(())
}

#[test]
fn everything_is_from_the_registry_under_a_licence_that_fits() -> Result<()> {
    let allowed = allowed()?;
    for folder in workspaces() {
        let every = "metadata --all-features --format-version 1 --locked --quiet";
        let metadata: Value = serde_json::from_str(&cargo(&folder, every)?)?;
        let packages = metadata["packages"].as_array().context("no packages")?;
        let foreign: Vec<_> = packages.iter().filter(|package| package["source"].is_string()).collect();
        assert!(foreign.len() > 100, "{}", foreign.len());
        for package in foreign {
            let name = &package["name"];
            assert_eq!(package["source"], "registry+https://github.com/rust-lang/crates.io-index", "{name}");
            let licence = package["license"].as_str().unwrap_or_default();
            assert!(is_allowed(licence, &allowed), "{name} is under {licence:?}");
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
