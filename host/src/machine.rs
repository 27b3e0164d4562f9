//! The machines that QEMU emulates, and how to build for them.

use std::fmt;

use clap::ValueEnum;
use serde::Serialize;

/// An emulated board.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
pub enum Machine {
    /// Cortex-M4F, hard float: the reference.
    #[value(name = "mps2-an386")]
    #[serde(rename = "mps2-an386")]
    MpsAn386,
    /// Cortex-M3, soft float.
    #[value(name = "mps2-an385")]
    #[serde(rename = "mps2-an385")]
    MpsAn385,
    /// Cortex-M0, soft float, 16 KiB of RAM in the real thing too.
    #[value(name = "microbit")]
    #[serde(rename = "microbit")]
    Microbit,
}

impl Machine {
    /// All of them, the reference first.
    pub const ALL: [Self; 3] = [Self::MpsAn386, Self::MpsAn385, Self::Microbit];

    /// QEMU's name, which is also the firmware's feature.
    pub fn name(self) -> &'static str {
        match self {
            Self::MpsAn386 => "mps2-an386",
            Self::MpsAn385 => "mps2-an385",
            Self::Microbit => "microbit",
        }
    }

    /// The core, and how it computes.
    pub fn core(self) -> &'static str {
        match self {
            Self::MpsAn386 => "Cortex-M4F, hard float",
            Self::MpsAn385 => "Cortex-M3, soft float",
            Self::Microbit => "Cortex-M0, soft float",
        }
    }

    /// The Rust target.
    pub fn target(self) -> &'static str {
        match self {
            Self::MpsAn386 => "thumbv7em-none-eabihf",
            Self::MpsAn385 => "thumbv7m-none-eabi",
            Self::Microbit => "thumbv6m-none-eabi",
        }
    }

    /// Whether the core adds and multiplies floats itself.
    pub fn has_hard_float(self) -> bool {
        self == Self::MpsAn386
    }

    /// Nanoseconds of one tick of the core's timer: 25 MHz, or 16 MHz on the micro:bit.
    pub fn tick_ns(self) -> f64 {
        match self {
            Self::MpsAn386 | Self::MpsAn385 => 40.0,
            Self::Microbit => 62.5,
        }
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
