//! Gives the linker the memory map of the chosen board.

use std::path::PathBuf;
use std::{env, fs};

/// Programs that log through `defmt`. The proofs must link without a logger.
const LOGGING: [&str; 7] = ["replay", "altered", "overrun", "crash", "example", "fits_step", "fits_gd"];

fn main() {
    println!("cargo::rerun-if-changed=memory");
    if env::var("CARGO_CFG_TARGET_OS").as_deref() != Ok("none") {
        return;
    }
    let board = |name: &str| env::var_os(format!("CARGO_FEATURE_{name}")).is_some();
    let map = if board("MICROBIT") { "memory/microbit.x" } else { "memory/mps2.x" };
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    fs::copy(map, out.join("memory.x")).expect("the memory map is copied");
    println!("cargo::rustc-link-search={}", out.display());
    println!("cargo::rustc-link-arg-bins=-Tlink.x");
    for program in LOGGING {
        println!("cargo::rustc-link-arg-bin={program}=-Tdefmt.x");
    }
}
