//! Shapes known at run time: a list of layers, over the same arithmetic and with the same bits as a typed network.
//!
//! One firmware trains any network that fits its memory, and the host any data set, whose width it learns when
//! it reads it. What the compiler refuses for typed networks is an error here: a wrong width, a loss that does
//! not take the outputs.
//!
//! ```
//! use tamis::{Init, LayerSpec, Layers, Model, Network, Seed, Sgd, AnyActivation::*, AnyLoss};
//!
//! let layers = Layers::new(2, &[LayerSpec::new(8, Tanh), LayerSpec::new(1, Identity).without_bias()])?;
//! let mut params = vec![0.0; layers.params()];
//! let mut scratch = vec![0.0; 2 * layers.units()];
//! let mut net = Model::of_layers(layers, AnyLoss::Mse, &mut params, &mut scratch)?;
//! net.init(Init::scaled(1.0), Seed(1))?;
//! net.step_slices(&[0.5, -0.5], &[1.0], &Sgd::new(0.1)?)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use core::fmt;

use heapless::Vec;

use crate::activation::{Activation, Identity, LeakyRelu, Relu, Sigmoid, Tanh};
use crate::blocks;
use crate::loss::{BinaryCrossEntropy, Huber, HuberBound, Loss, Mse, SoftmaxCrossEntropy};
use crate::memory::LengthError;
use crate::model::{Model, StepError};
use crate::number::Number;
use crate::ops::{self, split, split_mut};
use crate::shape::{Layer, Network, Pass, Visit};

/// The most layers that a list holds.
pub const MAX_LAYERS: usize = 8;

/// One of the activations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "wire", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs)] // each is the type of the same name
pub enum AnyActivation {
    Identity,
    Relu,
    LeakyRelu,
    Sigmoid,
    Tanh,
}

impl AnyActivation {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Identity, Self::Relu, Self::LeakyRelu, Self::Sigmoid, Self::Tanh];

    /// The name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Identity => Identity::NAME,
            Self::Relu => Relu::NAME,
            Self::LeakyRelu => LeakyRelu::NAME,
            Self::Sigmoid => Sigmoid::NAME,
            Self::Tanh => Tanh::NAME,
        }
    }

    /// y = f(z), of all units of a layer.
    #[inline(always)]
    fn forward<T: Number>(self, y: &mut [T]) {
        #[inline(always)]
        fn each<A: Activation, T: Number>(y: &mut [T]) {
            for y in y {
                blocks::each_apart::<T>();
                *y = A::forward(*y);
            }
        }
        match self {
            Self::Identity => {}
            Self::Relu => each::<Relu, T>(y),
            Self::LeakyRelu => each::<LeakyRelu, T>(y),
            Self::Sigmoid => each::<Sigmoid, T>(y),
            Self::Tanh => each::<Tanh, T>(y),
        }
    }

    /// `delta` f'(z), of all units of a layer.
    #[inline(always)]
    fn backward<T: Number>(self, y: &[T], delta: &mut [T]) {
        #[inline(always)]
        fn each<A: Activation, T: Number>(y: &[T], delta: &mut [T]) {
            for (delta, &y) in delta.iter_mut().zip(y) {
                blocks::each_apart::<T>();
                *delta = A::backward(y, *delta);
            }
        }
        match self {
            Self::Identity => {}
            Self::Relu => each::<Relu, T>(y, delta),
            Self::LeakyRelu => each::<LeakyRelu, T>(y, delta),
            Self::Sigmoid => each::<Sigmoid, T>(y, delta),
            Self::Tanh => each::<Tanh, T>(y, delta),
        }
    }
}

/// One layer of a list; its inputs are the outputs of the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "wire", derive(serde::Serialize, serde::Deserialize))]
pub struct LayerSpec {
    /// How many outputs it has.
    pub outputs: u16,
    /// What its units do.
    pub activation: AnyActivation,
    /// Whether it has biases.
    pub has_bias: bool,
}

impl LayerSpec {
    /// A layer with biases.
    pub const fn new(outputs: u16, activation: AnyActivation) -> Self {
        Self { outputs, activation, has_bias: true }
    }

    /// The same without biases.
    pub const fn without_bias(self) -> Self {
        Self { has_bias: false, ..self }
    }
}

/// A network as a list of layers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "wire", derive(serde::Serialize, serde::Deserialize))]
pub struct Layers {
    inputs: u16,
    list: Vec<LayerSpec, MAX_LAYERS, u8>,
}

