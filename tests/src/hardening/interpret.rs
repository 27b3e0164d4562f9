//! The trainings, interpreted by Miri, whose floats of the standard library are random in their last bits, and which finds
//! what no test sees: memory that is not ours, numbers that were never written.

use anyhow::Result;
use tamis_host::tools;

use super::toolchain::{self, NIGHTLY, done, ensure_component};
use super::trainings::{Expected, PACKAGE};

/// The names of the trainings that have another digest in Miri.
pub fn interpret(expected: &Expected) -> Result<Vec<String>> {
    ensure_component("miri")?;
    ensure_component("rust-src")?;
    let mut miri = toolchain::program(NIGHTLY, "cargo");
    miri.args(["miri", "run", "--quiet", "--package", PACKAGE]);
    miri.env("CARGO_TARGET_DIR", tools::workspace().join("target/miri"));
    miri.env("MIRIFLAGS", "-Zmiri-disable-isolation"); // it reads its input
    miri.env_remove("RUSTC_WRAPPER"); // it would say that it ignores it, among the digests
    expected.different(&done(&mut miri, &expected.bytes)?)
}
