//! The two networks of the demonstration, known to device and host by a letter.

use crate::activation::{Identity, Tanh};
use crate::shape::{Chain, Dense, NoBias, Shape};

/// A: 14-8-1, linear, no bias. Six inputs and eight probes beside them.
pub type NetA = Chain<Dense<14, 8, Identity, NoBias>, Dense<8, 1, Identity, NoBias>>;

/// C: 8-16-1, tanh and bias.
pub type NetC = Chain<Dense<8, 16, Tanh>, Dense<16, 1, Identity>>;

/// A network of the demonstration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "wire", derive(serde::Serialize, serde::Deserialize))]
pub enum Net {
    /// [`NetA`].
    A,
    /// [`NetC`].
    C,
}

const fn larger(a: usize, b: usize) -> usize {
    if a > b { a } else { b }
}

/// Enough parameters for either.
pub const PARAMS: usize = larger(NetA::PARAMS, NetC::PARAMS);
/// Enough scratch for either.
pub const SCRATCH: usize = larger(NetA::SCRATCH, NetC::SCRATCH);
