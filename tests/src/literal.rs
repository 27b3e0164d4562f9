//! The arithmetic contract taken at its word: naive loops in f32, one operation a line where order matters.
//!
//! Written from the text of the contract, not from the kernel. What it shares with the kernel is `libm` and the
//! random draws. The sentences it follows are quoted; where they leave a choice, "Open:" says so, and the
//! choice is the kernel's.

#![allow(clippy::needless_range_loop)] // indices as in the text

use tamis::Seed;
use tamis::random::{Purpose, below, fill_normal};

use crate::Row;
use crate::oracle::{Function, Spec};

/// One layer; as the gradient of one, the same numbers.
#[derive(Clone, Debug)]
struct Layer {
    /// "the weights of one layer input-major, `w[i][o]`"
    w: Vec<Vec<f32>>,
    b: Option<Vec<f32>>,
    function: Function,
}

/// A network in strict f32.
#[derive(Clone, Debug)]
pub struct Literal {
    layers: Vec<Layer>,
    /// "t counts completed updates, the first is 0"
    t: u32,
}

/// The settings of gradient descent.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// eta.
    pub eta: f32,
    /// The bound of the gradient's norm.
    pub clip: Option<f32>,
    /// lambda, coupled, of the weights only.
    pub decay: Option<f32>,
    /// From which update on eta is multiplied by what.
    pub drop: Option<(u32, f32)>,
}

/// How weights start.
#[derive(Clone, Copy, Debug)]
pub enum Start {
    /// "He: gain sqrt(2), whatever the activation"
    He,
    /// "`Scaled(g)`: g/sqrt(fan_in)"
    Scaled(f32),
}

impl Literal {
    /// With these parameters: "layer by layer: the weights of one layer input-major, contiguous, then its
    /// biases".
    pub fn new(specs: &[Spec], params: &[f32]) -> Self {
        let mut layers = Vec::new();
        let mut next = 0;
        for spec in specs {
            let mut w = vec![vec![0.0; spec.outputs]; spec.inputs];
            for i in 0..spec.inputs {
                for o in 0..spec.outputs {
                    w[i][o] = params[next];
                    next += 1;
                }
            }
            let mut b = None;
            if spec.has_bias {
                b = Some(params[next..next + spec.outputs].to_vec());
                next += spec.outputs;
            }
            layers.push(Layer { w, b, function: spec.function });
        }
        assert_eq!(next, params.len());
        Self { layers, t: 0 }
    }

    /// With initial weights: "standard deviation gain/sqrt(fan_in)", "biases 0", "one vector of draws per
    /// layer, in layout order".
    pub fn drawn(specs: &[Spec], start: Start, seed: Seed) -> Self {
        // Open: whether a layer's draws go on where the last layer's ended. They do.
        let mut generator = seed.generator(Purpose::Weights, 0);
        let mut params = Vec::new();
        for spec in specs {
            let gain = match start {
                Start::He => libm::sqrtf(2.0),
                Start::Scaled(gain) => gain,
            };
            let root = libm::sqrtf(spec.inputs as f32);
            let deviation = gain / root;
            let mut draws = vec![0.0; spec.inputs * spec.outputs];
            fill_normal(&mut generator, &mut draws);
            for draw in draws {
                params.push(deviation * draw);
            }
            if spec.has_bias {
                params.extend(vec![0.0; spec.outputs]);
            }
        }
        Self::new(specs, &params)
    }

    /// All parameters in layout order.
    pub fn flat(&self) -> Vec<f32> {
        flat(&self.layers)
    }

    /// The outputs for inputs `x`.
    pub fn predict(&self, x: &[f32]) -> Vec<f32> {
        self.forward(x).pop().unwrap()
    }

    /// The loss of one sample.
    pub fn evaluate(&self, row: &Row) -> f32 {
        squared_error(&self.predict(&row.x), &row.target)
    }

