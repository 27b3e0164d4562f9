//! The flash memory that the program itself runs from, by the functions of the chip's ROM. While it is erased
//! or written nothing can be read from it: interrupts are off, and what does it is in RAM.
//!
//! This is the board's file with `unsafe`; each place says why it may.
#![allow(unsafe_code)]

use core::mem::transmute;

use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash, check_erase, check_read, check_write,
};
use rp2040_hal::pac::XIP_SSI;
use rp2040_hal::rom_data;

use crate::BOOT2;

/// Where it is to be read.
pub const START: u32 = 0x1000_0000;
/// Its bytes, on a Pico.
const LENGTH: usize = 2048 * 1024;
/// What is erased at a time, and by which command a larger block could be.
const SECTOR: usize = 4096;
const BLOCK: (u32, u8) = (1 << 16, 0xd8);
/// What is programmed at a time. Bits that are 1 change nothing.
const PAGE: usize = 256;
/// What is written at a time.
const WRITTEN: usize = 32;

/// The memory; who has its interface has it alone.
pub struct Flash {
    _interface: XIP_SSI,
}

/// What is done to it, at a place from its start.
enum Operation {
    Erase(usize),
    /// A page, by a pointer: in RAM no function of the program is called.
    Program(*const u8),
}

/// The functions of the ROM, and what starts the memory again. They are looked up while it can be read.
struct Functions {
    connect: unsafe extern "C" fn(),
    leave: unsafe extern "C" fn(),
    erase: unsafe extern "C" fn(u32, usize, u32, u8),
    program: unsafe extern "C" fn(u32, *const u8, usize),
    flush: unsafe extern "C" fn(),
    start: unsafe extern "C" fn(),
}

impl Flash {
    /// Of this interface.
    pub fn new(interface: XIP_SSI) -> Self {
        Self { _interface: interface }
    }

    fn operate(&mut self, at: u32, operation: &Operation) {
        // The second stage of the boot, which sets the memory up for reading, is in it: a copy, whose words
        // are aligned.
        let mut boot = [0_u32; 64];
        for (word, bytes) in boot.iter_mut().zip(BOOT2.as_chunks().0) {
            *word = u32::from_le_bytes(*bytes);
        }
        // SAFETY: it is position-independent code for Thumb, hence the 1, made to be called from RAM in this way.
        let start = unsafe { transmute::<usize, unsafe extern "C" fn()>(boot.as_ptr() as usize + 1) };
        let functions = Functions {
            connect: rom_data::connect_internal_flash::ptr(),
            leave: rom_data::flash_exit_xip::ptr(),
            erase: rom_data::flash_range_erase::ptr(),
            program: rom_data::flash_range_program::ptr(),
            flush: rom_data::flash_flush_cache::ptr(),
            start,
        };
        // SAFETY: no interrupt comes, core 1 has never been started, nothing uses DMA, and the place has been checked.
        cortex_m::interrupt::free(|_| unsafe { in_ram(&functions, at, operation) });
    }
}

/// Takes the memory away from the program, and gives it back.
///
/// # Safety
///
/// Nobody else may read the memory meanwhile, and the place must be in it and aligned.
#[inline(never)]
#[unsafe(link_section = ".data.flash")]
unsafe fn in_ram(functions: &Functions, at: u32, operation: &Operation) {
    // SAFETY: in the order that the data sheet of the RP2040 gives, 2.8.3.1.3.
    unsafe {
        (functions.connect)();
        (functions.leave)();
        match *operation {
            Operation::Erase(bytes) => (functions.erase)(at, bytes, BLOCK.0, BLOCK.1),
            Operation::Program(page) => (functions.program)(at, page, PAGE),
        }
        (functions.flush)();
        (functions.start)();
    }
}

impl ErrorType for Flash {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for Flash {
    const READ_SIZE: usize = 1;

    fn read(&mut self, at: u32, into: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        check_read(self, at, into.len())?;
        for (place, into) in (START + at..).zip(into) {
            // SAFETY: any byte of the memory may be read; it is volatile, as erasing changes it.
            *into = unsafe { core::ptr::read_volatile(place as *const u8) };
        }
        Ok(())
    }

    fn capacity(&self) -> usize {
        LENGTH
    }
}

impl NorFlash for Flash {
    const WRITE_SIZE: usize = WRITTEN;
    const ERASE_SIZE: usize = SECTOR;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        check_erase(self, from, to)?;
        // A sector at a time: interrupts are off for 50 ms, not for seconds.
        for at in (from..to).step_by(SECTOR) {
            self.operate(at, &Operation::Erase(SECTOR));
        }
        Ok(())
    }

    fn write(&mut self, at: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        check_write(self, at, bytes.len())?;
        for (at, bytes) in (at..).step_by(WRITTEN).zip(bytes.chunks(WRITTEN)) {
            let mut page = [0xff; PAGE];
            let (start, within) = (at & !(PAGE as u32 - 1), at as usize % PAGE);
            page.iter_mut().skip(within).zip(bytes).for_each(|(into, byte)| *into = *byte);
            self.operate(start, &Operation::Program(page.as_ptr()));
        }
        Ok(())
    }
}
