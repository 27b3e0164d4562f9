//! A network at work: [`Model`] is a network on borrowed parameters and scratch.
//!
//! Where the compiler knows the shape, inputs and targets are arrays, and a wrong width does not compile
//! ([`Model::step`]). The same on slices, where a wrong width is an error, serves shapes that are known at run
//! time only ([`Model::step_slices`]).

use core::fmt;

use crate::batch::Batch;
use crate::environment;
use crate::growing::Growing;
use crate::init::{Init, InitError};
use crate::loss::{Loss, Mse, Takes};
use crate::memory::LengthError;
use crate::momentum::{Optimiser, Velocity};
use crate::number::Number;
use crate::ops::{split, split_mut};
use crate::random::Seed;
use crate::schedule::Clock;
use crate::sgd::Sgd;
use crate::shape::{Network, Shape, Vector};
use crate::state::{State, Words};
use crate::support;
use crate::update::Update;

/// The input vector of network `N`, an array of `T`.
pub type Input<N, T = f32> = <<N as Shape>::In as Vector>::Of<T>;
/// The output vector of network `N`, an array of `T`.
pub type Output<N, T = f32> = <<N as Shape>::Out as Vector>::Of<T>;

/// What a network `N` with loss `L` is shown as a target, an array of `T`.
pub type Target<N, L = Mse, T = f32> =
    <<L as Takes<<N as Shape>::Last>>::Target<<N as Shape>::Out> as Vector>::Of<T>;

/// A network `N` that learns by loss `L` on lent memory.
///
/// The parameters are the caller's flat array: it is the image for flash, and every norm, digest or
/// optimiser is one loop over it.
pub struct Model<'a, N, L = Mse, T = f32> {
    net: N,
    loss: L,
    params: &'a mut [T],
    scratch: &'a mut [T],
    clock: Clock<T>,
}

/// Why a sample was not learned from. No parameter has been written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum StepError {
    /// The input at this index is infinite or not a number.
    Input(usize),
    /// The target at this index is infinite or not a number.
    Target(usize),
    /// The target at this index is not a probability.
    Probability(usize),
    /// The target is not the index of an output.
    Class,
    /// The loss is infinite or not a number: the step size is too large, or a parameter is damaged.
    Loss,
    /// The batch has no accepted sample.
    EmptyBatch,
    /// The input has another width than the network.
    InputWidth,
    /// The target has another width than the loss takes.
    TargetWidth,
    /// The model has too little memory; its constructors see to it that this cannot be. Or the batch or the velocity is
    /// that of another network.
    Memory,
}

impl fmt::Display for StepError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Input(index) => write!(f, "input {index} is not a finite number"),
            Self::Target(index) => write!(f, "target {index} is not a finite number"),
            Self::Probability(index) => write!(f, "target {index} is not a probability, 0 to 1"),
            Self::Class => f.write_str("the target is not the index of an output"),
            Self::Loss => f.write_str("the loss is not a finite number"),
            Self::EmptyBatch => f.write_str("the batch has no accepted sample"),
            Self::InputWidth => f.write_str("the input has another width than the network"),
            Self::TargetWidth => f.write_str("the target has another width than the loss takes"),
            Self::Memory => {
                f.write_str("the model, its batch or its velocity has the memory of another network")
            }
        }
    }
}

impl core::error::Error for StepError {}

impl<'a, N: Shape> Model<'a, N> {
    /// A model that learns by mean squared error, on the caller's memory. Arrays of any length but
    /// [`Shape::PARAMS`] and [`Shape::SCRATCH`] do not compile (`cargo build` tells; `cargo check` does not
    /// look that deep). The parameters stay as they are.
    pub fn new<const P: usize, const S: usize>(params: &'a mut [f32; P], scratch: &'a mut [f32; S]) -> Self {
        Self::with_loss(Mse, params, scratch)
    }
}

impl<'a, N: Shape, L: Takes<N::Last>> Model<'a, N, L> {
    /// [`Model::new`] with a loss of your choice.
    pub fn with_loss<const P: usize, const S: usize>(
        loss: L,
        params: &'a mut [f32; P],
        scratch: &'a mut [f32; S],
    ) -> Self {
        const {
            assert!(P == N::PARAMS, "the parameter array must have the length Net::PARAMS");
            assert!(S == N::SCRATCH, "the scratch array must have the length Net::SCRATCH");
        }
        Self { net: N::default(), loss, params, scratch, clock: Clock::default() }
    }
}

impl<'a, N: Network, L: Loss> Model<'a, N, L> {
    /// Draws the initial weights and sets the count of updates to 0. Checks the float environment first.
    pub fn init(&mut self, init: Init, seed: Seed) -> Result<(), InitError> {
        environment::check().map_err(InitError::FloatEnvironment)?;
        init.draw(&self.net, self.params, seed)?;
        self.clock = Clock::default();
        Ok(())
    }
}

