//! "Update": one of a batch of one, or of more.

use tamis::Clip;

use super::network::{Layer, flat, for_each};
use super::settings::{Coupling, Decay, Penalty};
use super::{Literal, Settings};
use crate::Row;

/// What norm or value do to a gradient.
#[derive(Clone, Copy)]
enum Limit {
    /// "c = min(1, bound/(norm + 1e-6))"
    Factor(f32),
    /// Each by itself.
    Bound(f32),
}

impl Literal {
    /// One update from a batch of one; the loss before it.
    pub fn step(&mut self, row: &Row, settings: &Settings) -> f32 {
        let all = self.forward(&row.x);
        let deltas = self.backward(&all, &row.target);
        let loss = self.loss.value(&all[self.layers.len()], &row.target);
        let eta = settings.schedule.eta(self.t);

        // "At n = 1 the norm is that of outer products: from the first layer to the last, |delta|^2 * |x|^2, with
        // (|x|^2 + 1) where there is a bias, each square sum ascending"
        let limit = match settings.clip {
            None => None,
            Some(Clip::Value(bound)) => Some(Limit::Bound(bound)),
            Some(Clip::Norm(bound)) => {
                let mut sum = 0.0;
                for (l, layer) in self.layers.iter().enumerate() {
                    let delta_square = square_sum(&deltas[l]);
                    let mut x_square = square_sum(&all[l]);
                    if layer.b.is_some() {
                        x_square += 1.0;
                    }
                    let product = delta_square * x_square;
                    sum += product;
                }
                Some(Limit::Factor(clip_factor(bound, sum)))
            }
        };

        // "With coupled decay, momentum or clipping by value, batch one uses the general form on g = delta_o * x_i"
        let is_coupled = settings.decay.is_some_and(|decay| decay.coupling == Coupling::Coupled);
        let is_by_value = matches!(limit, Some(Limit::Bound(_)));
        if is_coupled || is_by_value || settings.momentum.is_some() {
            // Open: a bias does not decay, so it need not take the general form; it does, eta * (c * delta_o) and not
            // (eta * c) * delta_o.
            let gradient = self.outer(&all, &deltas);
            self.descend(&gradient, limit, eta, settings);
        } else {
            // "with clipping by norm `eta` is first multiplied by the factor c"
            let step = match limit {
                Some(Limit::Factor(c)) => eta * c,
                _ => eta,
            };
            let layers = self.layers.len();
            for (l, layer) in self.layers.iter_mut().enumerate() {
                let (x, delta) = (&all[l], &deltas[l]);
                let [of_weights, of_biases] = lambdas(settings.decay, l, layers);
                for i in 0..x.len() {
                    for o in 0..delta.len() {
                        // "w <- w - (eta * delta_o) * x_i". "Decoupled decay w*(1 - eta*lambda) comes first."
                        let kept = decoupled(layer.w[i][o], of_weights, eta);
                        let scaled = step * delta[o];
                        let change = scaled * x[i];
                        layer.w[i][o] = kept - change;
                    }
                }
                let Some(b) = &mut layer.b else { continue };
                for o in 0..delta.len() {
                    // "b <- b - eta * delta_o"
                    let kept = decoupled(b[o], of_biases, eta);
                    let change = step * delta[o];
                    b[o] = kept - change;
                }
            }
        }
        self.finish(eta, settings);
        loss
    }

    /// One update from a batch declared longer than one; the mean of the losses before it.
    pub fn batch(&mut self, rows: &[Row], settings: &Settings) -> f32 {
        // "the first sample's gradient is stored, the others added in order of arrival, the sum divided by n at
        // the end", "a last short batch is a mean over what it has"
        let mut mean: Option<Vec<Layer>> = None;
        // "a batch's loss is the mean over its accepted samples". Open: how it rounds. As the gradient does.
        let mut loss = 0.0;
        let n = rows.len() as f32;
        for row in rows {
            let all = self.forward(&row.x);
            let deltas = self.backward(&all, &row.target);
            loss += self.loss.value(&all[self.layers.len()], &row.target);
            let gradient = self.outer(&all, &deltas);
            match &mut mean {
                None => mean = Some(gradient),
                Some(sum) => {
                    let mut others = flat(&gradient).into_iter();
                    for_each(sum, |sum| *sum += others.next().unwrap());
                }
            }
        }
        loss /= n;
        let mut mean = mean.unwrap();
        for_each(&mut mean, |g| *g /= n);

        let eta = settings.schedule.eta(self.t);
        // "at n > 1 the squares in parameter order"
        let limit = settings.clip.map(|clip| match clip {
            Clip::Norm(bound) => Limit::Factor(clip_factor(bound, square_sum(&flat(&mean)))),
            Clip::Value(bound) => Limit::Bound(bound),
        });
        self.descend(&mean, limit, eta, settings);
        self.finish(eta, settings);
        loss
    }

    /// "g = delta_o * x_i", of a bias delta_o.
    fn outer(&self, all: &[Vec<f32>], deltas: &[Vec<f32>]) -> Vec<Layer> {
        let mut gradient = self.layers.clone();
        for (l, layer) in gradient.iter_mut().enumerate() {
            for i in 0..all[l].len() {
                for o in 0..deltas[l].len() {
                    layer.w[i][o] = deltas[l][o] * all[l][i];
                }
            }
            if let Some(b) = &mut layer.b {
                *b = deltas[l].clone();
            }
        }
        gradient
    }