/// A list of layers that is no network, or does not go with a loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum LayersError {
    /// There are no layers.
    Empty,
    /// There are more than [`MAX_LAYERS`].
    TooMany,
    /// The network has no inputs, or this layer, counted from 0, no outputs.
    Width(usize),
    /// The cross-entropies take logits: the last layer must end in the identity.
    Logits,
    /// The bound of a Huber loss.
    Huber(HuberBound),
    /// The buffer of parameters or scratch.
    Memory(LengthError),
}

impl fmt::Display for LayersError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("a network needs at least one layer"),
            Self::TooMany => write!(f, "a network has at most {MAX_LAYERS} layers"),
            Self::Width(layer) => write!(f, "layer {layer} has no inputs or no outputs"),
            Self::Logits => f.write_str("the cross-entropies take a last layer that ends in the identity"),
            Self::Huber(error) => error.fmt(f),
            Self::Memory(error) => write!(f, "parameters or scratch: {error}"),
        }
    }
}

impl core::error::Error for LayersError {}

impl Layers {
    /// A network of so many inputs and these layers.
    pub fn new(inputs: u16, layers: &[LayerSpec]) -> Result<Self, LayersError> {
        let list = Vec::from_slice(layers).map_err(|_| LayersError::TooMany)?;
        Self { inputs, list }.checked()
    }

    /// A network that came from outside, checked again.
    pub fn checked(self) -> Result<Self, LayersError> {
        if self.list.is_empty() {
            return Err(LayersError::Empty);
        }
        let empty = self.layers().position(|layer| layer.inputs == 0 || layer.outputs == 0);
        empty.map_or(Ok(self), |layer| Err(LayersError::Width(layer)))
    }

    /// The layers as they were given.
    pub fn specs(&self) -> &[LayerSpec] {
        &self.list
    }

    /// The layers with their inputs, from first to last.
    fn each(&self) -> impl DoubleEndedIterator<Item = (usize, LayerSpec)> + ExactSizeIterator {
        let inputs = |index: usize| match index.checked_sub(1) {
            None => usize::from(self.inputs),
            Some(before) => self.list.get(before).map_or(0, |spec| spec.outputs.into()),
        };
        self.list.iter().enumerate().map(move |(index, &spec)| (inputs(index), spec))
    }
}

/// The widths: "8-16-1".
impl fmt::Display for Layers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.inputs)?;
        self.list.iter().try_for_each(|spec| write!(f, "-{}", spec.outputs))
    }
}

/// Where the numbers of one layer are.
fn layer(inputs: usize, spec: LayerSpec, offset: usize) -> Layer {
    let LayerSpec { outputs, activation, has_bias } = spec;
    Layer { inputs, outputs: outputs.into(), has_bias, activation: activation.name(), offset }
}

/// Splits the last `n` off.
fn split_last<T>(slice: &[T], n: usize) -> (&[T], &[T]) {
    split(slice, slice.len().saturating_sub(n))
}

/// [`split_last`], to write to.
fn split_last_mut<T>(slice: &mut [T], n: usize) -> (&mut [T], &mut [T]) {
    let at = slice.len().saturating_sub(n);
    split_mut(slice, at)
}

impl Network for Layers {
    fn layers(&self) -> impl Iterator<Item = Layer> {
        let mut offset: usize = 0;
        self.each().map(move |(inputs, spec)| {
            let layer = layer(inputs, spec, offset);
            offset = offset.saturating_add(layer.params());
            layer
        })
    }

    fn inputs(&self) -> usize {
        self.inputs.into()
    }

    fn params(&self) -> usize {
        self.layers().fold(0, |sum, layer| sum.saturating_add(layer.params()))
    }

    fn units(&self) -> usize {
        self.list.iter().fold(0, |sum, spec| sum.saturating_add(spec.outputs.into()))
    }

    fn outputs(&self) -> usize {
        self.list.last().map_or(0, |spec| spec.outputs.into())
    }

    fn forward<T: Number>(&self, params: &[T], x: &[T], y: &mut [T]) {
        T::pass(
            #[inline(always)]
            || {
                let (mut params, mut x, mut y) = (params, x, y);
                for (inputs, spec) in self.each() {
                    let layer = layer(inputs, spec, 0);
                    let (w, b, z);
                    (w, params) = split(params, layer.weights());
                    (b, params) = split(params, layer.biases());
                    (z, y) = split_mut(y, layer.outputs);
                    ops::forward(w, layer.has_bias.then_some(b), x, z);
                    spec.activation.forward(z);
                    x = z;
                }
            },
        )
    }

