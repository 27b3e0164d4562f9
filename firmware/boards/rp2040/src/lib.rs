//! A Raspberry Pi Pico: its clocks and its flash memory; [`pico`] has the pins.
#![no_std]

mod flash;
#[path = "../../shared/pico.rs"]
pub mod pico;

use defmt_rtt as _;
use embedded_hal::digital::{InputPin, OutputPin};
use embedded_hal::i2c::I2c;
use embedded_io::{Read, ReadReady, Write};
use embedded_storage::nor_flash::NorFlash;
use panic_probe as _;
use rp2040_hal as hal;
use rp2040_hal::clocks::init_clocks_and_plls;
use rp2040_hal::gpio::Pins;
use rp2040_hal::pac::Peripherals;
use rp2040_hal::sio::Sio;
use rp2040_hal::timer::Timer;
use rp2040_hal::watchdog::Watchdog;
use tamis_firmware::board::Board;
use tamis_firmware::motor::rig::Rig;
use tamis_firmware::region::Region;
use tamis_firmware::sensors::{Analog, Clock, Counter};
use tamis_firmware::watchdog;

/// Where checkpoints are kept: address and bytes, as in `memory.x`.
const CHECKPOINTS: (u32, u32) = (0x101f_0000, 64 * 1024);

/// What the ROM runs first: it starts whatever flash there is. An exception from `unsafe_code`: its place is
/// fixed.
#[allow(unsafe_code)]
#[unsafe(link_section = ".boot2")]
#[used]
static BOOT2: [u8; 256] = rp2040_boot2::BOOT_LOADER_GENERIC_03H;

/// The board and what the worked example needs of it, once.
pub fn take() -> Option<(
    Board<impl Read + ReadReady + Write, impl OutputPin, impl NorFlash, impl watchdog::Watchdog>,
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
    let timer = Timer::new(chip.TIMER, &mut chip.RESETS, &clocks);
    let (start, length) = CHECKPOINTS;
    pico::Chip {
        pins: Pins::new(chip.IO_BANK0, chip.PADS_BANK0, ports, &mut chip.RESETS),
        uart: chip.UART0,
        bus: chip.I2C0,
        adc: chip.ADC,
        timer: core.SYST,
        watchdog,
        flash: Region::new(flash::Flash::new(chip.XIP_SSI), start - flash::START, length),
        clock: Counter(move || timer.get_counter_low()),
    }
    .wire("rp2040", &clocks, &mut chip.RESETS)
}
