//! Compaction: a network without the inputs that it does not use.
//!
//! The weights of one input lie together, so that its removal moves the parameters behind it forward and computes
//! nothing. The smaller network gives the same outputs, since what is removed is zero.
//!
//! ```
//! use tamis::{Chain, Dense, Identity, Shape, compaction};
//!
//! type Net = Chain<Dense<3, 1, Identity>, Dense<1, 1, Identity>>;
//! type Small = Chain<Dense<2, 1, Identity>, Dense<1, 1, Identity>>;
//! let mut params = [0.5, 0.0, -1.0, 0.25, 2.0, 0.125]; // w of x1, x2, x3; b; w; b
//! let left = compaction::compact(&Net::default(), &mut params, &[true, false, true])?;
//! assert_eq!((left, &params[..left]), (Small::PARAMS, &[0.5, -1.0, 0.25, 2.0, 0.125][..]));
//! # Ok::<(), tamis::compaction::CompactionError>(())
//! ```

use core::fmt;

use crate::number::Number;
use crate::shape::Network;

/// Why a network was not compacted. The parameters are as they were.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum CompactionError {
    /// The mask has not one place per input.
    Mask,
    /// No input is kept.
    Nothing,
    /// This input is not kept, but its weights are not zero.
    NotZero(usize),
    /// There are fewer parameters than the network has.
    Params,
}

impl fmt::Display for CompactionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mask => f.write_str("the mask must have one place per input"),
            Self::Nothing => f.write_str("at least one input must be kept"),
            Self::NotZero(input) => write!(f, "input {input} has weights that are not zero"),
            Self::Params => f.write_str("there are fewer parameters than the network has"),
        }
    }
}

impl core::error::Error for CompactionError {}

/// Takes the inputs that `keep` does not keep out of `params`, the parameters of `net`. Gives how many parameters
/// are left; they stand first.
pub fn compact<T: Number>(
    net: &impl Network,
    params: &mut [T],
    keep: &[bool],
) -> Result<usize, CompactionError> {
    let first = net.layers().next().ok_or(CompactionError::Nothing)?;
    if keep.len() != first.inputs {
        return Err(CompactionError::Mask);
    }
    if !keep.contains(&true) {
        return Err(CompactionError::Nothing);
    }
    let params = params.get_mut(..net.params()).ok_or(CompactionError::Params)?;
    let outputs = first.outputs.max(1);
    let mut columns = params.chunks_exact(outputs).zip(keep).enumerate();
    let in_use = columns.find(|(_, (column, keep))| !**keep && !column.iter().all(|w| w.all(|w| w == 0.0)));
    if let Some((input, _)) = in_use {
        return Err(CompactionError::NotZero(input));
    }
    let mut left: usize = 0;
    for at in 0..params.len() {
        // What lies behind the first layer's weights has no place in the mask, and stays.
        if at.checked_div(outputs).and_then(|input| keep.get(input)).is_none_or(|&keep| keep) {
            if let Ok([to, from]) = params.get_disjoint_mut([left, at]) {
                *to = *from;
            }
            left = left.saturating_add(1);
        }
    }
    Ok(left)
}
