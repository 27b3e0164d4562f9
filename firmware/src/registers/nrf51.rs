//! The flash memory and the serial line of the nRF51, by their registers.
//!
//! Source: nRF51 Series Reference Manual 3.0, chapters NVMC and UART. Pages of 1 KiB are erased, words are programmed, and
//! the core waits meanwhile. (The drivers of `nrf51-hal` erase by pages of 4 KiB, as the nRF52 has them, and wait for a
//! byte to have been sent before they start the transmitter.)
//!
//! This is the board's one file with `unsafe`: writes to flash memory that the linker gives to nobody, and to registers
//! whose values the chip's crate does not name.
#![allow(unsafe_code)]

use core::ptr::{read_volatile, write_volatile};

use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash, check_erase, check_read, check_write,
};
use nrf51_pac::{NVMC, UART0};

use crate::board::serial::Uart;

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

/// The serial line, at 115,200 baud.
pub struct Uart0 {
    registers: UART0,
    /// A byte has been given to the transmitter, which tells when it has taken it.
    is_sending: bool,
}

impl Uart0 {
    /// On these pins, which have been set up.
    pub fn new(registers: UART0, tx: u8, rx: u8) -> Self {
        registers.baudrate.write(|w| w.baudrate().baud115200());
        // SAFETY: numbers of pins; one starts a task.
        unsafe {
            registers.pseltxd.write(|w| w.bits(u32::from(tx)));
            registers.pselrxd.write(|w| w.bits(u32::from(rx)));
            registers.enable.write(|w| w.enable().enabled());
            registers.tasks_starttx.write(|w| w.bits(1));
            registers.tasks_startrx.write(|w| w.bits(1));
        }
        // Drops what came before; it also wakes QEMU's receiver, which else looks again a second later.
        registers.rxd.read();
        Self { registers, is_sending: false }
    }
}

impl Uart for Uart0 {
    fn receive(&mut self) -> Option<u8> {
        let has_come = self.registers.events_rxdrdy.read().bits() != 0;
        has_come.then(|| {
            self.registers.events_rxdrdy.reset(); // first: reading brings the next byte, and its event
            self.registers.rxd.read().rxd().bits()
        })
    }

    fn send(&mut self, byte: u8) -> bool {
        let has_room = !self.is_sending || self.registers.events_txdrdy.read().bits() != 0;
        if has_room {
            self.registers.events_txdrdy.reset();
            // SAFETY: every byte can be sent.
            self.registers.txd.write(|w| unsafe { w.txd().bits(byte) });
            self.is_sending = true;
        }
        has_room
    }
}
