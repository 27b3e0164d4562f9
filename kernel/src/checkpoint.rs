//! Checkpoints in flash memory: a training that loses power goes on where the last one stands, with the same bits.
//!
//! The memory is a ring of equal slots, at least two. A checkpoint goes into the slot after the newest, which stays whole
//! meanwhile, and every slot is worn alike. In a slot:
//!
//! ```text
//! header    8 words: magic | arithmetic version | sequence | completed updates | digest | bytes of the description
//!           | words of the state | CRC-32 of body, then of the 7 words before
//! body      the description, any bytes that say which training this is; then the state, crate::state
//! ```
//!
//! all of it little-endian, the body filled up to 32 bytes with 0xFF. The body is written first and the header last, as
//! one block. A slot whose CRC-32 (ISO-HDLC, as in zip) does not fit its bytes holds nothing, whatever it looks like: a
//! write or an erase that was cut off at any moment, and any bit that has changed. So the newest whole checkpoint is
//! found, or none.
//!
//! ```
//! # use embedded_storage::nor_flash::{ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash};
//! # struct Flash([u8; 2048]);
//! # impl ErrorType for Flash { type Error = NorFlashErrorKind; }
//! # impl ReadNorFlash for Flash {
//! #     const READ_SIZE: usize = 1;
//! #     fn read(&mut self, at: u32, into: &mut [u8]) -> Result<(), NorFlashErrorKind> {
//! #         into.copy_from_slice(&self.0[at as usize..][..into.len()]);
//! #         Ok(())
//! #     }
//! #     fn capacity(&self) -> usize { self.0.len() }
//! # }
//! # impl NorFlash for Flash {
//! #     const WRITE_SIZE: usize = 4;
//! #     const ERASE_SIZE: usize = 1024;
//! #     fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
//! #         self.0[from as usize..to as usize].fill(0xFF);
//! #         Ok(())
//! #     }
//! #     fn write(&mut self, at: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
//! #         self.0[at as usize..][..bytes.len()].copy_from_slice(bytes);
//! #         Ok(())
//! #     }
//! # }
//! # let flash = Flash([0xFF; 2048]);
//! use tamis::checkpoint::Checkpoints;
//! use tamis::{Chain, Data, Dense, Identity, Init, Lent, Mse, Plan, Rule, Seed, Sgd, Tanh, Target, Task};
//!
//! type Net = Chain<Dense<4, 8, Tanh>, Dense<8, 1, Identity>>;
//! let plan = Plan {
//!     seed: Seed(1),
//!     task: Task::plain(Target::Sine, 4, 2, 0.3, Seed(1)),
//!     data: Data::Stream,
//!     # standardise: None, label_noise: None, momentum: None, pressed: None,
//!     init: Init::scaled(1.0),
//!     batch: 1,
//!     sgd: Sgd::new(0.05)?,
//!     updates: 1_000,
//!     rule: Rule::Gap { least: 3.0 },
//! };
//! let mut memory = [0.0; 200];
//! let mut training = plan.start::<Net, _, _>(Mse, Lent { arena: &mut memory, indices: &mut [] }, plan.task)?;
//! let mut checkpoints = Checkpoints::new(flash, 1024)?;
//! checkpoints.load(b"sine, plan 1", &mut training)?; // nothing yet
//! while training.updates() < plan.updates {
//!     training.update()?;
//!     if training.updates().is_multiple_of(250) {
//!         checkpoints.save(b"sine, plan 1", &mut training)?;
//!     }
//! }
//! assert_eq!(checkpoints.newest()?.map(|found| found.updates), Some(1_000));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use core::fmt;

use crc::{Digest as Running, NoTable};
use embedded_storage::nor_flash::{NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash};

use crate::checksum::CRC;
use crate::loss::Loss;
use crate::ops::{self, ARITHMETIC_VERSION};
use crate::samples::Samples;
use crate::shape::Network;
use crate::state::{State, Words};
use crate::trainer::Trainer;

/// "TMS1": the layout described here.
const MAGIC: u32 = u32::from_le_bytes(*b"TMS1");
/// Bytes of a block, which is what is written at a time, and of a header.
const BLOCK: usize = 32;
/// Bytes of a word.
const WORD: usize = 4;

/// A ring of checkpoints in flash memory.
pub struct Checkpoints<F> {
    flash: F,
    slot: u32,
    slots: u32,
}

