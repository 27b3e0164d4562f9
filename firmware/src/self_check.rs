//! What a program begins with: a known training, before any data are touched.
//!
//! It is the steps of [`W5`], as its benchmark makes them: forward and backward pass, tanh, update. A compiler, a float
//! unit or a memory that computes otherwise shows in the digest of the parameters.

use core::fmt;

use tamis::{Model, Mse, Sgd, Shape, StepError};

use crate::bench::{self, Learner, Sample};
use crate::workloads::{W5, Workload};

type Net = <W5 as Workload>::Net;

/// The digest on every machine whose arithmetic is ours.
pub const DIGEST: u32 = 0xb58f_21be;

/// The arithmetic of this machine is not ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OtherArithmetic {
    /// The digest that there should be.
    pub expected: u32,
    /// What there is; nothing if a step refuses its sample.
    pub found: Option<u32>,
}

impl fmt::Display for OtherArithmetic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { expected, found } = self;
        write!(f, "the self-check should have digest {expected:08x}; it ")?;
        match found {
            Some(found) => write!(f, "has {found:08x}"),
            None => f.write_str("refuses a sample"),
        }
    }
}

impl core::error::Error for OtherArithmetic {}

/// Trains by `step`, and compares the digest.
#[inline(never)] // its network is off the stack before the program begins
pub fn run(
    expected: u32,
    mut step: impl FnMut(&mut Learner<'_, W5>, &Sample<W5>, &Sgd) -> Result<f32, StepError>,
) -> Result<(), OtherArithmetic> {
    let (mut params, mut scratch) = ([0.0; Net::PARAMS], [0.0; Net::SCRATCH]);
    let mut net = Model::with_loss(Mse, &mut params, &mut scratch);
    let found = bench::train::<W5, 1>(&mut net, |net, [sample], sgd| step(net, sample, sgd));
    if found == Some(expected) { Ok(()) } else { Err(OtherArithmetic { expected, found }) }
}
