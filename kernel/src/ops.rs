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
//! batch of one      w <- w - (eta d_o) x_i,  b <- b - eta d_o
//!                   clipped by norm: eta c for eta; decoupled decay: w (1 - eta lambda) for w
//! batch of n        g <- (g_1 + g_2 + ... + g_n) / n, in order of arrival; then the general form
//! general form      g <- c g, or g limited to a bound      clipping by norm, by value
//!                   g <- g + lambda w                      coupled decay
//!                   v <- mu v + g,  g <- v                 momentum
//!                   w <- w (1 - eta lambda) - eta g        the factor with decoupled decay only
//! ```
//!
//! A batch of one takes the general form, on g = d_o x_i, where coupled decay, momentum or clipping by value
//! ask for it, and stores no gradient in any case. Then come the proximal step and the growing penalty. Sums run
//! in ascending index order and are never re-associated; products and sums round one by one (no fused
//! multiply-add). Work is interleaved over *outputs* only, which changes no sum.
//!
//! What only options need is one function for all layers of a program on a device, and part of its caller on the host,
//! where lanes want the caller's vectors. With the feature `small` so are the loops over all weights.
//!
//! All functions are total: slices that are too short compute less, nothing panics. [`crate::Model`]
//! checks the lengths once a call; past that the compiler knows them.

use crate::blocks::{self, Sweep, block, block_mut};
use crate::number::Number;

/// The version of this arithmetic. It is part of every digest and grows whenever a bit may change.
pub const ARITHMETIC_VERSION: u32 = 2;

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

/// [`rows`], to write to.
#[inline(always)]
fn rows_mut<T>(w: &mut [T], outputs: usize) -> core::slice::ChunksExactMut<'_, T> {
    w.chunks_exact_mut(outputs.max(1))
}

/// z = b + w^T x: `w` (I, O), `b` (O) or none, `x` (I), `z` (O).
#[cfg_attr(feature = "small", inline(never))]
#[cfg_attr(not(feature = "small"), inline(always))]
pub fn forward<T: Number>(w: &[T], b: Option<&[T]>, x: &[T], z: &mut [T]) {
    blocks::sweep::<T>(z.len(), &mut Forward { w, b, x, z });
}

struct Forward<'a, T> {
    w: &'a [T],
    b: Option<&'a [T]>,
    x: &'a [T],
    z: &'a mut [T],
}

impl<T: Number> Sweep for Forward<'_, T> {
    #[inline(always)]
    fn block<const B: usize>(&mut self, first: usize) {
        let outputs = self.z.len();
        let Some(z) = block_mut::<T, B>(self.z, first) else { return };
        let bias = self.b.and_then(|b| block(b, first));
        let mut sums = bias.copied().unwrap_or([T::ZERO; B]);
        for (row, &x) in rows(self.w, outputs).zip(self.x) {
            if let Some(w) = block::<T, B>(row, first) {
                add_products(&mut sums, w, x);
            }
        }
        *z = sums;
    }
}

/// sums + w x, of a block.
///
/// A core that does everything in its order waits for what it has only just loaded or multiplied. So loads, products
/// and sums come in groups, of eight and of four. With lanes there is a core that orders for itself.
#[inline(always)]
fn add_products<T: Number, const B: usize>(sums: &mut [T; B], w: &[T; B], x: T) {
    if !blocks::is_scalar::<T>() {
        for (sum, &w) in sums.iter_mut().zip(w) {
            blocks::each_apart::<T>();
            *sum = *sum + w * x;
        }
        return;
    }
    let (mut sums, mut w) = (&mut sums[..], &w[..]);
    let (w_eights, sum_eights, w_fours, sum_fours);
    (w_eights, w) = w.as_chunks::<8>();
    (sum_eights, sums) = sums.as_chunks_mut::<8>();
    w_eights.iter().zip(sum_eights).for_each(|(w, sums)| eight_products(sums, w, x));
    (w_fours, w) = w.as_chunks::<4>();
    (sum_fours, sums) = sums.as_chunks_mut::<4>();
    for (&w, sums) in w_fours.iter().zip(sum_fours) {
        *sums = four(*sums, four(w, [x, x, x, x], |w, x| w * x), |sum, product| sum + product);
    }
    sums.iter_mut().zip(w).for_each(|(sum, &w)| *sum = *sum + w * x);
}