/// A whole checkpoint that has been found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Found {
    /// Its slot, from 0.
    pub slot: u32,
    /// The version of the arithmetic that made it.
    pub arithmetic: u32,
    /// The how manieth it is.
    pub sequence: u32,
    /// How many updates had been completed.
    pub updates: u32,
    /// The digest of all of them.
    pub digest: u32,
    /// Bytes of its description.
    pub description: u32,
    /// Words of its state, which begin with the parameters.
    pub words: u32,
}

/// Why there is no checkpoint, or no place for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum CheckpointError<E> {
    /// The memory itself.
    Flash(E),
    /// A slot must be a multiple of what is erased and of what is written at a time, and the latter a divisor of 32.
    Alignment,
    /// The memory has room for fewer than two slots.
    Slots,
    /// A checkpoint of this training is longer than a slot, in bytes.
    TooLong {
        /// The checkpoint.
        needed: u32,
        /// The slot.
        given: u32,
    },
    /// The newest checkpoint is one of another training: its description differs, or the length of its state.
    Other,
    /// The newest checkpoint was made by another version of the arithmetic.
    Arithmetic(u32),
}

impl<E: fmt::Debug> fmt::Display for CheckpointError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flash(error) => write!(f, "the flash memory: {error:?}"),
            Self::Alignment => f.write_str("a slot must be made of whole pages of the flash memory"),
            Self::Slots => f.write_str("the flash memory has no room for two checkpoints"),
            Self::TooLong { needed, given } => {
                write!(f, "a checkpoint takes {needed} bytes, and a slot has {given}")
            }
            Self::Other => f.write_str("the newest checkpoint is one of another training"),
            Self::Arithmetic(version) => {
                write!(
                    f,
                    "the newest checkpoint is of arithmetic version {version}, this is {ARITHMETIC_VERSION}"
                )
            }
        }
    }
}

impl<E: NorFlashError> CheckpointError<E> {
    /// The same, whatever the memory.
    pub fn kind(self) -> CheckpointError<NorFlashErrorKind> {
        match self {
            Self::Flash(error) => CheckpointError::Flash(error.kind()),
            Self::Alignment => CheckpointError::Alignment,
            Self::Slots => CheckpointError::Slots,
            Self::TooLong { needed, given } => CheckpointError::TooLong { needed, given },
            Self::Other => CheckpointError::Other,
            Self::Arithmetic(version) => CheckpointError::Arithmetic(version),
        }
    }
}

impl<E: fmt::Debug> core::error::Error for CheckpointError<E> {}

impl<E> From<E> for CheckpointError<E> {
    fn from(error: E) -> Self {
        Self::Flash(error)
    }
}

/// What goes on from a checkpoint as if nothing had happened.
pub trait Resumable: State {
    /// How far it is, in updates or in samples.
    fn updates(&self) -> u32;

    /// The digest of all that it has learned.
    fn digest(&self) -> u32;
}

impl<N: Network, L: Loss, S: Samples> Resumable for Trainer<'_, N, L, S> {
    fn updates(&self) -> u32 {
        self.updates()
    }

    fn digest(&self) -> u32 {
        self.digest()
    }
}

/// How many bytes of a slot a checkpoint takes, with a description of so many bytes.
pub fn bytes_needed(description: usize, training: &mut impl State) -> u32 {
    let body = (description as u32).saturating_add(count(training).saturating_mul(WORD as u32));
    body.div_ceil(BLOCK as u32).saturating_add(1).saturating_mul(BLOCK as u32)
}

impl<F: ReadNorFlash> Checkpoints<F> {
    /// The newest whole checkpoint, or that there is none.
    pub fn newest(&mut self) -> Result<Option<Found>, CheckpointError<F::Error>> {
        let mut newest: Option<Found> = None;
        for slot in 0..self.slots {
            if let Some(found) = self.look(slot)?
                && newest.is_none_or(|newest| newest.sequence < found.sequence)
            {
                newest = Some(found);
            }
        }
        Ok(newest)
    }

