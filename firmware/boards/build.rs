//! Gives the linker the memory map of the board, and what it needs to know of start-up code and logs.

use std::env;

fn main() {
    let folder = env::var("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR");
    println!("cargo::rustc-link-search={folder}");
    // The memory map is ours, or that of an HAL with its own start-up code, whose bounds we check.
    let is_arm = env::var("CARGO_CFG_TARGET_ARCH").as_deref() == Ok("arm");
    let (map, scripts): (_, &[&str]) =
        if is_arm { ("memory.x", &["link.x"]) } else { ("bounds.x", &["linkall.x", "bounds.x"]) };
    println!("cargo::rerun-if-changed={map}");
    for script in scripts.iter().chain(&["defmt.x"]) {
        println!("cargo::rustc-link-arg-bins=-T{script}");
    }
}
