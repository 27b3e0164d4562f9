//! `tamis boards`: the real boards, what they have, and which networks fit.
//!
//! Each has a folder of its name in `firmware/boards`, with its memory map, its two programs and its README: the trainer,
//! and the worked example. What fits is the family of [`fits`], in all of a board's RAM.

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, ensure};
use clap::Args;
use serde::Serialize;

use crate::bench::program::Program;
use crate::fits::{self, Fit};
use crate::tools::Profile;
use crate::{report, tools};

/// Lists the boards with their flash and RAM and the largest network 8-h-1 that trains there.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n    tamis boards --build --json")]
pub struct Options {
    /// Builds each board's programs too and tells what they take of flash and RAM.
    #[arg(long)]
    pub build: bool,
    /// Builds them in every profile: release, small, and checked.
    #[arg(long, requires = "build")]
    pub all_profiles: bool,
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
pub const BOARDS: [RealBoard; 7] = [
    board("stm32f405", "STM32F405RG", M4F, 1024, 128),
    board("nucleo-f446re", "STM32F446RE", M4F, 512, 128),
    board("nrf52840-dk", "nRF52840_xxAA", M4F, 1024, 256),
    board("microbit-v2", "nRF52833_xxAA", M4F, 512, 128),
    board("rp2040", "RP2040", ("Cortex-M0+, soft float", "thumbv6m-none-eabi"), 2048, 256),
    board("rp2350", "RP235x", ("Cortex-M33, hard float", "thumbv8m.main-none-eabihf"), 4096, 512),
    board("esp32c3", "esp32c3", ("RISC-V, soft float", "riscv32imc-unknown-none-elf"), 4096, 313),
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

/// The worked example, by the name of its file; the trainer has that of its board.
const MOTOR: &str = "motor";

/// What a program takes, in bytes.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Size {
    /// Of flash.
    pub flash: usize,
    /// Of RAM, without its stack.
    pub ram: usize,
    /// What is left for the stack.
    pub stack: usize,
}

/// A program that has been built.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Built {
    /// Which.
    pub program: &'static str,
    /// How.
    pub profile: Profile,
    /// What it takes.
    pub bytes: Size,
}

impl RealBoard {
    /// Its folder.
    pub fn folder(&self) -> PathBuf {
        workspace().join(self.name)
    }

    /// Builds its programs and gives the file of the trainer.
    pub fn build(&self) -> Result<PathBuf> {
        Ok(self.build_as(Profile::Release)?.join(self.name))
    }

    /// Builds its programs and gives their folder.
    fn build_as(&self, profile: Profile) -> Result<PathBuf> {
        tools::ensure_target(self.target)?;
        let mut cargo = Command::new("cargo");
        cargo.args(["build", "--quiet", "--locked", "--profile", profile.name()]).current_dir(self.folder());
        if profile == Profile::Small {
            cargo.args(["--features", "tamis-firmware/small"]);
        }
        let output = cargo.output().context("cargo does not run")?;
        let text = String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.status.success(),
            "the programs for {} do not build in profile {}:\n{text}",
            self.name,
            profile.name()
        );
        let target = std::env::var_os("CARGO_TARGET_DIR")
            .map_or_else(|| tools::workspace().join(TARGET), PathBuf::from);
        Ok(target.join(self.target).join(profile.name()))
    }

    /// Its programs in a profile, and what they take.
    pub fn sizes(&self, profile: Profile) -> Result<[Built; 2]> {
        let folder = self.build_as(profile)?;
        let built = |program: &'static str| -> Result<Built> {
            Ok(Built { program, profile, bytes: self.size(&Program::read(&folder.join(program))?)? })
        };
        Ok([built(self.name)?, built(MOTOR)?])
    }

    fn size(&self, program: &Program) -> Result<Size> {
        // The RAM from its lowest address: variables, then the stack, down from the top. A vendor's linker script has
        // another name for its end.
        let end = program.symbol("__sheap").or_else(|_| program.symbol("_stack_end"))?;
        let stack = (program.symbol("_stack_start")? - end) as usize;
        Ok(Size { flash: program.image, ram: 1024 * self.ram_kib - stack, stack })
    }
}

/// Where programs are built, as each board's configuration has it: cargo lists the files of the folder `firmware`, and
/// would meet those that come and go.
const TARGET: &str = "target/real-boards";

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
    #[serde(skip_serializing_if = "Vec::is_empty")]
    programs: Vec<Built>,
}

