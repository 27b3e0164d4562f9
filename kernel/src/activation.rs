//! What a unit does to its sum: y = f(z).
//!
//! The derivative is written in terms of the output y, so that nothing but y has to be kept:
//!
//! ```text
//! identity     f(z) = z                        f'(z) = 1
//! ReLU         f(z) = 0 if z < 0, else z       f'(z) = 1 if y > 0, else 0
//! leaky ReLU   f(z) = 0.01 z if z < 0, else z  f'(z) = 1 if y > 0, else 0.01
//! tanh         f(z) = tanh z                   f'(z) = 1 - y^2
//! sigmoid      f(z) = 1 / (1 + e^-z)           f'(z) = y (1 - y)
//! ```
//!
//! An activation of your own is another type:
//!
//! ```
//! use tamis::{Activation, Chain, Dense, Identity, Number, Shape};
//!
//! /// f(z) = z / (1 + |z|), f'(z) = (1 - |y|)^2.
//! #[derive(Clone, Copy, Default)]
//! struct Softsign;
//!
//! impl Activation for Softsign {
//!     const NAME: &'static str = "softsign";
//!     fn forward<T: Number>(z: T) -> T {
//!         z / (T::ONE + z.abs())
//!     }
//!     fn backward<T: Number>(y: T, delta: T) -> T {
//!         let slope = T::ONE - y.abs();
//!         delta * (slope * slope)
//!     }
//! }
//!
//! type Net = Chain<Dense<4, 8, Softsign>, Dense<8, 1, Identity>>;
//! assert_eq!(Net::UNITS, 9);
//! ```

use crate::exponential;
use crate::number::Number;

/// An elementwise function between layers.
pub trait Activation: Copy + Default {
    /// The name in reports.
    const NAME: &'static str;

    /// y = f(z).
    fn forward<T: Number>(z: T) -> T;

    /// `delta` f'(z), given y = f(z).
    fn backward<T: Number>(y: T, delta: T) -> T;
}

/// f(z) = z.
#[derive(Clone, Copy, Debug, Default)]
pub struct Identity;

/// f(z) = 0 if z < 0, else z. A NaN passes, so that it reaches the loss.
#[derive(Clone, Copy, Debug, Default)]
pub struct Relu;

/// f(z) = 0.01 z if z < 0, else z: PyTorch's default slope.
#[derive(Clone, Copy, Debug, Default)]
pub struct LeakyRelu;

/// f(z) = 1 / (1 + e^-z).
#[derive(Clone, Copy, Debug, Default)]
pub struct Sigmoid;

/// f(z) = tanh z.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tanh;

impl Activation for Identity {
    const NAME: &'static str = "identity";

    #[inline(always)]
    fn forward<T: Number>(z: T) -> T {
        z
    }

    #[inline(always)]
    fn backward<T: Number>(_y: T, delta: T) -> T {
        delta
    }
}

impl Activation for Relu {
    const NAME: &'static str = "relu";

    #[inline(always)]
    fn forward<T: Number>(z: T) -> T {
        z.if_less(T::ZERO, T::ZERO, z)
    }

    #[inline(always)]
    fn backward<T: Number>(y: T, delta: T) -> T {
        T::ZERO.if_less(y, delta, T::ZERO)
    }
}

impl Activation for Tanh {
    const NAME: &'static str = "tanh";

    #[inline(always)]
    fn forward<T: Number>(z: T) -> T {
        exponential::tanh(z)
    }

    #[inline(always)]
    fn backward<T: Number>(y: T, delta: T) -> T {
        delta * (T::ONE - y * y)
    }
}

impl LeakyRelu {
    /// The slope below zero.
    const SLOPE: f32 = 0.01;
}

impl Activation for LeakyRelu {
    const NAME: &'static str = "leaky_relu";

    #[inline(always)]
    fn forward<T: Number>(z: T) -> T {
        z.if_less(T::ZERO, z * T::splat(Self::SLOPE), z)
    }

    #[inline(always)]
    fn backward<T: Number>(y: T, delta: T) -> T {
        T::ZERO.if_less(y, delta, delta * T::splat(Self::SLOPE))
    }
}

impl Activation for Sigmoid {
    const NAME: &'static str = "sigmoid";

    #[inline(always)]
    fn forward<T: Number>(z: T) -> T {
        exponential::sigmoid(z)
    }

    #[inline(always)]
    fn backward<T: Number>(y: T, delta: T) -> T {
        delta * (y * (T::ONE - y))
    }
}
