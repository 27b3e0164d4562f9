//! BBC micro:bit v1: nRF51822, Cortex-M0, 16 KiB of RAM.

use core::convert::Infallible;

use embedded_hal::digital::{self, OutputPin};
use nrf51_pac::{GPIO, Peripherals};

use super::serial::Serial;
use super::{Board, NAME};
pub use crate::registers::nrf51::Flash;
use crate::registers::nrf51::Uart0;
use crate::watchdog::NoWatchdog;

/// Pins of the serial line, to the chip that has the USB socket, out and in.
const TX: u8 = 24;
const RX: u8 = 25;
/// The pin of row 1 of the display, which [`Led`] knows by name.
const ROW: u8 = 13;

/// The flash memory of the checkpoints, once, by a program that takes nothing else.
pub fn take_flash() -> Option<Flash> {
    Some(Flash::new(Peripherals::take()?.NVMC))
}

/// The board, once.
pub fn take() -> Option<Board<Serial<Uart0>, Led, Flash, NoWatchdog>> {
    let core = cortex_m::Peripherals::take()?;
    let chip = Peripherals::take()?;
    let pin = |number: u8| &chip.GPIO.pin_cnf[usize::from(number)];
    chip.GPIO.outset.write(|w| w.pin24().set()); // TX: no start bit before the first byte
    pin(TX).write(|w| w.dir().output());
    pin(RX).write(|w| w.input().connect());
    pin(ROW).write(|w| w.dir().output());
    let serial = Serial::new(Uart0::new(chip.UART0, TX, RX));
    let (led, flash) = (Led(chip.GPIO), Flash::new(chip.NVMC));
    Some(Board { name: NAME, serial, led, timer: core.SYST, flash, watchdog: NoWatchdog })
}

/// Row 1 of the display.
pub struct Led(GPIO);

impl digital::ErrorType for Led {
    type Error = Infallible;
}

impl OutputPin for Led {
    fn set_low(&mut self) -> Result<(), Infallible> {
        self.0.outclr.write(|w| w.pin13().clear());
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        self.0.outset.write(|w| w.pin13().set());
        Ok(())
    }
}
