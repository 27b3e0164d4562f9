//! The same firmware from two clones: byte for byte, with what a debugger reads.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};
use tamis_host::machine::Machine;
use tamis_host::tools;

/// A clone of what is committed, in `folder`, and the trainer that is built there.
fn build(folder: &Path) -> Result<Vec<u8>> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    let cloned =
        Command::new("git").args(["clone", "--quiet"]).arg(tools::workspace()).arg(folder).status()?;
    ensure!(cloned.success(), "git does not clone");
    let machine = Machine::MpsAn386;
    let mut cargo = Command::new("cargo");
    cargo.args([
        "build",
        "--quiet",
        "--release",
        "--locked",
        "--package",
        "tamis-firmware",
        "--bin",
        "trainer",
    ]);
    cargo.args(["--target", machine.target(), "--features", machine.name()]).current_dir(folder);
    // As docs/HARDENING.md has it: what a debugger is told begins with the name of the folder.
    let flags = format!("--remap-path-prefix={}=.", folder.display());
    let output = cargo
        .env("CARGO_TARGET_THUMBV7EM_NONE_EABIHF_RUSTFLAGS", flags)
        .env("CARGO_TARGET_DIR", folder.join("target"))
        .output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let program = fs::read(folder.join("target").join(machine.target()).join("release/trainer"))?;
    fs::remove_dir_all(folder)?;
    Ok(program)
}

#[test]
#[ignore = "two builds from nothing: cargo verify --long"]
fn two_clones_build_the_same_bytes() -> Result<()> {
    let folder = std::env::temp_dir().join(format!("tamis-reproducible-{}", std::process::id()));
    let first = build(&folder.join("here"))?;
    let second = build(&folder.join("in/another/place"))?;
    ensure!(first.len() > 100_000, "{} bytes", first.len());
    ensure!(first == second, "the programs of two clones differ");
    fs::remove_dir_all(folder)?;
    Ok(())
}
