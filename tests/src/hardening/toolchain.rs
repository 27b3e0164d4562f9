//! Compilers beside the pinned one, and tools of theirs: each has a version, which is named here, and is installed by what
//! needs it.

use std::env;
use std::ffi::OsString;
use std::io::Write;
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, bail, ensure};
use tamis_host::tools;

/// The nightly compiler of everything that needs one: Miri, sanitizers, fuzzing.
pub const NIGHTLY: &str = "nightly-2026-05-20";
/// The oldest compiler, as the manifest says.
pub const OLDEST: &str = "1.88.0";

/// A program of a toolchain, by rustup's name of it.
pub fn program(toolchain: &str, name: &str) -> Command {
    let mut rustup = Command::new("rustup");
    rustup.args(["run", toolchain, name]).current_dir(tools::workspace());
    rustup
}

/// What a compiler says of itself.
pub struct Compiler {
    /// Its name, version and date.
    pub version: String,
    /// The target that it runs on.
    pub host: String,
}

impl Compiler {
    /// Asks it.
    pub fn of(rustc: &mut Command) -> Result<Self> {
        let said = String::from_utf8(done(rustc.arg("-vV"), &[])?.stdout)?;
        let version = said.lines().next().context("rustc says nothing")?.to_owned();
        let host =
            said.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc names no host")?;
        Ok(Self { version, host: host.to_owned() })
    }
}

/// Makes sure that a toolchain is there.
pub fn ensure_toolchain(toolchain: &str) -> Result<()> {
    let has_it = program(toolchain, "rustc").arg("--version").output();
    if has_it.is_ok_and(|output| output.status.success()) {
        return Ok(());
    }
    install(
        &format!("the toolchain {toolchain}"),
        &format!("rustup toolchain install {toolchain} --profile minimal"),
    )
}

/// Makes sure that [`NIGHTLY`] is there with a part of it that is not in every toolchain.
pub fn ensure_component(component: &str) -> Result<()> {
    ensure_toolchain(NIGHTLY)?;
    let add = format!("rustup component add --toolchain {NIGHTLY} {component}");
    let words: Vec<_> = add.split(' ').collect();
    done(Command::new(words[0]).args(&words[1..]), &[]).context(add).map(drop)
}

/// Makes sure that a subcommand of cargo is there, in this version, and gives the `PATH` on which it is found: a user's own
/// programs stay as they are.
pub fn ensure_subcommand(package: &str, version: &str) -> Result<OsString> {
    let root = tools::workspace().join("target/tools");
    let listed = Command::new("cargo").args(["install", "--list", "--root"]).arg(&root).output();
    let listed = listed.context("cargo does not run")?;
    if !String::from_utf8_lossy(&listed.stdout).contains(&format!("{package} v{version}:")) {
        let root = root.to_str().context("the folder of this repository is not in UTF-8")?;
        install(package, &format!("cargo install {package} --locked --version {version} --root {root}"))?;
    }
    let path = env::var_os("PATH").unwrap_or_default();
    Ok(env::join_paths([root.join("bin")].into_iter().chain(env::split_paths(&path)))?)
}

fn install(what: &str, command: &str) -> Result<()> {
    eprintln!("{what} is missing; running: {command}");
    let mut words = command.split(' ');
    let done = Command::new(words.next().context("a command")?).args(words).status();
    ensure!(done.is_ok_and(|status| status.success()), "{what} is missing: {command}");
    Ok(())
}

/// Runs a command on this input to its end, which has to be a good one.
pub fn done(command: &mut Command, input: &[u8]) -> Result<Output> {
    let shown = format!("{command:?}");
    let output = output(command, input)?;
    if !output.status.success() {
        bail!("{shown} ended with {}\n{}", output.status, String::from_utf8_lossy(&output.stderr));
    }
    Ok(output)
}

/// Runs a command on this input to whatever end.
pub fn output(command: &mut Command, input: &[u8]) -> Result<Output> {
    let shown = format!("{command:?}");
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("{shown} does not run"))?;
    // What nobody reads is no error of ours.
    let _ = child.stdin.take().context("no input")?.write_all(input);
    Ok(child.wait_with_output()?)
}