    /// What is in slot `slot`, the first of which is 0: a whole checkpoint, or nothing.
    pub fn look(&mut self, slot: u32) -> Result<Option<Found>, CheckpointError<F::Error>> {
        let start = self.start(slot);
        let mut header = [0; BLOCK];
        self.flash.read(start, &mut header)?;
        let (words, _) = header.as_chunks::<WORD>();
        let &[magic, arithmetic, sequence, updates, digest, description, state, crc] = words else {
            return Ok(None);
        };
        let word = u32::from_le_bytes;
        let found = Found {
            slot,
            arithmetic: word(arithmetic),
            sequence: word(sequence),
            updates: word(updates),
            digest: word(digest),
            description: word(description),
            words: word(state),
        };
        let length =
            found.words.checked_mul(WORD as u32).and_then(|words| words.checked_add(found.description));
        let room = self.slot.saturating_sub(BLOCK as u32);
        let Some(length) = length.filter(|&length| word(magic) == MAGIC && length <= room) else {
            return Ok(None);
        };
        let mut running = CRC.digest();
        let mut at = start.saturating_add(BLOCK as u32);
        let end = at.saturating_add(length);
        let mut block = [0; BLOCK];
        while at < end {
            let (part, _) = ops::split_mut(&mut block, end.saturating_sub(at) as usize);
            self.flash.read(at, part)?;
            running.update(part);
            at = at.saturating_add(BLOCK as u32);
        }
        Ok((sealed(running, &header) == word(crc)).then_some(found))
    }

    /// The description of a checkpoint, its first bytes into `into`.
    pub fn description(&mut self, found: &Found, into: &mut [u8]) -> Result<(), CheckpointError<F::Error>> {
        let (into, _) = ops::split_mut(into, found.description as usize);
        Ok(self.flash.read(self.start(found.slot).saturating_add(BLOCK as u32), into)?)
    }

    /// The state of a checkpoint, its first bytes into `into`; of a training, it begins with the parameters.
    pub fn state(&mut self, found: &Found, into: &mut [u8]) -> Result<(), CheckpointError<F::Error>> {
        let (into, _) = ops::split_mut(into, (found.words as usize).saturating_mul(WORD));
        let at = self.start(found.slot).saturating_add(BLOCK as u32).saturating_add(found.description);
        Ok(self.flash.read(at, into)?)
    }

    /// Goes on from the newest checkpoint, and tells which; nothing where there is none. `description` must be the one it
    /// was saved with. Unless the memory itself fails on the way, an error leaves the training as it was.
    pub fn load(
        &mut self,
        description: &[u8],
        training: &mut impl Resumable,
    ) -> Result<Option<Found>, CheckpointError<F::Error>> {
        let Some(found) = self.newest()? else { return Ok(None) };
        if found.arithmetic != ARITHMETIC_VERSION {
            return Err(CheckpointError::Arithmetic(found.arithmetic));
        }
        if found.description as usize != description.len() || found.words != count(training) {
            return Err(CheckpointError::Other);
        }
        let mut at = self.start(found.slot).saturating_add(BLOCK as u32);
        let mut block = [0; BLOCK];
        for part in description.chunks(BLOCK) {
            let (read, _) = ops::split_mut(&mut block, part.len());
            self.flash.read(at, read)?;
            if read != part {
                return Err(CheckpointError::Other);
            }
            at = at.saturating_add(part.len() as u32);
        }
        training.pass(&mut Read { flash: &mut self.flash, at })?;
        Ok(Some(found))
    }

    /// Bytes of the longest checkpoint.
    pub fn room(&self) -> u32 {
        self.slot
    }

    /// Where a slot starts.
    fn start(&self, slot: u32) -> u32 {
        slot.saturating_mul(self.slot)
    }
}

impl<F: NorFlash> Checkpoints<F> {
    /// In all of `flash`, in slots of so many bytes.
    pub fn new(flash: F, slot: u32) -> Result<Self, CheckpointError<F::Error>> {
        let (bytes, erased, written) = (slot as usize, F::ERASE_SIZE, F::WRITE_SIZE);
        if bytes == 0
            || !bytes.is_multiple_of(erased)
            || !bytes.is_multiple_of(BLOCK)
            || !BLOCK.is_multiple_of(written)
        {
            return Err(CheckpointError::Alignment);
        }
        let slots = flash.capacity().checked_div(bytes).unwrap_or(0);
        match u32::try_from(slots) {
            Ok(slots @ 2..) => Ok(Self { flash, slot, slots }),
            _ => Err(CheckpointError::Slots),
        }
    }

    /// In all of `flash`, in two slots.
    pub fn halves(flash: F) -> Result<Self, CheckpointError<F::Error>> {
        let slot = flash.capacity() as u32 / 2;
        Self::new(flash, slot)
    }

    /// How many slots there are.
    pub fn slots(&self) -> u32 {
        self.slots
    }

    /// Forgets all checkpoints.
    pub fn erase(&mut self) -> Result<(), CheckpointError<F::Error>> {
        if self.newest()?.is_some() {
            self.flash.erase(0, self.start(self.slots))?;
        }
        Ok(())
    }

    /// The memory, back.
    pub fn into_flash(self) -> F {
        self.flash
    }

