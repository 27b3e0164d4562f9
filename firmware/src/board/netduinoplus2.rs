//! Netduino Plus 2: an STM32F405.

use embedded_hal::digital::OutputPin;
use embedded_io::{Read, ReadReady, Write};

use super::no_flash::NoFlash;
use super::{Board, NAME, stm32f405};
use crate::watchdog::Watchdog;

/// The board, once.
pub fn take() -> Option<Board<impl Read + ReadReady + Write, impl OutputPin, NoFlash, impl Watchdog>> {
    stm32f405::take(NAME)
}
