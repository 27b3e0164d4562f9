//! The flash memory of the nRF51, by its controller.
//!
//! Source: nRF51 Series Reference Manual 3.0, chapter 6. Pages of 1 KiB are erased, words are programmed, and the core
//! waits meanwhile. (The driver of `nrf51-hal` erases by pages of 4 KiB, as the nRF52 has them.)
//!
//! This is the board's one file with `unsafe`: writes to flash memory that the linker gives to nobody.
#![allow(unsafe_code)]

use core::ptr::{read_volatile, write_volatile};

use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash, check_erase, check_read, check_write,
};
use nrf51_hal::pac::NVMC;

/// Where the checkpoints are, as `memory/microbit.x` has it: the last 16 KiB.
const START: usize = 0x3_C000;
const LENGTH: usize = 16 * 1024;

/// The flash memory of the checkpoints.
pub struct Flash(NVMC);

impl Flash {
    /// By its controller.
    pub fn new(controller: NVMC) -> Self {
        Self(controller)
    }

    fn wait(&self) {
        while !self.0.ready.read().ready().bit_is_set() {}
    }
}

impl ErrorType for Flash {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for Flash {
    const READ_SIZE: usize = 1;

    fn read(&mut self, at: u32, into: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        check_read(self, at, into.len())?;
        for (byte, address) in into.iter_mut().zip(START + at as usize..) {
            // SAFETY: within the memory, which can always be read.
            *byte = unsafe { read_volatile(address as *const u8) };
        }
        Ok(())
    }

    fn capacity(&self) -> usize {
        LENGTH
    }
}

impl NorFlash for Flash {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = 1024;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        check_erase(self, from, to)?;
        self.0.config.write(|w| w.wen().een());
        for page in (from as usize..to as usize).step_by(Self::ERASE_SIZE) {
            // SAFETY: the address of a page that holds no program.
            self.0.erasepage().write(|w| unsafe { w.bits((START + page) as u32) });
            self.wait();
        }
        self.0.config.write(|w| w.wen().ren());
        Ok(())
    }

    fn write(&mut self, at: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        check_write(self, at, bytes.len())?;
        self.0.config.write(|w| w.wen().wen());
        let (words, _) = bytes.as_chunks::<4>();
        for (&word, address) in words.iter().zip((START + at as usize..).step_by(Self::WRITE_SIZE)) {
            // SAFETY: an aligned word of memory that holds no program, with the controller set to write.
            unsafe { write_volatile(address as *mut u32, u32::from_le_bytes(word)) };
            self.wait();
        }
        self.0.config.write(|w| w.wen().ren());
        Ok(())
    }
}
