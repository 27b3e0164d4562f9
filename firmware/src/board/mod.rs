//! The boards: each brings a serial line and an LED, and calls them by the traits of `embedded-io` and
//! `embedded-hal`.

#[cfg(feature = "microbit")]
mod microbit;
#[cfg(feature = "microbit")]
pub use microbit::{Flash, take, take_flash};

#[cfg(feature = "mps")]
mod mps;
#[cfg(feature = "mps")]
pub use mps::take;

#[cfg(any(feature = "mps", feature = "virt"))]
mod serial;

#[cfg(feature = "virt")]
mod virt;
#[cfg(feature = "virt")]
pub use virt::take;

use crate::arch::Timer;

/// The name that QEMU knows the board by.
const NAME: &str = env!("TAMIS_BOARD"); // from build.rs

/// What the application needs of a board.
pub struct Board<S, L, F> {
    /// The name that QEMU knows it by.
    pub name: &'static str,
    /// The serial line to the host.
    pub serial: S,
    /// Lit once the support has been found.
    pub led: L,
    /// The core's timer.
    pub timer: Timer,
    /// The memory for checkpoints.
    pub flash: F,
}
