//! Shapes in types: [`Dense`] layers and [`Chain`]s of them, zero-sized types that say where the numbers are.
//!
//! ```
//! use tamis::{Chain, Dense, Identity, Shape, Tanh};
//!
//! type Net = Chain<Dense<15, 16, Tanh>, Dense<16, 4, Identity>>;
//! assert_eq!(Net::PARAMS, 15 * 16 + 16 + 16 * 4 + 4);
//! const _: () = assert!(Net::RAM_BYTES <= 2 * 1024);
//! ```
//!
//! The parameters of a network are one flat array, layer by layer: the weights of a layer input-major,
//! `w[i][o]`, then its biases. The outputs of all units are another, and so are their deltas
//! (dL/dz of each unit). A layer sees its own part of each.
//!
//! Two traits: [`Network`] is what a network does, on slices; [`Shape`] adds what the compiler knows of it. A
//! network whose shape is known at run time only is [`crate::Layers`].

use core::marker::PhantomData;

use crate::activation::Activation;
use crate::number::Number;
use crate::ops::{self, split, split_mut};

/// The width of an input or an output.
pub trait Vector {
    /// How many numbers.
    const LEN: usize;

    /// The array of that many numbers.
    type Of<T: Number>: Copy + AsRef<[T]> + AsMut<[T]>;

    /// All +0.0.
    fn zeros<T: Number>() -> Self::Of<T>;
}

/// `N` numbers.
pub struct Width<const N: usize>;

impl<const N: usize> Vector for Width<N> {
    const LEN: usize = N;
    type Of<T: Number> = [T; N];

    fn zeros<T: Number>() -> [T; N] {
        [T::ZERO; N]
    }
}

/// Where one layer's numbers are, and what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Layer {
    /// Inputs, I.
    pub inputs: usize,
    /// Outputs, O.
    pub outputs: usize,
    /// Whether there are O biases after the I x O weights.
    pub has_bias: bool,
    /// The name of the activation.
    pub activation: &'static str,
    /// Where the weights start among the network's parameters.
    pub offset: usize,
}

impl Layer {
    /// I x O.
    pub const fn weights(&self) -> usize {
        self.inputs.saturating_mul(self.outputs)
    }

    /// O, or 0 without biases.
    pub const fn biases(&self) -> usize {
        if self.has_bias { self.outputs } else { 0 }
    }

    /// Weights and biases.
    pub const fn params(&self) -> usize {
        self.weights().saturating_add(self.biases())
    }
}

/// One layer's numbers in a pass over the network.
pub struct Pass<'a, T> {
    /// Weights, or their gradients (I, O).
    pub w: &'a mut [T],
    /// Biases, or their gradients (O).
    pub b: Option<&'a mut [T]>,
    /// Inputs (I).
    pub x: &'a [T],
    /// dL/dz (O).
    pub delta: &'a mut [T],
}

/// What is done to every layer in turn.
pub trait Visit<T> {
    /// The next layer.
    fn layer(&mut self, pass: Pass<'_, T>);
}

impl<T> Pass<'_, T> {
    /// How many weights and biases there are.
    pub fn params(&self) -> usize {
        self.w.len().saturating_add(self.b.as_ref().map_or(0, |b| b.len()))
    }
}

/// What a network does, on slices of the lengths that [`Network::params`] and its siblings tell.
///
/// Every method is total: from slices that are too short it computes less.
pub trait Network {
    /// Its layers from first to last.
    fn layers(&self) -> impl Iterator<Item = Layer>;

    /// The number of inputs of the first layer.
    fn inputs(&self) -> usize;

    /// The number of parameters.
    fn params(&self) -> usize;

    /// The number of units of all layers.
    fn units(&self) -> usize;

    /// The number of outputs of the last layer.
    fn outputs(&self) -> usize;

    /// From input `x` to the outputs `y` of all units.
    fn forward<T: Number>(&self, params: &[T], x: &[T], y: &mut [T]);

