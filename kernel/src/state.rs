//! The state of a training as words: all that it takes to go on, in one order for writing and for reading.
//!
//! Each part of a training hands its words to [`Words`], which copies them away or fills them in. Both ways are one
//! function, so they cannot differ. What a plan decides by itself is not among them: settings, buffers, the keys and
//! generators of an order, which are made again from seed and place.
//!
//! ```text
//! parameters | completed updates, factors of the step decay, their product | velocity | digest
//!     | checks taken, their norms | order | mean and spread of the inputs, samples seen | visits with label noise
//!     | what the source of samples keeps
//! ```
//!
//! Numbers are their bits, and what has 64 bits is two words, the low one first. A batch is always empty between
//! updates, and is no part of it. A selection of inputs ([`crate::one_pass`]) can be saved after any sample, with what
//! its batch has collected.

/// Copies words away, or fills them in.
pub trait Words {
    /// What goes wrong on the way.
    type Error;

    /// One word.
    fn word(&mut self, word: &mut u32) -> Result<(), Self::Error>;

    /// The bits of a number.
    fn number(&mut self, number: &mut f32) -> Result<(), Self::Error> {
        let mut bits = number.to_bits();
        self.word(&mut bits)?;
        *number = f32::from_bits(bits);
        Ok(())
    }

    /// The bits of several numbers.
    fn numbers(&mut self, numbers: &mut [f32]) -> Result<(), Self::Error> {
        numbers.iter_mut().try_for_each(|number| self.number(number))
    }

    /// Two words, the low one first.
    fn long(&mut self, long: &mut u64) -> Result<(), Self::Error> {
        let (mut low, mut high) = (*long as u32, (*long >> 32) as u32);
        self.word(&mut low)?;
        self.word(&mut high)?;
        *long = u64::from(low) | u64::from(high) << 32;
        Ok(())
    }
}

/// What has a state.
pub trait State {
    /// Hands all words of the state over, in an order that depends on the plan alone.
    fn pass<W: Words>(&mut self, words: &mut W) -> Result<(), W::Error>;
}

impl<T: State> State for Option<T> {
    fn pass<W: Words>(&mut self, words: &mut W) -> Result<(), W::Error> {
        self.as_mut().map_or(Ok(()), |state| state.pass(words))
    }
}
