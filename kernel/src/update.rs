//! One update of all parameters, layer by layer, from the settings and the gradient.

use crate::clip::Clip;
use crate::momentum::Velocity;
use crate::number::Number;
use crate::ops::{self, Change, Decay, Limit, split_mut};
use crate::proximal::{Penalty, Proximal};
use crate::schedule::Clock;
use crate::sgd::Sgd;
use crate::shape::{Network, Pass, Visit};
use crate::weight_decay::{Coupling, Place};

/// The update that a clock is before.
pub(crate) struct Update<'a, T> {
    sgd: &'a Sgd<T>,
    step_size: T,
    momentum: Option<T>,
    /// v of all parameters; nothing without momentum.
    velocity: &'a mut [T],
    /// The number of this update, from 1.
    number: u32,
}

impl<'a, T: Number> Update<'a, T> {
    #[inline(always)]
    pub(crate) fn new(sgd: &'a Sgd<T>, velocity: Option<Velocity<'a, T>>, clock: &mut Clock<T>) -> Self {
        let step_size = sgd.schedule.step_size(clock);
        let (momentum, velocity) = match velocity {
            Some(Velocity { momentum, v }) => (Some(momentum), v),
            None => (None, &mut [][..]),
        };
        Self { sgd, step_size, momentum, velocity, number: clock.updates().saturating_add(1) }
    }

    /// From a batch of one, without a stored gradient: `delta` is dL/dz of all units.
    #[inline(always)]
    pub(crate) fn one(mut self, net: &impl Network, params: &mut [T], x: &[T], y: &[T], delta: &mut [T]) {
        if self.is_plain() {
            net.walk(params, x, y, delta, &mut Plain { eta: self.step_size });
        } else {
            self.one_with_options(net, params, x, y, delta);
        }
        self.proximal_step(net, params);
    }

    /// From the mean gradient of a batch of more than one.
    #[inline(always)]
    pub(crate) fn mean(mut self, net: &impl Network, params: &mut [T], gradient: &[T]) {
        if self.is_plain() {
            ops::descend(params, gradient, self.step_size);
        } else {
            self.mean_with_options(net, params, gradient);
        }
        self.proximal_step(net, params);
    }

    /// Whether every parameter moves by - eta g and nothing else.
    #[inline(always)]
    fn is_plain(&self) -> bool {
        self.sgd.clip.is_none() && self.sgd.decay.is_none() && self.momentum.is_none()
    }

    #[inline(never)] // not in the flash and the stack of those who have no options
    fn one_with_options(&mut self, net: &impl Network, params: &mut [T], x: &[T], y: &[T], delta: &mut [T]) {
        T::pass(
            #[inline(always)]
            || {
                let limit = match self.sgd.clip {
                    None => None,
                    Some(Clip::Value(bound)) => Some(Limit::Bound(bound)),
                    Some(Clip::Norm(bound)) => {
                        let mut squares = Squares(T::ZERO);
                        net.walk(params, x, y, delta, &mut squares);
                        Some(Limit::Factor(ops::clip_factor(squares.0.sqrt(), bound)))
                    }
                };
                let is_coupled = self.sgd.decay.is_some_and(|decay| decay.coupling == Coupling::Coupled);
                let by_value = matches!(limit, Some(Limit::Bound(_)));
                let layers = net.layers().count();
                if is_coupled || by_value || self.momentum.is_some() {
                    let velocity = core::mem::take(&mut self.velocity);
                    net.walk(
                        params,
                        x,
                        y,
                        delta,
                        &mut General { update: self, limit, velocity, index: 0, layers },
                    );
                } else {
                    let eta = match limit {
                        Some(Limit::Factor(c)) => self.step_size * c,
                        _ => self.step_size,
                    };
                    net.walk(params, x, y, delta, &mut Decayed { update: self, eta, index: 0, layers });
                }
            },
        );
    }