/// [`add_products`] for eight: all loads, then all products, then all sums.
#[inline(always)]
fn eight_products<T: Number>(sums: &mut [T], w: &[T], x: T) {
    let mut products = [T::ZERO; 8];
    products.iter_mut().zip(w).for_each(|(product, &w)| *product = w);
    products.iter_mut().zip(w).for_each(|(product, _)| *product = *product * x);
    sums.iter_mut().zip(products).for_each(|(sum, product)| *sum = *sum + product);
}

/// dx = w d: `w` (I, O), `delta` (O), `dx` (I). Four inputs at a time, whose sums do not wait for each other.
#[cfg_attr(feature = "small", inline(never))]
#[cfg_attr(not(feature = "small"), inline(always))]
pub fn backward<T: Number>(w: &[T], delta: &[T], dx: &mut [T]) {
    let outputs = delta.len();
    let (dx_fours, dx) = dx.as_chunks_mut::<4>();
    let (w_fours, w) = split(w, dx_fours.len().saturating_mul(4).saturating_mul(outputs));
    for (w, dx) in rows(w_fours, outputs.max(1).saturating_mul(4)).zip(dx_fours) {
        let (w0, w) = split(w, outputs);
        let (w1, w) = split(w, outputs);
        let (w2, w3) = split(w, outputs);
        let (mut s0, mut s1, mut s2, mut s3) = (T::ZERO, T::ZERO, T::ZERO, T::ZERO);
        for ((((&w0, &w1), &w2), &w3), &delta) in w0.iter().zip(w1).zip(w2).zip(w3).zip(delta) {
            let (p0, p1, p2, p3) = (w0 * delta, w1 * delta, w2 * delta, w3 * delta);
            (s0, s1, s2, s3) = (s0 + p0, s1 + p1, s2 + p2, s3 + p3);
        }
        *dx = [s0, s1, s2, s3];
    }
    for (row, dx) in rows(w, outputs).zip(dx) {
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
/// `w` (I, O), `b` (O) or none, `x` (I), `delta` (O).
#[inline(always)]
pub fn update<T: Number>(w: &mut [T], b: Option<&mut [T]>, x: &[T], delta: &[T], eta: T) {
    outer(w, b, x, delta, |delta| eta * delta, |w, g| w - g);
}

/// [`update`] after a decoupled decay of the weights, the biases, or both.
#[inline(never)]
pub fn update_decayed<T: Number>(
    w: &mut [T],
    b: Option<&mut [T]>,
    x: &[T],
    delta: &[T],
    eta: T,
    decay: &[Option<Decay<T>>; 2],
) {
    T::pass(
        #[inline(always)]
        || {
            let [weights, biases] = decay;
            outer(w, None, x, delta, |delta| eta * delta, |w, g| Decay::decoupled(*weights, w) - g);
            outer(&mut [], b, x, delta, |delta| eta * delta, |b, g| Decay::decoupled(*biases, b) - g);
        },
    );
}

/// The general update of a batch of one, on g = d x without storing it; `changes` say how g moves weights and
/// biases. `w` (I, O), `b` (O) or none, `x` (I), `delta` (O), `velocity` of weights, then biases, or nothing.
#[inline(never)]
pub fn update_general<T: Number>(
    w: &mut [T],
    b: Option<&mut [T]>,
    x: &[T],
    delta: &[T],
    velocity: &mut [T],
    changes: &[Change<T>; 2],
) {
    T::pass(
        #[inline(always)]
        || {
            let [weights, biases] = changes;
            let (v_w, v_b) = split_mut(velocity, w.len());
            let mut v = v_w.iter_mut();
            for (row, &x) in rows_mut(w, delta.len()).zip(x) {
                for (w, &delta) in row.iter_mut().zip(delta) {
                    *w = weights.of(*w, delta * x, v.next());
                }
            }
            let mut v = v_b.iter_mut();
            for (b, &delta) in b.into_iter().flatten().zip(delta) {
                *b = biases.of(*b, delta, v.next());
            }
        },
    );
}

/// Stores the gradient of a batch's first sample: `g_w` (I, O), `g_b` (O) or none, `x` (I), `delta` (O).
#[inline(always)]
pub fn store_gradient<T: Number>(g_w: &mut [T], g_b: Option<&mut [T]>, x: &[T], delta: &[T]) {
    outer(g_w, g_b, x, delta, |delta| delta, |_, g| g);
}

/// Adds the gradient of a further sample: shapes as in [`store_gradient`].
#[inline(always)]
pub fn add_gradient<T: Number>(g_w: &mut [T], g_b: Option<&mut [T]>, x: &[T], delta: &[T]) {
    outer(g_w, g_b, x, delta, |delta| delta, |sum, g| sum + g);
}

/// Every weight becomes `change(w_io, f(d_o) x_i)`, and every bias `change(b_o, f(d_o))`.
/// `w` (I, O), `b` (O) or none, `x` (I), `delta` (O).
#[cfg_attr(feature = "small", inline(never))]
#[cfg_attr(not(feature = "small"), inline(always))]
fn outer<T: Number>(
    w: &mut [T],
    b: Option<&mut [T]>,
    x: &[T],
    delta: &[T],
    f: impl Fn(T) -> T + Copy,
    change: impl Fn(T, T) -> T + Copy,
) {
    blocks::sweep::<T>(delta.len(), &mut Outer { w, x, delta, f, change });
    for (b, &delta) in b.into_iter().flatten().zip(delta) {
        *b = change(*b, f(delta));
    }
}

struct Outer<'a, T, F, C> {
    w: &'a mut [T],
    x: &'a [T],
    delta: &'a [T],
    f: F,
    change: C,
}

impl<T: Number, F: Fn(T) -> T, C: Fn(T, T) -> T> Sweep for Outer<'_, T, F, C> {
    #[inline(always)]
    fn block<const B: usize>(&mut self, first: usize) {
        let Some(delta) = block::<T, B>(self.delta, first) else { return };
        let delta = delta.map(&self.f);
        let (delta_fours, delta_rest) = delta.as_chunks::<4>();
        for (row, &x) in rows_mut(self.w, self.delta.len()).zip(self.x) {
            if let Some(w) = block_mut::<T, B>(row, first) {
                let (w_fours, w) = w.as_chunks_mut::<4>();
                for (w, delta) in w_fours.iter_mut().zip(delta_fours) {
                    *w = four(*w, four(*delta, [x, x, x, x], |delta, x| delta * x), &self.change);
                }
                for (w, &delta) in w.iter_mut().zip(delta_rest) {
                    *w = (self.change)(*w, delta * x);
                }
            }
        }
    }
}

