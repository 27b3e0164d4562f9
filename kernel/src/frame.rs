//! Frames: messages as bytes that a line may damage, and a reader notices.
//!
//! ```text
//! frame    COBS of (message in postcard | CRC-32 of it, little-endian), then a zero byte
//! ```
//!
//! COBS ([`crate::cobs`]) leaves no zero in a frame, so that a reader finds
//! the next one whatever came before. The CRC-32 (ISO-HDLC, as in zip) of a damaged frame is right by chance once in 2^32
//! times. Empty frames are nothing: a zero may be sent at any time.

use crc::{Digest, NoTable};
use heapless::Vec;
use postcard::Error::SerializeBufferFull as Full;
use postcard::ser_flavors::Flavor;
use serde::{Deserialize, Serialize};

use crate::checksum::CRC;
use crate::cobs::{self, Encoder};

/// Bytes of the longest frame.
pub const FRAME: usize = 320;

/// Bytes of a CRC.
const CHECK: usize = size_of::<u32>();

/// A frame does not fit, or is damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct FrameError;

impl core::fmt::Display for FrameError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("a frame is too long or damaged")
    }
}

impl core::error::Error for FrameError {}

/// Writes `message` as one frame into `buffer`.
pub fn encode<'b>(message: &impl Serialize, buffer: &'b mut [u8; FRAME]) -> Result<&'b [u8], FrameError> {
    let checked = Checked { encoder: Encoder::new(buffer), crc: CRC.digest() };
    let written = postcard::serialize_with_flavor(message, checked);
    written.map(|frame: &mut [u8]| &*frame).map_err(|_| FrameError)
}

/// Bytes on their way into a frame, their CRC after the last.
struct Checked<'b> {
    encoder: Encoder<'b>,
    crc: Digest<'static, u32, NoTable>,
}

impl<'b> Flavor for Checked<'b> {
    type Output = &'b mut [u8];

    #[inline(never)] // every field of every message comes here
    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.crc.update(&[byte]);
        self.encoder.push(byte).map_err(|_| Full)
    }

    fn finalize(mut self) -> postcard::Result<Self::Output> {
        for byte in self.crc.finalize().to_le_bytes() {
            self.encoder.push(byte).map_err(|_| Full)?;
        }
        self.encoder.finish().map_err(|_| Full)
    }
}

/// Collects bytes until a frame is whole.
#[derive(Default)]
pub struct Decoder {
    frame: Vec<u8, FRAME>,
    is_too_long: bool,
    /// Whether what is here has been read, and goes with the next byte.
    is_read: bool,
}

impl Decoder {
    /// Takes one byte; a message or an error if it was the last of a frame. Empty frames are passed over. The message may
    /// borrow its bytes from here.
    pub fn push<'d, M: Deserialize<'d>>(&'d mut self, byte: u8) -> Option<Result<M, FrameError>> {
        if self.is_read {
            (self.is_read, self.is_too_long) = (false, false);
            self.frame.clear();
        }
        if byte != 0 {
            self.is_too_long |= self.frame.push(byte).is_err();
            return None;
        }
        if self.frame.is_empty() {
            return None;
        }
        self.is_read = true;
        if self.is_too_long || unpack(&mut self.frame).is_err() {
            self.frame.clear();
        }
        Some(self.message())
    }

    /// The message of the last frame once more, as long as no byte has come after it.
    pub fn message<'d, M: Deserialize<'d>>(&'d self) -> Result<M, FrameError> {
        match postcard::take_from_bytes(&self.frame) {
            Ok((message, [])) if self.is_read && !self.frame.is_empty() => Ok(message),
            _ => Err(FrameError),
        }
    }
}

/// From a frame without its last zero to the bytes of its message.
fn unpack(frame: &mut Vec<u8, FRAME>) -> Result<(), FrameError> {
    let length = cobs::decode(frame)?;
    frame.truncate(length);
    let (message, check) = frame.split_last_chunk::<CHECK>().ok_or(FrameError)?;
    if CRC.checksum(message) != u32::from_le_bytes(*check) {
        return Err(FrameError);
    }
    frame.truncate(frame.len().saturating_sub(CHECK));
    Ok(())
}