impl<'a, N: Shape, L: Takes<N::Last>, T: Number> Model<'a, N, L, T> {
    /// A model on the first elements of longer slices, for buffers that several networks share, and for lanes.
    pub fn from_slices(params: &'a mut [T], scratch: &'a mut [T]) -> Result<Self, LengthError>
    where
        L: Default,
    {
        Self::over(N::default(), L::default(), params, scratch)
    }

    /// The norms of the first layer's columns as they are now: what the network makes of each input.
    pub fn column_norms(&self) -> Input<N, T> {
        let mut norms = N::In::zeros();
        support::column_norms(&self.net, self.params, norms.as_mut());
        norms
    }

    /// The outputs for input `x`.
    pub fn predict(&mut self, x: &Input<N, T>) -> Output<N, T> {
        let mut output = N::Out::zeros();
        let Ok(y) = self.outputs_of(x.as_ref()) else { return output };
        output.as_mut().iter_mut().zip(y).for_each(|(out, &y)| *out = y);
        output
    }

    /// The loss of one sample; nothing is learned.
    #[inline(always)]
    pub fn evaluate(&mut self, x: &Input<N, T>, target: &Target<N, L, T>) -> Result<T, StepError> {
        self.evaluate_slices(x.as_ref(), target.as_ref())
    }

    /// One update from a batch of one: forward, backward, update. Gives the loss from before it.
    #[inline(always)]
    pub fn step(
        &mut self,
        x: &Input<N, T>,
        target: &Target<N, L, T>,
        optimiser: impl Optimiser<N, T>,
    ) -> Result<T, StepError> {
        self.step_slices(x.as_ref(), target.as_ref(), optimiser)
    }

    /// Adds the gradient of one sample to `batch`. A sample that is rejected leaves no trace in it.
    #[inline(always)]
    pub fn accumulate(
        &mut self,
        x: &Input<N, T>,
        target: &Target<N, L, T>,
        batch: &mut Batch<'_, N, T>,
    ) -> Result<T, StepError> {
        self.accumulate_slices(x.as_ref(), target.as_ref(), batch)
    }
}

impl<'a, N: Network, L: Loss, T: Number> Model<'a, N, L, T> {
    /// A model of any network on the first elements of longer slices; the caller sees to it that `loss` takes the
    /// outputs of `net`.
    pub(crate) fn over(
        net: N,
        loss: L,
        params: &'a mut [T],
        scratch: &'a mut [T],
    ) -> Result<Self, LengthError> {
        let params = LengthError::check(params, net.params())?;
        let scratch = LengthError::check(scratch, net.units().saturating_mul(2))?;
        Ok(Self { net, loss, params, scratch, clock: Clock::default() })
    }

    /// The network.
    pub fn net(&self) -> &N {
        &self.net
    }

    /// All parameters, in layout order.
    pub fn params(&self) -> &[T] {
        self.params
    }

    /// All parameters, to load them from elsewhere.
    pub fn params_mut(&mut self) -> &mut [T] {
        self.params
    }

    /// How many updates the parameters have had since [`Model::init`].
    pub fn updates(&self) -> u32 {
        self.clock.updates()
    }

    /// [`Model::predict`] into a slice.
    pub fn predict_slices(&mut self, x: &[T], output: &mut [T]) -> Result<(), StepError> {
        let y = self.outputs_of(x)?;
        if output.len() != y.len() {
            return Err(StepError::TargetWidth);
        }
        output.iter_mut().zip(y).for_each(|(out, &y)| *out = y);
        Ok(())
    }

    /// [`Model::evaluate`] on slices.
    #[inline(always)]
    pub fn evaluate_slices(&mut self, x: &[T], target: &[T]) -> Result<T, StepError> {
        let Parts { net, loss, mut buffers, .. } = self.parts()?;
        forward_loss(net, loss, &mut buffers, x, target)
    }

    /// [`Model::step`] on slices.
    #[inline(always)]
    pub fn step_slices(
        &mut self,
        x: &[T],
        target: &[T],
        mut optimiser: impl Optimiser<N, T>,
    ) -> Result<T, StepError> {
        let Parts { net, loss, mut buffers, clock } = self.parts()?;
        let (sgd, velocity) = checked(&mut optimiser, net)?;
        let loss = forward_loss(net, loss, &mut buffers, x, target)?;
        let Buffers { params, y, delta } = buffers;
        net.backward(params, y, delta);
        Update::new(sgd, velocity, clock).one(net, params, x, y, delta);
        clock.tick();
        Ok(loss)
    }

