//! Gives the linker the memory map of the chosen board, and the program the board's name.

use std::path::{Path, PathBuf};
use std::{env, fs};

/// The emulated boards: each a feature of this name, and its memory map.
const BOARDS: [(&str, &str); 8] = [
    ("mps2-an385", "mps2.x"),
    ("mps2-an386", "mps2.x"),
    ("mps2-an500", "mps2.x"),
    ("mps2-an505", "mps2-an505.x"),
    ("mps3-an547", "mps3-an547.x"),
    ("microbit", "microbit.x"),
    ("netduinoplus2", "stm32f405.x"),
    ("virt", "virt.x"),
];

/// The programs: the bytes of stack that each needs, and whether it logs through `defmt`. The proofs must link
/// without a logger. A test measures what the application and the programs that need no host use of it.
const PROGRAMS: [(&str, u32, bool); 26] = [
    ("trainer", 4096, true),
    ("altered", 4096, true),
    ("overrun", 4096, true),
    ("crash", 4096, true),
    ("stuck", 4096, true),
    ("wrong_digest", 4096, true),
    ("flushing", 2048, true),
    ("example", 2048, true),
    ("repro", 2048, true),
    ("one_pass", 4096, true),
    ("motor", 4096, true),
    ("power_loss", 2048, true),
    ("fits_step", 2048, true),
    ("fits_gd", 2048, true),
    ("bench_layers", 4096, true),
    ("bench_w1", 2048, true),
    ("bench_w2", 2048, true),
    ("bench_w3", 8192, true),
    ("bench_w4", 2048, true),
    ("bench_w4_batch", 2048, true),
    ("bench_w5", 2048, true),
    ("no_panic", 2048, false),
    ("no_panic_one_pass", 2048, false),
    ("no_panic_checkpoint", 2048, false),
    ("no_panic_resident", 4096, false),
    ("panicky", 2048, false),
];

/// The programs that may have more than 16 KiB of RAM, and how much, where the board has it.
const LARGE: [(&str, u32); 3] =
    [("repro", 32 * 1024), ("bench_w3", 256 * 1024), ("bench_layers", 512 * 1024)];

fn main() {
    println!("cargo::rerun-if-changed=memory");
    println!("cargo::rustc-check-cfg=cfg(on_board)");
    if env::var("CARGO_CFG_TARGET_OS").as_deref() != Ok("none") {
        return;
    }
    let is_chosen = |name: &str| {
        let feature = name.to_uppercase().replace('-', "_");
        env::var_os(format!("CARGO_FEATURE_{feature}")).is_some()
    };
    let mut chosen = BOARDS.iter().filter(|(name, _)| is_chosen(name));
    if is_chosen("application") {
        println!("cargo::rustc-cfg=on_board"); // a microcontroller, emulated or real
    }
    // A real board links its program itself; without a board there is none.
    let Some((name, map)) = chosen.next() else { return };
    assert!(chosen.next().is_none(), "one board at a time");
    println!("cargo::rustc-env=TAMIS_BOARD={name}");
    let map = Path::new("memory").join(map);
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    fs::copy(map, out.join("memory.x")).expect("the memory map is copied");
    println!("cargo::rustc-link-search={}", out.display());
    println!("cargo::rustc-link-arg-bins=-Tlink.x");
    // Less optimised and with every check, frames are larger.
    let factor = if env::var_os("CARGO_CFG_DEBUG_ASSERTIONS").is_some() { 2 } else { 1 };
    for (program, stack, logs) in PROGRAMS {
        let stack = stack * factor;
        println!("cargo::rustc-link-arg-bin={program}=--defsym=stack_needed={stack}");
        if logs {
            println!("cargo::rustc-link-arg-bin={program}=-Tdefmt.x");
        }
    }
    println!("cargo::rustc-link-arg-bin=no_panic=--defsym=whole_flash=1"); // large, and never runs
    for (program, ram) in LARGE {
        println!("cargo::rustc-link-arg-bin={program}=--defsym=ram_bytes={ram}");
    }
}
