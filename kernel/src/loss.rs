//! What training makes small: a mean over the outputs of one sample.
//!
//! ```text
//! mean squared error   L = 1/O sum_o (y_o - t_o)^2     dL/dy_o = (y_o - t_o) (2/O)
//! ```

use crate::number::Number;
use crate::ops;

/// A loss of one sample.
pub trait Loss {
    /// The loss of outputs `y` (O) against the target `t` (O); `delta` (O) becomes dL/dy.
    fn evaluate<T: Number>(y: &[T], t: &[T], delta: &mut [T]) -> T;
}

/// The mean over the outputs of the squared error, as in PyTorch's `MSELoss`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mse;

impl Loss for Mse {
    #[inline(always)]
    fn evaluate<T: Number>(y: &[T], t: &[T], delta: &mut [T]) -> T {
        let outputs = ops::count(y.len());
        let slope = T::splat(2.0) / outputs;
        for ((delta, &y), &t) in delta.iter_mut().zip(y).zip(t) {
            *delta = (y - t) * slope;
        }
        ops::sum(y.iter().zip(t).map(|(&y, &t)| (y - t) * (y - t))) / outputs
    }
}