/// The same for four pairs, one after the other.
#[inline(always)]
fn four<T>([a, b, c, d]: [T; 4], [e, f, g, h]: [T; 4], op: impl Fn(T, T) -> T) -> [T; 4] {
    [op(a, e), op(b, f), op(c, g), op(d, h)]
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

/// How a gradient moves a parameter: step size, clipping, weight decay, momentum.
///
/// Whether an option is in use is told by the variant, never by a value.
#[derive(Clone, Copy, Debug)]
pub struct Change<T> {
    /// eta.
    pub step_size: T,
    /// Clipping.
    pub clip: Option<Limit<T>>,
    /// Weight decay.
    pub decay: Option<Decay<T>>,
    /// mu.
    pub momentum: Option<T>,
}

/// What clipping comes to in one update.
#[derive(Clone, Copy, Debug)]
pub enum Limit<T> {
    /// c: all gradients are multiplied by it.
    Factor(T),
    /// Each gradient is limited to it.
    Bound(T),
}

/// What weight decay comes to in one update.
#[derive(Clone, Copy, Debug)]
pub enum Decay<T> {
    /// lambda.
    Coupled(T),
    /// 1 - eta lambda.
    Decoupled(T),
}

impl<T: Number> Decay<T> {
    /// w after a decoupled decay.
    #[inline(always)]
    fn decoupled(decay: Option<Self>, w: T) -> T {
        if let Some(Self::Decoupled(factor)) = decay { w * factor } else { w }
    }
}

impl<T: Number> Change<T> {
    /// The parameter `w` after an update by gradient `g`; `v` is its velocity, with momentum.
    #[inline(always)]
    fn of(&self, w: T, g: T, v: Option<&mut T>) -> T {
        let g = match self.clip {
            Some(Limit::Factor(c)) => c * g,
            Some(Limit::Bound(bound)) => g.limit(bound),
            None => g,
        };
        let g = if let Some(Decay::Coupled(lambda)) = self.decay { g + lambda * w } else { g };
        let g = match (self.momentum, v) {
            (Some(mu), Some(v)) => {
                *v = mu * *v + g;
                *v
            }
            _ => g,
        };
        Decay::decoupled(self.decay, w) - self.step_size * g
    }
}

/// The update from a stored mean gradient without options: w <- w - eta g.
#[inline(always)]
pub fn descend<T: Number>(params: &mut [T], gradient: &[T], eta: T) {
    for (param, &g) in params.iter_mut().zip(gradient) {
        blocks::each_apart::<T>();
        *param = *param - eta * g;
    }
}

/// The general update from a stored mean gradient: `w` (I, O) and `b` (O) or nothing, `gradient` of weights, then
/// biases, `velocity` likewise, or nothing.
#[inline(never)]
pub fn descend_general<T: Number>(
    w: &mut [T],
    b: &mut [T],
    gradient: &[T],
    velocity: &mut [T],
    changes: &[Change<T>; 2],
) {
    T::pass(
        #[inline(always)]
        || {
            let [weights, biases] = changes;
            let (g_w, g_b) = split(gradient, w.len());
            let (v_w, v_b) = split_mut(velocity, w.len());
            for (params, g, v, change) in [(w, g_w, v_w, weights), (b, g_b, v_b, biases)] {
                let mut v = v.iter_mut();
                for (param, &g) in params.iter_mut().zip(g) {
                    *param = change.of(*param, g, v.next());
                }
            }
        },
    );
}

/// The smallest positive number: what is below it is zero or negative. A NaN is not below it, and stays one.
const LEAST: f32 = f32::from_bits(1);

/// The proximal step of the L1 penalty: sign(w) max(|w| - s, 0).
#[inline(never)]
pub fn shrink_weights<T: Number>(w: &mut [T], s: T) {
    T::pass(
        #[inline(always)]
        || {
            for w in w {
                let size = w.abs() - s;
                *w = size.if_less(T::splat(LEAST), T::ZERO, w.if_less(T::ZERO, -size, size));
            }
        },
    );
}

/// The proximal step of the group lasso: the weights of each input, `w` (I, O), times max(0, 1 - s / |w_i|).
#[inline(never)]
pub fn shrink_groups<T: Number>(w: &mut [T], outputs: usize, s: T) {
    T::pass(
        #[inline(always)]
        || {
            for column in rows_mut(w, outputs) {
                let norm = square_sum(column).sqrt();
                shrink(column, norm.if_less(T::splat(LEAST), T::ZERO, T::ONE - s / norm));
            }
        },
    );
}

/// The growing penalty: the weights of each input, `w` (I, O), times max(0, 1 - r k), `rates` (I).
#[inline(never)]
pub fn shrink_columns<T: Number>(w: &mut [T], outputs: usize, rates: &[T], k: T) {
    T::pass(
        #[inline(always)]
        || {
            for (column, &rate) in rows_mut(w, outputs).zip(rates) {
                shrink(column, T::ONE - rate * k);
            }
        },
    );
}

/// w max(0, factor); what becomes zero is +0.0.
#[inline(always)]
fn shrink<T: Number>(column: &mut [T], factor: T) {
    for w in column {
        blocks::each_apart::<T>();
        *w = factor.if_less(T::splat(LEAST), T::ZERO, *w * factor + T::ZERO);
    }
}
