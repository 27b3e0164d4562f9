//! Synthetic tasks whose relevant inputs are known: pure functions of (seed, index).
//!
//! A data set of any length needs no storage. Row k of a task with d inputs, r of them relevant:
//!
//! ```text
//! x_1 .. x_d   one vector of normals from (seed, task inputs, k)
//! linear       y = x_1 + ... + x_r                      + noise
//! sine         y = sin(x_1 + ... + x_r)                 + noise
//! noise        y =                                        noise
//! noise        sigma times the first normal from (seed, task noise, k)
//! ```
//!
//! Inputs beyond the d are *probes*: +1 or -1 at random, related to nothing, there to show how large the
//! weights of an irrelevant input are. The test set is rows of the same stream from index 2^31 on, their
//! targets without noise.

use core::fmt;

use rand_core::Rng;

use crate::ops;
use crate::random::{self, Purpose, Seed};

/// How the target depends on the relevant inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "wire", derive(serde::Serialize, serde::Deserialize))]
pub enum Target {
    /// Their sum.
    Linear,
    /// The sine of their sum.
    Sine,
    /// Not at all: pure noise.
    Noise,
}

/// A synthetic task.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "wire", derive(serde::Serialize, serde::Deserialize))]
pub struct Task {
    /// Decides every row.
    pub seed: Seed,
    /// How the target depends on the inputs.
    pub target: Target,
    /// d: inputs before the probes.
    pub inputs: u16,
    /// r: how many of them, the first, are relevant; none for pure noise.
    pub relevant: u16,
    /// sigma: the standard deviation of the noise on the target.
    pub noise: f32,
}

/// The first index of the test set.
pub const TEST_SET: u64 = 1 << 31;
/// How many rows the test set has.
pub const TEST_ROWS: u64 = 1024;

/// A task that makes no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum TaskError {
    /// The task has more inputs than the network, or none.
    Inputs,
    /// More inputs are relevant than there are; or some, where the target is pure noise.
    Relevant,
    /// The noise is negative or not a finite number.
    Noise,
}

impl fmt::Display for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Inputs => "the task must have at least one input and no more than the network",
            Self::Relevant => "the relevant inputs must be at most all; none where the target is pure noise",
            Self::Noise => "the task noise must be a finite number, zero or more",
        })
    }
}

impl core::error::Error for TaskError {}

impl Task {
    /// Whether the task makes sense for a network of `width` inputs.
    pub fn check(&self, width: usize) -> Result<(), TaskError> {
        if self.inputs == 0 || usize::from(self.inputs) > width {
            return Err(TaskError::Inputs);
        }
        let most = if self.target == Target::Noise { 0 } else { self.inputs };
        if self.relevant > most {
            return Err(TaskError::Relevant);
        }
        if !(self.noise.is_finite() && self.noise >= 0.0) {
            return Err(TaskError::Noise);
        }
        Ok(())
    }

    /// Row `index`: fills `x` with inputs, then probes, and gives the target with its noise.
    pub fn row(&self, index: u64, x: &mut [f32]) -> f32 {
        let mut noise = self.seed.generator(Purpose::TaskNoise, index);
        self.row_without_noise(index, x) + self.noise * random::normal(&mut noise)
    }

    /// Row `index` of the test set: index 0 is row 2^31, and the target has no noise.
    pub fn test_row(&self, index: u64, x: &mut [f32]) -> f32 {
        self.row_without_noise(TEST_SET.wrapping_add(index), x)
    }

    fn row_without_noise(&self, index: u64, x: &mut [f32]) -> f32 {
        let (inputs, probe_inputs) = ops::split_mut(x, usize::from(self.inputs));
        random::fill_normal(&mut self.seed.generator(Purpose::TaskInputs, index), inputs);
        probes(self.seed, index, probe_inputs);
        let (relevant, _) = ops::split(inputs, usize::from(self.relevant));
        let sum = ops::sum(relevant.iter().copied());
        match self.target {
            Target::Linear => sum,
            Target::Sine => libm::sinf(sum),
            Target::Noise => 0.0,
        }
    }
}

/// The probes of sample `index`: +1 or -1 by the bits of one draw from (seed, probes, index), lowest first; a
/// further draw for every further 32.
pub fn probes(seed: Seed, index: u64, probes: &mut [f32]) {
    if probes.is_empty() {
        return;
    }
    let mut generator = seed.generator(Purpose::Probes, index);
    for chunk in probes.chunks_mut(32) {
        let mut bits = generator.next_u32();
        for probe in chunk {
            *probe = if bits & 1 == 1 { 1.0 } else { -1.0 };
            bits >>= 1;
        }
    }
}
