//! Gradient descent with every option, from the definitions.

use std::f64::consts::PI;

use super::Oracle;
use crate::Row;

/// The settings of gradient descent.
#[derive(Clone, Debug)]
pub struct Options {
    /// eta.
    pub eta: f64,
    /// How many updates eta takes to its full size.
    pub warm_up: u32,
    /// What eta does then.
    pub course: Course,
    /// From which update on eta is multiplied by what.
    pub drop: Option<(u32, f64)>,
    /// A bound on the gradient.
    pub clip: Option<Clip>,
    /// Weight decay.
    pub decay: Decay,
    /// mu.
    pub momentum: f64,
    /// A penalty on the first layer, its strength, every so many updates.
    pub proximal: Option<(Penalty, f64, u32)>,
    /// A growing penalty.
    pub growing: Option<Growing>,
}

/// What eta does after the warm-up.
#[derive(Clone, Copy, Debug)]
pub enum Course {
    /// It stays.
    Constant,
    /// After every so many updates a factor.
    Steps(u32, f64),
    /// To zero over so many updates.
    Cosine(u32),
}

/// A bound on the gradient.
#[derive(Clone, Copy, Debug)]
pub enum Clip {
    /// On its norm.
    Norm(f64),
    /// On each number.
    Value(f64),
}

/// Weight decay; zero is none.
#[derive(Clone, Copy, Debug, Default)]
pub struct Decay {
    /// Whether it acts on the weight and not through the gradient.
    pub is_decoupled: bool,
    /// lambda of the first, the hidden and the output layer's weights.
    pub weights: [f64; 3],
    /// Of all biases.
    pub biases: f64,
}

/// What a proximal step penalises.
#[derive(Clone, Copy, Debug)]
pub enum Penalty {
    /// |w|, each.
    L1,
    /// The norm of each input's weights.
    Group,
}

/// A growing penalty on the inputs with a rate.
#[derive(Clone, Debug)]
pub struct Growing {
    /// After which update it begins.
    pub from: u32,
    /// How often it grows.
    pub every: u32,
    /// How much.
    pub rates: Vec<f64>,
}

impl Options {
    /// A constant step size and nothing else.
    pub fn plain(eta: f64) -> Self {
        Self {
            eta,
            warm_up: 0,
            course: Course::Constant,
            drop: None,
            clip: None,
            decay: Decay::default(),
            momentum: 0.0,
            proximal: None,
            growing: None,
        }
    }

    /// The step size of update t.
    fn step_size(&self, t: u32) -> f64 {
        let eta = if t < self.warm_up {
            self.eta * f64::from(t + 1) / f64::from(self.warm_up)
        } else {
            let s = t - self.warm_up;
            self.eta
                * match self.course {
                    Course::Constant => 1.0,
                    Course::Steps(every, factor) => factor.powi((s / every) as i32),
                    Course::Cosine(over) => {
                        let share = (f64::from(s) / f64::from(over)).min(1.0);
                        (PI / 2.0 * share).cos().powi(2)
                    }
                }
        };
        match self.drop {
            Some((at, factor)) if t >= at => eta * factor,
            _ => eta,
        }
    }
}

impl Oracle {
    /// `updates` updates, each from the next `batch` rows, over and over; a last batch may be short.
    pub fn train(&mut self, rows: &[Row], batch: usize, options: &Options, updates: u32) {
        let batches: Vec<&[Row]> = rows.chunks(batch).collect();
        for (_, rows) in (0..updates).zip(batches.into_iter().cycle()) {
            self.update(rows, options);
        }
    }

    /// One update from the mean over `rows`.
    pub fn update(&mut self, rows: &[Row], options: &Options) {
        let mut gradient = self.gradient(rows).flat();
        match options.clip {
            None => {}
            Some(Clip::Value(bound)) => gradient.iter_mut().for_each(|g| *g = g.clamp(-bound, bound)),
            Some(Clip::Norm(bound)) => {
                let norm = gradient.iter().map(|g| g * g).sum::<f64>().sqrt();
                let factor = (bound / (norm + 1e-6)).min(1.0);
                gradient.iter_mut().for_each(|g| *g *= factor);
            }
        }
        let eta = options.step_size(self.updates);
        let lambdas = self.lambdas(&options.decay);
        let mut velocity = std::mem::take(&mut self.velocity);
        for ((((number, _), g), lambda), v) in
            self.numbers_mut().into_iter().zip(gradient).zip(lambdas).zip(&mut velocity)
        {
            let (coupled, kept) = match options.decay.is_decoupled {
                false => (lambda * *number, *number),
                true => (0.0, *number - eta * lambda * *number),
            };
            *v = options.momentum * *v + g + coupled;
            *number = kept - eta * *v;
        }
        self.velocity = velocity;
        if let Some((penalty, lambda, every)) = options.proximal
            && (self.updates + 1).is_multiple_of(every)
        {
            self.proximal_step(penalty, f64::from(every) * eta * lambda);
        }
        if let Some(Growing { from, every, rates }) = &options.growing
            && self.updates >= *from
        {
            let periods = f64::from((self.updates - from) / every + 1);
            for row in &mut self.layers[0].w {
                row.iter_mut().zip(rates).for_each(|(w, rate)| *w *= (1.0 - rate * periods).max(0.0));
            }
        }
        self.updates += 1;
    }

    /// The decay of every number, in the order of [`Oracle::flat`].
    fn lambdas(&self, decay: &Decay) -> Vec<f64> {
        let last = self.layers.len() - 1;
        let of_layer = |(l, layer): (usize, &super::Layer)| {
            let place = if l == 0 {
                0
            } else if l == last {
                2
            } else {
                1
            };
            let weights = layer.w.len() * layer.w[0].len();
            let biases = layer.b.as_ref().map_or(0, Vec::len);
            [vec![decay.weights[place]; weights], vec![decay.biases; biases]].concat()
        };
        self.layers.iter().enumerate().flat_map(of_layer).collect()
    }

    /// The minimum of |v - w|^2 / 2 + s penalty(v) over v, in the place of the weights w of the first layer.
    fn proximal_step(&mut self, penalty: Penalty, s: f64) {
        let rows = &mut self.layers[0].w;
        for input in 0..rows[0].len() {
            let norm = rows.iter().map(|row| row[input].powi(2)).sum::<f64>().sqrt();
            for row in rows.iter_mut() {
                let w = &mut row[input];
                *w = match penalty {
                    Penalty::L1 => w.signum() * (w.abs() - s).max(0.0),
                    Penalty::Group if norm > s => *w - s * *w / norm,
                    Penalty::Group => 0.0,
                };
            }
        }
    }
}
