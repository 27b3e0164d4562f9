//! The tools that a run needs beside Rust: installed where that is possible, else named with the exact command.

use std::fmt;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use indicatif::ProgressBar;
use serde::{Deserialize, Serialize};

use crate::machine::Machine;

/// A tool that is missing and could not be installed from here.
#[derive(Debug)]
pub struct Missing {
    tool: &'static str,
    command: String,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is not installed; install it with\n    {}", self.tool, self.command)
    }
}

impl std::error::Error for Missing {}

/// Makes sure that QEMU for `machine` is there.
pub fn ensure_qemu(machine: Machine) -> Result<(), Missing> {
    // Whatever package it is in, on Debian it provides one of the program's name.
    ensure_program(machine.qemu(), machine.qemu(), "qemu")
}

/// Makes sure that a program is there, which is in these packages of Debian and of Homebrew. On Debian and its kin it is
/// installed where no password is needed.
pub fn ensure_program(
    tool: &'static str,
    debian: &'static str,
    homebrew: &'static str,
) -> Result<(), Missing> {
    if runs(tool, &["--version"]) {
        return Ok(());
    }
    let (install, command) = if runs("apt-get", &["--version"]) {
        let sudo = if is_root() { "" } else { "sudo " };
        let install = format!("{sudo}apt-get update && {sudo}apt-get install --yes {debian}");
        // Without a password, or not at all.
        let quiet = install.replace("sudo ", "sudo --non-interactive ");
        (Some(quiet), install)
    } else if runs("brew", &["--version"]) {
        let install = format!("brew install {homebrew}");
        (Some(install.clone()), install)
    } else {
        let short = debian.replace("-system", "");
        (None, format!("your package manager: the package is named {debian}, {short} or {homebrew}"))
    };
    if let Some(install) = install {
        eprintln!("{tool} is missing; running: {install}");
        let done = Command::new("sh").args(["-c", &install]).stdout(Stdio::null()).status();
        if done.is_ok_and(|status| status.success()) && runs(tool, &["--version"]) {
            return Ok(());
        }
    }
    Err(Missing { tool, command })
}

/// The command that runs the program `elf` on `machine`, without a screen; semihosting has its standard output.
pub fn qemu(machine: Machine, elf: &Path) -> Command {
    let mut qemu = Command::new(machine.qemu());
    qemu.args(["-machine", machine.name(), "-display", "none"]);
    qemu.args(["-semihosting-config", "enable=on,target=native"]);
    if machine == Machine::RiscvVirt {
        qemu.args(["-bios", "none"]); // else another program runs first
    }
    qemu.arg("-kernel").arg(elf);
    qemu.stdin(Stdio::null());
    qemu
}

/// Makes sure that a Rust target is there.
pub fn ensure_target(target: &'static str) -> Result<()> {
    let sysroot =
        Command::new("rustc").args(["--print", "sysroot"]).output().context("rustc does not run")?;
    let sysroot = PathBuf::from(String::from_utf8_lossy(&sysroot.stdout).trim());
    if sysroot.join("lib/rustlib").join(target).join("lib").is_dir() {
        return Ok(());
    }
    eprintln!("the Rust target {target} is missing; running: rustup target add {target}");
    let added = Command::new("rustup").args(["target", "add", target]).current_dir(workspace()).status();
    if !added.is_ok_and(|status| status.success()) {
        bail!(Missing { tool: target, command: format!("rustup target add {target}") });
    }
    Ok(())
}

/// The program that trains on `machine`, built, and what it takes to run it; the error is [`Missing`] where a tool could
/// not be had.
pub fn firmware(machine: Machine) -> Result<PathBuf> {
    program(machine, "trainer")
}

/// The same of another program.
pub fn program(machine: Machine, name: &str) -> Result<PathBuf> {
    ensure_qemu(machine)?;
    let spinner = ProgressBar::new_spinner().with_message(format!("building the firmware for {machine}"));
    spinner.enable_steady_tick(Duration::from_millis(100));
    let elf = build_firmware(machine, name);
    spinner.finish_and_clear();
    elf
}

/// How the firmware's programs are built: a profile of Cargo's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// As they are used.
    Release,
    /// Less code for more cycles.
    Small,
    /// With debug assertions and overflow checks.
    Checked,
}

impl Profile {
    /// Cargo's name for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Small => "small",
            Self::Checked => "checked",
        }
    }
}

/// Builds one program of the firmware for `machine` and gives the path of its ELF file.
pub fn build_firmware(machine: Machine, program: &str) -> Result<PathBuf> {
    build_firmware_as(Profile::Release, machine, program)
}

/// [`build_firmware`] in a profile of your choice.
pub fn build_firmware_as(profile: Profile, machine: Machine, program: &str) -> Result<PathBuf> {
    let mut build = firmware_build(profile, machine, program)?;
    let output = build_and_keep(profile, machine, program, &mut build)?;
    if !output.status.success() {
        bail!(
            "the firmware {program} for {machine} does not build:\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(elf_path(profile, machine, program))
}

/// The command that builds one program of the firmware; the machine's Rust target is there.
pub fn firmware_build(profile: Profile, machine: Machine, program: &str) -> Result<Command> {
    ensure_target(machine.target())?;
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--quiet", "--profile", profile.name()]);
    cargo.args(["--package", "tamis-firmware", "--bin", program]);
    cargo.args(["--target", machine.target(), "--features", machine.name()]);
    if profile == Profile::Small {
        cargo.args(["--features", "small"]);
    }
    cargo.current_dir(workspace());
    Ok(cargo)
}

/// Runs `build`, a [`firmware_build`], and keeps its program where [`elf_path`] says.
///
/// Cargo puts the programs of all machines of a Rust target into the same place, so from build to copy there is a lock,
/// which is good for threads and for processes.
pub fn build_and_keep(
    profile: Profile,
    machine: Machine,
    program: &str,
    build: &mut Command,
) -> Result<Output> {
    let kept = elf_path(profile, machine, program);
    let folder = kept.parent().context("a file is in a folder")?;
    fs::create_dir_all(folder)?;
    let lock = File::create(boards_dir().join("lock"))?;
    lock.lock().context("the lock on the firmware's programs")?; // until it is dropped
    let output = build.output().context("cargo does not run")?;
    if output.status.success() {
        let built = target_dir().join(machine.target()).join(profile.name()).join(program);
        // Another thread may be reading what is there: it is replaced at once, and the old file stays whole.
        let copy = kept.with_extension("new");
        fs::copy(&built, &copy).with_context(|| format!("{} cannot be copied", built.display()))?;
        fs::rename(&copy, &kept)?;
    }
    Ok(output)
}

/// Where [`build_and_keep`] leaves a program.
pub fn elf_path(profile: Profile, machine: Machine, program: &str) -> PathBuf {
    boards_dir().join(machine.name()).join(profile.name()).join(program)
}

/// The folder with the programs of each machine.
fn boards_dir() -> PathBuf {
    target_dir().join("boards")
}

/// The root of the workspace.
pub fn workspace() -> &'static Path {
    let host = Path::new(env!("CARGO_MANIFEST_DIR"));
    host.parent().unwrap_or(host)
}

fn target_dir() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace().join("target"), PathBuf::from)
}

/// Whether a program runs and is content.
pub fn runs(program: &str, args: &[&str]) -> bool {
    let status = Command::new(program).args(args).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}
