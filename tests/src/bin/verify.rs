//! `cargo verify`: everything that has to hold, on one machine, with one command.
//!
//! Formatting, lints on host and boards, documentation, all tests (cross-checks on emulated cores among them),
//! and the kernel's package. What is missing is installed first, or named.

use std::process::{Command, ExitCode};
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use clap::Parser as _;
use tamis_host::boards::{self, BOARDS};
use tamis_host::machine::Machine;
use tamis_host::tools;

/// Checks everything that has to hold: formatting, lints, documentation, all tests, the kernel's package.
#[derive(clap::Parser)]
#[command(bin_name = "cargo verify")]
struct Options {
    /// Hours more: all that docs/HARDENING.md has beside the short form, the programs of the real boards in every
    /// profile and their lints, selections from 424 tables without anything to find, Parquet written and read
    #[arg(long)]
    long: bool,
}

/// One thing that has to hold.
struct Check {
    name: String,
    command: Command,
    /// Whether its output is worth seeing as it comes.
    is_long: bool,
}

fn main() -> Result<ExitCode> {
    let options = Options::parse();
    for machine in Machine::ALL {
        tools::ensure_qemu(machine)?;
        tools::ensure_target(machine.target())?;
    }
    // Side by side, so that no core waits: Cargo lets one command at a time build for one profile.
    let beside = [of_firmware, of_host].map(|checks| thread::spawn(move || all(checks())));
    let mut results = all(of_both());
    for checks in beside {
        results.extend(checks.join().expect("a check does not panic"));
    }
    if options.long {
        results.extend(all(hours_more()));
    }
    let (passed, failed): (Vec<_>, Vec<_>) = results.into_iter().partition(|(_, has_passed)| *has_passed);
    for (name, _) in &failed {
        println!("failed: {name}");
    }
    println!("{} passed, {} failed", passed.len(), failed.len());
    Ok(ExitCode::from(u8::from(!failed.is_empty())))
}

/// Makes the checks one after the other: their names, and whether they have passed.
fn all(checks: Vec<Check>) -> Vec<(String, bool)> {
    let each = |check: Check| {
        let (name, start) = (check.name.clone(), Instant::now());
        if check.is_long {
            println!("==> {name}");
        }
        let result = run(check);
        if let Err(error) = &result {
            eprintln!("{error:#}");
        }
        let outcome = if result.is_ok() { "passed" } else { "FAILED" };
        println!("{outcome} {name}, {:.0} s", start.elapsed().as_secs_f32());
        (name, result.is_ok())
    };
    checks.into_iter().map(each).collect()
}

fn run(Check { name, mut command, is_long }: Check) -> Result<()> {
    if is_long {
        ensure!(command.status()?.success(), "{name} failed");
        return Ok(());
    }
    let output = command.output().context("cargo does not run")?;
    let text = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stdout));
    ensure!(!text.contains("warning:"), "{text}");
    print!("{}", String::from_utf8_lossy(&output.stdout));
    Ok(())
}

/// Everything that runs where its user sits.
const HOST: &str = "--workspace --exclude tamis-firmware";
const DENY: &str = "-- --deny warnings";

/// What takes longest: tests with whole programs, on the host and on emulated cores.
fn of_both() -> Vec<Check> {
    let tests = check("tests, host and emulated cores", "test --no-fail-fast --package tamis-tests");
    vec![Check { is_long: true, ..tests }]
}

/// Formatting, lints and documentation of the host, the kernel's package, and all other tests.
fn of_host() -> Vec<Check> {
    vec![
        check("formatting", "fmt --all --check"),
        of_boards("formatting, real boards", ".", "fmt --all --check"),
        of_boards("formatting, ESP32-C3", "esp32c3", "fmt --check"),
        check("lints, kernel alone", &format!("clippy --quiet --package tamis {DENY}")),
        check("lints, host", &format!("clippy --quiet --all-targets {HOST} {DENY}")),
        check("documentation, host", &format!("doc --quiet --no-deps {HOST}")),
        check("documentation, kernel", "doc --quiet --no-deps --package tamis --all-features"),
        check("the kernel's package", "package --package tamis --allow-dirty"),
        check(
            "tests, kernel and modules of the host",
            &format!("test --no-fail-fast {HOST} --exclude tamis-tests"),
        ),
    ]
}

