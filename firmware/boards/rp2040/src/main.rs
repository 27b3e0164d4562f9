//! Tamis on a Raspberry Pi Pico.
#![no_std]
#![no_main]

use defmt_rtt as _;
use embedded_hal::digital::OutputPin;
use embedded_io::{Read, ReadReady, Write};
use panic_probe as _;
use rp2040_hal::Clock;
use rp2040_hal::clocks::init_clocks_and_plls;
use rp2040_hal::fugit::RateExtU32;
use rp2040_hal::gpio::Pins;
use rp2040_hal::pac::Peripherals;
use rp2040_hal::sio::Sio;
use rp2040_hal::uart::{DataBits, StopBits, UartConfig, UartPeripheral};
use rp2040_hal::watchdog::Watchdog;
use tamis_firmware::app::Settings;
use tamis_firmware::board::Board;
use tamis_firmware::board::no_flash::NoFlash;
use tamis_firmware::start;

/// The crystal, in Hz.
const CRYSTAL: u32 = 12_000_000;

/// What the ROM runs first: it starts whatever flash there is. The one exception from `unsafe_code`: its place is fixed.
#[allow(unsafe_code)]
#[unsafe(link_section = ".boot2")]
#[used]
static BOOT2: [u8; 256] = rp2040_boot2::BOOT_LOADER_GENERIC_03H;

#[rp2040_hal::entry]
fn main() -> ! {
    start::run(take(), &Settings::HONEST)
}

/// The board, once: UART0 on GP0 (out) and GP1 (in), pins 1 and 2; the green LED on GP25.
fn take() -> Option<Board<impl Read + ReadReady + Write, impl OutputPin, NoFlash>> {
    let core = cortex_m::Peripherals::take()?;
    let mut chip = Peripherals::take()?;
    let mut watchdog = Watchdog::new(chip.WATCHDOG);
    let clocks = init_clocks_and_plls(
        CRYSTAL,
        chip.XOSC,
        chip.CLOCKS,
        chip.PLL_SYS,
        chip.PLL_USB,
        &mut chip.RESETS,
        &mut watchdog,
    )
    .ok()?;
    let ports = Sio::new(chip.SIO).gpio_bank0;
    let pins = Pins::new(chip.IO_BANK0, chip.PADS_BANK0, ports, &mut chip.RESETS);
    let line = (pins.gpio0.into_function(), pins.gpio1.into_function());
    let settings = UartConfig::new(115_200.Hz(), DataBits::Eight, None, StopBits::One);
    let serial = UartPeripheral::new(chip.UART0, line, &mut chip.RESETS)
        .enable(settings, clocks.peripheral_clock.freq())
        .ok()?;
    let led = pins.gpio25.into_push_pull_output();
    Some(Board { name: "rp2040", serial, led, timer: core.SYST, flash: NoFlash })
}