    /// From dL/dy of the last layer, in the last places of `delta`, to dL/dz of all units.
    fn backward<T: Number>(&self, params: &[T], y: &[T], delta: &mut [T]);

    /// From dL/dz of the first layer to `dx` = dL/dx.
    fn backward_input<T: Number>(&self, params: &[T], delta: &[T], dx: &mut [T]);

    /// Shows every layer to `each`, from first to last. `params` may also be an array laid out like them.
    fn walk<T: Number>(&self, params: &mut [T], x: &[T], y: &[T], delta: &mut [T], each: &mut impl Visit<T>);
}

/// A network whose sizes the compiler knows.
pub trait Shape: Network + Default {
    /// The input vector.
    type In: Vector;
    /// The output vector.
    type Out: Vector;
    /// The activation of the last layer.
    type Last: Activation;
    /// The number of parameters.
    const PARAMS: usize;
    /// The number of units of all layers.
    const UNITS: usize;
    /// How many numbers a step works on beside the parameters: an output and a delta per unit.
    const SCRATCH: usize = Self::UNITS * 2;
    /// Bytes of RAM to train with a batch of one from a stream; [`crate::Ram`] adds what else is configured.
    const RAM_BYTES: usize = crate::Ram::of::<Self>().total();
}

/// Whether a layer has biases: [`Bias`] or [`NoBias`].
pub trait BiasKind: Copy + Default {
    /// Whether.
    const HAS_BIAS: bool;
}

/// A layer with biases.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bias;

/// A layer without biases.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoBias;

impl BiasKind for Bias {
    const HAS_BIAS: bool = true;
}

impl BiasKind for NoBias {
    const HAS_BIAS: bool = false;
}

/// A fully connected layer: y = f(w^T x + b), `I` inputs, `O` outputs, activation `A`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Dense<const I: usize, const O: usize, A, B = Bias>(PhantomData<(A, B)>);

impl<const I: usize, const O: usize, A: Activation, B: BiasKind> Dense<I, O, A, B> {
    const LAYER: Layer =
        Layer { inputs: I, outputs: O, has_bias: B::HAS_BIAS, activation: A::NAME, offset: 0 };
}

impl<const I: usize, const O: usize, A: Activation, B: BiasKind> Shape for Dense<I, O, A, B> {
    type In = Width<I>;
    type Out = Width<O>;
    type Last = A;
    const PARAMS: usize = Self::LAYER.params();
    const UNITS: usize = O;
}

impl<const I: usize, const O: usize, A: Activation, B: BiasKind> Network for Dense<I, O, A, B> {
    fn layers(&self) -> impl Iterator<Item = Layer> {
        core::iter::once(Self::LAYER)
    }

    #[inline(always)]
    fn inputs(&self) -> usize {
        I
    }

    #[inline(always)]
    fn params(&self) -> usize {
        Self::PARAMS
    }

    #[inline(always)]
    fn units(&self) -> usize {
        O
    }

    #[inline(always)]
    fn outputs(&self) -> usize {
        O
    }

    #[cfg_attr(target_os = "none", inline)] // layers of one shape share their code
    #[cfg_attr(not(target_os = "none"), inline(always))] // for lanes: with the instructions of the caller
    fn forward<T: Number>(&self, params: &[T], x: &[T], y: &mut [T]) {
        let (w, b) = split(params, Self::LAYER.weights());
        ops::forward(w, B::HAS_BIAS.then_some(b), x, y);
        for y in y {
            *y = A::forward(*y);
        }
    }

    #[inline(always)]
    fn backward<T: Number>(&self, _params: &[T], y: &[T], delta: &mut [T]) {
        for (delta, &y) in delta.iter_mut().zip(y) {
            *delta = A::backward(y, *delta);
        }
    }

    #[cfg_attr(target_os = "none", inline)]
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn backward_input<T: Number>(&self, params: &[T], delta: &[T], dx: &mut [T]) {
        let (w, _) = split(params, Self::LAYER.weights());
        ops::backward(w, delta, dx);
    }

