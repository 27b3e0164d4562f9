//! One pass over a stream of samples: which of `D` inputs matter, in memory that does not grow with the stream.
//!
//! A network sees each row beside a shadow, another row ([`crate::shadow`]), and learns with a group lasso. At the end an
//! input is relevant if the norm of its column is so many times the largest of a shadow.
//!
//! ```
//! use tamis::one_pass::{Finding, Label, OnePass, Settings};
//! use tamis::{Chain, Dense, Identity, Seed, Shadow, Tanh, Target, Task};
//!
//! type Net = Chain<Dense<8, 8, Tanh>, Dense<8, 1, Identity>>; // 4 inputs, then their shadows
//! type Pass<'a> = OnePass<'a, Net, 4>;
//! const _: () = assert!(Pass::STATE_BYTES <= 2 * 1024); // checked by the compiler
//!
//! let mut memory = [0.0; Pass::NUMBERS];
//! let mut pass = Pass::new(&Settings::new(3_000, Seed(1)), Shadow::Previous, &mut memory)?;
//! let sensors = Task::plain(Target::Sine, 4, 2, 0.2, Seed(1)); // sin(x1 + x2)
//! for k in 0..3_000 {
//!     let mut x = [0.0; 4];
//!     let y = sensors.row(k, &mut x);
//!     pass.push(&x, y)?;
//! }
//! let [x1, x2, x3, x4] = pass.findings();
//! assert_eq!([x1, x2], [Finding::Relevant(Label::Marginal); 2]);
//! assert!(![x3, x4].contains(&x1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The order of operations
//!
//! Of a stream of N samples; a sample that is not finite is counted and leaves no other trace. d inputs, S samples that
//! settle the scale, m rows that a shadow is kept from, batches of B:
//!
//! ```text
//! samples 1 .. S     [`Standardise`] of the d inputs, and another of the target; nothing else
//! after them         v <- (v - mean) / deviation, limited to -4 .. 4, of each input and of the target
//!                    row k = 0, 1, ...: its shadow is taken, and the row is kept     [`crate::shadow`]
//!                    the screen takes inputs and target                              [`crate::screen`]
//! from row m on      the gradient of [inputs, shadows] is collected: Huber, bound 3
//! every B of them,   one update: w <- w - eta g, then the group lasso of the first layer with lambda = p / sqrt(N)
//! and at sample N    U = ceil((N - S - m) / B) updates in all; eta is multiplied by 0.2 from update U - floor(U / 5) on
//! from there on      after each update: mean <- mean + (norm - mean) / n, norm that of each column, n = 1, 2, ...
//! ```
//!
//! Initial weights have deviation 1 / sqrt(in), biases 0.5. As preset, S = 100, B = 4, eta = 0.2, p = 0.2, factor 1.5.
//! Every number on the way is an `f32`, and [`crate::ops`] has the order within a step.
//!
//! # Findings
//!
//! Relevant above `factor` times the largest mean norm of a shadow, no evidence below the largest, undecided between. By
//! symmetry one input or another of pure noise is above the largest shadow in half of all streams, so "undecided" says
//! little; how often it is above `factor` times as much is measured in `docs/SELECTION.md`. No evidence at this N is not
//! "irrelevant". A relevant input is marginal if the screen sees it by itself, else joint: it matters with others.

use core::fmt;

use crate::batch::{Batch, BatchError};
use crate::init::{Init, InitError};
use crate::loss::{Huber, Loss};
use crate::memory::{Arena, LengthError};
use crate::model::{Model, StepError};
use crate::number::Number;
use crate::ops;
use crate::proximal::Proximal;
use crate::random::Seed;
use crate::screen::Screen;
use crate::sgd::{Sgd, SgdError};
use crate::shadow::Shadow;
use crate::shape::{Network, Shape, Vector};
use crate::standardise::Standardise;
use crate::state::{State, Words};
use crate::support;
use crate::verdict::{Rule, RuleError, Verdict};

/// Standardised numbers are limited to so many deviations.
const LIMIT: f32 = 4.0;
/// The bound of the Huber loss.
const BOUND: f32 = 3.0;
/// The step size of the last fifth of the updates is multiplied by this.
const DROP: f32 = 0.2;

/// The loss of a pass: Huber's, of bound 3.
pub fn loss() -> Huber {
    Huber::new(BOUND).unwrap_or_default()
}

