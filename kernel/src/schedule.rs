//! The step size over time.
//!
//! ```text
//! warm-up      t < W           eta (t + 1) / W
//! base         s = t - W       constant     eta
//!                              step decay   eta (f f ... f), floor(s / every) factors, a running product
//!                              cosine       eta (1 + cos(pi min(s, S) / S)) / 2
//! final drop   t >= at         all of it times a factor
//! ```
//!
//! Time t counts completed updates, the first update is t = 0. Constant step sizes at a batch of one keep the
//! noise that learns the support, and pay for it with a noisier fit; a drop near the end gets most of the fit
//! back. Warm-up: Goyal et al., arXiv 1706.02677; cosine: Loshchilov and Hutter, arXiv 1608.03983.

use crate::number::Number;
use crate::ops;
use crate::state::{State, Words};

/// What the step size does between warm-up and final drop.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "wire", derive(serde::Serialize, serde::Deserialize))]
pub enum Base<T = f32> {
    /// It stays.
    Constant,
    /// Every so many updates it is multiplied by a factor.
    StepDecay {
        /// After how many updates, over and over.
        every: u32,
        /// The factor.
        factor: T,
    },
    /// It falls to zero along half a cosine, and stays there.
    Cosine {
        /// S: over how many updates.
        over: u32,
    },
}

/// A step size, and what becomes of it.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "wire", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct Schedule<T> {
    pub(crate) eta: T,
    pub(crate) warm_up: Option<u32>,
    pub(crate) base: Base<T>,
    pub(crate) drop: Option<FinalDrop<T>>,
}

/// From update `at` on, the step size is multiplied by `factor`.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "wire", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct FinalDrop<T> {
    pub(crate) at: u32,
    pub(crate) factor: T,
}

/// Time as a training counts it: completed updates, and the running product of the step decay.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Clock<T = f32> {
    updates: u32,
    decays: u32,
    product: T,
}

impl<T: Number> Default for Clock<T> {
    fn default() -> Self {
        Self { updates: 0, decays: 0, product: T::ONE }
    }
}

impl<T: Number> Clock<T> {
    /// Before update `t`, the first of which is 0.
    pub fn at(t: u32) -> Self {
        Self { updates: t, ..Self::default() }
    }

    /// t: how many updates have been completed.
    pub fn updates(&self) -> u32 {
        self.updates
    }

    /// One more update is completed.
    pub(crate) fn tick(&mut self) {
        self.updates = self.updates.saturating_add(1);
    }

    /// f f ... f, `decays` factors; those that are there already are not multiplied again.
    fn product(&mut self, factor: T, decays: u32) -> T {
        while self.decays < decays {
            self.product = self.product * factor;
            self.decays = self.decays.saturating_add(1);
        }
        self.product
    }
}

impl State for Clock {
    fn pass<W: Words>(&mut self, words: &mut W) -> Result<(), W::Error> {
        words.word(&mut self.updates)?;
        words.word(&mut self.decays)?;
        words.number(&mut self.product)
    }
}

impl<T: Number> Schedule<T> {
    /// The step size of the update that `clock` is before.
    pub(crate) fn step_size(&self, clock: &mut Clock<T>) -> T {
        let t = clock.updates;
        let warm_up = self.warm_up.unwrap_or(0);
        let eta = match t.checked_sub(warm_up) {
            None => self.eta * number(t.saturating_add(1)) / number(warm_up),
            Some(s) => match self.base {
                Base::Constant => self.eta,
                Base::StepDecay { every, factor } => {
                    self.eta * clock.product(factor, s.checked_div(every).unwrap_or(0))
                }
                Base::Cosine { over } => self.eta * T::splat(half_cosine(s.min(over), over)),
            },
        };
        match self.drop {
            Some(FinalDrop { at, factor }) if t >= at => eta * factor,
            _ => eta,
        }
    }

    /// The same schedule with its numbers changed by `f`, in the order of the fields.
    pub(crate) fn map<U>(&self, f: &mut impl FnMut(T) -> U) -> Schedule<U> {
        Schedule {
            eta: f(self.eta),
            warm_up: self.warm_up,
            base: match self.base {
                Base::Constant => Base::Constant,
                Base::StepDecay { every, factor } => Base::StepDecay { every, factor: f(factor) },
                Base::Cosine { over } => Base::Cosine { over },
            },
            drop: self.drop.map(|FinalDrop { at, factor }| FinalDrop { at, factor: f(factor) }),
        }
    }
}

fn number<T: Number>(n: u32) -> T {
    ops::count(n as usize)
}

/// (1 + cos(pi s / S)) / 2.
fn half_cosine(s: u32, over: u32) -> f32 {
    let angle = core::f32::consts::PI * number::<f32>(s) / number::<f32>(over);
    0.5 * (1.0 + libm::cosf(angle))
}
