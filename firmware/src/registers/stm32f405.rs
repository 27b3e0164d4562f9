//! Clocks, a serial line, an LED and the watchdog of the STM32F405, by its registers.
//!
//! Source: ST RM0090 rev. 20: chapter 3 (flash), 7 (RCC), 8 (GPIO), 21 (IWDG), 30 (USART).
//!
//! This is the chip's one file with `unsafe`: reads and writes of fixed device addresses.
#![allow(unsafe_code)]

use core::ptr::{read_volatile, write_volatile};

/// A register, by its address.
#[derive(Clone, Copy)]
pub enum Register {
    /// Flash: [`LATENCY`].
    FlashAccess = 0x4002_3c00,
    /// RCC: [`PLL_ON`] and [`PLL_READY`].
    ClockControl = 0x4002_3800,
    /// RCC: [`PLL`].
    PllSettings = 0x4002_3804,
    /// RCC: [`PRESCALERS`], [`SWITCH_TO_PLL`], [`RUNS_ON_PLL`].
    ClockSettings = 0x4002_3808,
    /// RCC: [`PORTS_A_AND_C`].
    PeripheralsAhb1 = 0x4002_3830,
    /// RCC: [`USART1`].
    PeripheralsApb2 = 0x4002_3844,
    /// Port A: two bits a pin.
    ModeA = 0x4002_0000,
    /// Port A: four bits for each of pins 8 to 15.
    FunctionA = 0x4002_0024,
    /// Port C: two bits a pin.
    ModeC = 0x4002_0800,
    /// Port C: the lower half sets pins, the upper resets them.
    SetResetC = 0x4002_0818,
    /// USART1: [`RX_FULL`] and [`TX_EMPTY`].
    State = 0x4001_1000,
    /// USART1: the byte received, or to send.
    Data = 0x4001_1004,
    /// USART1: the clock by the baud rate.
    BaudDivider = 0x4001_1008,
    /// USART1: [`ENABLE`].
    Control = 0x4001_100c,
    /// Independent watchdog: [`START`], [`UNLOCK`] or [`FEED`].
    WatchdogKey = 0x4000_3000,
    /// Independent watchdog: [`BY_256`].
    WatchdogPrescaler = 0x4000_3004,
    /// Independent watchdog: a term, in ticks behind the prescaler, at most 4095.
    WatchdogReload = 0x4000_3008,
}

/// Flash: five wait states, as 168 MHz at 2.7 V and more need, with prefetch and a cache of instructions; that of data would
/// keep what has been erased.
pub const LATENCY: u32 = 5 | 1 << 8 | 1 << 9;
/// The PLL is to run.
pub const PLL_ON: u32 = 1 << 24;
/// The PLL runs.
pub const PLL_READY: u32 = 1 << 25;
/// From the inner oscillator: 16 MHz / 8 x 168 / 2 = 168 MHz; Q = 7.
pub const PLL: u32 = 8 | 168 << 6 | 7 << 24;
/// APB1 by 4: 42 MHz; APB2 by 2: 84 MHz.
pub const PRESCALERS: u32 = 0b101 << 10 | 0b100 << 13;
/// The core is to run on the PLL.
pub const SWITCH_TO_PLL: u32 = 0b10;
/// The core runs on the PLL.
pub const RUNS_ON_PLL: u32 = 0b10 << 2;
/// Ports A and C have their clock.
pub const PORTS_A_AND_C: u32 = 1 << 0 | 1 << 2;
/// USART1 has its clock.
pub const USART1: u32 = 1 << 4;
/// State: a byte has been received.
pub const RX_FULL: u32 = 1 << 5;
/// State: there is room for a byte to send.
pub const TX_EMPTY: u32 = 1 << 7;
/// Control: USART, transmitter and receiver work.
pub const ENABLE: u32 = 1 << 13 | 1 << 3 | 1 << 2;

/// Watchdog: it is to run, and its oscillator with it.
pub const START: u32 = 0xcccc;
/// Watchdog: its settings may be written.
pub const UNLOCK: u32 = 0x5555;
/// Watchdog: a new term begins.
pub const FEED: u32 = 0xaaaa;
/// Watchdog: a tick is 256 of the oscillator's.
pub const BY_256: u32 = 6;

/// Reads a register.
pub fn read(register: Register) -> u32 {
    // SAFETY: an aligned device register that exists on this chip; reading it touches no memory of Rust's.
    unsafe { read_volatile(register as usize as *const u32) }
}

/// Writes a register.
pub fn write(register: Register, value: u32) {
    // SAFETY: as for `read`; none of them has access to memory.
    unsafe { write_volatile(register as usize as *mut u32, value) }
}

/// Sets the bits of `mask` in a register to those of `value`.
pub fn modify(register: Register, mask: u32, value: u32) {
    write(register, read(register) & !mask | value);
}