    #[cfg_attr(target_os = "none", inline)]
    #[cfg_attr(not(target_os = "none"), inline(always))]
    fn walk<T: Number>(
        &self,
        params: &mut [T],
        x: &[T],
        _y: &[T],
        delta: &mut [T],
        each: &mut impl Visit<T>,
    ) {
        let (w, b) = split_mut(params, Self::LAYER.weights());
        each.layer(Pass { w, b: B::HAS_BIAS.then_some(b), x, delta });
    }
}

/// `L`, then `R` on the outputs of `L`. Chains nest: `Chain<Dense, Chain<Dense, Dense>>`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Chain<L, R>(L, R);

impl<L: Shape, R: Shape<In = L::Out>> Shape for Chain<L, R> {
    type In = L::In;
    type Out = R::Out;
    type Last = R::Last;
    const PARAMS: usize = L::PARAMS + R::PARAMS;
    const UNITS: usize = L::UNITS + R::UNITS;
}

impl<L: Network, R: Network> Chain<L, R> {
    /// How many units of `L` come before its outputs, which are the inputs of `R`.
    #[inline(always)]
    fn inner_units(&self) -> usize {
        self.0.units().saturating_sub(self.0.outputs())
    }
}

impl<L: Network, R: Network> Network for Chain<L, R> {
    fn layers(&self) -> impl Iterator<Item = Layer> {
        let start = self.0.params();
        let shift = move |layer: Layer| Layer { offset: layer.offset.saturating_add(start), ..layer };
        self.0.layers().chain(self.1.layers().map(shift))
    }

    #[inline(always)]
    fn inputs(&self) -> usize {
        self.0.inputs()
    }

    #[inline(always)]
    fn params(&self) -> usize {
        self.0.params().saturating_add(self.1.params())
    }

    #[inline(always)]
    fn units(&self) -> usize {
        self.0.units().saturating_add(self.1.units())
    }

    #[inline(always)]
    fn outputs(&self) -> usize {
        self.1.outputs()
    }

    #[inline(always)]
    fn forward<T: Number>(&self, params: &[T], x: &[T], y: &mut [T]) {
        let (params_l, params_r) = split(params, self.0.params());
        let (y_l, y_r) = split_mut(y, self.0.units());
        self.0.forward(params_l, x, y_l);
        let (_, x_r) = split(y_l, self.inner_units());
        self.1.forward(params_r, x_r, y_r);
    }

    #[inline(always)]
    fn backward<T: Number>(&self, params: &[T], y: &[T], delta: &mut [T]) {
        let (params_l, params_r) = split(params, self.0.params());
        let (y_l, y_r) = split(y, self.0.units());
        let (delta_l, delta_r) = split_mut(delta, self.0.units());
        self.1.backward(params_r, y_r, delta_r);
        let (_, dy_l) = split_mut(delta_l, self.inner_units());
        self.1.backward_input(params_r, delta_r, dy_l);
        self.0.backward(params_l, y_l, delta_l);
    }

    #[inline(always)]
    fn backward_input<T: Number>(&self, params: &[T], delta: &[T], dx: &mut [T]) {
        let (params_l, _) = split(params, self.0.params());
        let (delta_l, _) = split(delta, self.0.units());
        self.0.backward_input(params_l, delta_l, dx);
    }

    #[inline(always)]
    fn walk<T: Number>(&self, params: &mut [T], x: &[T], y: &[T], delta: &mut [T], each: &mut impl Visit<T>) {
        let (params_l, params_r) = split_mut(params, self.0.params());
        let (y_l, y_r) = split(y, self.0.units());
        let (delta_l, delta_r) = split_mut(delta, self.0.units());
        self.0.walk(params_l, x, y_l, delta_l, each);
        let (_, x_r) = split(y_l, self.inner_units());
        self.1.walk(params_r, x_r, y_r, delta_r, each);
    }
}
