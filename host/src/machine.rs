//! The machines that QEMU emulates, and how to build for them.

use std::fmt;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// An emulated board.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
pub enum Machine {
    /// Cortex-M4F, hard float: the reference.
    #[value(name = "mps2-an386")]
    #[serde(rename = "mps2-an386")]
    MpsAn386,
    /// Cortex-M7, hard float.
    #[value(name = "mps2-an500")]
    #[serde(rename = "mps2-an500")]
    MpsAn500,
    /// Cortex-M33, hard float.
    #[value(name = "mps2-an505")]
    #[serde(rename = "mps2-an505")]
    MpsAn505,
    /// Cortex-M55, hard float.
    #[value(name = "mps3-an547")]
    #[serde(rename = "mps3-an547")]
    MpsAn547,
    /// Cortex-M3, soft float.
    #[value(name = "mps2-an385")]
    #[serde(rename = "mps2-an385")]
    MpsAn385,
    /// Cortex-M0, soft float, 16 KiB of RAM in the real thing too.
    #[value(name = "microbit")]
    #[serde(rename = "microbit")]
    Microbit,
    /// Cortex-M4F, hard float: the memory map of a real chip, the STM32F405.
    #[value(name = "netduinoplus2")]
    #[serde(rename = "netduinoplus2")]
    Netduino,
    /// RISC-V, soft float.
    #[value(name = "virt")]
    #[serde(rename = "virt")]
    RiscvVirt,
}

impl Machine {
    /// All of them, the reference first.
    pub const ALL: [Self; 8] = [
        Self::MpsAn386,
        Self::MpsAn500,
        Self::MpsAn505,
        Self::MpsAn547,
        Self::MpsAn385,
        Self::Microbit,
        Self::RiscvVirt,
        Self::Netduino,
    ];

    /// One for each core: what is measured on them holds for the last, whose core is that of the first.
    pub const CORES: &'static [Self] = Self::ALL.split_at(7).0;

    /// QEMU's name, which is also the firmware's feature.
    pub fn name(self) -> &'static str {
        match self {
            Self::MpsAn386 => "mps2-an386",
            Self::MpsAn500 => "mps2-an500",
            Self::MpsAn505 => "mps2-an505",
            Self::MpsAn547 => "mps3-an547",
            Self::MpsAn385 => "mps2-an385",
            Self::Microbit => "microbit",
            Self::RiscvVirt => "virt",
            Self::Netduino => "netduinoplus2",
        }
    }

    /// The program that emulates it.
    pub fn qemu(self) -> &'static str {
        match self {
            Self::RiscvVirt => "qemu-system-riscv32",
            _ => "qemu-system-arm",
        }
    }

    /// The core, and how it computes.
    pub fn core(self) -> &'static str {
        match self {
            Self::MpsAn386 | Self::Netduino => "Cortex-M4F, hard float",
            Self::MpsAn500 => "Cortex-M7, hard float",
            Self::MpsAn505 => "Cortex-M33, hard float",
            Self::MpsAn547 => "Cortex-M55, hard float",
            Self::MpsAn385 => "Cortex-M3, soft float",
            Self::Microbit => "Cortex-M0, soft float",
            Self::RiscvVirt => "RISC-V RV32IMAC, soft float",
        }
    }

    /// The Rust target; machines may share one.
    pub fn target(self) -> &'static str {
        match self {
            Self::MpsAn386 | Self::MpsAn500 | Self::Netduino => "thumbv7em-none-eabihf",
            Self::MpsAn505 | Self::MpsAn547 => "thumbv8m.main-none-eabihf",
            Self::MpsAn385 => "thumbv7m-none-eabi",
            Self::Microbit => "thumbv6m-none-eabi",
            Self::RiscvVirt => "riscv32imac-unknown-none-elf",
        }
    }

    /// Whether the core adds and multiplies floats itself.
    pub fn has_hard_float(self) -> bool {
        !matches!(self, Self::MpsAn385 | Self::Microbit | Self::RiscvVirt)
    }

    /// Nanoseconds of one tick of the core's timer: 25 MHz on most, 20 on AN505, 32 on AN547, 16 on the micro:bit,
    /// 10 on `virt`, 168 on the Netduino, whatever its program does to its clocks.
    pub fn tick_ns(self) -> f64 {
        match self {
            Self::MpsAn386 | Self::MpsAn500 | Self::MpsAn385 => 40.0,
            Self::MpsAn505 => 50.0,
            Self::MpsAn547 => 31.25,
            Self::Microbit => 62.5,
            Self::RiscvVirt => 100.0,
            Self::Netduino => 1000.0 / 168.0,
        }
    }

    /// Whether a cross-check runs every training of its cover: on one core with hard float and on the smallest.
    pub fn runs_whole_cover(self) -> bool {
        matches!(self, Self::MpsAn386 | Self::Microbit)
    }

    /// How many steps a cross-check compares, every one of them.
    pub fn crosscheck_steps(self) -> u32 {
        if self.has_hard_float() { 1000 } else { 200 }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One machine or all.
#[derive(Clone, Debug)]
pub struct Machines(pub Vec<Machine>);

impl Machines {
    /// From a machine's name, or "all".
    pub fn parse(text: &str) -> Result<Self, String> {
        if text == "all" {
            return Ok(Self(Machine::ALL.to_vec()));
        }
        let machine = Machine::from_str(text, false);
        machine.map(|machine| Self(vec![machine])).map_err(|_| {
            let names = Machine::ALL.map(Machine::name).join(", ");
            format!("there are {names}, and all")
        })
    }
}
