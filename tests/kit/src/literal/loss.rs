//! "Loss (means over outputs)": "terms added in ascending order, then divided by O".

use serde::Deserialize;
use tamis::AnyLoss;

use super::exponential;
use super::settings::reread;

/// A loss.
#[derive(Clone, Copy, Debug, Deserialize)]
pub enum Loss {
    /// Mean squared error.
    Mse,
    /// With the bound d.
    Huber(f32),
    /// On logits.
    BinaryCrossEntropy,
    /// On logits, against one class.
    SoftmaxCrossEntropy,
}

impl Loss {
    /// What `loss` is.
    pub fn of(loss: &AnyLoss) -> Self {
        reread(loss)
    }

    /// The loss of outputs y against target t.
    pub fn value(self, y: &[f32], t: &[f32]) -> f32 {
        let outputs = y.len() as f32;
        let mut sum = 0.0;
        match self {
            Self::Mse => {
                for o in 0..y.len() {
                    let residual = y[o] - t[o];
                    let square = residual * residual;
                    sum += square;
                }
            }
            // Open: the operations of the value, which the contract leaves to its name. r^2/2 up to the bound, and
            // d (|r| - d/2) beyond it.
            Self::Huber(d) => {
                for o in 0..y.len() {
                    let r = y[o] - t[o];
                    let size = if r < 0.0 { 0.0 - r } else { r };
                    if size > d {
                        let half = 0.5 * d;
                        let rest = size - half;
                        let term = d * rest;
                        sum += term;
                    } else {
                        let square = r * r;
                        let term = 0.5 * square;
                        sum += term;
                    }
                }
            }
            // "max(z,0) - z*t + log1p(exp(-|z|))"
            Self::BinaryCrossEntropy => {
                for o in 0..y.len() {
                    let z = y[o];
                    let positive = if z < 0.0 { 0.0 } else { z };
                    let product = z * t[o];
                    let difference = positive - product;
                    let size = if z < 0.0 { 0.0 - z } else { z };
                    let tail = libm::log1pf(exponential::exp(-size));
                    let term = difference + tail;
                    sum += term;
                }
            }
            // "loss = (m - z_c) + ln(sum)"
            Self::SoftmaxCrossEntropy => {
                let (m, e) = exponentials(y);
                let z_c = y[t[0] as usize];
                let difference = m - z_c;
                return difference + libm::logf(sum_of(&e));
            }
        }
        sum / outputs
    }

    /// dL/dy.
    pub fn slope(self, y: &[f32], t: &[f32]) -> Vec<f32> {
        let outputs = y.len() as f32;
        let mut delta = Vec::new();
        match self {
            // "MSE, delta = (y - t) * (2/O)"
            Self::Mse => {
                for o in 0..y.len() {
                    let residual = y[o] - t[o];
                    let two_over_o = 2.0 / outputs;
                    delta.push(residual * two_over_o);
                }
            }
            // "delta = clamp(r, -d, d)/O"
            Self::Huber(d) => {
                for o in 0..y.len() {
                    let r = y[o] - t[o];
                    let clamped = if r > d {
                        d
                    } else if r < -d {
                        -d
                    } else {
                        r
                    };
                    delta.push(clamped / outputs);
                }
            }
            // "delta = (sigmoid(z) - t)/O"
            Self::BinaryCrossEntropy => {
                for o in 0..y.len() {
                    let difference = exponential::sigmoid(y[o]) - t[o];
                    delta.push(difference / outputs);
                }
            }
            // "delta = e_i/sum - [i = c]"
            Self::SoftmaxCrossEntropy => {
                let (_, e) = exponentials(y);
                let sum = sum_of(&e);
                for i in 0..y.len() {
                    let share = e[i] / sum;
                    let is_class = if i == t[0] as usize { 1.0 } else { 0.0 };
                    delta.push(share - is_class);
                }
            }
        }
        delta
    }

    /// How many numbers a target for so many outputs has.
    pub fn targets(self, outputs: usize) -> usize {
        match self {
            Self::SoftmaxCrossEntropy => 1,
            _ => outputs,
        }
    }
}

/// "m = running maximum from z_0; e_i = exp(z_i - m)"
fn exponentials(z: &[f32]) -> (f32, Vec<f32>) {
    let mut m = z[0];
    for i in 1..z.len() {
        if m < z[i] {
            m = z[i];
        }
    }
    let mut e = Vec::new();
    for i in 0..z.len() {
        let difference = z[i] - m;
        e.push(exponential::exp(difference));
    }
    (m, e)
}

/// "sum ascending"
fn sum_of(e: &[f32]) -> f32 {
    let mut sum = 0.0;
    for e in e {
        sum += e;
    }
    sum
}

/// The mean loss over a set. Open: how it rounds. Added in ascending order, then divided.
pub fn mean(losses: &[f32]) -> f32 {
    sum_of(losses) / losses.len() as f32
}
