//! A naive network in f64, written from the definitions: it shares no line with the kernel.
//!
//! Weights are `w[o][i]`, the other way round than the kernel's, and every quantity has its own `Vec`. Losses are in
//! `loss.rs`, whole trainings in `training.rs`, the selection of inputs in `one_pass.rs`.

mod loss;
mod one_pass;
mod training;

pub use loss::Loss;
pub use one_pass::{Selection, Shadows, one_pass};
pub use training::{Clip, Course, Decay, Growing, Options, Penalty};

use crate::Row;

/// What a unit does to its sum.
#[derive(Clone, Copy, Debug)]
pub enum Function {
    /// z.
    Identity,
    /// max(z, 0).
    Relu,
    /// max(z, z/100).
    LeakyRelu,
    /// 1/(1 + e^-z).
    Sigmoid,
    /// tanh z.
    Tanh,
}

/// What a layer is.
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    /// Inputs.
    pub inputs: usize,
    /// Outputs.
    pub outputs: usize,
    /// Whether it has biases.
    pub has_bias: bool,
    /// What its units do.
    pub function: Function,
}

/// Weights and biases of one layer, or their gradients.
#[derive(Clone, Debug)]
struct Layer {
    w: Vec<Vec<f64>>,
    b: Option<Vec<f64>>,
    function: Function,
}

/// A network of layers, or the gradient of one.
#[derive(Clone, Debug)]
pub struct Oracle {
    layers: Vec<Layer>,
    loss: Loss,
    /// How many updates there have been.
    updates: u32,
    /// v, in the order of [`Oracle::flat`].
    velocity: Vec<f64>,
}

impl Function {
    fn value(self, z: f64) -> f64 {
        match self {
            Self::Identity => z,
            Self::Relu => z.max(0.0),
            Self::LeakyRelu => z.max(0.01 * z),
            Self::Tanh => z.tanh(),
            Self::Sigmoid => 1.0 / (1.0 + (-z).exp()),
        }
    }

    fn slope(self, z: f64) -> f64 {
        match self {
            Self::Identity => 1.0,
            Self::Relu => f64::from(u8::from(z > 0.0)),
            Self::LeakyRelu => {
                if z > 0.0 {
                    1.0
                } else {
                    0.01
                }
            }
            Self::Tanh => 1.0 / z.cosh().powi(2),
            Self::Sigmoid => 1.0 / (2.0 * (z / 2.0).cosh()).powi(2),
        }
    }
}

impl Layer {
    fn sums(&self, x: &[f64]) -> Vec<f64> {
        let bias = |o: usize| self.b.as_ref().map_or(0.0, |b| b[o]);
        let sum = |(o, w): (usize, &Vec<f64>)| bias(o) + w.iter().zip(x).map(|(w, x)| w * x).sum::<f64>();
        self.w.iter().enumerate().map(sum).collect()
    }
}

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&value| f64::from(value)).collect()
}

impl Oracle {
    /// A network with the kernel's flat parameters: layer by layer the weights input-major, then the biases.
    pub fn new(specs: &[Spec], params: &[f32]) -> Self {
        let mut rest = params.iter().map(|&param| f64::from(param));
        let mut layer = |spec: &Spec| {
            let mut w = vec![vec![0.0; spec.inputs]; spec.outputs];
            for i in 0..spec.inputs {
                w.iter_mut().for_each(|row| row[i] = rest.next().unwrap());
            }
            let b = spec.has_bias.then(|| rest.by_ref().take(spec.outputs).collect());
            Layer { w, b, function: spec.function }
        };
        let layers = specs.iter().map(&mut layer).collect();
        assert!(rest.next().is_none(), "more parameters than the layers have");
        Self { layers, loss: Loss::Mse, updates: 0, velocity: vec![0.0; params.len()] }
    }

    /// With another loss than the mean squared error.
    pub fn with_loss(self, loss: Loss) -> Self {
        Self { loss, ..self }
    }

    /// All numbers, in the kernel's order.
    pub fn flat(&self) -> Vec<f64> {
        let mut flat = Vec::new();
        for layer in &self.layers {
            for i in 0..layer.w[0].len() {
                flat.extend(layer.w.iter().map(|row| row[i]));
            }
            flat.extend(layer.b.iter().flatten());
        }
        flat
    }

    /// The numbers themselves, in the order of [`Oracle::flat`], each with whether it is a weight.
    fn numbers_mut(&mut self) -> Vec<(&mut f64, bool)> {
        let mut numbers = Vec::new();
        for layer in &mut self.layers {
            let mut rows: Vec<_> = layer.w.iter_mut().map(|row| row.iter_mut()).collect();
            while let Some(column) = rows.iter_mut().map(Iterator::next).collect::<Option<Vec<_>>>() {
                numbers.extend(column.into_iter().map(|w| (w, true)));
            }
            numbers.extend(layer.b.iter_mut().flatten().map(|b| (b, false)));
        }
        numbers
    }

    /// Adds `change` to number `index` of [`Oracle::flat`].
    pub fn nudge(&mut self, index: usize, change: f64) {
        *self.numbers_mut()[index].0 += change;
    }

    /// The outputs for inputs `x`.
    pub fn outputs(&self, x: &[f32]) -> Vec<f64> {
        self.layers
            .iter()
            .fold(wide(x), |x, layer| layer.sums(&x).into_iter().map(|z| layer.function.value(z)).collect())
    }

    /// The mean of the loss over rows.
    pub fn loss(&self, rows: &[Row]) -> f64 {
        let of_row = |row: &Row| self.loss.value(&self.outputs(&row.x), &wide(&row.target));
        rows.iter().map(of_row).sum::<f64>() / rows.len() as f64
    }

    /// The gradient of [`Oracle::loss`], by the chain rule.
    pub fn gradient(&self, rows: &[Row]) -> Self {
        let mut mean = self.clone();
        mean.numbers_mut().into_iter().for_each(|(number, _)| *number = 0.0);
        for row in rows {
            let mut inputs = vec![wide(&row.x)];
            let mut sums = Vec::new();
            for layer in &self.layers {
                let z = layer.sums(&inputs[inputs.len() - 1]);
                inputs.push(z.iter().map(|&z| layer.function.value(z)).collect());
                sums.push(z);
            }
            let y = inputs.pop().unwrap();
            let mut dy = self.loss.slope(&y, &wide(&row.target));
            dy.iter_mut().for_each(|dy| *dy /= rows.len() as f64);
            for (l, layer) in self.layers.iter().enumerate().rev() {
                let dz: Vec<f64> =
                    dy.iter().zip(&sums[l]).map(|(dy, &z)| dy * layer.function.slope(z)).collect();
                let sink = &mut mean.layers[l];
                for (o, dz) in dz.iter().enumerate() {
                    sink.w[o].iter_mut().zip(&inputs[l]).for_each(|(g, x)| *g += dz * x);
                    sink.b.iter_mut().for_each(|b| b[o] += dz);
                }
                dy = (0..inputs[l].len())
                    .map(|i| dz.iter().zip(&layer.w).map(|(dz, w)| dz * w[i]).sum())
                    .collect();
            }
        }
        mean
    }
}
