//! Memory that survives a reset, where the emulated board has no flash memory: RAM to which no program is loaded.
//!
//! It behaves as flash memory does: it is erased by pages, and a write clears bits. A board that loses its power loses
//! it; in QEMU nothing does but the end of the emulator.
//!
//! The board's second file with `unsafe`: memory that the linker gives to nobody.
#![allow(unsafe_code)]

use core::ptr::{read_volatile, write_volatile};

use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash, check_erase, check_read, check_write,
};

unsafe extern "C" {
    /// Where it is: the region KEPT of the memory map.
    static kept_start: u8;
}

/// Bytes of it.
const LENGTH: usize = 64 * 1024;

/// The memory.
pub struct Kept(());

impl Kept {
    /// Of the board, which is taken once.
    pub(crate) fn new() -> Self {
        Self(())
    }

    /// The addresses of the bytes from `at` on.
    fn places(at: u32) -> impl Iterator<Item = *mut u8> {
        let start = &raw const kept_start;
        (at as usize..LENGTH).map(move |at| start.cast_mut().wrapping_add(at))
    }
}

impl ErrorType for Kept {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for Kept {
    const READ_SIZE: usize = 1;

    fn read(&mut self, at: u32, into: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        check_read(self, at, into.len())?;
        for (byte, place) in into.iter_mut().zip(Self::places(at)) {
            // SAFETY: a byte of the region, which is RAM and which nobody else has.
            *byte = unsafe { read_volatile(place) };
        }
        Ok(())
    }

    fn capacity(&self) -> usize {
        LENGTH
    }
}

impl NorFlash for Kept {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = 1024;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        check_erase(self, from, to)?;
        for place in Self::places(from).take((to - from) as usize) {
            // SAFETY: as for `read`.
            unsafe { write_volatile(place, 0xff) };
        }
        Ok(())
    }

    fn write(&mut self, at: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        check_write(self, at, bytes.len())?;
        for (&byte, place) in bytes.iter().zip(Self::places(at)) {
            // SAFETY: as for `read`.
            unsafe { write_volatile(place, read_volatile(place) & byte) };
        }
        Ok(())
    }
}