/// The programs that the tests run, lints and documentation of firmware; the programs of the real boards build, and fit;
/// the kernel has its bits at other levels.
fn of_firmware() -> Vec<Check> {
    let board = |machine: Machine| {
        let (target, name) = (machine.target(), machine.name());
        format!("--package tamis-firmware --release --target {target} --features {name}")
    };
    let mut checks = Vec::new();
    for machine in Machine::ALL {
        // First, and two at a time: the tests, which build what they need one after the other, are soon to ask for them.
        let programs = match machine {
            Machine::MpsAn386 | Machine::Microbit => {
                "--bin trainer --bin altered --bin crash --bin example --bin motor --bin one_pass"
            }
            Machine::RiscvVirt => "--bin trainer --bin crash --bin example --bin motor --bin one_pass",
            _ => "--bin trainer --bin one_pass",
        };
        let build = format!("build --quiet {} {programs}", board(machine));
        checks.push(check(&format!("programs, {machine}"), &build));
    }
    // The other MPS boards differ in numbers only.
    for machine in [Machine::MpsAn386, Machine::Netduino, Machine::Microbit, Machine::RiscvVirt] {
        let clippy = format!("clippy --quiet {},sensors,must-not-link {DENY}", board(machine));
        checks.push(check(&format!("lints, {machine}"), &clippy));
    }
    for machine in [Machine::MpsAn386, Machine::RiscvVirt] {
        let doc = format!("doc --quiet --no-deps {},sensors,must-not-link", board(machine));
        checks.push(check(&format!("documentation, firmware, {machine}"), &doc));
    }
    checks.extend([
        check(
            "the programs of the real boards",
            "run --quiet --package tamis-host --bin tamis -- boards --build",
        ),
        check(
            "the golden digests with AVX2 and FMA, and for size with the feature small",
            "run --quiet --package tamis-tests --bin bits -- --few",
        ),
        ours("some trainings in Miri", "interpret -- --trainings 8"),
    ]);
    checks
}

/// What `--long` adds.
fn hours_more() -> Vec<Check> {
    let ignored =
        |name: &str, test: &str| check(name, &format!("test {HOST} --test {test} -- --ignored --nocapture"));
    // In blocks of four, by the literal transcription, lanes and lists of layers.
    const SMALL: &str = "--features tamis/small --test literal --test bundles --test lanes --test layers";
    let every = "--all-features --all-targets";
    let lints = format!("clippy --quiet --release --locked {DENY}");
    let lints = BOARDS.map(|board| of_boards(&format!("lints, {}", board.name), board.name, &lints));
    let more = [
        check("lints, host, every feature", &format!("clippy --quiet {every} {HOST} {DENY}")),
        check("tests, with the feature small", &format!("test --no-fail-fast --quiet {HOST} {SMALL}")),
        ignored("tanh, sigmoid and exp of every number", "exponential"),
        ignored("power lost a million times", "checkpoint"),
        ignored("no panic on other cores", "linker"),
        ignored("one wrong bit on other cores, overflow checks on the smallest", "crosscheck"),
        ignored("the figures of the benchmarks on other cores, and for size", "benchmarks"),
        ignored("200,000 updates over a bad line", "link"),
        ignored("fifteen million inputs from outside", "fuzz"),
        ignored("the same firmware from two clones", "reproducible"),
        ignored("a million updates on a board, a hundred million in lanes", "soak"),
        ignored("selection from tables without anything to find", "select"),
        check(
            "the programs of the real boards, in every profile",
            "run --quiet --package tamis-host --bin tamis -- boards --build --all-profiles",
        ),
        ours("the golden digests from every compiler, at every level, on every core", "bits"),
        ours("trainings in Miri", "interpret"),
        ours("mutants of the kernel, one in a hundred", "mutate -- --shard 0/100"),
        ours("tests under sanitizers", "sanitize"),
        ours("bytes from outside, guided by coverage", "explore"),
        ours("advisories, licences and origins of others, promises of the kernel", "supply"),
        ours("each defence taken away", "faults"),
        check("Parquet, written and read", "test --package tamis-host --features parquet --lib parquet"),
    ];
    let more = more.map(|check| Check { is_long: true, ..check });
    lints.into_iter().chain(more).collect()
}

/// A check that `cargo` makes in a folder of the real boards.
fn of_boards(name: &str, folder: &str, arguments: &str) -> Check {
    let mut check = check(name, arguments);
    check.command.current_dir(boards::workspace().join(folder));
    check
}

/// A check that is a command of this repository.
fn ours(name: &str, command: &str) -> Check {
    check(name, &format!("run --quiet --package tamis-tests --bin {command}"))
}

/// A check that `cargo` makes.
fn check(name: &str, arguments: &str) -> Check {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments.split_whitespace()).current_dir(tools::workspace());
    command.env("RUSTDOCFLAGS", "--deny warnings");
    Check { name: name.to_owned(), command, is_long: false }
}
