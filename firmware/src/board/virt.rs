//! QEMU's RISC-V machine `virt`: RV32IMAC is used of its core, no float unit. It has no LED.

use core::convert::Infallible;

use embedded_hal::digital::{self, OutputPin};

use super::serial::{self, Serial};
use super::{Board, NAME};
use crate::arch::Timer;
use crate::registers::kept::Kept;
use crate::registers::virt::{
    self as registers, DIVIDER_ACCESS, EIGHT_BITS, FIFO_ENABLE, RX_FULL, TX_EMPTY, Uart,
};
use crate::watchdog::NoWatchdog;

/// What the serial line's divider divides, in Hz: 16 samples of each bit.
const CLOCK: u32 = 3_686_400 / 16;
const BAUD: u32 = 115_200;

/// The board, once.
pub fn take() -> Option<Board<Serial<Uart0>, NoLed, Kept, NoWatchdog>> {
    if !registers::start_interrupts() {
        return None;
    }
    let [low, high, ..] = (CLOCK / BAUD).to_le_bytes();
    registers::write(Uart::LineControl, DIVIDER_ACCESS);
    registers::write(Uart::Data, low);
    registers::write(Uart::DividerHigh, high);
    registers::write(Uart::LineControl, EIGHT_BITS);
    registers::write(Uart::FifoControl, FIFO_ENABLE);
    let (serial, led) = (Serial::new(Uart0(())), NoLed(()));
    Some(Board { name: NAME, serial, led, timer: Timer, flash: Kept::new(), watchdog: NoWatchdog })
}

/// UART 0.
pub struct Uart0(());

impl serial::Uart for Uart0 {
    fn receive(&mut self) -> Option<u8> {
        (registers::read(Uart::LineState) & RX_FULL != 0).then(|| registers::read(Uart::Data))
    }

    fn send(&mut self, byte: u8) -> bool {
        let has_room = registers::read(Uart::LineState) & TX_EMPTY != 0;
        if has_room {
            registers::write(Uart::Data, byte);
        }
        has_room
    }
}

/// Nothing is lit.
pub struct NoLed(());

impl digital::ErrorType for NoLed {
    type Error = Infallible;
}

impl OutputPin for NoLed {
    fn set_low(&mut self) -> Result<(), Infallible> {
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}
