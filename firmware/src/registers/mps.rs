//! The serial line, the LEDs and the watchdog of the MPS2 and MPS3 boards, by their registers.
//!
//! Sources: Arm DDI 0479 (CMSDK, APB UART and watchdog), Arm DAI 0385, 0386, 0500, 0505 and 0547 (memory maps of the FPGA images).
//!
//! This is the boards' one file with `unsafe`: reads and writes of fixed device addresses.
#![allow(unsafe_code)]

use core::ptr::{read_volatile, write_volatile};

/// Where UART 0, the LEDs and the watchdog are, and the watchdog's clock in Hz. AN505 and AN547 start in the secure world:
/// these are its addresses.
const BASES: (usize, usize, usize, u32) = if cfg!(feature = "mps2-an505") {
    (0x5020_0000, 0x5030_2000, 0x5008_1000, 20_000_000)
} else if cfg!(feature = "mps3-an547") {
    (0x5930_3000, 0x5930_2000, 0x4802_e000, 32_000)
} else {
    (0x4000_4000, 0x4002_8000, 0x4000_8000, 25_000_000)
};
const UART0: usize = BASES.0;
const LEDS: usize = BASES.1;
const WATCHDOG: usize = BASES.2;
/// Half a term of the watchdog, in its ticks: when it has run out once, it interrupts; the second time it resets.
const HALF_TERM: u32 = 6 * BASES.3; // seconds

/// One register of UART 0.
#[derive(Clone, Copy)]
pub enum Uart {
    /// The byte received, or to send.
    Data = 0x00,
    /// [`TX_FULL`] and [`RX_FULL`].
    State = 0x04,
    /// [`TX_ENABLE`] and [`RX_ENABLE`].
    Control = 0x08,
    /// The clock divider, at least 16.
    BaudDivider = 0x10,
}

/// State: the byte to send has not left yet.
pub const TX_FULL: u32 = 1 << 0;
/// State: a byte has been received.
pub const RX_FULL: u32 = 1 << 1;
/// Control: the transmitter works.
pub const TX_ENABLE: u32 = 1 << 0;
/// Control: the receiver works.
pub const RX_ENABLE: u32 = 1 << 1;

/// Reads a register of UART 0.
pub fn read(register: Uart) -> u32 {
    // SAFETY: an aligned device register that exists on all images; reading it touches no memory of Rust's.
    unsafe { read_volatile((UART0 + register as usize) as *const u32) }
}

/// Writes a register of UART 0.
pub fn write(register: Uart, value: u32) {
    // SAFETY: as for `read`; the UART has no access to memory.
    unsafe { write_volatile((UART0 + register as usize) as *mut u32, value) }
}

/// One register of the watchdog.
#[derive(Clone, Copy)]
enum Watchdog {
    /// From where it counts down; writing it begins anew.
    Load = 0x00,
    /// Bit 0: it runs and interrupts; bit 1: it resets.
    Control = 0x08,
    /// Any write makes it forget that it has run out once.
    Clear = 0x0c,
}

fn write_watchdog(register: Watchdog, value: u32) {
    // SAFETY: an aligned device register that exists on all images; the watchdog has no access to memory.
    unsafe { write_volatile((WATCHDOG + register as usize) as *mut u32, value) }
}

/// Starts the watchdog.
pub fn start_watchdog() {
    write_watchdog(Watchdog::Load, HALF_TERM);
    write_watchdog(Watchdog::Control, 0b11);
}

/// Begins a new term of the watchdog.
pub fn feed_watchdog() {
    write_watchdog(Watchdog::Clear, 0);
    write_watchdog(Watchdog::Load, HALF_TERM);
}

/// Sets the user LEDs, two or more, one bit each.
pub fn set_leds(value: u32) {
    // SAFETY: an aligned device register that exists on all images and drives LEDs, nothing else.
    unsafe { write_volatile(LEDS as *mut u32, value) }
}