/// How a pass goes. The preset numbers are measured (`docs/SELECTION.md`).
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "wire", derive(serde::Serialize, serde::Deserialize))]
pub struct Settings {
    /// N: how many samples the pass is long.
    pub samples: u32,
    /// S: how many of them settle the scale.
    pub settle: u32,
    /// B: how many samples an update takes, at least two.
    pub batch: u32,
    /// eta.
    pub step_size: f32,
    /// p: the strength of the group lasso times sqrt(N).
    pub penalty: f32,
    /// Relevant is what exceeds the largest shadow so many times.
    pub factor: f32,
    /// Decides the initial weights and the draws of a reservoir.
    pub seed: Seed,
}

impl Settings {
    /// The preset for a pass of `samples` samples.
    pub const fn new(samples: u32, seed: Seed) -> Self {
        Self { samples, settle: 100, batch: 4, step_size: 0.2, penalty: 0.2, factor: 1.5, seed }
    }
}

/// Why a pass cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum OnePassError {
    /// No memory was lent to keep rows for the shadows.
    Shadow,
    /// Scale and shadows leave fewer samples than five updates need.
    Samples,
    /// The batch.
    Batch(BatchError),
    /// The step size or the penalty.
    Sgd(SgdError),
    /// The factor.
    Factor(RuleError),
    /// The float environment.
    Init(InitError),
    /// The network has other inputs than an input and a shadow for each, or more than one output.
    Network,
    /// The memory is too short.
    Memory(LengthError),
}

impl fmt::Display for OnePassError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shadow => f.write_str("a shadow needs memory for at least one row"),
            Self::Samples => f.write_str("scale and shadows leave samples for fewer than five updates"),
            Self::Batch(error) => error.fmt(f),
            Self::Sgd(error) => error.fmt(f),
            Self::Factor(error) => error.fmt(f),
            Self::Init(error) => error.fmt(f),
            Self::Network => {
                f.write_str("the network must have an input and a shadow for each input, and one output")
            }
            Self::Memory(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for OnePassError {}

/// What a pass is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Stage {
    /// Mean and deviation of the columns.
    Scale,
    /// Rows are kept for shadows to come.
    Shadows,
    /// It learns.
    Learning,
    /// It learns with the smaller step size, and norms are averaged.
    Norms,
    /// All samples have been: the findings stand, and further samples change nothing.
    Done,
}

/// How far a pass is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Progress {
    /// How many samples have been taken in.
    pub accepted: u32,
    /// How many have been rejected, because they were not finite.
    pub rejected: u32,
    /// N.
    pub samples: u32,
    /// What it is at.
    pub stage: Stage,
}

/// What is found of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "wire", derive(serde::Serialize, serde::Deserialize))]
pub enum Finding {
    /// The target depends on it.
    Relevant(Label),
    /// It may.
    Undecided,
    /// Nothing tells it from noise, at so many samples.
    NoEvidence,
}

/// How a relevant input shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "wire", derive(serde::Serialize, serde::Deserialize))]
pub enum Label {
    /// By itself.
    Marginal,
    /// Together with others.
    Joint,
}

/// A pass under way, of `D` inputs by a network `N` of 2 x `D` inputs and one output. `L` is the Huber loss, or knows it.
pub struct OnePass<'a, N, const D: usize, L = Huber> {
    samples: u32,
    settle: u32,
    factor: f32,
    seed: Seed,
    sgd: Sgd,
    /// From this update on the step size is small, and norms are averaged.
    drop: u32,
    accepted: u32,
    rejected: u32,
    model: Model<'a, N, L>,
    batch: Batch<'a, N>,
    scale: Standardise<'a>,
    target_scale: Standardise<'a>,
    shadow: Shadow<'a, D>,
    /// The last row and its shadow.
    pair: [[f32; D]; 2],
    /// The mean norms of inputs and shadows.
    norms: [[f32; D]; 2],
    screen: Screen<D>,
}

impl<'a, N: Shape, const D: usize> OnePass<'a, N, D> {
    /// How many numbers a pass is lent: parameters, scratch, gradient, scale.
    pub const NUMBERS: usize = 2 * N::PARAMS + N::SCRATCH + 2 * (D + 1);
    /// All bytes of a pass, itself and what it is lent, but for the rows of a [`Shadow`].
    pub const STATE_BYTES: usize = size_of::<Self>() + size_of::<f32>() * Self::NUMBERS;