    /// The inputs, then the outputs of every layer.
    fn forward(&self, x: &[f32]) -> Vec<Vec<f32>> {
        let mut all = vec![x.to_vec()];
        for layer in &self.layers {
            let x = all.last().unwrap();
            let mut y = Vec::new();
            for o in 0..layer.w[0].len() {
                // "a sum starts at the bias (else +0.0) and adds `w * x` for inputs in ascending order"
                let mut z = match &layer.b {
                    Some(b) => b[o],
                    None => 0.0,
                };
                for i in 0..x.len() {
                    let product = layer.w[i][o] * x[i];
                    z += product;
                }
                y.push(match layer.function {
                    Function::Identity => z,
                    // "`if z < 0 {+0.0} else {z}`"
                    Function::Relu if z < 0.0 => 0.0,
                    Function::Relu => z,
                    // "Leaky slope 0.01"
                    Function::LeakyRelu if z < 0.0 => z * 0.01,
                    Function::LeakyRelu => z,
                    Function::Tanh => libm::tanhf(z),
                    // Open: the operations of a sigmoid. One exponential of -z, one sum, one quotient.
                    Function::Sigmoid => {
                        let raised = 1.0 + libm::expf(-z);
                        1.0 / raised
                    }
                });
            }
            all.push(y);
        }
        all
    }

    /// The delta of every layer, given the inputs and the outputs of every layer.
    fn backward(&self, all: &[Vec<f32>], target: &[f32]) -> Vec<Vec<f32>> {
        let outputs = target.len();
        let mut deltas = vec![Vec::new(); self.layers.len()];
        for l in (0..self.layers.len()).rev() {
            let y = &all[l + 1];
            for j in 0..y.len() {
                let mut delta;
                if l + 1 == self.layers.len() {
                    // "MSE, delta = (y - t) * (2/O)"
                    let residual = y[j] - target[j];
                    let two_over_o = 2.0 / outputs as f32;
                    delta = residual * two_over_o;
                } else {
                    // "a delta starts at +0.0 and adds `w * delta` for outputs in ascending order"
                    delta = 0.0;
                    for o in 0..deltas[l + 1].len() {
                        let product = self.layers[l + 1].w[j][o] * deltas[l + 1][o];
                        delta += product;
                    }
                }
                // "identity unchanged; ReLU `if y > 0 {delta} else {+0.0}`; tanh `delta * (1 - y*y)`. The
                // output's delta passes f' too."
                match self.layers[l].function {
                    Function::Identity => {}
                    Function::Relu => delta = if y[j] > 0.0 { delta } else { 0.0 },
                    // "leaky likewise with `delta * 0.01`"
                    Function::LeakyRelu => delta = if y[j] > 0.0 { delta } else { delta * 0.01 },
                    // "sigmoid `delta * (y*(1 - y))`"
                    Function::Sigmoid => {
                        let rest = 1.0 - y[j];
                        let slope = y[j] * rest;
                        delta *= slope;
                    }
                    Function::Tanh => {
                        let square = y[j] * y[j];
                        let slope = 1.0 - square;
                        delta *= slope;
                    }
                }
                deltas[l].push(delta);
            }
        }
        deltas
    }

    /// eta of the next update: "the final drop multiplies eta by a stated f32 factor from a stated update on".
    fn eta(&self, settings: &Settings) -> f32 {
        match settings.drop {
            Some((from, factor)) if self.t >= from => settings.eta * factor,
            _ => settings.eta,
        }
    }

