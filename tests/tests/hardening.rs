//! `docs/HARDENING.md` tells what is there: the table of faults, whose defences `cargo faults` takes away, and every
//! exception from `unsafe_code`; and each target of bytes from outside is a program of `tests/fuzz`.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use tamis_host::tools;
use tamis_tests::fuzz::TARGETS;
use tamis_tests::hardening::faults::{self, FAULTS};

fn page() -> Result<String> {
    Ok(fs::read_to_string(tools::workspace().join("docs/HARDENING.md"))?)
}

#[test]
fn every_defence_and_its_test_are_there() -> Result<()> {
    FAULTS.iter().try_for_each(faults::Fault::check)
}

#[test]
fn the_docs_have_the_table() -> Result<()> {
    let table = faults::table()?;
    assert!(page()?.contains(&table), "docs/HARDENING.md should have this table:\n{table}");
    Ok(())
}

/// The files below `folder` that allow unsafe code, by their paths from the workspace.
fn exceptions(folder: &Path, found: &mut Vec<String>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            if path.file_name().is_some_and(|name| name != "target") {
                exceptions(&path, found)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let marker = ["allow(", "unsafe_code)"].concat(); // this file has it not
            if fs::read_to_string(&path)?.contains(&marker) {
                let path = path.strip_prefix(tools::workspace())?;
                found.push(path.to_str().context("a path in UTF-8")?.replace('\\', "/"));
            }
        }
    }
    Ok(())
}

#[test]
fn every_exception_from_unsafe_code_is_listed() -> Result<()> {
    let page = page()?;
    let (_, listed) = page.split_once("## `unsafe`\n").context("no chapter")?;
    let (listed, _) = listed.split_once("\n## ").context("no end of it")?;
    let mut found = Vec::new();
    for folder in ["kernel", "host", "firmware", "tests"] {
        exceptions(&tools::workspace().join(folder), &mut found)?;
    }
    assert!(found.len() > 10, "{found:?}");
    let places: Vec<&str> = listed.split('`').skip(1).step_by(2).collect();
    for file in &found {
        assert!(places.iter().any(|place| file.starts_with(place)), "{file} is not listed");
    }
    let kernel = fs::read_to_string(tools::workspace().join("kernel/Cargo.toml"))?;
    assert!(kernel.contains("unsafe_code = \"forbid\""));
    Ok(())
}

#[test]
fn every_target_is_a_program_of_its_own() -> Result<()> {
    let manifest = fs::read_to_string(tools::workspace().join("tests/fuzz/Cargo.toml"))?;
    let bins = manifest.split("[[bin]]\n").skip(1);
    let names: Vec<_> = bins.filter_map(|bin| bin.lines().next()?.split('"').nth(1)).collect();
    assert_eq!(names, TARGETS.map(|(name, ..)| name));
    Ok(())
}
