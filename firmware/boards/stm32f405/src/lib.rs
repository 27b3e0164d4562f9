//! An STM32F405, on any board: the trainer drives it by its registers, which QEMU has too; the worked example
//! by the HAL, [`stm32f4`].
#![no_std]

#[path = "../../shared/stm32f4.rs"]
pub mod stm32f4;

use defmt_rtt as _;
use embedded_hal::digital::{InputPin, OutputPin};
use embedded_hal::i2c::I2c;
use hal::pac::{Peripherals, USART1};
use hal::prelude::*;
use hal::rcc::Config;
use panic_probe as _;
use stm32f4::{Sectors, Usart};
use tamis_firmware::board::serial::Serial;
use tamis_firmware::board::{Board, stm32f405};
use tamis_firmware::motor::rig::Rig;
use tamis_firmware::sensors::{Analog, Clock};
use tamis_firmware::watchdog::Watchdog;

const NAME: &str = "stm32f405";

/// USART1, by the HAL.
pub type Line = Serial<Usart<USART1>>;

/// The board, once, by its registers.
pub fn take() -> Option<Board<Serial<stm32f405::Usart1>, impl OutputPin, Sectors, impl Watchdog>> {
    let board = stm32f405::take(NAME)?;
    Some(board.with_flash(stm32f4::checkpoints(Peripherals::take()?.FLASH)))
}

/// The board and what the worked example needs of it, once, by the HAL: USART1 on PA9 (out) and PA10 (in); an
/// LED on PC1; the bus on PB7 (SDA) and PB6 (SCL); the gauge on PA4; the switch on PC2, off when it is
/// connected to ground.
pub fn take_with_rig() -> Option<(
    Board<Line, impl OutputPin, Sectors, impl Watchdog>,
    Rig<impl I2c, impl Analog, impl InputPin, impl Clock + Clone>,
)> {
    let core = cortex_m::Peripherals::take()?;
    let chip = Peripherals::take()?;
    let mut clocks = chip.RCC.freeze(Config::hsi().sysclk(168.MHz()));
    let port = chip.GPIOA.split(&mut clocks);
    let (other, third) = (chip.GPIOB.split(&mut clocks), chip.GPIOC.split(&mut clocks));
    let rig = Rig {
        bus: chip.I2C1.i2c((other.pb6, other.pb7), 400.kHz(), &mut clocks),
        gauge: stm32f4::gauge(chip.ADC1, port.pa4.into_analog(), &mut clocks),
        switch: third.pc2.into_pull_up_input(),
        clock: stm32f4::clock(chip.TIM2, &mut clocks)?,
    };
    let line = chip.USART1.serial((port.pa9, port.pa10), 115_200.bps(), &mut clocks).ok()?;
    let board = Board {
        name: NAME,
        serial: Serial::new(Usart(line)),
        led: third.pc1.into_push_pull_output(),
        timer: core.SYST,
        flash: stm32f4::checkpoints(chip.FLASH),
        watchdog: stm32f4::watchdog(chip.IWDG, &chip.DBGMCU),
    };
    Some((board, rig))
}