    /// One update from a batch of one; the loss before it.
    pub fn step(&mut self, row: &Row, settings: &Settings) -> f32 {
        let all = self.forward(&row.x);
        let deltas = self.backward(&all, &row.target);
        let loss = squared_error(all.last().unwrap(), &row.target);
        let eta = self.eta(settings);

        // "c = min(1, bound/(norm + 1e-6)), all parameters together, decay excluded. At n = 1 the norm is that of
        // outer products: from the first layer to the last, |delta|^2 * |x|^2, with (|x|^2 + 1) where there is a
        // bias, each square sum ascending"
        let mut c = None;
        if let Some(bound) = settings.clip {
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
            c = Some(clip_factor(bound, sum));
        }

        // Without decay, "with clipping by norm `eta` is first multiplied by the factor c".
        let step = match c {
            Some(c) => eta * c,
            None => eta,
        };
        for (l, layer) in self.layers.iter_mut().enumerate() {
            let (x, delta) = (&all[l], &deltas[l]);
            for i in 0..x.len() {
                for o in 0..delta.len() {
                    let w = &mut layer.w[i][o];
                    match settings.decay {
                        // "w <- w - (eta * delta_o) * x_i"
                        None => {
                            let scaled = step * delta[o];
                            let change = scaled * x[i];
                            *w -= change;
                        }
                        // "With coupled decay, batch one uses the general form on g = delta_o * x_i. In the
                        // general form at n = 1, g = c * (delta_o * x_i) before decay."
                        Some(lambda) => {
                            let g = delta[o] * x[i];
                            *w = general(*w, g, c, Some(lambda), eta);
                        }
                    }
                }
            }
            let Some(b) = &mut layer.b else { continue };
            for o in 0..delta.len() {
                match settings.decay {
                    // "b <- b - eta * delta_o"
                    None => {
                        let change = step * delta[o];
                        b[o] -= change;
                    }
                    // "Groups of decay: biases (0 by default)". Open: a bias does not decay, so it need not
                    // take the general form; it does, eta * (c * delta_o) and not (eta * c) * delta_o. And its
                    // decay of 0 is no decay, not g + 0 * b.
                    Some(_) => b[o] = general(b[o], delta[o], c, None, eta),
                }
            }
        }
        self.t += 1;
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
            let (gradient, loss_of_row) = self.gradient(row);
            loss += loss_of_row;
            match &mut mean {
                None => mean = Some(gradient),
                Some(sum) => for_each_pair(sum, &gradient, |sum, g, _| *sum += g),
            }
        }
        loss /= n;
        let mut mean = mean.unwrap();
        for_each(&mut mean, |g| *g /= n);

        // "at n > 1 the squares in parameter order"
        let c = settings.clip.map(|bound| clip_factor(bound, square_sum(&flat(&mean))));
        let eta = self.eta(settings);
        for_each_pair(&mut self.layers, &mean, |w, g, is_weight| {
            let lambda = if is_weight { settings.decay } else { None };
            *w = general(*w, g, c, lambda, eta);
        });
        self.t += 1;
        loss
    }

    /// The gradient of one sample and its loss.
    fn gradient(&self, row: &Row) -> (Vec<Layer>, f32) {
        let all = self.forward(&row.x);
        let deltas = self.backward(&all, &row.target);
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
        (gradient, squared_error(all.last().unwrap(), &row.target))
    }
}

