//! Weight decay, by group of layers.
//!
//! ```text
//! coupled      g <- g + lambda w                 before momentum, as PyTorch's SGD(weight_decay)
//! decoupled    w <- w (1 - eta lambda) - eta g   Loshchilov and Hutter, arXiv 1711.05101
//! ```
//!
//! Each group has a lambda of its own: the weights of the first layer, of the hidden layers, of the output
//! layer, and all biases. A layer that is first and last is first. Biases do not decay unless told to; PyTorch
//! decays them.
//!
//! ```
//! use tamis::{Sgd, WeightDecay};
//!
//! // Only the first layer, whose columns tell which inputs matter.
//! let sgd = Sgd::new(0.02)?.weight_decay(WeightDecay::coupled(0.0).first(0.01))?;
//! # Ok::<(), tamis::SgdError>(())
//! ```

/// How weights decay.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "wire", derive(serde::Serialize, serde::Deserialize))]
pub struct WeightDecay<T = f32> {
    pub(crate) coupling: Coupling,
    pub(crate) first: T,
    pub(crate) hidden: T,
    pub(crate) output: T,
    pub(crate) biases: Option<T>,
}

/// Whether decay goes through the gradient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "wire", derive(serde::Serialize, serde::Deserialize))]
pub enum Coupling {
    /// It is part of the gradient.
    Coupled,
    /// It acts on the weight, whatever the gradient is.
    Decoupled,
}

/// Where a layer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    First,
    Hidden,
    Output,
}

impl Place {
    /// The place of layer `index`, counted from 0, of so many.
    pub(crate) fn of(index: usize, layers: usize) -> Self {
        match index {
            0 => Self::First,
            _ if index.saturating_add(1) == layers => Self::Output,
            _ => Self::Hidden,
        }
    }
}

impl<T: Copy> WeightDecay<T> {
    /// Coupled decay by `lambda` of all weights.
    pub const fn coupled(lambda: T) -> Self {
        Self { coupling: Coupling::Coupled, first: lambda, hidden: lambda, output: lambda, biases: None }
    }

    /// Decoupled decay by `lambda` of all weights.
    pub const fn decoupled(lambda: T) -> Self {
        Self { coupling: Coupling::Decoupled, ..Self::coupled(lambda) }
    }

    /// Another lambda for the weights of the first layer.
    pub const fn first(self, lambda: T) -> Self {
        Self { first: lambda, ..self }
    }

    /// Another lambda for the weights of the layers between the first and the last.
    pub const fn hidden(self, lambda: T) -> Self {
        Self { hidden: lambda, ..self }
    }

    /// Another lambda for the weights of the last layer.
    pub const fn output(self, lambda: T) -> Self {
        Self { output: lambda, ..self }
    }

    /// A lambda for all biases, which else do not decay.
    pub const fn biases(self, lambda: T) -> Self {
        Self { biases: Some(lambda), ..self }
    }

    /// The lambda of the weights of a layer.
    pub(crate) fn weights(&self, place: Place) -> T {
        match place {
            Place::First => self.first,
            Place::Hidden => self.hidden,
            Place::Output => self.output,
        }
    }

    /// The same with its numbers changed by `f`, in the order of the fields.
    pub(crate) fn map<U>(&self, f: &mut impl FnMut(T) -> U) -> WeightDecay<U> {
        WeightDecay {
            coupling: self.coupling,
            first: f(self.first),
            hidden: f(self.hidden),
            output: f(self.output),
            biases: self.biases.map(f),
        }
    }
}
