//! Arm MPS2 with the FPGA images AN385 (Cortex-M3) and AN386 (Cortex-M4F).

use core::convert::Infallible;

use embedded_hal::digital::{self, OutputPin};
use embedded_io::{Read, Write};

use super::Board;
use crate::registers::mps2::{self as registers, RX_ENABLE, RX_FULL, TX_ENABLE, TX_FULL, Uart};

const NAME: &str = if cfg!(feature = "mps2-an385") { "mps2-an385" } else { "mps2-an386" };

/// The board, once.
pub fn take() -> Option<Board<Serial, Led>> {
    let core = cortex_m::Peripherals::take()?;
    registers::write(Uart::BaudDivider, 217); // 25 MHz / 217 = 115,200 baud
    registers::write(Uart::Control, TX_ENABLE | RX_ENABLE);
    // Drops what came before; it also wakes QEMU's receiver, which else looks again a second later.
    registers::read(Uart::Data);
    Some(Board { name: NAME, serial: Serial(()), led: Led(()), timer: core.SYST })
}

/// UART 0.
pub struct Serial(());

impl embedded_io::ErrorType for Serial {
    type Error = Infallible;
}

impl Read for Serial {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Infallible> {
        let Some(first) = buffer.first_mut() else { return Ok(0) };
        while registers::read(Uart::State) & RX_FULL == 0 {}
        *first = registers::read(Uart::Data) as u8;
        Ok(1)
    }
}

impl Write for Serial {
    fn write(&mut self, buffer: &[u8]) -> Result<usize, Infallible> {
        let Some(&first) = buffer.first() else { return Ok(0) };
        self.flush()?;
        registers::write(Uart::Data, u32::from(first));
        Ok(1)
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        while registers::read(Uart::State) & TX_FULL != 0 {}
        Ok(())
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