/// Runs the command.
pub fn run(options: &Options) -> Result<ExitCode> {
    let profiles: &[Profile] = match (options.build, options.all_profiles) {
        (false, _) => &[],
        (true, false) => &[Profile::Release],
        (true, true) => &[Profile::Release, Profile::Small, Profile::Checked],
    };
    let bar = report::progress(BOARDS.len());
    let entry = |board: RealBoard| {
        bar.set_message(board.name);
        let mut programs = Vec::new();
        for &profile in profiles {
            programs.extend(board.sizes(profile)?);
        }
        bar.inc(1);
        Ok(Entry { board, largest_h: fits::fit(board.ram_kib), programs })
    };
    let entries: Vec<_> = BOARDS.into_iter().map(entry).collect::<Result<_>>()?;
    bar.finish_and_clear();
    if options.json {
        let object = serde_json::json!({ "family": "8-h-1 tanh, bias", "boards": entries });
        println!("{}", serde_json::to_string_pretty(&object)?);
        return Ok(ExitCode::SUCCESS);
    }
    let header = ["board", "chip", "core", "flash", "RAM", "batch 1", "batch 32", "GD, 256 stored"];
    println!("The boards, and the largest network 8-h-1 (tanh, bias) to train in their RAM:");
    println!("{}", report::table(&header, 3, entries.iter().map(row)));
    if options.build {
        println!("Their programs, in bytes:");
        let header = ["board", "program", "profile", "flash", "RAM", "left for the stack"];
        println!("{}", report::table(&header, 3, entries.iter().flat_map(program_rows)));
    }
    Ok(ExitCode::SUCCESS)
}

fn row(Entry { board, largest_h, .. }: &Entry) -> Vec<String> {
    let network = |hidden: Option<usize>| hidden.map_or("none".to_owned(), |hidden| format!("8-{hidden}-1"));
    let kib = |kib: usize| format!("{kib} KiB");
    let mut row = vec![board.name.to_owned(), board.chip.to_owned(), board.core.to_owned()];
    row.extend([kib(board.flash_kib), kib(board.ram_kib)]);
    row.extend([largest_h.batch_1, largest_h.batch_32, largest_h.gd_256_stored].map(network));
    row
}

