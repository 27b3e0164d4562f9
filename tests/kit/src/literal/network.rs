//! Layers, forward and backward.

use super::{Loss, exponential};
use crate::Row;
use crate::oracle::{Function, Spec};

/// One layer; as the gradient of one, the same numbers.
#[derive(Clone, Debug)]
pub(super) struct Layer {
    /// "the weights of one layer input-major, `w[i][o]`"
    pub(super) w: Vec<Vec<f32>>,
    pub(super) b: Option<Vec<f32>>,
    function: Function,
}

/// A network in strict f32.
#[derive(Clone, Debug)]
pub struct Literal {
    pub(super) layers: Vec<Layer>,
    pub(super) loss: Loss,
    /// "t counts completed updates, the first is 0"
    pub(super) t: u32,
    /// "v starts at 0"
    pub(super) velocity: Vec<Layer>,
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
        let mut velocity: Vec<Layer> = layers.clone();
        for_each(&mut velocity, |v| *v = 0.0);
        Self { layers, loss: Loss::Mse, t: 0, velocity }
    }

    /// With another loss than the mean squared error.
    pub fn with_loss(self, loss: Loss) -> Self {
        Self { loss, ..self }
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
        self.loss.value(&self.predict(&row.x), &row.target)
    }

    /// The inputs, then the outputs of every layer.
    pub(super) fn forward(&self, x: &[f32]) -> Vec<Vec<f32>> {
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
                    Function::Tanh => exponential::tanh(z),
                    Function::Sigmoid => exponential::sigmoid(z),
                });
            }
            all.push(y);
        }
        all
    }

    /// The delta of every layer, given the inputs and the outputs of every layer.
    pub(super) fn backward(&self, all: &[Vec<f32>], target: &[f32]) -> Vec<Vec<f32>> {
        let of_outputs = self.loss.slope(&all[self.layers.len()], target);
        let mut deltas = vec![Vec::new(); self.layers.len()];
        for l in (0..self.layers.len()).rev() {
            let y = &all[l + 1];
            for j in 0..y.len() {
                let mut delta;
                if l + 1 == self.layers.len() {
                    delta = of_outputs[j];
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
}

pub(super) fn flat(layers: &[Layer]) -> Vec<f32> {
    let mut flat = Vec::new();
    for layer in layers {
        for column in &layer.w {
            flat.extend(column);
        }
        flat.extend(layer.b.iter().flatten());
    }
    flat
}

pub(super) fn for_each(layers: &mut [Layer], mut change: impl FnMut(&mut f32)) {
    for layer in layers {
        layer.w.iter_mut().flatten().for_each(&mut change);
        layer.b.iter_mut().flatten().for_each(&mut change);
    }
}