    /// [`Model::accumulate`] on slices.
    #[inline(always)]
    pub fn accumulate_slices(
        &mut self,
        x: &[T],
        target: &[T],
        batch: &mut Batch<'_, N, T>,
    ) -> Result<T, StepError> {
        let Parts { net, loss, mut buffers, .. } = self.parts()?;
        let result = forward_loss(net, loss, &mut buffers, x, target);
        match result {
            Ok(loss) => {
                let Buffers { params, y, delta } = buffers;
                net.backward(params, y, delta);
                if !batch.accept(net, loss, x, y, delta) {
                    return Err(StepError::Memory);
                }
            }
            Err(_) => batch.reject(),
        }
        result
    }

    /// One update from what `batch` has accepted, which it then forgets. Gives the mean loss (infinite if the
    /// losses, each finite, add up to more than a number holds). Where no sample was accepted nothing is updated.
    #[inline(always)]
    pub fn apply(
        &mut self,
        batch: &mut Batch<'_, N, T>,
        mut optimiser: impl Optimiser<N, T>,
    ) -> Result<T, StepError> {
        let Parts { net, buffers, clock, .. } = self.parts()?;
        let (sgd, velocity) = checked(&mut optimiser, net)?;
        let (gradient, loss) = batch.take_mean(net).ok_or(StepError::EmptyBatch)?;
        Update::new(sgd, velocity, clock).mean(net, buffers.params, gradient);
        clock.tick();
        Ok(loss)
    }

    /// The growing penalty after an update: shrinks the columns of the inputs with a rate over 0.
    pub fn shrink(&mut self, growing: &Growing, rates: &[T]) {
        let t = self.clock.updates().saturating_sub(1);
        growing.shrink(&self.net, self.params, rates, t);
    }

    /// The outputs for input `x`, in the scratch.
    fn outputs_of(&mut self, x: &[T]) -> Result<&[T], StepError> {
        let Parts { net, buffers, .. } = self.parts()?;
        if x.len() != net.inputs() {
            return Err(StepError::InputWidth);
        }
        net.forward(buffers.params, x, buffers.y);
        let (_, last) = split(buffers.y, hidden_units(net));
        Ok(last)
    }

    /// The model in parts. Past these checks the compiler knows the lengths of typed networks, and needs no other.
    #[inline(always)]
    fn parts(&mut self) -> Result<Parts<'_, N, L, T>, StepError> {
        let (net, units) = (&self.net, self.net.units());
        let params = self.params.get_mut(..net.params()).ok_or(StepError::Memory)?;
        let scratch = self.scratch.get_mut(..units.saturating_mul(2)).ok_or(StepError::Memory)?;
        let (y, delta) = split_mut(scratch, units);
        Ok(Parts { net, loss: &self.loss, buffers: Buffers { params, y, delta }, clock: &mut self.clock })
    }
}

/// Parameters and time.
impl<N, L> State for Model<'_, N, L> {
    fn pass<W: Words>(&mut self, words: &mut W) -> Result<(), W::Error> {
        words.numbers(self.params)?;
        self.clock.pass(words)
    }
}

/// The settings and the velocity of an optimiser of this network.
#[inline(always)]
fn checked<'o, N: Network, T: Number>(
    optimiser: &'o mut impl Optimiser<N, T>,
    net: &N,
) -> Result<(&'o Sgd<T>, Option<Velocity<'o, T>>), StepError> {
    let (sgd, velocity) = optimiser.parts();
    match &velocity {
        Some(velocity) if velocity.v.len() != net.params() => Err(StepError::Memory),
        _ => Ok((sgd, velocity)),
    }
}

/// Forward, loss and check; dL/dy is left in the last places of the deltas.
#[inline(always)]
fn forward_loss<N: Network, L: Loss, T: Number>(
    net: &N,
    loss: &L,
    buffers: &mut Buffers<'_, T>,
    x: &[T],
    target: &[T],
) -> Result<T, StepError> {
    if x.len() != net.inputs() {
        return Err(StepError::InputWidth);
    }
    if target.len() != loss.targets(net.outputs()) {
        return Err(StepError::TargetWidth);
    }
    if let Some(index) = x.iter().position(|x| !x.is_finite()) {
        return Err(StepError::Input(index));
    }
    loss.check(target, net.outputs())?;
    net.forward(buffers.params, x, buffers.y);
    let (_, y) = split(buffers.y, hidden_units(net));
    let (_, delta) = split_mut(buffers.delta, hidden_units(net));
    let loss = loss.evaluate(y, target, delta);
    if loss.is_finite() { Ok(loss) } else { Err(StepError::Loss) }
}

struct Parts<'a, N, L, T> {
    net: &'a N,
    loss: &'a L,
    buffers: Buffers<'a, T>,
    clock: &'a mut Clock<T>,
}

struct Buffers<'a, T> {
    params: &'a mut [T],
    y: &'a mut [T],
    delta: &'a mut [T],
}

/// The units before the outputs.
#[inline(always)]
fn hidden_units(net: &impl Network) -> usize {
    net.units().saturating_sub(net.outputs())
}
