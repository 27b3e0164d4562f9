//! COBS: bytes without a zero among them (Cheshire and Baker, "Consistent Overhead Byte Stuffing", 1999).
//!
//! Blocks, each a code and `code - 1` bytes that are no zeros. Behind a block stands a zero, which is not sent; behind one
//! of code 255, and behind the last, none. The crates that have this do it by indexing, so that a panic is reachable.

use crate::frame::FrameError;

/// The code of a block after which there is no zero.
const FULL: u8 = u8::MAX;

/// Encodes byte by byte.
pub struct Encoder<'b> {
    buffer: &'b mut [u8],
    length: usize,
    /// Where the code of the block is to stand that is being filled.
    code_at: usize,
    code: u8,
}

impl<'b> Encoder<'b> {
    /// Into this buffer.
    pub fn new(buffer: &'b mut [u8]) -> Self {
        Self { buffer, length: 1, code_at: 0, code: 1 }
    }

    /// Takes a byte.
    pub fn push(&mut self, byte: u8) -> Result<(), FrameError> {
        if self.code == FULL {
            self.end_block()?;
        }
        if byte == 0 {
            return self.end_block();
        }
        self.put(byte)?;
        self.code = self.code.saturating_add(1);
        Ok(())
    }

    /// What was encoded, with a zero behind it.
    pub fn finish(mut self) -> Result<&'b mut [u8], FrameError> {
        self.put_code()?;
        self.put(0)?;
        self.buffer.get_mut(..self.length).ok_or(FrameError)
    }

    fn end_block(&mut self) -> Result<(), FrameError> {
        self.put_code()?;
        self.code_at = self.length;
        self.code = 1;
        self.length = self.length.saturating_add(1);
        Ok(())
    }

    fn put_code(&mut self) -> Result<(), FrameError> {
        *self.buffer.get_mut(self.code_at).ok_or(FrameError)? = self.code;
        Ok(())
    }

    fn put(&mut self, byte: u8) -> Result<(), FrameError> {
        *self.buffer.get_mut(self.length).ok_or(FrameError)? = byte;
        self.length = self.length.saturating_add(1);
        Ok(())
    }
}

/// Decodes in place what was encoded, without the zero behind it; gives the number of bytes.
pub fn decode(bytes: &mut [u8]) -> Result<usize, FrameError> {
    let (mut from, mut to) = (0_usize, 0_usize);
    while let Some(&code) = bytes.get(from) {
        from = from.saturating_add(1);
        for _ in 1..code {
            let byte = *bytes.get(from).ok_or(FrameError)?;
            if byte == 0 {
                return Err(FrameError);
            }
            *bytes.get_mut(to).ok_or(FrameError)? = byte;
            (from, to) = (from.saturating_add(1), to.saturating_add(1));
        }
        match code {
            0 => return Err(FrameError),
            FULL => {}
            _ if from < bytes.len() => {
                *bytes.get_mut(to).ok_or(FrameError)? = 0;
                to = to.saturating_add(1);
            }
            _ => {}
        }
    }
    Ok(to)
}
