//! The networks of the demonstration and the cross-check, known to device and host by name.

use crate::activation::{Identity, LeakyRelu, Relu, Sigmoid, Tanh};
use crate::shape::{Chain, Dense, NoBias, Shape, Vector};
use crate::support::CHECKS;

/// A: 14-8-1, linear, no bias. Six inputs and eight probes beside them.
pub type NetA = Chain<Dense<14, 8, Identity, NoBias>, Dense<8, 1, Identity, NoBias>>;

/// C: 8-16-1, tanh and bias.
pub type NetC = Chain<Dense<8, 16, Tanh>, Dense<16, 1, Identity>>;

/// 9-7-5-4-3, ReLU, leaky ReLU and sigmoid, bias and none, several outputs: everything that the two others lack.
pub type NetMixed = Chain<
    Chain<Dense<9, 7, Relu>, Dense<7, 5, LeakyRelu, NoBias>>,
    Chain<Dense<5, 4, Sigmoid>, Dense<4, 3, Identity>>,
>;

/// One of these networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "wire", derive(serde::Serialize, serde::Deserialize))]
pub enum Net {
    /// [`NetA`].
    A,
    /// [`NetC`].
    C,
    /// [`NetMixed`].
    Mixed,
}

const fn largest(sizes: [usize; 3]) -> usize {
    let [a, b, c] = sizes;
    let a = if a > b { a } else { b };
    if a > c { a } else { c }
}

const INPUTS: usize =
    largest([<NetA as Shape>::In::LEN, <NetC as Shape>::In::LEN, <NetMixed as Shape>::In::LEN]);

/// Enough parameters for each of them.
pub const PARAMS: usize = largest([NetA::PARAMS, NetC::PARAMS, NetMixed::PARAMS]);
/// Enough scratch for each.
pub const SCRATCH: usize = largest([NetA::SCRATCH, NetC::SCRATCH, NetMixed::SCRATCH]);
/// Enough numbers for the norms of each.
pub const NORMS: usize = INPUTS * CHECKS;
/// Enough numbers for mean and deviation of the inputs of each.
pub const STANDARDISE: usize = INPUTS * 2;
