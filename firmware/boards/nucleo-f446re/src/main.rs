//! Tamis on a Nucleo-F446RE.
#![no_std]
#![no_main]

use defmt_rtt as _;
use embedded_hal::digital::OutputPin;
use embedded_hal_nb::serial::{Read as _, Write as _};
use panic_probe as _;
use stm32f4xx_hal::pac::{Peripherals, USART2};
use stm32f4xx_hal::prelude::*;
use stm32f4xx_hal::rcc::Config;
use stm32f4xx_hal::serial::Serial;
use tamis_firmware::app::Settings;
use tamis_firmware::board::no_flash::NoFlash;
use tamis_firmware::board::{Board, serial};
use tamis_firmware::{entry, start};

#[entry]
fn main() -> ! {
    start::run(take(), &Settings::HONEST)
}

/// The board, once: USART2 on PA2 and PA3, which the debugger brings to USB; the green LED LD2 on PA5.
fn take() -> Option<Board<serial::Serial<Usart>, impl OutputPin, NoFlash>> {
    let core = cortex_m::Peripherals::take()?;
    let chip = Peripherals::take()?;
    let mut clocks = chip.RCC.freeze(Config::hsi().sysclk(180.MHz()));
    let port = chip.GPIOA.split(&mut clocks);
    let line = chip.USART2.serial((port.pa2, port.pa3), 115_200.bps(), &mut clocks).ok()?;
    let led = port.pa5.into_push_pull_output();
    Some(Board {
        name: "nucleo-f446re",
        serial: serial::Serial::new(Usart(line)),
        led,
        timer: core.SYST,
        flash: NoFlash,
    })
}

/// USART2.
struct Usart(Serial<USART2>);

impl serial::Uart for Usart {
    fn receive(&mut self) -> Option<u8> {
        self.0.read().ok()
    }

    fn send(&mut self, byte: u8) -> bool {
        self.0.write(byte).is_ok()
    }
}
