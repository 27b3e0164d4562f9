//! The serial line and the software interrupt of QEMU's RISC-V machine `virt`, by their registers.
//!
//! Sources: QEMU's `hw/riscv/virt.c` (memory map), the data sheet of the NS16550A (serial line), the RISC-V ACLINT
//! Specification (software interrupt).
//!
//! This is the board's one file with `unsafe`: reads and writes of fixed device addresses, and the start of interrupts.
#![allow(unsafe_code)]

use core::ptr::{read_volatile, write_volatile};
use core::sync::atomic::{AtomicBool, Ordering};

use riscv::interrupt::{self, Interrupt};

const UART0: usize = 0x1000_0000;
/// The software interrupt of the one hart.
const MSIP: *mut u32 = 0x0200_0000 as *mut u32;

/// One register of UART 0, a byte wide.
#[derive(Clone, Copy)]
pub enum Uart {
    /// The byte received, or to send; with [`DIVIDER_ACCESS`], the low byte of the clock divider.
    Data = 0,
    /// The high byte of the clock divider, with [`DIVIDER_ACCESS`]; else which interrupts there are: none after a reset.
    DividerHigh = 1,
    /// [`FIFO_ENABLE`], to write.
    FifoControl = 2,
    /// [`EIGHT_BITS`] and [`DIVIDER_ACCESS`].
    LineControl = 3,
    /// [`RX_FULL`] and [`TX_EMPTY`].
    LineState = 5,
}

/// FIFO control: bytes wait in queues.
pub const FIFO_ENABLE: u8 = 1 << 0;
/// Line control: eight bits, no parity, one stop bit.
pub const EIGHT_BITS: u8 = 0b11;
/// Line control: the first two registers are the clock divider.
pub const DIVIDER_ACCESS: u8 = 1 << 7;
/// Line state: a byte has been received.
pub const RX_FULL: u8 = 1 << 0;
/// Line state: there is room for a byte to send.
pub const TX_EMPTY: u8 = 1 << 5;

/// Reads a register of UART 0.
pub fn read(register: Uart) -> u8 {
    // SAFETY: a device register that exists; reading it touches no memory of Rust's.
    unsafe { read_volatile((UART0 + register as usize) as *const u8) }
}

/// Writes a register of UART 0.
pub fn write(register: Uart, value: u8) {
    // SAFETY: as for `read`; the UART has no access to memory.
    unsafe { write_volatile((UART0 + register as usize) as *mut u8, value) }
}

/// Asks for the software interrupt, or takes the request back.
pub fn set_software_interrupt(pending: bool) {
    // SAFETY: an aligned device register that exists and interrupts the hart, nothing else.
    unsafe { write_volatile(MSIP, pending.into()) }
}

/// Whether the software interrupt is still to be served.
pub fn has_software_interrupt() -> bool {
    // SAFETY: as above; reading it changes nothing.
    unsafe { read_volatile(MSIP) != 0 }
}

/// Starts interrupts, of which there is the software interrupt. False if they had been started before.
pub fn start_interrupts() -> bool {
    static STARTED: AtomicBool = AtomicBool::new(false);
    let is_first = !STARTED.swap(true, Ordering::Relaxed);
    if is_first {
        // SAFETY: the board is taken before anything that relies on interrupts being off.
        unsafe {
            interrupt::enable_interrupt(Interrupt::MachineSoft);
            interrupt::enable();
        }
    }
    is_first
}
