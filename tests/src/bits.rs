//! The same bits from every compiler, at every level, on every core that runs here: the trainings of the golden file,
//! carried out by `tests/bits` built so and so, against the digests of that file.
//!
//! Microcontrollers are elsewhere: `cargo crosscheck` compares every update of such trainings there.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde::Serialize;
use tamis_host::experiments::Experiment;
use tamis_host::machine::Machine;
use tamis_host::replica::Report;
use tamis_host::{configurations, experiments, replica, tools};

/// The nightly compiler of everything that needs one: Miri, sanitizers, this.
pub const NIGHTLY: &str = "nightly-2026-05-20";
/// The oldest compiler, as the manifest says.
pub const OLDEST: &str = "1.88.0";

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
    Build { is_quick: true, ..level("opt-level 0", &[("OPT_LEVEL", "0"), ("LTO", "off")]) },
    level("opt-level 1", &[("OPT_LEVEL", "1"), ("LTO", "off")]),
    level("opt-level 2", &[("OPT_LEVEL", "2"), ("LTO", "off")]),
    level("opt-level 3", &[("OPT_LEVEL", "3"), ("LTO", "off")]),
    level("opt-level s", &[("OPT_LEVEL", "s"), ("LTO", "off")]),
    Build { is_quick: true, ..level("opt-level z", &[("OPT_LEVEL", "z"), ("LTO", "off")]) },
    level("opt-level 3, thin LTO, 16 units", &[("LTO", "thin"), ("CODEGEN_UNITS", "16")]),
    level("opt-level 3, LTO, one unit", &[]),
    level("with overflow checks", &[("DEBUG_ASSERTIONS", "true"), ("OVERFLOW_CHECKS", "true")]),
    Build { name: "the feature small", features: "tamis/small", is_quick: true, ..PINNED },
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

/// The trainings, and the digests that they must have, each with its name.
pub struct Expected {
    bytes: Vec<u8>,
    digests: Vec<(String, String)>,
}

impl Expected {
    /// Of the golden file, without the demonstration.
    pub fn read() -> Result<Self> {
        let golden = std::fs::read_to_string(tools::workspace().join("tests/golden/digests.txt"))?;
        let skipped = 1 + experiments::demonstration(1)?.len();
        let cover = configurations::all(1, Machine::MpsAn386.crosscheck_steps())?;
        let (mut bytes, mut digests) = (Vec::new(), Vec::new());
        let lines: Vec<_> = golden.lines().skip(skipped).collect();
        ensure!(lines.len() == cover.len(), "the golden file has {} lines, not {}", lines.len(), cover.len());
        for (line, each) in lines.into_iter().zip(&cover) {
            ensure!(line.contains(&each.name), "{line:?} is not {:?}", each.name);
            let digest = line.split(' ').next().context("an empty line")?;
            digests.push((each.name.clone(), digest.to_owned()));
            bytes.extend(postcard::to_stdvec(&each.training)?);
        }
        Ok(Self { bytes, digests })
    }

    /// The same trainings over so many updates, with the digests that this host has now.
    pub fn computed(updates: u32) -> Result<Self> {
        let (mut bytes, mut digests) = (Vec::new(), Vec::new());
        for Experiment { name, training } in configurations::all(1, updates)? {
            let last = Report { digest_every: u32::MAX, params: None };
            let digest = replica::run(&training, last, |_| {})?.digest().context("no digest")?;
            digests.push((name, format!("{digest:08x}")));
            bytes.extend(postcard::to_stdvec(&training)?);
        }
        Ok(Self { bytes, digests })
    }

    /// The names of the trainings that have another digest in what a program has printed.
    fn different(&self, output: &Output) -> Result<Vec<String>> {
        let text = String::from_utf8_lossy(&output.stdout);
        let found: Vec<_> = text.lines().collect();
        ensure!(found.len() == self.len(), "{} digests, not {}", found.len(), self.len());
        let pairs = self.digests.iter().zip(found);
        Ok(pairs.filter(|((_, digest), found)| digest != found).map(|((name, _), _)| name.clone()).collect())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.digests.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.digests.is_empty()
    }
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
        const PACKAGE: &str = "tamis-bits";
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
        let mut place = folder;
        if let Some(target) = self.target {
            cargo.args(["--target", target]);
            place.push(target);
        }
        done(&mut cargo, &[]).with_context(|| format!("{PACKAGE}, {}, does not build", self.name))?;
        let program = place.join("release").join(PACKAGE);
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
        let version = done(self.tool("rustc").arg("--version"), &[])?;
        let compiler = String::from_utf8(version.stdout)?.trim().to_owned();
        Ok(Row { build: self.name, compiler, equal: expected.len() - different.len(), different })
    }

    /// A tool of the toolchain.
    fn tool(&self, name: &str) -> Command {
        let mut command = match self.toolchain {
            Some(toolchain) => {
                let mut rustup = Command::new("rustup");
                rustup.args(["run", toolchain, name]);
                rustup
            }
            None => Command::new(name),
        };
        command.current_dir(tools::workspace());
        command
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

/// Interprets the trainings by Miri, whose floats of the standard library are random in their last bits, and which finds
/// what no test sees: memory that is not ours, numbers that were never written.
pub fn interpret(expected: &Expected) -> Result<Vec<String>> {
    ensure_toolchain(NIGHTLY)?;
    let rustup = |arguments: &str| {
        let mut command = Command::new("rustup");
        command.args(arguments.split(' ')).current_dir(tools::workspace());
        command
    };
    done(&mut rustup(&format!("component add --toolchain {NIGHTLY} miri rust-src")), &[])?;
    let mut miri = rustup(&format!("run {NIGHTLY} cargo miri run --quiet --package tamis-bits"));
    miri.env("CARGO_TARGET_DIR", tools::workspace().join("target/miri"));
    miri.env("MIRIFLAGS", "-Zmiri-disable-isolation"); // it reads its input
    expected.different(&done(&mut miri, &expected.bytes)?)
}

/// Makes sure that a toolchain is there.
pub fn ensure_toolchain(toolchain: &str) -> Result<()> {
    let has_it = Command::new("rustup").args(["run", toolchain, "rustc", "--version"]).output();
    if has_it.is_ok_and(|output| output.status.success()) {
        return Ok(());
    }
    let install = format!("rustup toolchain install {toolchain} --profile minimal");
    eprintln!("the toolchain {toolchain} is missing; running: {install}");
    let mut words = install.split(' ');
    let done = Command::new(words.next().context("a command")?).args(words).status();
    ensure!(done.is_ok_and(|status| status.success()), "the toolchain {toolchain} is missing: {install}");
    Ok(())
}

/// Runs a command on this input to its end.
fn done(command: &mut Command, input: &[u8]) -> Result<Output> {
    let shown = format!("{command:?}");
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("{shown} does not run"))?;
    // What nobody reads is no error of ours.
    let _ = child.stdin.take().context("no input")?.write_all(input);
    let output = child.wait_with_output()?;
    if !output.status.success() {
        bail!("{shown} ended with {}\n{}", output.status, String::from_utf8_lossy(&output.stderr));
    }
    Ok(output)
}
