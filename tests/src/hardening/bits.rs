//! The same bits from every compiler, at every level, on every core that runs here: the trainings of the golden file,
//! carried out by `tests/bits` built so and so, against the digests of that file.
//!
//! Microcontrollers are elsewhere: `cargo crosscheck` compares every update of such trainings there.

use std::process::Command;

use anyhow::{Context, Result};
use serde::Serialize;
use tamis_host::tools;

use super::toolchain::{self, Compiler, NIGHTLY, OLDEST, done, ensure_toolchain};
use super::trainings::{Expected, PACKAGE};

/// How a program is built, and run.
#[derive(Clone, Copy, Debug)]
pub struct Build {
    /// What is told of it.
    pub name: &'static str,
    /// A toolchain by rustup's name; nothing is the pinned one.
    toolchain: Option<&'static str>,
    /// A Rust target; nothing is this host.
    target: Option<&'static str>,
    /// Settings of the profile `release`: environment variables of Cargo's without their prefix.
    profile: &'static [(&'static str, &'static str)],
    /// Flags for the compiler.
    flags: &'static str,
    /// Features of the kernel.
    features: &'static str,
    /// What runs it, if it is no program of this host, and its packages on Debian and in Homebrew.
    runner: &'static [&'static str],
    packages: (&'static str, &'static str),
    /// Whether it is built where there is little time.
    pub is_quick: bool,
}

const PINNED: Build = Build {
    name: "",
    toolchain: None,
    target: None,
    profile: &[],
    flags: "",
    features: "",
    runner: &[],
    packages: ("", ""),
    is_quick: false,
};

const fn level(name: &'static str, profile: &'static [(&'static str, &'static str)]) -> Build {
    Build { name, profile, ..PINNED }
}

/// Linked by what comes with the compiler.
const LINKED: &str = "-Clinker=rust-lld -Clink-self-contained=yes";
/// Node's own WASI, which has to be told of the program.
const WASI: &str = "const { WASI } = require('node:wasi'); const fs = require('node:fs'); \
                    const wasi = new WASI({ version: 'preview1' }); \
                    WebAssembly.compile(fs.readFileSync(process.argv[1])) \
                    .then(module => WebAssembly.instantiate(module, wasi.getImportObject())) \
                    .then(instance => wasi.start(instance));";

/// All builds.
pub const BUILDS: [Build; 20] = [
    level("opt-level 0", &[("OPT_LEVEL", "0"), ("LTO", "off")]),
    level("opt-level 1", &[("OPT_LEVEL", "1"), ("LTO", "off")]),
    level("opt-level 2", &[("OPT_LEVEL", "2"), ("LTO", "off")]),
    level("opt-level 3", &[("OPT_LEVEL", "3"), ("LTO", "off")]),
    level("opt-level s", &[("OPT_LEVEL", "s"), ("LTO", "off")]),
    level("opt-level z", &[("OPT_LEVEL", "z"), ("LTO", "off")]),
    level("opt-level 3, thin LTO, 16 units", &[("LTO", "thin"), ("CODEGEN_UNITS", "16")]),
    level("opt-level 3, LTO, one unit", &[]),
    level("with overflow checks", &[("DEBUG_ASSERTIONS", "true"), ("OVERFLOW_CHECKS", "true")]),
    Build {
        features: "tamis/small",
        is_quick: true,
        ..level("opt-level s, the feature small", &[("OPT_LEVEL", "s"), ("LTO", "off")])
    },
    Build { name: "x86-64-v2: SSE4.2", flags: "-Ctarget-cpu=x86-64-v2", ..PINNED },
    Build { name: "x86-64-v3: AVX2, FMA", flags: "-Ctarget-cpu=x86-64-v3", is_quick: true, ..PINNED },
    Build { name: "x86-64-v4: AVX-512", flags: "-Ctarget-cpu=x86-64-v4", ..PINNED },
    Build { name: "target-cpu native", flags: "-Ctarget-cpu=native", ..PINNED },
    Build { name: "the oldest compiler, 1.88.0", toolchain: Some(OLDEST), ..PINNED },
    Build { name: "the newest stable compiler", toolchain: Some("stable"), ..PINNED },
    Build { name: "a nightly compiler, 2026-05-20", toolchain: Some(NIGHTLY), ..PINNED },
    Build { name: "i686, SSE2", target: Some("i686-unknown-linux-musl"), flags: LINKED, ..PINNED },
    Build {
        name: "aarch64, in qemu-aarch64",
        target: Some("aarch64-unknown-linux-musl"),
        flags: LINKED,
        runner: &["qemu-aarch64"],
        packages: ("qemu-user", "qemu"),
        ..PINNED
    },
    Build {
        name: "wasm32, in node",
        target: Some("wasm32-wasip1"),
        runner: &["node", "--no-warnings", "-e", WASI],
        packages: ("nodejs", "node"),
        ..PINNED
    },
];

