//! An ESP32-C3-DevKitM-1: its clocks and pins.
#![no_std]

use core::panic::PanicInfo;

use defmt_rtt as _;
use embedded_hal::digital::{InputPin, OutputPin};
use embedded_hal::i2c::I2c as Bus;
use embedded_io::{Read, ReadReady, Write};
use embedded_storage::nor_flash::NorFlash;
use esp_hal::Config;
use esp_hal::analog::adc::{Adc, AdcConfig, Attenuation};
use esp_hal::clock::CpuClock;
use esp_hal::gpio::{Input, InputConfig, Level, Output, OutputConfig, Pull};
use esp_hal::i2c::master::{self, I2c};
use esp_hal::time::{Duration, Instant, Rate};
use esp_hal::timer::systimer::{SystemTimer, Unit};
use esp_hal::timer::timg::{MwdtStage, TimerGroup};
use esp_hal::uart::{self, Uart};
use esp_storage::FlashStorage;
use tamis_firmware::board::Board;
use tamis_firmware::motor::rig::Rig;
use tamis_firmware::region::Region;
use tamis_firmware::sensors::{Analog, Clock, Counter};
use tamis_firmware::watchdog::{TERM_S, Watchdog};

/// Where checkpoints are kept in the flash memory: place and bytes, as in `bounds.x`.
const CHECKPOINTS: (u32, u32) = (0x003f_0000, 64 * 1024);
/// So many of the core's cycles at 160 MHz are a tick of the system timer at 16 MHz.
const CYCLES: u64 = 10;
/// So often it is asked whether the ADC is ready.
const PATIENCE: u32 = 10_000;

esp_bootloader_esp_idf::esp_app_desc!();

/// The board and what the worked example needs of it, once: UART0 on GPIO21 (out) and GPIO20 (in), which the
/// board brings to USB; an LED on GPIO7; the bus on GPIO5 (SDA) and GPIO6 (SCL); the gauge on GPIO3; the
/// switch is the button BOOT on GPIO9, off while it is pressed.
pub fn take() -> Option<(
    Board<impl Read + ReadReady + Write, impl OutputPin, impl NorFlash, impl Watchdog>,
    Rig<impl Bus, impl Analog, impl InputPin, impl Clock + Clone>,
)> {
    let chip = esp_hal::init(Config::default().with_cpu_clock(CpuClock::_160MHz));
    let line = Uart::new(chip.UART0, uart::Config::default().with_baudrate(115_200)).ok()?;
    let bus = I2c::new(chip.I2C0, master::Config::default().with_frequency(Rate::from_khz(400))).ok()?;
    let mut settings = AdcConfig::new();
    let mut pin = settings.enable_pin(chip.GPIO3, Attenuation::_11dB);
    let mut adc = Adc::new(chip.ADC1, settings);
    let gauge = move || {
        let level: u16 = (0..PATIENCE).find_map(|_| adc.read_oneshot(&mut pin).ok())?;
        Some(f32::from(level) / 4_095.0)
    };
    let rig = Rig {
        bus: bus.with_sda(chip.GPIO5).with_scl(chip.GPIO6),
        gauge,
        switch: Input::new(chip.GPIO9, InputConfig::default().with_pull(Pull::Up)),
        clock: Counter(|| Instant::now().duration_since_epoch().as_micros() as u32),
    };
    let mut watchdog = TimerGroup::new(chip.TIMG0).wdt;
    watchdog.set_timeout(MwdtStage::Stage0, Duration::from_secs(TERM_S.into()));
    watchdog.enable();
    let (start, length) = CHECKPOINTS;
    let board = Board {
        name: "esp32c3",
        serial: line.with_tx(chip.GPIO21).with_rx(chip.GPIO20),
        led: Output::new(chip.GPIO7, Level::Low, OutputConfig::default()),
        timer: (|| CYCLES * SystemTimer::unit_value(Unit::Unit0)) as fn() -> u64,
        flash: Region::new(FlashStorage::new(chip.FLASH), start, length),
        watchdog: move || watchdog.feed(),
    };
    Some((board, rig))
}

/// Tells what has happened; then the watchdog starts the program again.
#[panic_handler]
fn panic(info: &PanicInfo) -> ! {
    defmt::error!("{}", defmt::Display2Format(info));
    loop {
        core::hint::spin_loop();
    }
}
