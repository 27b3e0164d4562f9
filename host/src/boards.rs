//! `tamis boards`: the real boards, what they have, and which networks fit.
//!
//! Each has a folder of its name in `firmware/boards`, with its memory map, its program and its README. What fits is
//! the family of [`fits`], in all of a board's RAM.

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, ensure};
use clap::Args;
use serde::Serialize;

use crate::bench::program::Program;
use crate::fits::{self, Fit};
use crate::{report, tools};

/// Lists the boards with their flash and RAM and the largest network 8-h-1 that trains there.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n    tamis boards --build --json")]
pub struct Options {
    /// Builds each board's program too and tells what it takes of flash and RAM.
    #[arg(long)]
    pub build: bool,
    /// One JSON object instead of a table.
    #[arg(long)]
    pub json: bool,
}

/// A real board.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct RealBoard {
    /// The name of its folder, and what it says it is.
    pub name: &'static str,
    /// The name that `probe-rs` knows its chip by.
    pub chip: &'static str,
    /// The core, and how it computes.
    pub core: &'static str,
    /// The Rust target.
    pub target: &'static str,
    /// Flash, in KiB.
    pub flash_kib: usize,
    /// RAM in one piece, in KiB.
    pub ram_kib: usize,
}

const M4F: (&str, &str) = ("Cortex-M4F, hard float", "thumbv7em-none-eabihf");

/// All of them.
pub const BOARDS: [RealBoard; 6] = [
    board("stm32f405", "STM32F405RG", M4F, 1024, 128),
    board("nucleo-f446re", "STM32F446RE", M4F, 512, 128),
    board("nrf52840-dk", "nRF52840_xxAA", M4F, 1024, 256),
    board("microbit-v2", "nRF52833_xxAA", M4F, 512, 128),
    board("rp2040", "RP2040", ("Cortex-M0+, soft float", "thumbv6m-none-eabi"), 2048, 256),
    board("rp2350", "RP235x", ("Cortex-M33, hard float", "thumbv8m.main-none-eabihf"), 4096, 512),
];

const fn board(
    name: &'static str,
    chip: &'static str,
    (core, target): (&'static str, &'static str),
    flash_kib: usize,
    ram_kib: usize,
) -> RealBoard {
    RealBoard { name, chip, core, target, flash_kib, ram_kib }
}

/// What a board's program takes, in bytes.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Size {
    /// Of flash.
    pub flash: usize,
    /// Of RAM, without its stack.
    pub ram: usize,
    /// What is left for the stack.
    pub stack: usize,
}

impl RealBoard {
    /// Its folder.
    pub fn folder(&self) -> PathBuf {
        workspace().join(self.name)
    }

    /// Builds its program and gives its file.
    pub fn build(&self) -> Result<PathBuf> {
        tools::ensure_target(self.target)?;
        let mut cargo = Command::new("cargo");
        cargo.args(["build", "--release", "--quiet", "--locked"]).current_dir(self.folder());
        let output = cargo.output().context("cargo does not run")?;
        let text = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "the program for {} does not build:\n{text}", self.name);
        let target =
            std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace().join("target"), PathBuf::from);
        Ok(target.join(self.target).join("release").join(self.name))
    }

    /// What its program takes.
    pub fn size(&self) -> Result<Size> {
        let program = Program::read(&self.build()?)?;
        // The RAM from its lowest address: variables, then the stack, down from the top.
        let top = program.symbol("_stack_start")?;
        let stack = (top - program.symbol("__sheap")?) as usize;
        Ok(Size { flash: program.image, ram: 1024 * self.ram_kib - stack, stack })
    }
}

/// The workspace of the real boards.
pub fn workspace() -> PathBuf {
    tools::workspace().join("firmware/boards")
}

/// A board in the list.
#[derive(Debug, Serialize)]
struct Entry {
    #[serde(flatten)]
    board: RealBoard,
    largest_h: Fit,
    #[serde(skip_serializing_if = "Option::is_none")]
    program_bytes: Option<Size>,
}

/// Runs the command.
pub fn run(options: &Options) -> Result<ExitCode> {
    let bar = report::progress(BOARDS.len());
    let entry = |board: RealBoard| {
        bar.set_message(board.name);
        let program_bytes = options.build.then(|| board.size()).transpose()?;
        bar.inc(1);
        Ok(Entry { board, largest_h: fits::fit(board.ram_kib), program_bytes })
    };
    let entries: Vec<_> = BOARDS.into_iter().map(entry).collect::<Result<_>>()?;
    bar.finish_and_clear();
    if options.json {
        let object = serde_json::json!({ "family": "8-h-1 tanh, bias", "boards": entries });
        println!("{}", serde_json::to_string_pretty(&object)?);
        return Ok(ExitCode::SUCCESS);
    }
    let mut header = vec!["board", "chip", "core", "flash", "RAM", "batch 1", "batch 32", "GD, 256 stored"];
    if options.build {
        header.extend(["program", "its RAM", "its stack"]);
    }
    println!("The boards, and the largest network 8-h-1 (tanh, bias) to train in their RAM:");
    println!("{}", report::table(&header, 3, entries.iter().map(row)));
    Ok(ExitCode::SUCCESS)
}