/// What came of a build.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// How it was built.
    pub build: &'static str,
    /// The compiler.
    pub compiler: String,
    /// How many trainings had the golden digest.
    pub equal: usize,
    /// The names of the others.
    pub different: Vec<String>,
}

impl Build {
    /// Whether this host has the instructions.
    pub fn runs_here(&self) -> bool {
        let has_avx512 = cfg!(target_arch = "x86_64") && has_avx512();
        match self.flags.rsplit_once("x86-64-v") {
            Some((_, "4")) => has_avx512,
            Some(_) => cfg!(target_arch = "x86_64"),
            None => self.target != Some("i686-unknown-linux-musl") || cfg!(target_arch = "x86_64"),
        }
    }

    /// Builds and runs it. A toolchain, a target or a runner that is missing is installed, or the error names the command.
    pub fn check(&self, expected: &Expected) -> Result<Row> {
        if let Some(toolchain) = self.toolchain {
            ensure_toolchain(toolchain)?;
        }
        if let Some(target) = self.target {
            tools::ensure_target(target)?;
        }
        if let [runner, ..] = self.runner {
            tools::ensure_program(runner, self.packages.0, self.packages.1)?;
        }
        let folder = tools::workspace().join("target/bits");
        let mut cargo = self.tool("cargo");
        cargo.args(["build", "--quiet", "--release", "--package", PACKAGE, "--target-dir"]).arg(&folder);
        if !self.features.is_empty() {
            cargo.args(["--features", self.features]);
        }
        cargo.env("RUSTFLAGS", self.flags).env_remove("CARGO_ENCODED_RUSTFLAGS");
        for (name, value) in self.profile {
            cargo.env(format!("CARGO_PROFILE_RELEASE_{name}"), value);
        }
        // Named for this host too: flags and levels are then not those of macros, which are built once.
        let compiler = Compiler::of(&mut self.tool("rustc"))?;
        let target = self.target.unwrap_or(&compiler.host);
        cargo.args(["--target", target]);
        done(&mut cargo, &[]).with_context(|| format!("{PACKAGE}, {}, does not build", self.name))?;
        let program = folder.join(target).join("release").join(PACKAGE);
        let program =
            if self.target == Some("wasm32-wasip1") { program.with_extension("wasm") } else { program };
        let mut run = match self.runner {
            [runner, arguments @ ..] => {
                let mut run = Command::new(runner);
                run.args(arguments).arg(program);
                run
            }
            [] => Command::new(program),
        };
        let output = done(&mut run, &expected.bytes).with_context(|| self.name)?;
        let different = expected.different(&output)?;
        Ok(Row {
            build: self.name,
            compiler: compiler.version,
            equal: expected.len() - different.len(),
            different,
        })
    }

    /// A tool of the toolchain.
    fn tool(&self, name: &str) -> Command {
        let pinned = || {
            let mut command = Command::new(name);
            command.current_dir(tools::workspace());
            command
        };
        self.toolchain.map_or_else(pinned, |toolchain| toolchain::program(toolchain, name))
    }
}

#[cfg(target_arch = "x86_64")]
fn has_avx512() -> bool {
    std::arch::is_x86_feature_detected!("avx512f")
        && std::arch::is_x86_feature_detected!("avx512bw")
        && std::arch::is_x86_feature_detected!("avx512cd")
        && std::arch::is_x86_feature_detected!("avx512dq")
        && std::arch::is_x86_feature_detected!("avx512vl")
}

#[cfg(not(target_arch = "x86_64"))]
fn has_avx512() -> bool {
    false
}
