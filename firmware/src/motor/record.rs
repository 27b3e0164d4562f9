//! What the program tells on its serial line, in lines of text, numbers by their bits in eight hexadecimal digits:
//!
//! ```text
//! motor BOARD arithmetic VERSION
//! CHANNEL ... CHANNEL LABEL DIGEST    for each sample
//! end DIGEST
//! ```
//!
//! Who has them repeats the pass on [`crate::motor::run`]; a digest that differs shows a line that was damaged, or
//! arithmetic that is not ours.

use core::fmt;

use super::{CHANNELS, Sample};

/// One line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Line<'t> {
    /// The first.
    Begin {
        /// The name of the board.
        board: &'t str,
        /// The version of its arithmetic.
        arithmetic: u32,
    },
    /// A sample.
    Sample(Sample),
    /// The last.
    End {
        /// The digest of the outcome.
        digest: u32,
    },
}

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Begin { board, arithmetic } => writeln!(f, "motor {board} arithmetic {arithmetic}"),
            Self::Sample(Sample { x, label, digest }) => {
                for number in x.iter().chain([label]) {
                    write!(f, "{:08x} ", number.to_bits())?;
                }
                writeln!(f, "{digest:08x}")
            }
            Self::End { digest } => writeln!(f, "end {digest:08x}"),
        }
    }
}

impl<'t> Line<'t> {
    /// The line of this text, if it is one.
    pub fn parse(text: &'t str) -> Option<Self> {
        let mut words = text.split_ascii_whitespace();
        let first = words.next()?;
        let line = match first {
            "motor" => {
                let board = words.next()?;
                let arithmetic = (words.next()? == "arithmetic").then(|| words.next())??;
                Self::Begin { board, arithmetic: arithmetic.parse().ok()? }
            }
            "end" => Self::End { digest: bits(words.next()?)? },
            _ => {
                let mut x = [f32::from_bits(bits(first)?); CHANNELS];
                for x in x.iter_mut().skip(1) {
                    *x = f32::from_bits(bits(words.next()?)?);
                }
                let label = f32::from_bits(bits(words.next()?)?);
                Self::Sample(Sample { x, label, digest: bits(words.next()?)? })
            }
        };
        words.next().is_none().then_some(line)
    }
}

fn bits(word: &str) -> Option<u32> {
    (word.len() == 8).then(|| u32::from_str_radix(word, 16).ok())?
}
