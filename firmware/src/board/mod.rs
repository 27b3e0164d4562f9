//! The boards: each brings a serial line and an LED, and calls them by the traits of `embedded-io` and
//! `embedded-hal`.

pub mod erased;
pub mod inverted;

#[cfg(feature = "microbit")]
mod microbit;
#[cfg(feature = "microbit")]
pub use microbit::{Flash, take, take_flash};

#[cfg(feature = "mps")]
mod mps;
#[cfg(feature = "mps")]
pub use mps::take;

#[cfg(feature = "netduinoplus2")]
mod netduinoplus2;
#[cfg(feature = "netduinoplus2")]
pub use netduinoplus2::take;

pub mod no_flash;
pub mod serial;

#[cfg(feature = "stm32f405")]
pub mod stm32f405;

#[cfg(feature = "virt")]
mod virt;
#[cfg(feature = "virt")]
pub use virt::take;

use crate::arch::Timer;

/// The name that QEMU knows the board by.
#[cfg(feature = "board")]
const NAME: &str = env!("TAMIS_BOARD"); // from build.rs

/// What the application needs of a board.
pub struct Board<S, L, F, W> {
    /// The name that the host, or QEMU, knows it by.
    pub name: &'static str,
    /// The serial line to the host.
    pub serial: S,
    /// Lit once the support has been found.
    pub led: L,
    /// The core's timer.
    pub timer: Timer,
    /// The memory for checkpoints.
    pub flash: F,
    /// Starts the program again unless it hears of progress; it has been started.
    pub watchdog: W,
}

impl<S, L, F, W> Board<S, L, F, W> {
    /// The same with another memory for checkpoints.
    pub fn with_flash<G>(self, flash: G) -> Board<S, L, G, W> {
        let Self { name, serial, led, timer, watchdog, .. } = self;
        Board { name, serial, led, timer, flash, watchdog }
    }
}
