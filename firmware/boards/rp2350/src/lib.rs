//! A Raspberry Pi Pico 2: its clocks; [`pico`] has the pins.
#![no_std]

#[path = "../../shared/pico.rs"]
pub mod pico;

use defmt_rtt as _;
use embedded_hal::digital::{InputPin, OutputPin};
use embedded_hal::i2c::I2c;
use embedded_io::{Read, ReadReady, Write};
use panic_probe as _;
use rp235x_hal as hal;
use rp235x_hal::block::ImageDef;
use rp235x_hal::clocks::init_clocks_and_plls;
use rp235x_hal::gpio::Pins;
use rp235x_hal::pac::Peripherals;
use rp235x_hal::sio::Sio;
use rp235x_hal::timer::Timer;
use rp235x_hal::watchdog::Watchdog;
use tamis_firmware::board::Board;
use tamis_firmware::board::no_flash::NoFlash;
use tamis_firmware::motor::rig::Rig;
use tamis_firmware::sensors::{Analog, Clock, Counter};
use tamis_firmware::watchdog;

/// What the ROM looks for. The one exception from `unsafe_code`: its place is fixed.
#[allow(unsafe_code)]
#[unsafe(link_section = ".start_block")]
#[used]
static IMAGE: ImageDef = ImageDef::secure_exe();

/// The board and what the worked example needs of it, once.
pub fn take() -> Option<(
    Board<impl Read + ReadReady + Write, impl OutputPin, NoFlash, impl watchdog::Watchdog>,
    Rig<impl I2c, impl Analog, impl InputPin, impl Clock + Clone>,
)> {
    let core = cortex_m::Peripherals::take()?;
    let mut chip = Peripherals::take()?;
    let mut watchdog = Watchdog::new(chip.WATCHDOG);
    let clocks = init_clocks_and_plls(
        pico::CRYSTAL,
        chip.XOSC,
        chip.CLOCKS,
        chip.PLL_SYS,
        chip.PLL_USB,
        &mut chip.RESETS,
        &mut watchdog,
    )
    .ok()?;
    let ports = Sio::new(chip.SIO).gpio_bank0;
    let timer = Timer::new_timer0(chip.TIMER0, &mut chip.RESETS, &clocks);
    pico::Chip {
        pins: Pins::new(chip.IO_BANK0, chip.PADS_BANK0, ports, &mut chip.RESETS),
        uart: chip.UART0,
        bus: chip.I2C0,
        adc: chip.ADC,
        timer: core.SYST,
        watchdog,
        flash: NoFlash,
        clock: Counter(move || timer.get_counter_low()),
    }
    .wire("rp2350", &clocks, &mut chip.RESETS)
}
