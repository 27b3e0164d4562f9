//! Memory that survives a reset, where the emulated board has no flash memory: RAM to which no program is loaded.
//!
//! It behaves as flash memory does: it is erased by pages, and a write clears bits. A board that loses its power loses
//! it; in QEMU nothing does but the end of the emulator.
//!
//! The board's second file with `unsafe`: memory that the linker gives to nobody.
#![allow(unsafe_code)]

use core::ptr::{read_volatile, write_volatile};

use embedded_storage::nor_flash::{ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash};

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

/// Whether `at` and the `length` bytes from there are multiples of `of` within the memory.
fn check(at: u32, length: usize, of: usize) -> Result<(), NorFlashErrorKind> {
    let at = at as usize;
    if !at.is_multiple_of(of) || !length.is_multiple_of(of) {
        return Err(NorFlashErrorKind::NotAligned);
    }
    let fits = at.checked_add(length).is_some_and(|end| end <= LENGTH);
    if fits { Ok(()) } else { Err(NorFlashErrorKind::OutOfBounds) }
}

impl ErrorType for Kept {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for Kept {
    const READ_SIZE: usize = 1;

    fn read(&mut self, at: u32, into: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        check(at, into.len(), Self::READ_SIZE)?;
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
        let length = to.checked_sub(from).ok_or(NorFlashErrorKind::OutOfBounds)? as usize;
        check(from, length, Self::ERASE_SIZE)?;
        for place in Self::places(from).take(length) {
            // SAFETY: as for `read`.
            unsafe { write_volatile(place, 0xff) };
        }
        Ok(())
    }

    fn write(&mut self, at: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        check(at, bytes.len(), Self::WRITE_SIZE)?;
        for (&byte, place) in bytes.iter().zip(Self::places(at)) {
            // SAFETY: as for `read`.
            unsafe { write_volatile(place, read_volatile(place) & byte) };
        }
        Ok(())
    }
}
