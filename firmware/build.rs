//! Gives the linker the memory map of the chosen board.

use std::path::PathBuf;
use std::{env, fs};

/// The programs: the bytes of stack that each needs, and whether it logs through `defmt`. The proofs must link
/// without a logger. What the application needs is measured by a test; the others are simpler.
const PROGRAMS: [(&str, u32, bool); 9] = [
    ("replay", 4096, true),
    ("altered", 4096, true),
    ("overrun", 4096, true),
    ("crash", 4096, true),
    ("example", 2048, true),
    ("fits_step", 2048, true),
    ("fits_gd", 2048, true),
    ("no_panic", 2048, false),
    ("panicky", 2048, false),
];

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
    for (program, stack, logs) in PROGRAMS {
        println!("cargo::rustc-link-arg-bin={program}=--defsym=stack_needed={stack}");
        if logs {
            println!("cargo::rustc-link-arg-bin={program}=-Tdefmt.x");
        }
    }
}
