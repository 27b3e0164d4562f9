//! STM32F405: Cortex-M4F, 1 MiB of flash, 128 KiB of RAM. QEMU has it on the `netduinoplus2`, without its clocks.

use core::convert::Infallible;

use embedded_hal::digital::{self, OutputPin};

use super::Board;
use super::no_flash::NoFlash;
use super::serial::{self, Serial};
use crate::registers::stm32f405::{self as registers, Register};
use crate::watchdog::{TERM_S, Watchdog};

/// The core on its PLL, and on the oscillator that it starts with, in Hz.
const FAST: u32 = 168_000_000;
const RESET: u32 = 16_000_000;
const BAUD: u32 = 115_200;
/// The oscillator of the watchdog, in Hz: 17 to 47 thousand.
const LOW_SPEED: u32 = 32_000;
/// So often it is asked whether the clocks run. They need less than a tenth of a millisecond, about 500 reads.
const PATIENCE: u32 = 20_000;

/// The board, once, by this name: USART1 on PA9 (out) and PA10 (in), an LED on PC1.
pub fn take(name: &'static str) -> Option<Board<Serial<Usart1>, Led, NoFlash, impl Watchdog>> {
    let core = cortex_m::Peripherals::take()?;
    let usart_clock = if start_clocks() {
        FAST / 2 // by APB2, which it is on
    } else {
        defmt::warn!("the PLL does not run: the core stays at {=u32} Hz", RESET);
        RESET
    };
    registers::modify(Register::PeripheralsAhb1, 0, registers::PORTS_A_AND_C);
    registers::modify(Register::PeripheralsApb2, 0, registers::USART1);
    registers::modify(Register::FunctionA, 0xff << 4, 0x77 << 4); // function 7: USART1
    registers::modify(Register::ModeA, 0b1111 << 18, 0b1010 << 18); // by function
    registers::modify(Register::ModeC, 0b11 << 2, 0b01 << 2); // an output
    registers::write(Register::BaudDivider, usart_clock / BAUD);
    registers::write(Register::Control, registers::ENABLE);
    let (serial, led) = (Serial::new(Usart1(())), Led(()));
    start_watchdog();
    let watchdog = || registers::write(Register::WatchdogKey, registers::FEED);
    Some(Board { name, serial, led, timer: core.SYST, flash: NoFlash, watchdog })
}

/// Brings the core to [`FAST`]; if the PLL never comes, it stays on the clock of reset, and this is false.
fn start_clocks() -> bool {
    let comes = |register, bits| (0..PATIENCE).any(|_| registers::read(register) & bits == bits);
    registers::write(Register::PllSettings, registers::PLL);
    registers::modify(Register::ClockControl, 0, registers::PLL_ON);
    if !comes(Register::ClockControl, registers::PLL_READY) {
        return false;
    }
    registers::write(Register::FlashAccess, registers::LATENCY);
    registers::modify(Register::ClockSettings, 0, registers::PRESCALERS);
    registers::modify(Register::ClockSettings, 0b11, registers::SWITCH_TO_PLL);
    comes(Register::ClockSettings, registers::RUNS_ON_PLL)
}

/// Starts the independent watchdog, with a term of [`TERM_S`].
fn start_watchdog() {
    registers::write(Register::WatchdogKey, registers::START);
    registers::write(Register::WatchdogKey, registers::UNLOCK);
    registers::write(Register::WatchdogPrescaler, registers::BY_256);
    registers::write(Register::WatchdogReload, LOW_SPEED / 256 * TERM_S);
    registers::write(Register::WatchdogKey, registers::FEED);
}

/// USART1.
pub struct Usart1(());

impl serial::Uart for Usart1 {
    fn receive(&mut self) -> Option<u8> {
        (registers::read(Register::State) & registers::RX_FULL != 0)
            .then(|| registers::read(Register::Data) as u8)
    }

    fn send(&mut self, byte: u8) -> bool {
        let has_room = registers::read(Register::State) & registers::TX_EMPTY != 0;
        if has_room {
            registers::write(Register::Data, u32::from(byte));
        }
        has_room
    }
}

/// The LED on PC1, lit when high.
pub struct Led(());

impl digital::ErrorType for Led {
    type Error = Infallible;
}

impl OutputPin for Led {
    fn set_low(&mut self) -> Result<(), Infallible> {
        registers::write(Register::SetResetC, 1 << (16 + 1));
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        registers::write(Register::SetResetC, 1 << 1);
        Ok(())
    }
}