    /// A pass at its start, on the caller's memory; an array of any length but [`OnePass::NUMBERS`] does not compile, nor
    /// does a network of other than 2 x `D` inputs and one output.
    pub fn new<const M: usize>(
        settings: &Settings,
        shadow: Shadow<'a, D>,
        memory: &'a mut [f32; M],
    ) -> Result<Self, OnePassError> {
        const {
            assert!(M == Self::NUMBERS, "the memory must have the length OnePass::NUMBERS");
            assert!(
                N::In::LEN == 2 * D,
                "the network must have an input and a shadow for each of the D inputs"
            );
            assert!(N::Out::LEN == 1, "the network must have one output");
        }
        Self::over(N::default(), loss(), settings, shadow, memory)
    }
}

impl<'a, N: Network, L: Loss, const D: usize> OnePass<'a, N, D, L> {
    /// [`OnePass::new`] for a network known at run time, on a slice that may be longer. `loss` is [`loss`], or
    /// knows it.
    pub fn over(
        net: N,
        loss: L,
        settings: &Settings,
        shadow: Shadow<'a, D>,
        memory: &'a mut [f32],
    ) -> Result<Self, OnePassError> {
        if net.inputs() != D.saturating_mul(2) || net.outputs() != 1 {
            return Err(OnePassError::Network);
        }
        let &Settings { samples, settle, batch, step_size, penalty, factor, seed } = settings;
        let settle = settle.max(1); // as many as Standardise takes
        if shadow.rows() == 0 {
            return Err(OnePassError::Shadow);
        }
        Self::rule(factor).check(D.saturating_mul(2)).map_err(OnePassError::Factor)?;
        let learned = samples.saturating_sub(settle).saturating_sub(shadow.rows());
        let updates = learned.checked_add(batch.saturating_sub(1)).and_then(|n| n.checked_div(batch));
        let updates = updates.ok_or(OnePassError::Batch(BatchError::Zero))?;
        let Some(fifth) = updates.checked_div(5).filter(|&fifth| fifth > 0) else {
            return Err(OnePassError::Samples);
        };
        let drop = updates.saturating_sub(fifth);
        let lambda = penalty / libm::sqrtf(ops::count(samples as usize));
        let sgd = Sgd::new(step_size)
            .and_then(|sgd| sgd.final_drop(drop, DROP))
            .and_then(|sgd| sgd.proximal(Proximal::group(lambda)))
            .map_err(OnePassError::Sgd)?;
        let (params, units) = (net.params(), net.units());
        let mut arena = Arena::new(memory);
        let mut lend = |numbers: usize| arena.take(numbers).map_err(OnePassError::Memory);
        let (weights, scratch) = (lend(params)?, lend(units.saturating_mul(2))?);
        let mut model = Model::over(net, loss, weights, scratch).map_err(OnePassError::Memory)?;
        model.init(Init::scaled(1.0).with_biases(0.5), seed).map_err(OnePassError::Init)?;
        let batch = Batch::over(model.net(), lend(params)?, batch).map_err(OnePassError::Batch)?;
        let scale = Standardise::new(lend(D.saturating_mul(2))?, D, settle).map_err(OnePassError::Memory)?;
        let target_scale = Standardise::new(lend(2)?, 1, settle).map_err(OnePassError::Memory)?;
        let zeros = [[0.0; D]; 2];
        Ok(Self {
            samples,
            settle,
            factor,
            seed,
            sgd,
            drop,
            accepted: 0,
            rejected: 0,
            model,
            batch,
            scale,
            target_scale,
            shadow,
            pair: zeros,
            norms: zeros,
            screen: Screen::default(),
        })
    }

    /// Takes in the next sample. A sample that is not finite is rejected and counted; nothing else is written. The error
    /// [`StepError::Loss`] says that a parameter is damaged.
    pub fn push(&mut self, x: &[f32; D], y: f32) -> Result<Stage, StepError> {
        if self.accepted >= self.samples {
            return Ok(Stage::Done);
        }
        let bad_input = x.iter().position(|x| !x.is_finite()).map(StepError::Input);
        if let Some(error) = bad_input.or((!y.is_finite()).then_some(StepError::Target(0))) {
            self.rejected = self.rejected.saturating_add(1);
            return Err(error);
        }
        let index = self.accepted;
        self.accepted = index.saturating_add(1);
        match index.checked_sub(self.settle) {
            Some(k) => self.learn(k, *x, [y])?,
            None => {
                self.scale.observe(x)?;
                self.target_scale.observe(&[y])?;
            }
        }
        Ok(self.stage())
    }

