//! BBC micro:bit v1: nRF51822, Cortex-M0, 16 KiB of RAM.

use embedded_hal::digital::OutputPin;
use embedded_io::{Read, ReadReady, Write};
use nrf51_hal::gpio::{Level, p0};
use nrf51_hal::pac::Peripherals;
use nrf51_hal::uart::{Baudrate, Parity, Pins, Uart};

use super::{Board, NAME};
pub use crate::registers::nrf51::Flash;
use crate::watchdog::NoWatchdog;

/// The flash memory of the checkpoints, once, by a program that takes nothing else.
pub fn take_flash() -> Option<Flash> {
    Some(Flash::new(Peripherals::take()?.NVMC))
}

/// The board, once.
pub fn take() -> Option<Board<impl Read + ReadReady + Write, impl OutputPin, Flash, NoWatchdog>> {
    let core = cortex_m::Peripherals::take()?;
    let chip = Peripherals::take()?;
    let port = p0::Parts::new(chip.GPIO);
    let pins = Pins {
        txd: port.p0_24.into_push_pull_output(Level::High).degrade(),
        rxd: port.p0_25.into_floating_input().degrade(),
        cts: None,
        rts: None,
    };
    // `Uart::new` sends a zero to learn when the line is free, before it starts the transmitter. QEMU drops
    // that byte and the line would never be free; the second time the transmitter runs. On the wire it is an
    // empty frame.
    let (uart, pins) = Uart::new(chip.UART0, pins, Parity::EXCLUDED, Baudrate::BAUD115200).free();
    // Drops what came before; it also wakes QEMU's receiver, which else looks again a second later.
    uart.rxd.read();
    let serial = Uart::new(uart, pins, Parity::EXCLUDED, Baudrate::BAUD115200);
    let led = port.p0_13.into_push_pull_output(Level::Low); // row 1 of the display
    let (timer, flash) = (core.SYST, Flash::new(chip.NVMC));
    Some(Board { name: NAME, serial, led, timer, flash, watchdog: NoWatchdog })
}