    /// Saves a training between two updates, in the slot after the newest checkpoint. Whatever fails, that one stays.
    pub fn save(
        &mut self,
        description: &[u8],
        training: &mut impl Resumable,
    ) -> Result<Found, CheckpointError<F::Error>> {
        let needed = bytes_needed(description.len(), training);
        if needed > self.slot {
            return Err(CheckpointError::TooLong { needed, given: self.slot });
        }
        let newest = self.newest()?;
        let slot = newest.map_or(0, |newest| newest.slot.wrapping_add(1));
        let slot = if slot < self.slots { slot } else { 0 };
        let found = Found {
            slot,
            arithmetic: ARITHMETIC_VERSION,
            sequence: newest.map_or(0, |newest| newest.sequence.wrapping_add(1)),
            updates: training.updates(),
            digest: training.digest(),
            description: description.len() as u32,
            words: count(training),
        };
        let start = self.start(slot);
        self.flash.erase(start, start.saturating_add(self.slot))?;
        let at = start.saturating_add(BLOCK as u32);
        let mut body =
            Write { flash: &mut self.flash, at, block: [0xFF; BLOCK], filled: 0, crc: CRC.digest() };
        description.iter().try_for_each(|&byte| body.byte(byte))?;
        training.pass(&mut body)?;
        let crc = body.finish()?;
        let mut header = [0; BLOCK];
        let Found { arithmetic, sequence, updates, digest, description, words, .. } = found;
        fill(&mut header, &[MAGIC, arithmetic, sequence, updates, digest, description, words]);
        let crc = sealed(crc, &header);
        fill(&mut header, &[MAGIC, arithmetic, sequence, updates, digest, description, words, crc]);
        self.flash.write(start, &header)?;
        Ok(found)
    }
}

/// Words into a header.
fn fill(header: &mut [u8; BLOCK], words: &[u32]) {
    let (places, _) = header.as_chunks_mut::<WORD>();
    places.iter_mut().zip(words).for_each(|(place, word)| *place = word.to_le_bytes());
}

/// The checksum of a body and of the header before it.
fn sealed(mut body: Running<'_, u32, NoTable>, header: &[u8; BLOCK]) -> u32 {
    let (before, _) = ops::split(header, BLOCK - WORD);
    body.update(before);
    body.finalize()
}

/// How many words a state has.
fn count(state: &mut impl State) -> u32 {
    struct Count(u32);
    impl Words for Count {
        type Error = core::convert::Infallible;
        fn word(&mut self, _: &mut u32) -> Result<(), Self::Error> {
            self.0 = self.0.saturating_add(1);
            Ok(())
        }
    }
    let mut count = Count(0);
    let Ok(()) = state.pass(&mut count);
    count.0
}

/// A body on its way into the memory.
struct Write<'f, F> {
    flash: &'f mut F,
    at: u32,
    block: [u8; BLOCK],
    filled: usize,
    crc: Running<'static, u32, NoTable>,
}

impl<F: NorFlash> Write<'_, F> {
    fn byte(&mut self, byte: u8) -> Result<(), F::Error> {
        self.crc.update(&[byte]);
        if let Some(place) = self.block.get_mut(self.filled) {
            *place = byte;
        }
        self.filled = self.filled.saturating_add(1);
        if self.filled == BLOCK { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), F::Error> {
        self.flash.write(self.at, &self.block)?;
        self.at = self.at.saturating_add(BLOCK as u32);
        self.block = [0xFF; BLOCK];
        self.filled = 0;
        Ok(())
    }

    /// The last block, and the checksum.
    fn finish(mut self) -> Result<Running<'static, u32, NoTable>, F::Error> {
        if self.filled > 0 {
            self.flush()?;
        }
        Ok(self.crc)
    }
}

impl<F: NorFlash> Words for Write<'_, F> {
    type Error = F::Error;

    fn word(&mut self, word: &mut u32) -> Result<(), F::Error> {
        word.to_le_bytes().into_iter().try_for_each(|byte| self.byte(byte))
    }
}

/// A state on its way out of the memory.
struct Read<'f, F> {
    flash: &'f mut F,
    at: u32,
}

impl<F: ReadNorFlash> Words for Read<'_, F> {
    type Error = F::Error;

    fn word(&mut self, word: &mut u32) -> Result<(), F::Error> {
        let mut bytes = [0; WORD];
        self.flash.read(self.at, &mut bytes)?;
        self.at = self.at.saturating_add(WORD as u32);
        *word = u32::from_le_bytes(bytes);
        Ok(())
    }
}
