//! The arithmetic: every floating-point operation of a training step, in its order.
//!
//! The order of every sum over an array is decided here and nowhere else; what acts on one number at a time
//! stands with what it is for (activation, loss, schedule). Shapes are in brackets; `I` inputs, `O` outputs of
//! one layer; `w` is input-major, `w[i][o]`, so the weights of one input lie together.
//!
//! ```text
//! forward    z_o  = b_o + sum_i w_io x_i          i ascending; without a bias from +0.0
//! backward   dx_i = 0 + sum_o w_io d_o            o ascending; weights from before the update
//! gradient   g_io = d_o x_i,  g_o = d_o
//!
//! batch of one             w <- w - (eta d_o) x_i
//! with decay               w <- w - eta (g + lambda w),      b <- b - eta g
//! batch of n               g <- (g_1 + g_2 + ... + g_n) / n, in order of arrival
//! clipping by norm         c = min(1, bound / (|g| + 1e-6)); batch of one without decay: eta <- eta c;
//!                          else g <- c g, before the decay
//! ```
//!
//! A batch of one stores no gradient, with decay or without. Sums run in ascending index order and are
//! never re-associated; products and sums round one by one (no fused multiply-add). Work is interleaved
//! over *outputs* only, which changes no sum.
//!
//! All functions are total: slices that are too short compute less, nothing panics. [`crate::Model`]
//! checks the lengths once a call; past that the compiler knows them.

use crate::number::Number;

/// The version of this arithmetic. It is part of every digest and grows whenever a bit may change.
pub const ARITHMETIC_VERSION: u32 = 1;

/// The first `at` elements and the rest; everything and nothing where there are fewer.
#[inline(always)]
pub(crate) fn split<T>(slice: &[T], at: usize) -> (&[T], &[T]) {
    slice.split_at_checked(at).unwrap_or((slice, &[]))
}

/// [`split`], to write to.
#[inline(always)]
pub(crate) fn split_mut<T>(slice: &mut [T], at: usize) -> (&mut [T], &mut [T]) {
    slice.split_at_mut(at.min(slice.len()))
}

/// A count as a number; exact up to 2^24.
#[inline(always)]
pub fn count<T: Number>(n: usize) -> T {
    T::splat(n as f32)
}

/// The sum of `terms` in their order, from +0.0.
#[inline(always)]
pub fn sum<T: Number>(terms: impl Iterator<Item = T>) -> T {
    terms.fold(T::ZERO, |sum, term| sum + term)
}

/// |v|^2, ascending.
#[inline(always)]
pub fn square_sum<T: Number>(v: &[T]) -> T {
    sum(v.iter().map(|&v| v * v))
}

/// The rows of `w` (I, O): one slice of O weights for each input.
#[inline(always)]
fn rows<T>(w: &[T], outputs: usize) -> core::slice::ChunksExact<'_, T> {
    w.chunks_exact(outputs.max(1))
}

/// z = b + w^T x: `w` (I, O), `b` (O) or none, `x` (I), `z` (O).
#[inline(always)]
pub fn forward<T: Number>(w: &[T], b: Option<&[T]>, x: &[T], z: &mut [T]) {
    match b {
        Some(b) => z.iter_mut().zip(b).for_each(|(z, &b)| *z = b),
        None => z.fill(T::ZERO),
    }
    let done = forward_blocks::<T, 8>(w, x, z, 0);
    let done = forward_blocks::<T, 4>(w, x, z, done);
    forward_blocks::<T, 1>(w, x, z, done);
}

/// Adds w^T x to `z` (O) from output `first` on, `B` outputs at a time: their sums stay in registers
/// over the whole sweep of inputs. Gives the first output that did not fill a block.
#[inline(always)]
fn forward_blocks<T: Number, const B: usize>(w: &[T], x: &[T], z: &mut [T], first: usize) -> usize {
    let outputs = z.len();
    let mut o = first;
    while let Some(block) = z.get_mut(o..).and_then(|rest| rest.first_chunk_mut::<B>()) {
        let mut sums = *block;
        for (row, &x) in rows(w, outputs).zip(x) {
            if let Some(w) = row.get(o..).and_then(|rest| rest.first_chunk::<B>()) {
                for (sum, &w) in sums.iter_mut().zip(w) {
                    *sum = *sum + w * x;
                }
            }
        }
        *block = sums;
        o = o.saturating_add(B);
    }
    o
}

/// dx = w d: `w` (I, O), `delta` (O), `dx` (I).
#[inline(always)]
pub fn backward<T: Number>(w: &[T], delta: &[T], dx: &mut [T]) {
    for (row, dx) in rows(w, delta.len()).zip(dx) {
        *dx = sum(row.iter().zip(delta).map(|(&w, &delta)| w * delta));
    }
}

/// v <- factor v.
#[inline(always)]
pub fn scale<T: Number>(v: &mut [T], factor: T) {
    for v in v {
        *v = factor * *v;
    }
}

