//! A selection of inputs on a device's own sensor, sample by sample, with a digest of all that it learns.
//!
//! One [`OnePass`] of up to [`INPUTS`] inputs, each with the row before as its shadow. A task of fewer inputs leaves
//! zeros in the places behind them; they carry nothing, and nothing is said of them.

use heapless::Vec;

use crate::checkpoint::Resumable;
use crate::course::Reason;
use crate::digest::Digest;
use crate::layers::{AnyActivation, AnyLoss, LayerSpec, Layers};
use crate::model::StepError;
use crate::one_pass::{self, Finding, OnePass};
use crate::ops::split_mut;
use crate::resident::Sensor;
use crate::shadow::Shadow;
use crate::state::{State, Words};
use crate::wire::{ITEMS, Selection};

/// So many inputs at most.
pub const INPUTS: usize = 8;

/// How many numbers a selection is lent: two for each parameter and unit, and for the scale.
pub const NUMBERS: usize =
    2 * (2 * INPUTS * HIDDEN + HIDDEN + HIDDEN + 1) + 2 * (HIDDEN + 1) + 2 * (INPUTS + 1);

const HIDDEN: usize = 8;
/// Inputs and shadows.
const WIDTH: u16 = 2 * INPUTS as u16;

/// The network and the loss of the trainings: no second copy of their arithmetic in a device's flash memory.
type Pass<'m> = OnePass<'m, Layers, INPUTS, AnyLoss>;

/// A selection under way.
pub struct Selector<'m, S> {
    pass: Pass<'m>,
    digest: Digest,
    sensor: &'m mut S,
    inputs: usize,
    samples: u32,
    /// The index of the next row.
    next: u64,
}

impl<'m, S: Sensor> Selector<'m, S> {
    /// At its start, on [`NUMBERS`] lent numbers at least.
    pub fn start(selection: &Selection, memory: &'m mut [f32], sensor: &'m mut S) -> Result<Self, Reason> {
        let Selection { task, settings, .. } = selection;
        let inputs = usize::from(task.inputs);
        task.check(inputs).map_err(Reason::Task)?;
        if task.inputs > S::INPUTS || inputs > INPUTS {
            return Err(Reason::SensorInputs(S::INPUTS.min(INPUTS as u16)));
        }
        let hidden = LayerSpec::new(HIDDEN as u16, AnyActivation::Tanh);
        let output = LayerSpec::new(1, AnyActivation::Identity);
        let net = Layers::new(WIDTH, &[hidden, output]).map_err(Reason::Network)?;
        let loss = AnyLoss::Huber(one_pass::loss());
        let pass = Pass::over(net, loss, settings, Shadow::Previous, memory).map_err(Reason::Selection)?;
        sensor.start(task);
        Ok(Self { pass, digest: Digest::new(), sensor, inputs, samples: settings.samples, next: 0 })
    }

    /// Takes the next sample in; `false` if there have been all.
    pub fn take(&mut self) -> Result<bool, Reason> {
        if self.is_done() {
            return Ok(false);
        }
        let (mut x, mut y) = ([0.0; INPUTS], [0.0]);
        let (row, _) = split_mut(&mut x, self.inputs);
        self.sensor.sample(self.next, row, &mut y).map_err(Reason::NoSample)?;
        self.next = self.next.saturating_add(1);
        let [y] = y;
        match self.pass.push(&x, y) {
            Ok(_) => self.digest.update(self.pass.params()),
            Err(StepError::Input(_) | StepError::Target(_)) => {} // counted, and of no other consequence
            Err(error) => return Err(Reason::Damaged(error)),
        }
        Ok(true)
    }

    /// Whether all samples have been.
    pub fn is_done(&self) -> bool {
        self.updates() >= self.samples
    }

    /// How many samples have been rejected.
    pub fn rejected(&self) -> u32 {
        self.pass.progress().rejected
    }

    /// How many rows the sensor has lost.
    pub fn overruns(&self) -> u32 {
        self.sensor.overruns()
    }

    /// What is found of each input.
    pub fn findings(&self) -> Vec<Finding, ITEMS> {
        self.pass.findings().into_iter().take(self.inputs).collect()
    }

    /// The mean norm of each input.
    pub fn norms(&self) -> Vec<f32, ITEMS> {
        let [norms, _] = self.pass.norms();
        norms.iter().copied().take(self.inputs).collect()
    }

    /// The largest mean norm of a shadow.
    pub fn shadow(&self) -> f32 {
        let [_, shadows] = self.pass.norms();
        shadows.iter().copied().fold(0.0, f32::max)
    }
}

/// In samples that have been accepted.
impl<S: Sensor> Resumable for Selector<'_, S> {
    fn updates(&self) -> u32 {
        self.pass.progress().accepted
    }

    fn digest(&self) -> u32 {
        self.digest.value()
    }
}

impl<S: Sensor> State for Selector<'_, S> {
    fn pass<W: Words>(&mut self, words: &mut W) -> Result<(), W::Error> {
        self.pass.pass(words)?;
        self.digest.pass(words)?;
        words.long(&mut self.next)?;
        self.sensor.pass(words)
    }
}