fn row(Entry { board, largest_h, program_bytes }: &Entry) -> Vec<String> {
    let network = |hidden: Option<usize>| hidden.map_or("none".to_owned(), |hidden| format!("8-{hidden}-1"));
    let kib = |kib: usize| format!("{kib} KiB");
    let mut row = vec![board.name.to_owned(), board.chip.to_owned(), board.core.to_owned()];
    row.extend([kib(board.flash_kib), kib(board.ram_kib)]);
    row.extend([largest_h.batch_1, largest_h.batch_32, largest_h.gd_256_stored].map(network));
    row.extend(
        program_bytes.iter().flat_map(|size| [size.flash, size.ram, size.stack]).map(|n| format!("{n} B")),
    );
    row
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn read(path: PathBuf) -> Result<String> {
        fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))
    }

    #[test]
    fn each_folder_is_a_board_and_each_board_has_its_folder() -> Result<()> {
        let mut folders = Vec::new();
        for entry in fs::read_dir(workspace())? {
            let folder = entry?;
            if folder.path().join("memory.x").exists() {
                folders.push(folder.file_name().to_string_lossy().into_owned());
            }
        }
        let mut boards = BOARDS.map(|board| board.name.to_owned());
        folders.sort();
        boards.sort();
        assert_eq!(folders, boards);
        Ok(())
    }

    /// The README tells the one command, the chip by a name that `probe-rs` knows, and the pins that the program uses.
    #[test]
    fn readmes_tell_command_chip_and_pins() -> Result<()> {
        let chips = read(tools::workspace().join("tests/reference/chips.txt"))?;
        let registers = read(tools::workspace().join("firmware/src/board/stm32f405.rs"))?;
        for board in BOARDS {
            let RealBoard { name, chip, target, .. } = board;
            assert!(chips.lines().any(|known| known == chip), "probe-rs does not know {chip}");
            let readme = read(board.folder().join("README.md"))?;
            assert!(
                readme.contains(&format!("    cd firmware/boards/{name} && cargo run --release\n")),
                "{name}"
            );
            assert!(readme.contains(&format!("\nChip `{chip}`: ")), "{name}");
            let config = read(board.folder().join(".cargo/config.toml"))?;
            assert!(config.contains(&format!("runner = \"probe-rs run --chip {chip}\"\n")), "{name}");
            assert!(config.contains(&format!("target = \"{target}\"\n")), "{name}");

            let program = read(board.folder().join("src/main.rs"))?;
            assert!(program.contains(&format!("\"{name}\"")), "{name} says another name");
            let by_registers = name == "stm32f405";
            let source = if by_registers { &registers } else { &program };
            let (_, pins) = readme.split_once("|---|---|---|\n").context("no table of pins")?;
            let pins: Vec<_> = pins.lines().map_while(|row| row.split('|').nth(2)).map(str::trim).collect();
            assert!(pins.len() >= 3, "{name}: {pins:?}");
            for pin in pins {
                // As the driver crates spell it: PA2 is pa2, P0.06 is p0_06, GP25 is gpio25.
                let spelled = pin.to_lowercase().replace('.', "_").replace("gp", "gpio");
                assert!(source.contains(pin), "{name} does not tell {pin}");
                assert!(by_registers || source.contains(&format!(".{spelled}")), "{name} does not use {pin}");
            }
        }
        Ok(())
    }

    /// The linker has what the list has, in all of its pieces.
    #[test]
    fn memory_maps_are_those_of_the_list() -> Result<()> {
        for board in BOARDS {
            let map = read(board.folder().join("memory.x"))?;
            let length = |region: &str| -> Result<usize> {
                let line =
                    map.lines().find(|line| line.trim_start().starts_with(region)).context("no region")?;
                let (_, length) = line.split_once("LENGTH = ").context("no length")?;
                let (kib, _) = length.split_once('K').context("not in KiB")?;
                Ok(kib.parse()?)
            };
            assert_eq!(
                (length("FLASH")?, length("RAM")?),
                (board.flash_kib, board.ram_kib),
                "{}",
                board.name
            );
        }
        Ok(())
    }

    /// The versions that the kernel has of the crates that decide the bits, by a lock file.
    fn versions(lock: PathBuf) -> Result<[String; 4]> {
        let lock = read(lock)?;
        let packages: Vec<_> = lock.split("[[package]]\n").skip(1).collect();
        let of = |start: &str| packages.iter().copied().find(|package| package.starts_with(start));
        let kernel = of("name = \"tamis\"\n").context("no kernel")?;
        let version = |name: &str| {
            // Where there are several of a name, the version stands beside it; else it is that of the only one.
            let beside = kernel.lines().find_map(|line| line.trim().strip_prefix(&format!("\"{name} ")));
            let only = format!("name = \"{name}\"\nversion = \"");
            let found = beside.or_else(|| of(&only)?.strip_prefix(&only));
            ensure!(kernel.contains(&format!(" \"{name}")), "the kernel does not use {name}");
            found.and_then(|found| found.split('"').next()).map(str::to_owned).context("no version")
        };
        Ok([version("libm")?, version("heapless")?, version("rand_core")?, version("rand_xoshiro")?])
    }

    #[test]
    fn the_kernel_has_the_same_crates_in_both_workspaces() -> Result<()> {
        let ours = versions(tools::workspace().join("Cargo.lock"))?;
        assert_eq!(ours[0], "0.2.16", "as the manifest pins it");
        assert_eq!(versions(workspace().join("Cargo.lock"))?, ours);
        Ok(())
    }
}
