//! Tests of the host under sanitizers, which find what a test does not see: memory that is not ours or is never given back,
//! and threads that race.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::Serialize;
use tamis_host::tools;

use super::toolchain::{self, Compiler, NIGHTLY, done, ensure_component, output};

/// A sanitizer.
#[derive(Clone, Copy, Debug)]
pub struct Sanitizer {
    /// As the compiler calls it.
    pub name: &'static str,
    /// What it finds.
    pub finds: &'static str,
    /// Whether the standard library has to be built with it.
    is_of_std: bool,
    /// A program with what it finds, and what it says then: that it looks at all.
    control: [&'static str; 2],
    /// Files of `tests/tests` and `tests/kernel/tests`, beside the tests of the host's modules.
    tests: &'static [&'static str],
}

/// All of them.
pub const SANITIZERS: [Sanitizer; 2] = [
    Sanitizer {
        name: "address",
        finds: "reads and writes beyond what is ours, and leaks",
        is_of_std: false,
        control: [
            "fn main() { let numbers = vec![1_u8; 4]; let end = numbers.len() + std::env::args().count(); \
             let last = unsafe { *numbers.as_ptr().add(end) }; println!(\"{last}\"); }",
            "heap-buffer-overflow",
        ],
        tests: &["exchange", "fuzz", "lanes", "layers", "speed", "wire"],
    },
    Sanitizer {
        name: "thread",
        finds: "races between threads",
        is_of_std: true,
        control: [
            "static mut COUNT: u32 = 0; fn main() { let threads: Vec<_> = (0..2).map(|_| \
             std::thread::spawn(|| for _ in 0..1_000 { unsafe { COUNT += 1 } })).collect(); \
             threads.into_iter().for_each(|thread| thread.join().unwrap()); }",
            "data race",
        ],
        tests: &["fuzz", "lanes"],
    },
];

/// What came of one.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// The sanitizer.
    pub sanitizer: &'static str,
    /// What it finds.
    pub finds: &'static str,
    /// How many tests have passed under it.
    pub tests: usize,
}

impl Sanitizer {
    /// Runs the tests under it. It has to find what is wrong with its control first.
    pub fn check(&self) -> Result<Row> {
        ensure_component("rust-src")?;
        self.check_control()?;
        let mut cargo = toolchain::program(NIGHTLY, "cargo");
        cargo.args(["test", "--profile", "quick", "--no-fail-fast"]);
        cargo.args(["--target", &Compiler::of(&mut toolchain::program(NIGHTLY, "rustc"))?.host]);
        if self.is_of_std {
            cargo.arg("-Zbuild-std");
        }
        for package in ["tamis-host", "tamis-tests", "tamis-kernel-tests"] {
            cargo.args(["--package", package]);
        }
        cargo.arg("--lib");
        self.tests.iter().for_each(|test| _ = cargo.args(["--test", test]));
        cargo.env("RUSTFLAGS", self.flag()).env_remove("CARGO_ENCODED_RUSTFLAGS");
        cargo.env("CARGO_TARGET_DIR", tools::workspace().join("target/sanitize").join(self.name));
        let said = done(&mut cargo, &[]).with_context(|| format!("under the {} sanitizer", self.name))?;
        let said = String::from_utf8_lossy(&said.stdout);
        let passed =
            said.lines().filter_map(|line| line.strip_prefix("test result: ok. ")?.split(' ').next());
        let tests = passed.map(|count| Ok(count.parse::<usize>()?)).sum::<Result<usize>>()?;
        ensure!(tests > 0, "no test was run under the {} sanitizer", self.name);
        Ok(Row { sanitizer: self.name, finds: self.finds, tests })
    }

    fn flag(&self) -> String {
        format!("-Zsanitizer={}", self.name)
    }

    fn check_control(&self) -> Result<()> {
        let folder = tools::workspace().join("target/sanitize");
        fs::create_dir_all(&folder)?;
        let program = folder.join(format!("{}-control", self.name));
        let [source, says] = self.control;
        let mut rustc = toolchain::program(NIGHTLY, "rustc");
        rustc.args(["-", "--edition=2021", "-Cunsafe-allow-abi-mismatch=sanitizer", &self.flag(), "-o"]);
        done(rustc.arg(&program), source.as_bytes())?;
        let output = output(&mut Command::new(program), &[])?;
        let said = String::from_utf8_lossy(&output.stderr);
        let has_found = !output.status.success() && said.contains(says);
        ensure!(has_found, "the {} sanitizer does not find a {says}:\n{said}", self.name);
        Ok(())
    }
}