    fn backward<T: Number>(&self, params: &[T], y: &[T], delta: &mut [T]) {
        T::pass(
            #[inline(always)]
            || {
                let (mut params, mut y, mut delta) = (params, y, delta);
                for (index, (inputs, spec)) in self.each().enumerate().rev() {
                    let layer = layer(inputs, spec, 0);
                    let (y_l, delta_l, params_l);
                    (y, y_l) = split_last(y, layer.outputs);
                    (delta, delta_l) = split_last_mut(delta, layer.outputs);
                    (params, params_l) = split_last(params, layer.params());
                    spec.activation.backward(y_l, delta_l);
                    if index > 0 {
                        let (w, _) = split(params_l, layer.weights());
                        let (_, dx) = split_last_mut(delta, inputs);
                        ops::backward(w, delta_l, dx);
                    }
                }
            },
        )
    }

    fn backward_input<T: Number>(&self, params: &[T], delta: &[T], dx: &mut [T]) {
        T::pass(
            #[inline(always)]
            || {
                if let Some(first) = self.layers().next() {
                    let (w, _) = split(params, first.weights());
                    let (delta, _) = split(delta, first.outputs);
                    ops::backward(w, delta, dx);
                }
            },
        )
    }

    fn walk<T: Number>(&self, params: &mut [T], x: &[T], y: &[T], delta: &mut [T], each: &mut impl Visit<T>) {
        T::pass(
            #[inline(always)]
            || {
                let (mut params, mut x, mut y, mut delta) = (params, x, y, delta);
                for layer in self.layers() {
                    let (w, b, delta_l, y_l);
                    (w, params) = split_mut(params, layer.weights());
                    (b, params) = split_mut(params, layer.biases());
                    (delta_l, delta) = split_mut(delta, layer.outputs);
                    (y_l, y) = split(y, layer.outputs);
                    each.layer(Pass { w, b: layer.has_bias.then_some(b), x, delta: delta_l });
                    x = y_l;
                }
            },
        )
    }
}

/// One of the losses.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "wire", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs)] // each is the type of the same name
pub enum AnyLoss {
    Mse,
    Huber(Huber),
    BinaryCrossEntropy,
    SoftmaxCrossEntropy,
}

impl AnyLoss {
    /// The name in reports.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Mse => "mse",
            Self::Huber(_) => "huber",
            Self::BinaryCrossEntropy => "binary_cross_entropy",
            Self::SoftmaxCrossEntropy => "softmax_cross_entropy",
        }
    }

    /// Whether it takes the outputs of `layers`, and its own bound is one.
    pub fn check_layers(&self, layers: &Layers) -> Result<(), LayersError> {
        if let Self::Huber(huber) = self {
            huber.checked().map_err(LayersError::Huber)?;
        }
        let ends_in = layers.list.last().map(|spec| spec.activation);
        if self.is_regression() || ends_in == Some(AnyActivation::Identity) {
            Ok(())
        } else {
            Err(LayersError::Logits)
        }
    }
}

impl Loss for AnyLoss {
    fn evaluate<T: Number>(&self, y: &[T], t: &[T], delta: &mut [T]) -> T {
        T::pass(
            #[inline(always)]
            || match self {
                Self::Mse => Mse.evaluate(y, t, delta),
                Self::Huber(huber) => huber.evaluate(y, t, delta),
                Self::BinaryCrossEntropy => BinaryCrossEntropy.evaluate(y, t, delta),
                Self::SoftmaxCrossEntropy => SoftmaxCrossEntropy.evaluate(y, t, delta),
            },
        )
    }

    fn is_regression(&self) -> bool {
        matches!(self, Self::Mse | Self::Huber(_))
    }

    fn targets(&self, outputs: usize) -> usize {
        match self {
            Self::SoftmaxCrossEntropy => SoftmaxCrossEntropy.targets(outputs),
            _ => outputs,
        }
    }

    fn check<T: Number>(&self, t: &[T], outputs: usize) -> Result<(), StepError> {
        match self {
            Self::Mse => Mse.check(t, outputs),
            Self::Huber(huber) => huber.check(t, outputs),
            Self::BinaryCrossEntropy => BinaryCrossEntropy.check(t, outputs),
            Self::SoftmaxCrossEntropy => SoftmaxCrossEntropy.check(t, outputs),
        }
    }
}

impl<'a, T: Number> Model<'a, Layers, AnyLoss, T> {
    /// A model of `layers` on the first elements of longer slices.
    pub fn of_layers(
        layers: Layers,
        loss: AnyLoss,
        params: &'a mut [T],
        scratch: &'a mut [T],
    ) -> Result<Self, LayersError> {
        let layers = layers.checked()?;
        loss.check_layers(&layers)?;
        Self::over(layers, loss, params, scratch).map_err(LayersError::Memory)
    }
}