    /// Row `k` of those after the scale has settled.
    fn learn(&mut self, k: u32, mut x: [f32; D], mut y: [f32; 1]) -> Result<(), StepError> {
        for (scale, column) in [(&self.scale, &mut x[..]), (&self.target_scale, &mut y[..])] {
            if !scale.apply(column) {
                return Ok(()); // settled it is
            }
            column.iter_mut().for_each(|v| *v = v.limit(LIMIT));
        }
        let [target] = y;
        let has_shadow = self.shadow.take(k, self.seed, &x, &mut self.pair);
        self.screen.push(&x, target);
        if !has_shadow {
            return Ok(());
        }
        self.model.accumulate_slices(self.pair.as_flattened(), &y, &mut self.batch)?;
        if self.batch.is_complete() || self.accepted == self.samples {
            self.model.apply(&mut self.batch, &self.sgd)?;
            self.average_norms();
        }
        Ok(())
    }

    /// Takes the norms after an update into their mean, from the drop of the step size on.
    fn average_norms(&mut self) {
        let averaged = self.model.updates().saturating_sub(self.drop);
        if averaged == 0 {
            return;
        }
        let n: f32 = ops::count(averaged as usize);
        let mut norms = [[0.0; D]; 2];
        support::column_norms(self.model.net(), self.model.params(), norms.as_flattened_mut());
        for (mean, norm) in self.norms.as_flattened_mut().iter_mut().zip(norms.as_flattened()) {
            *mean += (norm - *mean) / n;
        }
    }

    fn rule(factor: f32) -> Rule {
        Rule::Probes { count: u16::try_from(D).unwrap_or(u16::MAX), factor }
    }

    fn stage(&self) -> Stage {
        if self.accepted >= self.samples {
            Stage::Done
        } else if self.accepted < self.settle {
            Stage::Scale
        } else if self.accepted < self.settle.saturating_add(self.shadow.rows()) {
            Stage::Shadows
        } else if self.model.updates() < self.drop {
            Stage::Learning
        } else {
            Stage::Norms
        }
    }

    /// How far it is.
    pub fn progress(&self) -> Progress {
        let &Self { accepted, rejected, samples, .. } = self;
        Progress { accepted, rejected, samples, stage: self.stage() }
    }

    /// What is found of each input: all undecided until norms are averaged, for good when the pass is done.
    pub fn findings(&self) -> [Finding; D] {
        let mut verdicts = [Verdict::Undecided; D];
        Self::rule(self.factor).judge(self.norms.as_flattened(), &mut verdicts);
        let visible = self.screen.visible();
        let mut findings = [Finding::Undecided; D];
        for ((finding, verdict), visible) in findings.iter_mut().zip(verdicts).zip(visible) {
            *finding = match verdict {
                Verdict::Relevant if visible => Finding::Relevant(Label::Marginal),
                Verdict::Relevant => Finding::Relevant(Label::Joint),
                Verdict::Irrelevant => Finding::NoEvidence,
                Verdict::Undecided => Finding::Undecided,
            };
        }
        findings
    }

    /// The mean norms of the inputs' columns and of the shadows': what the findings are from.
    pub fn norms(&self) -> &[[f32; D]; 2] {
        &self.norms
    }

    /// What is visible without the network.
    pub fn screen(&self) -> &Screen<D> {
        &self.screen
    }

    /// The parameters of the network.
    pub fn params(&self) -> &[f32] {
        self.model.params()
    }

    /// The inputs that carry nothing, because they were constant while the scale settled.
    pub fn constant_inputs(&self) -> impl Iterator<Item = usize> + '_ {
        self.scale.unscalable_inputs()
    }

    /// Whether the target was constant while the scale settled: there is nothing to learn then.
    pub fn has_constant_target(&self) -> bool {
        self.target_scale.unscalable_inputs().next().is_some()
    }
}

/// After any sample.
impl<N, L, const D: usize> State for OnePass<'_, N, D, L> {
    fn pass<W: Words>(&mut self, words: &mut W) -> Result<(), W::Error> {
        self.model.pass(words)?;
        self.batch.pass(words)?;
        self.scale.pass(words)?;
        self.target_scale.pass(words)?;
        self.shadow.pass(words)?;
        words.numbers(self.pair.as_flattened_mut())?;
        words.numbers(self.norms.as_flattened_mut())?;
        self.screen.pass(words)?;
        words.word(&mut self.accepted)?;
        words.word(&mut self.rejected)
    }
}