    #[inline(never)]
    fn mean_with_options(&mut self, net: &impl Network, params: &mut [T], gradient: &[T]) {
        T::pass(
            #[inline(always)]
            || {
                let limit = self.sgd.clip.map(|clip| match clip {
                    Clip::Value(bound) => Limit::Bound(bound),
                    Clip::Norm(bound) => {
                        Limit::Factor(ops::clip_factor(ops::square_sum(gradient).sqrt(), bound))
                    }
                });
                let layers = net.layers().count();
                let mut velocity = core::mem::take(&mut self.velocity);
                let (mut rest, mut gradient) = (params, gradient);
                for (index, layer) in net.layers().enumerate() {
                    let changes = self.changes(limit, Place::of(index, layers));
                    let (w, b, g, v);
                    (w, rest) = split_mut(rest, layer.weights());
                    (b, rest) = split_mut(rest, layer.biases());
                    (g, gradient) = ops::split(gradient, layer.params());
                    (v, velocity) = take(&mut velocity, layer.params());
                    ops::descend_general(w, b, g, v, &changes);
                }
            },
        );
    }

    /// What happens to the weights and to the biases of a layer.
    #[inline(always)]
    fn changes(&self, clip: Option<Limit<T>>, place: Place) -> [Change<T>; 2] {
        let (step_size, momentum) = (self.step_size, self.momentum);
        self.decay(place).map(|decay| Change { step_size, clip, decay, momentum })
    }

    /// The decay of the weights and of the biases of a layer.
    #[inline(always)]
    fn decay(&self, place: Place) -> [Option<Decay<T>>; 2] {
        let Some(decay) = self.sgd.decay else { return [None, None] };
        [Some(decay.weights(place)), decay.biases].map(|lambda| {
            lambda.map(|lambda| match decay.coupling {
                Coupling::Coupled => Decay::Coupled(lambda),
                Coupling::Decoupled => Decay::Decoupled(T::ONE - self.step_size * lambda),
            })
        })
    }

    #[inline(always)]
    fn proximal_step(&self, net: &impl Network, params: &mut [T]) {
        let Some(Proximal { penalty, lambda, every }) = self.sgd.proximal else { return };
        let Some(first) = net.layers().next() else { return };
        if !self.number.is_multiple_of(every) {
            return;
        }
        let shrinkage = ops::count::<T>(every as usize) * self.step_size * lambda;
        let (w, _) = split_mut(params, first.weights());
        match penalty {
            Penalty::L1 => ops::shrink_weights(w, shrinkage),
            Penalty::Group => ops::shrink_groups(w, first.outputs, shrinkage),
        }
    }
}

/// Splits the first `n` off `rest`.
#[inline(always)]
fn take<'a, T>(rest: &mut &'a mut [T], n: usize) -> (&'a mut [T], &'a mut [T]) {
    split_mut(core::mem::take(rest), n)
}

/// |g|^2 of all layers.
struct Squares<T>(T);

impl<T: Number> Visit<T> for Squares<T> {
    #[inline(always)]
    fn layer(&mut self, pass: Pass<'_, T>) {
        self.0 = self.0 + ops::outer_square_sum(pass.x, pass.delta, pass.b.is_some());
    }
}

/// The update of a batch of one without options.
struct Plain<T> {
    eta: T,
}

impl<T: Number> Visit<T> for Plain<T> {
    #[inline(always)]
    fn layer(&mut self, pass: Pass<'_, T>) {
        ops::update(pass.w, pass.b, pass.x, pass.delta, self.eta);
    }
}

/// The same after a decoupled decay, if any.
struct Decayed<'u, 'a, T> {
    update: &'u Update<'a, T>,
    /// The step size, clipped.
    eta: T,
    index: usize,
    layers: usize,
}

impl<T: Number> Visit<T> for Decayed<'_, '_, T> {
    #[inline(always)]
    fn layer(&mut self, pass: Pass<'_, T>) {
        let decay = self.update.decay(Place::of(self.index, self.layers));
        self.index = self.index.saturating_add(1);
        ops::update_decayed(pass.w, pass.b, pass.x, pass.delta, self.eta, &decay);
    }
}

/// The update of a batch of one in the general form.
struct General<'u, 'a, 'v, T> {
    update: &'u Update<'a, T>,
    limit: Option<Limit<T>>,
    /// v of the layers to come.
    velocity: &'v mut [T],
    index: usize,
    layers: usize,
}

impl<T: Number> Visit<T> for General<'_, '_, '_, T> {
    #[inline(always)]
    fn layer(&mut self, pass: Pass<'_, T>) {
        let changes = self.update.changes(self.limit, Place::of(self.index, self.layers));
        self.index = self.index.saturating_add(1);
        let v;
        (v, self.velocity) = take(&mut self.velocity, pass.params());
        ops::update_general(pass.w, pass.b, pass.x, pass.delta, v, &changes);
    }
}
