//! Tamis on a BBC micro:bit v2.
#![no_std]
#![no_main]

use defmt_rtt as _;
use embedded_hal::digital::OutputPin;
use nrf52833_hal::clocks::Clocks;
use nrf52833_hal::gpio::{Level, p0, p1};
use nrf52833_hal::pac::{Peripherals, UARTE0};
use nrf52833_hal::uarte::{Baudrate, Parity, Pins, Uarte, UarteRx, UarteTx};
use panic_probe as _;
use static_cell::ConstStaticCell;
use tamis_firmware::app::Settings;
use tamis_firmware::board::Board;
use tamis_firmware::board::no_flash::NoFlash;
use tamis_firmware::board::serial::Halves;
use tamis_firmware::{entry, start};

/// A byte at a time each way: the driver takes what fills its buffer exactly.
static SENT: ConstStaticCell<[u8; 1]> = ConstStaticCell::new([0]);
static RECEIVED: ConstStaticCell<[u8; 1]> = ConstStaticCell::new([0]);

#[entry]
fn main() -> ! {
    start::run(take(), &Settings::HONEST)
}

/// The board, once: UARTE0 on P0.06 (out) and P1.08 (in), which the debugger brings to USB; the first LED of the display,
/// its column P0.28 low, its row P0.21 high when lit.
fn take() -> Option<Board<Line, impl OutputPin, NoFlash>> {
    let core = cortex_m::Peripherals::take()?;
    let chip = Peripherals::take()?;
    Clocks::new(chip.CLOCK).enable_ext_hfosc(); // the crystal, for the serial line
    let (port, other) = (p0::Parts::new(chip.P0), p1::Parts::new(chip.P1));
    let pins = Pins {
        txd: port.p0_06.into_push_pull_output(Level::High).degrade(),
        rxd: other.p1_08.into_floating_input().degrade(),
        cts: None,
        rts: None,
    };
    let uart = Uarte::new(chip.UARTE0, pins, Parity::EXCLUDED, Baudrate::BAUD115200);
    let (writer, reader) = uart.split(SENT.take(), RECEIVED.take()).ok()?;
    port.p0_28.into_push_pull_output(Level::Low);
    let led = port.p0_21.into_push_pull_output(Level::Low);
    Some(Board {
        name: "microbit-v2",
        serial: Halves { reader, writer },
        led,
        timer: core.SYST,
        flash: NoFlash,
    })
}

/// UARTE0.
type Line = Halves<UarteRx<UARTE0>, UarteTx<UARTE0>>;