/// The update of a batch of one: w <- w - (eta d) x, b <- b - eta d.
/// `w` (I, O), `b` (O) or none, `x` (I), `eta_delta` (O).
#[inline(always)]
pub fn update<T: Number>(w: &mut [T], b: Option<&mut [T]>, x: &[T], eta_delta: &[T]) {
    outer(w, b, x, eta_delta, |w, eta_delta, x| w - eta_delta * x, |b, eta_delta| b - eta_delta);
}

/// The general update of a batch of one, on g = d x without storing it; `change` says how g moves a parameter.
/// `w` (I, O), `b` (O) or none, `x` (I), `delta` (O).
#[inline(always)]
pub fn update_general<T: Number>(
    w: &mut [T],
    b: Option<&mut [T]>,
    x: &[T],
    delta: &[T],
    change: &Descent<T>,
) {
    outer(w, b, x, delta, |w, delta, x| change.weight(w, delta * x), |b, delta| change.bias(b, delta));
}

/// Stores the gradient of a batch's first sample: `g_w` (I, O), `g_b` (O) or none, `x` (I), `delta` (O).
#[inline(always)]
pub fn store_gradient<T: Number>(g_w: &mut [T], g_b: Option<&mut [T]>, x: &[T], delta: &[T]) {
    outer(g_w, g_b, x, delta, |_, delta, x| delta * x, |_, delta| delta);
}

/// Adds the gradient of a further sample: shapes as in [`store_gradient`].
#[inline(always)]
pub fn add_gradient<T: Number>(g_w: &mut [T], g_b: Option<&mut [T]>, x: &[T], delta: &[T]) {
    outer(g_w, g_b, x, delta, |g, delta, x| g + delta * x, |g, delta| g + delta);
}

/// Every weight becomes `weight(w_io, d_o, x_i)`, in layout order, and every bias `bias(b_o, d_o)`.
/// `w` (I, O), `b` (O) or none, `x` (I), `delta` (O).
#[inline(always)]
fn outer<T: Number>(
    w: &mut [T],
    b: Option<&mut [T]>,
    x: &[T],
    delta: &[T],
    weight: impl Fn(T, T, T) -> T,
    bias: impl Fn(T, T) -> T,
) {
    for (row, &x) in w.chunks_exact_mut(delta.len().max(1)).zip(x) {
        for (w, &delta) in row.iter_mut().zip(delta) {
            *w = weight(*w, delta, x);
        }
    }
    for (b, &delta) in b.into_iter().flatten().zip(delta) {
        *b = bias(*b, delta);
    }
}

/// g <- g / n: a sum of gradients becomes a mean.
#[inline(always)]
pub fn mean<T: Number>(gradient: &mut [T], n: T) {
    for g in gradient {
        *g = *g / n;
    }
}

/// |g|^2 of one layer for a batch of one, where the gradient is the outer product of `x` (I) and
/// `delta` (O): |d|^2 |x|^2, with |x|^2 + 1 where there is a bias. Deltas that are all zero give no
/// gradient, however large the inputs.
#[inline(always)]
pub fn outer_square_sum<T: Number>(x: &[T], delta: &[T], has_bias: bool) -> T {
    let x = square_sum(x);
    let delta = square_sum(delta);
    let product = delta * if has_bias { x + T::ONE } else { x };
    T::ZERO.if_less(delta, product, delta)
}

/// The clipping factor c = min(1, bound / (norm + 1e-6)), as in PyTorch's `clip_grad_norm_`.
#[inline(always)]
pub fn clip_factor<T: Number>(norm: T, bound: T) -> T {
    let factor = bound / (norm + T::splat(1e-6));
    T::ONE.if_less(factor, T::ONE, factor)
}

/// How a gradient moves a parameter: clipping factor, coupled weight decay, step size.
///
/// Whether clipping or decay is in use is told by the variant, never by a value.
#[derive(Clone, Copy, Debug)]
pub struct Descent<T> {
    /// eta.
    pub step_size: T,
    /// c.
    pub clip_factor: Option<T>,
    /// lambda, for weights; biases do not decay.
    pub decay: Option<T>,
}

impl<T: Number> Descent<T> {
    /// w - eta (c g + lambda w).
    #[inline(always)]
    fn weight(&self, w: T, g: T) -> T {
        let g = self.clip_factor.map_or(g, |c| c * g);
        let g = self.decay.map_or(g, |lambda| g + lambda * w);
        w - self.step_size * g
    }

    /// b - eta c g.
    #[inline(always)]
    fn bias(&self, b: T, g: T) -> T {
        let g = self.clip_factor.map_or(g, |c| c * g);
        b - self.step_size * g
    }
}

/// The update from a stored mean gradient: `w`, `g_w` (I, O) and `b`, `g_b` (O) or none.
#[inline(always)]
pub fn descend<T: Number>(w: &mut [T], b: &mut [T], g_w: &[T], g_b: &[T], change: &Descent<T>) {
    for (w, &g) in w.iter_mut().zip(g_w) {
        *w = change.weight(*w, g);
    }
    for (b, &g) in b.iter_mut().zip(g_b) {
        *b = change.bias(*b, g);
    }
}
