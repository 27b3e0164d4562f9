//! A BBC micro:bit v2: its pins; [`nrf52`] has what they are for.
#![no_std]

#[path = "../../shared/nrf52.rs"]
pub mod nrf52;

use defmt_rtt as _;
use embedded_hal::digital::{InputPin, OutputPin};
use embedded_hal::i2c::I2c;
use hal::clocks::Clocks;
use hal::gpio::{Level, p0, p1};
use hal::nvmc::Nvmc;
use hal::pac::{NVMC, Peripherals};
use panic_probe as _;
use tamis_firmware::board::Board;
use tamis_firmware::motor::rig::Rig;
use tamis_firmware::sensors::{Analog, Clock};
use tamis_firmware::watchdog::Watchdog;

/// Where checkpoints are kept: address and bytes, as in `memory.x`.
const CHECKPOINTS: (usize, usize) = (0x0007_0000, 64 * 1024);

/// The board and what the worked example needs of it, once: UARTE0 on P0.06 (out) and P1.08 (in), which the
/// debugger brings to USB; the first LED of the display, its column P0.28 low, its row P0.21 high when lit;
/// the bus on P1.00 (SDA) and P0.26 (SCL), edge pins 20 and 19; the gauge on P0.02, ring 0; the switch is
/// button A on P0.14, off while it is pressed.
pub fn take() -> Option<(
    Board<nrf52::Line, impl OutputPin, Nvmc<NVMC>, impl Watchdog>,
    Rig<impl I2c, impl Analog, impl InputPin, impl Clock + Clone>,
)> {
    let core = cortex_m::Peripherals::take()?;
    let chip = Peripherals::take()?;
    Clocks::new(chip.CLOCK).enable_ext_hfosc(); // the crystal, for the serial line
    let (port, other) = (p0::Parts::new(chip.P0), p1::Parts::new(chip.P1));
    let output = port.p0_06.into_push_pull_output(Level::High).degrade();
    let input = other.p1_08.into_floating_input().degrade();
    port.p0_28.into_push_pull_output(Level::Low);
    let (sda, scl) = (other.p1_00.into_floating_input(), port.p0_26.into_floating_input());
    let rig = Rig {
        bus: nrf52::bus(chip.TWIM0, sda.degrade(), scl.degrade()),
        gauge: nrf52::gauge(chip.SAADC, port.p0_02),
        switch: port.p0_14.into_pullup_input(),
        clock: nrf52::clock(chip.TIMER0),
    };
    let board = Board {
        name: "microbit-v2",
        serial: nrf52::line(chip.UARTE0, output, input)?,
        led: port.p0_21.into_push_pull_output(Level::Low),
        timer: core.SYST,
        flash: nrf52::checkpoints(chip.NVMC),
        watchdog: nrf52::watchdog(chip.WDT)?,
    };
    Some((board, rig))
}
