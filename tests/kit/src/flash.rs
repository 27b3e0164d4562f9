//! Flash memory that loses power: at any operation, in the middle of it.
//!
//! Programming clears bits, of whole words that have been erased, each once. The words of one call are programmed in any
//! order. A word that is cut off has some of its bits cleared; a page that is cut off is neither what it was nor erased.

use embedded_storage::nor_flash::{ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash};

/// Bytes of a page.
pub const PAGE: usize = 512;
/// Bytes of a word.
const WORD: usize = 4;

/// The memory.
#[derive(Clone)]
pub struct Flash {
    /// What is in it.
    pub bytes: Vec<u8>,
    /// How often each page has been erased.
    pub erased: Vec<u32>,
    /// How many words and pages have been written and erased.
    pub operations: u64,
    /// How many more there will be before power is lost, if it is.
    pub power: Option<u64>,
    /// Decides what is left of what was cut off.
    pub chance: u64,
}

/// There is no power.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoPower;

impl NorFlashError for NoPower {
    fn kind(&self) -> NorFlashErrorKind {
        NorFlashErrorKind::Other
    }
}

impl Flash {
    /// Erased, of so many pages.
    pub fn new(pages: usize) -> Self {
        Self {
            bytes: vec![0xFF; pages * PAGE],
            erased: vec![0; pages],
            operations: 0,
            power: None,
            chance: 1,
        }
    }

    /// The next number that looks random.
    fn draw(&mut self) -> u64 {
        self.chance =
            self.chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.chance >> 24
    }

    /// One operation: whether there is power for all of it, or it is cut off.
    fn operate(&mut self) -> Result<bool, NoPower> {
        match &mut self.power {
            Some(0) => Err(NoPower),
            Some(left) => {
                *left -= 1;
                self.operations += 1;
                Ok(*left > 0)
            }
            None => {
                self.operations += 1;
                Ok(true)
            }
        }
    }
}

impl ErrorType for Flash {
    type Error = NoPower;
}

impl ReadNorFlash for Flash {
    const READ_SIZE: usize = 1;

    fn read(&mut self, at: u32, into: &mut [u8]) -> Result<(), NoPower> {
        into.copy_from_slice(&self.bytes[at as usize..][..into.len()]);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.bytes.len()
    }
}

impl NorFlash for Flash {
    const WRITE_SIZE: usize = WORD;
    const ERASE_SIZE: usize = PAGE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), NoPower> {
        assert!((from as usize).is_multiple_of(PAGE) && (to as usize).is_multiple_of(PAGE));
        for page in from as usize / PAGE..to as usize / PAGE {
            let is_whole = self.operate()?;
            self.erased[page] += 1;
            for place in page * PAGE..(page + 1) * PAGE {
                self.bytes[place] |= if is_whole { 0xFF } else { self.draw() as u8 };
            }
            if !is_whole {
                return Err(NoPower);
            }
        }
        Ok(())
    }

    fn write(&mut self, at: u32, bytes: &[u8]) -> Result<(), NoPower> {
        assert!((at as usize).is_multiple_of(WORD) && bytes.len().is_multiple_of(WORD));
        let mut words: Vec<usize> = (0..bytes.len() / WORD).collect();
        for last in (1..words.len()).rev() {
            words.swap(last, self.draw() as usize % (last + 1));
        }
        for word in words {
            let place = at as usize + word * WORD;
            assert!(
                self.bytes[place..][..WORD].iter().all(|&byte| byte == 0xFF),
                "a word is programmed once"
            );
            let is_whole = self.operate()?;
            for byte in 0..WORD {
                let kept = if is_whole { 0 } else { self.draw() as u8 };
                self.bytes[place + byte] &= bytes[word * WORD + byte] | kept;
            }
            if !is_whole {
                return Err(NoPower);
            }
        }
        Ok(())
    }
}
