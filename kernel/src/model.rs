//! A network at work: [`Model`] is a shape on borrowed parameters and scratch.

use core::fmt;

use crate::batch::Batch;
use crate::environment;
use crate::init::{Init, InitError};
use crate::loss::{Loss, Mse, Takes};
use crate::memory::LengthError;
use crate::number::Number;
use crate::ops::{split, split_mut};
use crate::random::Seed;
use crate::sgd::Sgd;
use crate::shape::{Shape, Vector};
use crate::support;

/// The input vector of network `N`, an array of `T`.
pub type Input<N, T = f32> = <<N as Shape>::In as Vector>::Of<T>;
/// The output vector of network `N`, an array of `T`.
pub type Output<N, T = f32> = <<N as Shape>::Out as Vector>::Of<T>;

/// What a network `N` with loss `L` is shown as a target, an array of `T`.
pub type Target<N, L = Mse, T = f32> = <<L as Loss>::Target<<N as Shape>::Out> as Vector>::Of<T>;

/// A network of shape `N` that learns by loss `L` on lent memory.
///
/// The parameters are the caller's flat array: it is the image for flash, and every norm, digest or
/// optimiser is one loop over it.
pub struct Model<'a, N, L = Mse, T = f32> {
    net: N,
    loss: L,
    params: &'a mut [T],
    scratch: &'a mut [T],
    updates: u32,
}

/// Why a sample was not learned from. No parameter has been written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum StepError {
    /// The input at this index is infinite or not a number.
    Input(usize),
    /// The target at this index is infinite or not a number.
    Target(usize),
    /// The target is not the index of an output.
    Class,
    /// The loss is infinite or not a number: the step size is too large, or a parameter is damaged.
    Loss,
    /// The model has too little memory; its constructors see to it that this cannot be.
    Memory,
}

impl fmt::Display for StepError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Input(index) => write!(f, "input {index} is not a finite number"),
            Self::Target(index) => write!(f, "target {index} is not a finite number"),
            Self::Class => f.write_str("the target is not the index of an output"),
            Self::Loss => f.write_str("the loss is not a finite number"),
            Self::Memory => f.write_str("the model has too little memory"),
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

impl<'a, N: Shape, L: Loss> Model<'a, N, L> {
    /// [`Model::new`] with a loss of your choice.
    pub fn with_loss<const P: usize, const S: usize>(
        loss: L,
        params: &'a mut [f32; P],
        scratch: &'a mut [f32; S],
    ) -> Self
    where
        L: Takes<N::Last>,
    {
        const {
            assert!(P == N::PARAMS, "the parameter array must have the length Net::PARAMS");
            assert!(S == N::SCRATCH, "the scratch array must have the length Net::SCRATCH");
        }
        Self { net: N::default(), loss, params, scratch, updates: 0 }
    }

    /// Draws the initial weights and sets the count of updates to 0. Checks the float environment first.
    pub fn init(&mut self, init: Init, seed: Seed) -> Result<(), InitError> {
        environment::check().map_err(InitError::FloatEnvironment)?;
        init.draw(&self.net, self.params, seed)?;
        self.updates = 0;
        Ok(())
    }
}

impl<'a, N: Shape, L: Loss, T: Number> Model<'a, N, L, T> {
    /// A model on the first elements of longer slices, for buffers that several networks share.
    pub fn from_slices(params: &'a mut [T], scratch: &'a mut [T]) -> Result<Self, LengthError>
    where
        L: Takes<N::Last> + Default,
    {
        let params = LengthError::check(params, N::PARAMS)?;
        let scratch = LengthError::check(scratch, N::SCRATCH)?;
        Ok(Self { net: N::default(), loss: L::default(), params, scratch, updates: 0 })
    }