/// "mean gradient -> clip -> coupled decay g + lambda*w -> w <- w - eta*g"
fn general(w: f32, mut g: f32, c: Option<f32>, lambda: Option<f32>, eta: f32) -> f32 {
    // "always multiplied when configured"
    if let Some(c) = c {
        g *= c;
    }
    if let Some(lambda) = lambda {
        let pull = lambda * w;
        g += pull;
    }
    let change = eta * g;
    w - change
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
fn square_sum(values: &[f32]) -> f32 {
    let mut sum = 0.0;
    for value in values {
        let square = value * value;
        sum += square;
    }
    sum
}

/// MSE: "terms added in ascending order, then divided by O"
fn squared_error(y: &[f32], target: &[f32]) -> f32 {
    let mut sum = 0.0;
    for o in 0..y.len() {
        let residual = y[o] - target[o];
        let square = residual * residual;
        sum += square;
    }
    sum / y.len() as f32
}

/// The mean loss over a set. Open: how it rounds. Added in ascending order, then divided.
pub fn mean(losses: &[f32]) -> f32 {
    let mut sum = 0.0;
    for loss in losses {
        sum += loss;
    }
    sum / losses.len() as f32
}

fn flat(layers: &[Layer]) -> Vec<f32> {
    let mut flat = Vec::new();
    for layer in layers {
        for column in &layer.w {
            flat.extend(column);
        }
        flat.extend(layer.b.iter().flatten());
    }
    flat
}

fn for_each(layers: &mut [Layer], mut change: impl FnMut(&mut f32)) {
    for layer in layers {
        layer.w.iter_mut().flatten().for_each(&mut change);
        layer.b.iter_mut().flatten().for_each(&mut change);
    }
}

/// Every number with its partner, and whether it is a weight.
fn for_each_pair(layers: &mut [Layer], others: &[Layer], mut change: impl FnMut(&mut f32, f32, bool)) {
    for (layer, other) in layers.iter_mut().zip(others) {
        for (w, other) in layer.w.iter_mut().flatten().zip(other.w.iter().flatten()) {
            change(w, *other, true);
        }
        for (b, other) in layer.b.iter_mut().flatten().zip(other.b.iter().flatten()) {
            change(b, *other, false);
        }
    }
}

/// "Fisher-Yates from the identity, i = n-1..1, each epoch seeded by (seed, epoch)"
pub fn shuffled(n: u32, seed: Seed, epoch: u64) -> Vec<u32> {
    let mut generator = seed.generator(Purpose::Order, epoch);
    let mut order: Vec<u32> = (0..n).collect();
    for i in (1..n).rev() {
        let j = below(&mut generator, (i + 1).try_into().unwrap());
        order.swap(i as usize, j as usize);
    }
    order
}

/// "Welford in f32, `mean += (x - mean)/n`, `m2 += (x - mean_before)*(x - mean_after)`, deviation sqrt(m2/n)"
#[derive(Clone, Debug)]
pub struct Welford {
    mean: Vec<f32>,
    m2: Vec<f32>,
    n: u32,
}

impl Welford {
    /// Of rows with `width` columns.
    pub fn new(width: usize) -> Self {
        Self { mean: vec![0.0; width], m2: vec![0.0; width], n: 0 }
    }

    /// Takes a row in.
    pub fn observe(&mut self, x: &[f32]) {
        self.n += 1;
        let n = self.n as f32;
        for i in 0..x.len() {
            let before = x[i] - self.mean[i];
            let share = before / n;
            self.mean[i] += share;
            let after = x[i] - self.mean[i];
            let product = before * after;
            self.m2[i] += product;
        }
    }

    /// "then (x - mean)/deviation; a constant column gives +0.0"
    pub fn apply(&self, x: &[f32]) -> Vec<f32> {
        let mut scaled = Vec::new();
        for i in 0..x.len() {
            let variance = self.m2[i] / self.n as f32;
            let deviation = libm::sqrtf(variance);
            // Open: whether m2, its mean or the deviation tells that a column is constant (a quotient may round
            // to zero), and what an infinite deviation gives. It is the deviation, and +0.0.
            scaled.push(if deviation > 0.0 && deviation.is_finite() {
                let centred = x[i] - self.mean[i];
                centred / deviation
            } else {
                0.0
            });
        }
        scaled
    }
}

/// "FNV-1a over 32-bit words (h <- (h ^ word) * 0x01000193, from 0x811C9DC5): `ARITHMETIC_VERSION` first, then
/// after every step the bits of all parameters in layout order, h going on from step to step"
#[derive(Clone, Copy, Debug)]
pub struct Chain(pub u32);

impl Default for Chain {
    fn default() -> Self {
        let mut chain = Self(0x811C_9DC5);
        chain.word(1); // "The arithmetic contract, version 1"
        chain
    }
}

impl Chain {
    fn word(&mut self, word: u32) {
        let mixed = self.0 ^ word;
        self.0 = mixed.wrapping_mul(0x0100_0193);
    }

    /// Takes in the parameters after a step.
    pub fn step(&mut self, params: &[f32]) {
        for param in params {
            self.word(param.to_bits());
        }
    }
}
