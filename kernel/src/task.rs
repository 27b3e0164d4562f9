//! Synthetic tasks whose relevant inputs are known: pure functions of (seed, index).
//!
//! A data set of any length needs no storage. Row k of a task with d inputs, r of them relevant:
//!
//! ```text
//! x_1 .. x_d   one vector of normals from (seed, task inputs, k)
//! linear       f = x_1 + ... + x_r
//! uneven       f = x_1 + x_2 / 2 + x_3 / 4 + ...
//! sine         f = sin(x_1 + ... + x_r)
//! ReLU         f = max(x_1 - x_2 - ... - x_r, 0)
//! product      f = x_1 x_2 ... x_r
//! XOR          f = s_1 s_2 ... s_r, s_i the sign of x_i (-1 or +1); the parity of r inputs
//! staircase    f = x_1 + x_1 x_2 + x_1 x_2 x_3 + ...
//! noise        f = 0
//! noise        n = sigma times the first normal from (seed, task noise, k)
//! plain        y = f + n
//! mirrored     rows k and k + m, for k < m, share x and f; the first has + n, the second - n
//! classes      y = the number of the class of f + n: floor(f + n + c/2), at least 0 and at most c - 1
//! ```
//!
//! Sums and products go from the first input to the last, sums from +0.0. Of product, XOR and staircase no
//! input is visible by itself, or only the first. Inputs beyond the d are *probes*: +1 or -1 at random, related
//! to nothing, there to show how large the weights of an irrelevant input are. The test set is rows of the same
//! stream from index 2^31 on, their targets without noise.

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
    /// Their sum, each with half the weight of the one before.
    Uneven,
    /// The sine of their sum.
    Sine,
    /// The positive part of the first less the others.
    Relu,
    /// Their product.
    Product,
    /// The product of their signs.
    Xor,
    /// The sum of the products of the first, the first two, the first three, ...
    Staircase,
    /// Not at all: pure noise.
    Noise,
}

impl Target {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Linear,
        Self::Uneven,
        Self::Sine,
        Self::Relu,
        Self::Product,
        Self::Xor,
        Self::Staircase,
        Self::Noise,
    ];

    /// The name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Linear => "linear",
            Self::Uneven => "uneven",
            Self::Sine => "sine",
            Self::Relu => "relu",
            Self::Product => "product",
            Self::Xor => "xor",
            Self::Staircase => "staircase",
            Self::Noise => "noise",
        }
    }

    /// f of the relevant inputs.
    fn of(self, x: &[f32]) -> f32 {
        let each = || x.iter().copied();
        match self {
            Self::Linear => ops::sum(each()),
            Self::Uneven => {
                let mut weight = 2.0;
                ops::sum(each().map(|x| {
                    weight *= 0.5;
                    weight * x
                }))
            }
            Self::Sine => libm::sinf(ops::sum(each())),
            Self::Relu => {
                let difference = each().reduce(|first, x| first - x).unwrap_or(0.0);
                if difference < 0.0 { 0.0 } else { difference }
            }
            Self::Product => each().fold(1.0, |product, x| product * x),
            Self::Xor => each().fold(1.0, |parity, x| if x < 0.0 { -parity } else { parity }),
            Self::Staircase => {
                let mut product = 1.0;
                ops::sum(each().map(|x| {
                    product *= x;
                    product
                }))
            }
            Self::Noise => 0.0,
        }
    }
}

/// How target and noise become a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "wire", derive(serde::Serialize, serde::Deserialize))]
pub enum Labels {
    /// Their sum.
    Plain,
    /// Rows come in pairs, so many rows apart, of opposite noise.
    Mirrored(u32),
    /// Their sum in classes, so many.
    Classes(u16),
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
    /// What is learned from the two.
    pub labels: Labels,
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
    /// Mirrored rows zero apart, or fewer than two classes.
    Labels,
}

impl fmt::Display for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Inputs => "the task must have at least one input and no more than the network",
            Self::Relevant => "the relevant inputs must be at most all; none where the target is pure noise",
            Self::Noise => "the task noise must be a finite number, zero or more",
            Self::Labels => "there must be at least one mirrored row, or two classes",
        })
    }
}

impl core::error::Error for TaskError {}

impl Task {
    /// A task of `inputs` inputs, `relevant` of them relevant, with plain labels.
    pub const fn plain(target: Target, inputs: u16, relevant: u16, noise: f32, seed: Seed) -> Self {
        Self { seed, target, inputs, relevant, noise, labels: Labels::Plain }
    }

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
        match self.labels {
            Labels::Mirrored(0) | Labels::Classes(..2) => Err(TaskError::Labels),
            _ => Ok(()),
        }
    }

    /// Row `index`: fills `x` with inputs, then probes, and gives the label.
    pub fn row(&self, index: u64, x: &mut [f32]) -> f32 {
        let mirror = match self.labels {
            Labels::Mirrored(apart) => index.checked_sub(apart.into()).filter(|&k| k < apart.into()),
            _ => None,
        };
        let first = mirror.unwrap_or(index);
        let noise = self.noise * random::normal(&mut self.seed.generator(Purpose::TaskNoise, first));
        let noise = if mirror.is_some() { -noise } else { noise };
        self.label(self.inputs_and_target(first, index, x) + noise)
    }

    /// Row `index` of the test set: index 0 is row 2^31, and the target has no noise.
    pub fn test_row(&self, index: u64, x: &mut [f32]) -> f32 {
        let index = TEST_SET.wrapping_add(index);
        self.label(self.inputs_and_target(index, index, x))
    }

    /// Fills `x` with the inputs of row `index` and the probes of visit `probe`; gives f.
    fn inputs_and_target(&self, index: u64, probe: u64, x: &mut [f32]) -> f32 {
        let (inputs, probe_inputs) = ops::split_mut(x, usize::from(self.inputs));
        random::fill_normal(&mut self.seed.generator(Purpose::TaskInputs, index), inputs);
        probes(self.seed, probe, probe_inputs);
        let (relevant, _) = ops::split(inputs, usize::from(self.relevant));
        self.target.of(relevant)
    }

    fn label(&self, y: f32) -> f32 {
        let Labels::Classes(classes) = self.labels else { return y };
        let classes = f32::from(classes);
        let class = libm::floorf(y + classes * 0.5);
        let at_least = if class < 0.0 { 0.0 } else { class };
        if at_least > classes - 1.0 { classes - 1.0 } else { at_least }
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