fn program_rows(Entry { board, programs, .. }: &Entry) -> impl Iterator<Item = Vec<String>> {
    programs.iter().map(|Built { program, profile, bytes }| {
        let names = [board.name, if *program == MOTOR { MOTOR } else { "trainer" }, profile.name()];
        let numbers = [bytes.flash, bytes.ram, bytes.stack].map(|bytes| bytes.to_string());
        names.map(str::to_owned).into_iter().chain(numbers).collect()
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tamis_firmware::watchdog::TERM_S;

    use super::*;

    fn read(path: PathBuf) -> Result<String> {
        fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))
    }

    #[test]
    fn each_folder_is_a_board_and_each_board_has_its_folder() -> Result<()> {
        let mut folders = Vec::new();
        for entry in fs::read_dir(workspace())? {
            let folder = entry?;
            if folder.path().join("README.md").exists() {
                folders.push(folder.file_name().to_string_lossy().into_owned());
            }
        }
        let mut boards = BOARDS.map(|board| board.name.to_owned());
        folders.sort();
        boards.sort();
        assert_eq!(folders, boards);
        Ok(())
    }

    /// What drives a board: its library, and the files that it shares with others.
    fn drivers(board: RealBoard) -> Result<String> {
        let mut drivers = read(board.folder().join("src/lib.rs"))?;
        let shared: Vec<_> = drivers
            .lines()
            .filter_map(|line| line.strip_prefix("#[path = \"../../shared/")?.strip_suffix("\"]"))
            .map(|file| workspace().join("shared").join(file))
            .collect();
        for file in shared {
            drivers += &read(file)?;
        }
        Ok(drivers)
    }

    /// The README tells the commands, the chip by a name that `probe-rs` knows, and the pins that the programs use.
    #[test]
    fn readmes_tell_commands_chip_and_pins() -> Result<()> {
        let chips = read(tools::workspace().join("tests/reference/chips.txt"))?;
        for board in BOARDS {
            let RealBoard { name, chip, target, .. } = board;
            assert!(chips.lines().any(|known| known == chip), "probe-rs does not know {chip}");
            let readme = read(board.folder().join("README.md"))?;
            assert!(
                readme.contains(&format!("    cd firmware/boards/{name} && cargo run --release\n")),
                "{name}"
            );
            assert!(readme.contains("    cargo run --release --bin motor\n"), "{name}");
            assert!(readme.contains(&format!("\nChip `{chip}`: ")), "{name}");
            let config = read(board.folder().join(".cargo/config.toml"))?;
            assert!(config.contains(&format!("runner = \"probe-rs run --chip {chip}\"\n")), "{name}");
            assert!(config.contains(&format!("target = \"{target}\"\n")), "{name}");
            assert!(config.contains(&format!("target-dir = \"../../../{TARGET}\" ")), "{name}");

            let drivers = drivers(board)?;
            assert!(drivers.contains(&format!("\"{name}\"")), "{name} says another name");
            let (_, pins) = readme.split_once("|---|---|---|\n").context("no table of pins")?;
            let rows: Vec<_> = pins
                .lines()
                .map_while(|row| row.strip_prefix("| ")?.split_once(" | "))
                .filter_map(|(what, rest)| Some((what, rest.split_once(" | ")?.0)))
                .collect();
            for needed in ["serial line, out", "serial line, in", "bus, SDA", "bus, SCL", "gauge", "switch"] {
                assert!(rows.iter().any(|(what, _)| *what == needed), "{name} has no {needed}");
            }
            assert!(rows.iter().any(|(what, _)| what.starts_with("LED")), "{name} has no LED");
            for (_, pin) in rows {
                // As the driver crates spell it: PA2 is pa2, P0.06 is p0_06, GP25 is gpio25, GPIO7 is GPIO7.
                let spelled = pin.to_lowercase().replace('.', "_").replace("gp", "gpio");
                let is_used =
                    [format!(".{spelled}"), format!(".{pin}")].iter().any(|used| drivers.contains(used));
                assert!(drivers.contains(pin), "{name} does not tell {pin}");
                assert!(is_used, "{name} does not use {pin}");
            }
        }
        Ok(())
    }

    /// The README tells how long a program may hang, and where checkpoints are kept, or that they are not.
    #[test]
    fn readmes_tell_watchdog_and_checkpoints() -> Result<()> {
        for board in BOARDS {
            let name = board.name;
            let readme = read(board.folder().join("README.md"))?;
            assert!(readme.contains(&format!("makes no progress for {TERM_S} seconds")), "{name}");
            let told = match regions(board)?.checkpoints {
                Some(Region { start, kib }) => format!("{kib} KiB of flash from {start:#x} on"),
                None => "There are no checkpoints on this board".to_owned(),
            };
            assert!(readme.contains(&told), "{name} does not tell: {told}");
        }
        Ok(())
    }

    #[derive(Clone, Copy)]
    struct Region {
        start: u32,
        kib: usize,
    }

    struct Regions {
        flash: Region,
        ram: Region,
        checkpoints: Option<Region>,
        /// What comes before the program.
        boot_kib: usize,
        map: String,
    }

    fn regions(board: RealBoard) -> Result<Regions> {
        let map = read(board.folder().join("memory.x")).or_else(|_| read(board.folder().join("bounds.x")))?;
        let find = |name: &str| -> Result<Option<Region>> {
            let Some(line) =
                map.lines().find(|line| line.split_once(" : ").is_some_and(|(n, _)| n.trim() == name))
            else {
                return Ok(None);
            };
            let (_, start) = line.split_once("ORIGIN = 0x").context("no origin")?;
            let (start, length) = start.split_once(", LENGTH = ").context("no length")?;
            // The 256 bytes of the RP2040's second stage are within the first of its KiB.
            let kib = length.split_once('K').map_or(Ok(0), |(kib, _)| kib.parse())?;
            Ok(Some(Region { start: u32::from_str_radix(start, 16)?, kib }))
        };
        Ok(Regions {
            flash: find("FLASH")?.context("no flash")?,
            ram: find("RAM")?.context("no RAM")?,
            checkpoints: find("CHECKPOINTS")?,
            boot_kib: find("BOOT")?.map_or(0, |boot| boot.kib),
            map,
        })
    }

    /// The linker has what the list has, in all of its pieces, and gives nothing of the checkpoints to a program.
    #[test]
    fn memory_maps_are_those_of_the_list() -> Result<()> {
        for board in BOARDS {
            let name = board.name;
            let Regions { flash, ram, checkpoints, boot_kib, map } = regions(board)?;
            assert_eq!(ram.kib, board.ram_kib, "{name}");
            let mut flash_kib = boot_kib + flash.kib;
            let first = flash.start & !0x3ff; // before the second stage of the RP2040 too
            let end = first + 1024 * flash.kib as u32;
            if let Some(Region { start, kib }) = checkpoints {
                if start > first && start < end {
                    // In a hole, between the vectors and the code.
                    let behind = "_stext = ORIGIN(CHECKPOINTS) + LENGTH(CHECKPOINTS);\n";
                    assert!(map.contains(behind), "{name}");
                } else {
                    flash_kib += kib;
                    assert_eq!(start, end, "{name}");
                }
                let (high, low) = (start >> 16, start & 0xffff);
                let told = format!("= (0x{high:04x}_{low:04x}, {kib} * 1024);\n");
                assert!(drivers(board)?.contains(&told), "the program of {name} has not {told}");
            }
            assert_eq!(flash_kib, board.flash_kib, "{name}");
        }
        Ok(())
    }

    /// The ROM of the RP2040 takes subnormal numbers for zero, and its HAL would put it into the compiler's place; that of
    /// the ESP32-C3, which its HAL links, has never been looked at.
    #[test]
    fn no_rom_computes() -> Result<()> {
        let manifest = read(workspace().join("rp2040/Cargo.toml"))?;
        assert!(manifest.contains("features = [\"rt\", \"disable-intrinsics\"]"));
        let bounds = read(workspace().join("esp32c3/bounds.x"))?;
        assert!(bounds.contains("ASSERT(__addsf3 >= ORIGIN(IRAM) && __mulsf3 >= ORIGIN(IRAM)"));
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
    fn the_kernel_has_the_same_crates_in_all_workspaces() -> Result<()> {
        let ours = versions(tools::workspace().join("Cargo.lock"))?;
        assert_eq!(ours[0], "0.2.16", "as the manifest pins it");
        assert_eq!(versions(workspace().join("Cargo.lock"))?, ours);
        assert_eq!(versions(workspace().join("esp32c3/Cargo.lock"))?, ours, "a workspace of its own");
        Ok(())
    }
}