    /// The shape.
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
        self.updates
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
        let Ok(Buffers { params, y, .. }) = self.buffers() else { return output };
        N::default().forward(params, x.as_ref(), y);
        let (_, last) = split(y, hidden_units::<N>());
        output.as_mut().iter_mut().zip(last).for_each(|(out, &y)| *out = y);
        output
    }

    /// The loss of one sample; nothing is learned.
    pub fn evaluate(&mut self, x: &Input<N, T>, target: &Target<N, L, T>) -> Result<T, StepError> {
        let loss = self.loss;
        let mut buffers = self.buffers()?;
        Self::forward_loss(loss, &mut buffers, x.as_ref(), target.as_ref())
    }

    /// One update from a batch of one: forward, backward, update. Gives the loss from before it.
    pub fn step(&mut self, x: &Input<N, T>, target: &Target<N, L, T>, sgd: &Sgd<T>) -> Result<T, StepError> {
        let (loss, updates) = (self.loss, self.updates);
        let mut buffers = self.buffers()?;
        let loss = Self::forward_loss(loss, &mut buffers, x.as_ref(), target.as_ref())?;
        let Buffers { params, y, delta } = buffers;
        let net = N::default();
        net.backward(params, y, delta);
        sgd.update_one(&net, params, x.as_ref(), y, delta, updates);
        self.updates = updates.saturating_add(1);
        Ok(loss)
    }

    /// Adds the gradient of one sample to `batch`. A sample that is rejected leaves no trace in it.
    pub fn accumulate(
        &mut self,
        x: &Input<N, T>,
        target: &Target<N, L, T>,
        batch: &mut Batch<'_, N, T>,
    ) -> Result<T, StepError> {
        let loss = self.loss;
        let mut buffers = self.buffers()?;
        let result = Self::forward_loss(loss, &mut buffers, x.as_ref(), target.as_ref());
        match result {
            Ok(loss) => {
                let Buffers { params, y, delta } = buffers;
                let net = N::default();
                net.backward(params, y, delta);
                batch.accept(&net, loss, x.as_ref(), y, delta);
            }
            Err(_) => batch.reject(),
        }
        result
    }

    /// One update from what `batch` has accepted, which it then forgets. Gives the mean loss (infinite
    /// if the losses, each finite, add up to more than a number holds), or nothing where no sample was accepted
    /// and nothing was updated.
    pub fn apply(&mut self, batch: &mut Batch<'_, N, T>, sgd: &Sgd<T>) -> Option<T> {
        let updates = self.updates;
        let (gradient, loss) = batch.take_mean()?;
        let Buffers { params, .. } = self.buffers().ok()?;
        sgd.update_mean(&N::default(), params, gradient, updates);
        self.updates = updates.saturating_add(1);
        Some(loss)
    }

    /// Forward, loss and check; dL/dy is left in the last places of the deltas.
    #[inline(always)]
    fn forward_loss(loss: L, buffers: &mut Buffers<'_, T>, x: &[T], target: &[T]) -> Result<T, StepError> {
        if let Some(index) = x.iter().position(|x| !x.is_finite()) {
            return Err(StepError::Input(index));
        }
        L::check(target, N::Out::LEN)?;
        N::default().forward(buffers.params, x, buffers.y);
        let (_, y) = split(buffers.y, hidden_units::<N>());
        let (_, delta) = split_mut(buffers.delta, hidden_units::<N>());
        let loss = loss.evaluate(y, target, delta);
        if loss.is_finite() { Ok(loss) } else { Err(StepError::Loss) }
    }

    /// The memory in parts. Past this one check the compiler knows their lengths, and needs no other.
    #[inline(always)]
    fn buffers(&mut self) -> Result<Buffers<'_, T>, StepError> {
        let params = self.params.get_mut(..N::PARAMS).ok_or(StepError::Memory)?;
        let scratch = self.scratch.get_mut(..N::SCRATCH).ok_or(StepError::Memory)?;
        let (y, delta) = split_mut(scratch, N::UNITS);
        Ok(Buffers { params, y, delta })
    }
}

struct Buffers<'a, T> {
    params: &'a mut [T],
    y: &'a mut [T],
    delta: &'a mut [T],
}

/// The units before the outputs.
const fn hidden_units<N: Shape>() -> usize {
    N::UNITS.saturating_sub(N::Out::LEN)
}
