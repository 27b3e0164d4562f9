//! Arm MPS2 with the FPGA images AN385 (Cortex-M3), AN386 (Cortex-M4F), AN500 (Cortex-M7) and AN505 (Cortex-M33), and
//! Arm MPS3 with AN547 (Cortex-M55).

use core::convert::Infallible;

use embedded_hal::digital::{self, OutputPin};

use super::serial::{self, Serial};
use super::{Board, NAME};
use crate::registers::kept::Kept;
use crate::registers::mps::{self as registers, RX_ENABLE, RX_FULL, TX_ENABLE, TX_FULL, Uart};
use crate::watchdog::Watchdog;

/// What the serial line's divider divides, in Hz.
const CLOCK: u32 = if cfg!(feature = "mps2-an505") { 20_000_000 } else { 25_000_000 };
const BAUD: u32 = 115_200;

/// The board, once.
pub fn take() -> Option<Board<Serial<Uart0>, Led, Kept, impl Watchdog>> {
    let core = cortex_m::Peripherals::take()?;
    registers::write(Uart::BaudDivider, CLOCK / BAUD);
    registers::write(Uart::Control, TX_ENABLE | RX_ENABLE);
    // Drops what came before; it also wakes QEMU's receiver, which else looks again a second later.
    registers::read(Uart::Data);
    let (serial, led) = (Serial::new(Uart0(())), Led(()));
    registers::start_watchdog();
    let watchdog = registers::feed_watchdog;
    Some(Board { name: NAME, serial, led, timer: core.SYST, flash: Kept::new(), watchdog })
}

/// UART 0.
pub struct Uart0(());

impl serial::Uart for Uart0 {
    fn receive(&mut self) -> Option<u8> {
        (registers::read(Uart::State) & RX_FULL != 0).then(|| registers::read(Uart::Data) as u8)
    }

    fn send(&mut self, byte: u8) -> bool {
        let has_room = registers::read(Uart::State) & TX_FULL == 0;
        if has_room {
            registers::write(Uart::Data, u32::from(byte));
        }
        has_room
    }
}

/// The first user LED.
pub struct Led(());

impl digital::ErrorType for Led {
    type Error = Infallible;
}

impl OutputPin for Led {
    fn set_low(&mut self) -> Result<(), Infallible> {
        registers::set_leds(0);
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        registers::set_leds(1);
        Ok(())
    }
}
