//! A part of a flash memory as a memory of its own: what a board keeps for checkpoints, beside its program.

use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash, check_erase, check_read, check_write,
};

/// So many bytes of a memory; what lies outside is never touched.
pub struct Region<F> {
    flash: F,
    start: u32,
    length: u32,
}

impl<F> Region<F> {
    /// The `length` bytes from `start` on, both whole pages.
    pub const fn new(flash: F, start: u32, length: u32) -> Self {
        Self { flash, start, length }
    }

    /// A place here, in the whole memory.
    fn place(&self, at: u32) -> Result<u32, NorFlashErrorKind> {
        self.start.checked_add(at).ok_or(NorFlashErrorKind::OutOfBounds)
    }
}

impl<F> ErrorType for Region<F> {
    type Error = NorFlashErrorKind;
}

impl<F: ReadNorFlash> ReadNorFlash for Region<F> {
    const READ_SIZE: usize = F::READ_SIZE;

    fn read(&mut self, at: u32, into: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        check_read(self, at, into.len())?;
        let at = self.place(at)?;
        self.flash.read(at, into).map_err(|error| error.kind())
    }

    fn capacity(&self) -> usize {
        self.length as usize
    }
}

impl<F: NorFlash> NorFlash for Region<F> {
    const WRITE_SIZE: usize = F::WRITE_SIZE;
    const ERASE_SIZE: usize = F::ERASE_SIZE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        check_erase(self, from, to)?;
        let (from, to) = (self.place(from)?, self.place(to)?);
        self.flash.erase(from, to).map_err(|error| error.kind())
    }

    fn write(&mut self, at: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        check_write(self, at, bytes.len())?;
        let at = self.place(at)?;
        self.flash.write(at, bytes).map_err(|error| error.kind())
    }
}
