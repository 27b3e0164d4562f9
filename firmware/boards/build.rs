//! Gives the linker the memory map of the board, and what it needs to know of start-up code and logs.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=memory.x");
    let folder = env::var("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR");
    println!("cargo::rustc-link-search={folder}");
    for script in ["link.x", "defmt.x"] {
        println!("cargo::rustc-link-arg-bins=-T{script}");
    }
}
