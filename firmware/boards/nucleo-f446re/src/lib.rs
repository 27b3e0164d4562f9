//! A Nucleo-F446RE: its clocks and pins; [`stm32f4`] has what they are for.
#![no_std]

#[path = "../../shared/stm32f4.rs"]
pub mod stm32f4;

use defmt_rtt as _;
use embedded_hal::digital::{InputPin, OutputPin};
use embedded_hal::i2c::I2c;
use hal::pac::{Peripherals, USART2};
use hal::prelude::*;
use hal::rcc::Config;
use panic_probe as _;
use stm32f4::{Sectors, Usart};
use tamis_firmware::board::Board;
use tamis_firmware::board::serial::Serial;
use tamis_firmware::motor::rig::Rig;
use tamis_firmware::sensors::{Analog, Clock};
use tamis_firmware::watchdog::Watchdog;

/// USART2, by the HAL.
pub type Line = Serial<Usart<USART2>>;

/// The board and what the worked example needs of it, once: USART2 on PA2 (out) and PA3 (in), which the
/// debugger brings to USB; the green LED LD2 on PA5; the bus on PB9 (SDA) and PB8 (SCL), D14 and D15; the
/// gauge on PA0, A0; the switch is the blue button on PC13, off while it is pressed.
pub fn take() -> Option<(
    Board<Line, impl OutputPin, Sectors, impl Watchdog>,
    Rig<impl I2c, impl Analog, impl InputPin, impl Clock + Clone>,
)> {
    let core = cortex_m::Peripherals::take()?;
    let chip = Peripherals::take()?;
    let mut clocks = chip.RCC.freeze(Config::hsi().sysclk(180.MHz()));
    let port = chip.GPIOA.split(&mut clocks);
    let (other, third) = (chip.GPIOB.split(&mut clocks), chip.GPIOC.split(&mut clocks));
    let rig = Rig {
        bus: chip.I2C1.i2c((other.pb8, other.pb9), 400.kHz(), &mut clocks),
        gauge: stm32f4::gauge(chip.ADC1, port.pa0.into_analog(), &mut clocks),
        switch: third.pc13.into_pull_up_input(),
        clock: stm32f4::clock(chip.TIM2, &mut clocks)?,
    };
    let line = chip.USART2.serial((port.pa2, port.pa3), 115_200.bps(), &mut clocks).ok()?;
    let board = Board {
        name: "nucleo-f446re",
        serial: Serial::new(Usart(line)),
        led: port.pa5.into_push_pull_output(),
        timer: core.SYST,
        flash: stm32f4::checkpoints(chip.FLASH),
        watchdog: stm32f4::watchdog(chip.IWDG, &chip.DBGMCU),
    };
    Some((board, rig))
}