    /// "mean gradient -> clip -> coupled decay g + lambda*w -> v <- mu*v + g (v starts at 0) -> w <- w - eta*v"
    fn descend(&mut self, gradient: &[Layer], limit: Option<Limit>, eta: f32, settings: &Settings) {
        let layers = self.layers.len();
        for l in 0..layers {
            let [of_weights, of_biases] = lambdas(settings.decay, l, layers);
            let (layer, velocity, gradient) = (&mut self.layers[l], &mut self.velocity[l], &gradient[l]);
            for i in 0..layer.w.len() {
                for o in 0..layer.w[i].len() {
                    let (w, v) = (&mut layer.w[i][o], &mut velocity.w[i][o]);
                    general(w, v, gradient.w[i][o], limit, of_weights, eta, settings.momentum);
                }
            }
            let (Some(b), Some(v), Some(g)) = (&mut layer.b, &mut velocity.b, &gradient.b) else { continue };
            for o in 0..b.len() {
                general(&mut b[o], &mut v[o], g[o], limit, of_biases, eta, settings.momentum);
            }
        }
    }

    /// The proximal step and the growing penalty of an update, after which it is complete.
    fn finish(&mut self, eta: f32, settings: &Settings) {
        let first = &mut self.layers[0].w;
        // "Every step, or every m steps with m * eta * lambda." Open: at which of m steps. The last.
        if let Some(proximal) = settings.proximal
            && (self.t + 1).is_multiple_of(proximal.every)
        {
            let m_eta = proximal.every as f32 * eta;
            let s = m_eta * proximal.lambda;
            for column in first.iter_mut() {
                match proximal.penalty {
                    // "L1 sign(w)*max(|w| - eta*lambda, 0)", "zero stays +0"
                    Penalty::L1 => {
                        for w in column {
                            let rest = w.abs() - s;
                            *w = match rest > 0.0 {
                                true if *w < 0.0 => -rest,
                                true => rest,
                                false => 0.0,
                            };
                        }
                    }
                    // "group (one input's column) w*max(0, 1 - eta*lambda/|column|)"
                    Penalty::Group => {
                        let norm = libm::sqrtf(square_sum(column));
                        let share = s / norm;
                        let factor = if norm == 0.0 { 0.0 } else { 1.0 - share };
                        shrink(column, factor);
                    }
                }
            }
        }
        // w max(0, 1 - r k) after update t >= from, k = 1 + floor((t - from) / every).
        if let Some(growing) = &settings.growing
            && self.t >= growing.from
        {
            let k = 1 + (self.t - growing.from) / growing.every;
            for (column, rate) in first.iter_mut().zip(&growing.rates) {
                let pressure = rate * k as f32;
                shrink(column, 1.0 - pressure);
            }
        }
        self.t += 1;
    }
}

/// w max(0, factor). Open: which zero. "zero stays +0", and so does what becomes zero.
fn shrink(column: &mut [f32], factor: f32) {
    for w in column {
        let product = *w * factor;
        *w = if factor <= 0.0 || product == 0.0 { 0.0 } else { product };
    }
}

/// "Groups of decay: first layer, hidden, output, biases (0 by default). A layer that is first and last is first."
/// Open: a decay of 0 by default is no decay, not g + 0 * b.
fn lambdas(decay: Option<Decay>, l: usize, layers: usize) -> [Option<(Coupling, f32)>; 2] {
    let Some(decay) = decay else { return [None, None] };
    let of_weights = if l == 0 {
        decay.first
    } else if l + 1 == layers {
        decay.output
    } else {
        decay.hidden
    };
    [Some(of_weights), decay.biases].map(|lambda| lambda.map(|lambda| (decay.coupling, lambda)))
}

/// "Decoupled decay w*(1 - eta*lambda)"
fn decoupled(w: f32, decay: Option<(Coupling, f32)>, eta: f32) -> f32 {
    match decay {
        Some((Coupling::Decoupled, lambda)) => {
            let product = eta * lambda;
            let factor = 1.0 - product;
            w * factor
        }
        _ => w,
    }
}

/// The general form.
fn general(
    w: &mut f32,
    v: &mut f32,
    gradient: f32,
    limit: Option<Limit>,
    decay: Option<(Coupling, f32)>,
    eta: f32,
    momentum: Option<f32>,
) {
    let mut g = gradient;
    match limit {
        // "always multiplied when configured"
        Some(Limit::Factor(c)) => g *= c,
        Some(Limit::Bound(bound)) => {
            if g > bound {
                g = bound;
            } else if g < -bound {
                g = -bound;
            }
        }
        None => {}
    }
    if let Some((Coupling::Coupled, lambda)) = decay {
        let pull = lambda * *w;
        g += pull;
    }
    if let Some(mu) = momentum {
        let kept = mu * *v;
        *v = kept + g;
        g = *v;
    }
    let kept = decoupled(*w, decay, eta);
    let change = eta * g;
    *w = kept - change;
}

/// "c = min(1, bound/(norm + 1e-6))"
fn clip_factor(bound: f32, square_sum: f32) -> f32 {
    let norm = libm::sqrtf(square_sum);
    let raised = norm + 1e-6;
    let quotient = bound / raised;
    // Open: the minimum of 1 and a NaN (|delta|^2 |x|^2 may be 0 times infinity). It is the NaN.
    if 1.0 < quotient { 1.0 } else { quotient }
}

/// "each square sum ascending"
pub(super) fn square_sum(values: &[f32]) -> f32 {
    let mut sum = 0.0;
    for value in values {
        let square = value * value;
        sum += square;
    }
    sum
}
