//! A network in f64, and products of its Jacobian J = dy/dw: a row for each output, a column for each parameter.
//!
//! ```text
//! forward   z_l = W_l y_(l-1) + b_l,  y_l = f(z_l)
//! J v       t_l = f'(z_l) (W_l t_(l-1) + V_l y_(l-1) + c_l)        v holds V_l and c_l where w holds W_l and b_l
//! J^T u     d_l = f'(z_l) W_(l+1)^T d_(l+1), d_L = f'(z_L) u;      its parts are d_l y_(l-1)^T, and d_l for biases
//! |J^T u|^2 = sum_l |d_l|^2 (|y_(l-1)|^2 + 1 with biases)
//! ```
//!
//! J itself is never written down. With D the second derivative of the loss by the outputs, J^T D J is the Gauss-Newton
//! matrix: the Hessian, but for a part that vanishes with the residual.

use tamis::{AnyActivation, Layers, Network};

/// One layer: where its numbers are, and what its units do.
#[derive(Clone, Copy, Debug)]
struct Dense {
    outputs: usize,
    has_bias: bool,
    weights: usize,
    biases: usize,
    activation: AnyActivation,
}

/// A network in f64, and what its last pass has left.
#[derive(Clone, Debug)]
pub struct Wide {
    layers: Vec<Dense>,
    params: Vec<f64>,
    /// Input, then the outputs of each layer.
    y: Vec<Vec<f64>>,
    /// d of each layer.
    deltas: Vec<Vec<f64>>,
}

fn value(activation: AnyActivation, z: f64) -> f64 {
    match activation {
        AnyActivation::Identity => z,
        AnyActivation::Relu => z.max(0.0),
        AnyActivation::LeakyRelu => z.max(0.01 * z),
        AnyActivation::Tanh => z.tanh(),
        AnyActivation::Sigmoid => 1.0 / (1.0 + (-z).exp()),
    }
}

/// f' where f is `y`.
fn slope(activation: AnyActivation, y: f64) -> f64 {
    match activation {
        AnyActivation::Identity => 1.0,
        AnyActivation::Relu => f64::from(u8::from(y > 0.0)),
        AnyActivation::LeakyRelu if y > 0.0 => 1.0,
        AnyActivation::LeakyRelu => 0.01,
        AnyActivation::Tanh => 1.0 - y * y,
        AnyActivation::Sigmoid => y * (1.0 - y),
    }
}

/// The sum of squares.
pub fn square(numbers: &[f64]) -> f64 {
    numbers.iter().map(|number| number * number).sum()
}

impl Dense {
    /// W x + b with the numbers in `from`, added to `z`.
    fn add(&self, from: &[f64], x: &[f64], with_biases: bool, z: &mut [f64]) {
        for (w, x) in from[self.weights..self.biases].chunks_exact(self.outputs).zip(x) {
            z.iter_mut().zip(w).for_each(|(z, w)| *z += w * x);
        }
        if self.has_bias && with_biases {
            z.iter_mut().zip(&from[self.biases..]).for_each(|(z, b)| *z += b);
        }
    }
}

impl Wide {
    /// `layers` with these parameters, in layout order.
    pub fn new(layers: &Layers, params: &[f32]) -> Self {
        let of = |(layer, spec): (tamis::Layer, &tamis::LayerSpec)| Dense {
            outputs: layer.outputs,
            has_bias: layer.has_bias,
            weights: layer.offset,
            biases: layer.offset + layer.weights(),
            activation: spec.activation,
        };
        let input = vec![0.0; layers.inputs()];
        let layers: Vec<_> = layers.layers().zip(layers.specs()).map(of).collect();
        let deltas: Vec<_> = layers.iter().map(|layer| vec![0.0; layer.outputs]).collect();
        let y = [input].into_iter().chain(deltas.iter().cloned()).collect();
        Self { layers, params: params.iter().map(|&w| w.into()).collect(), y, deltas }
    }

    /// How many parameters there are.
    pub fn params(&self) -> usize {
        self.params.len()
    }

    /// The outputs at input `x`, where the products are taken from here on.
    pub fn forward(&mut self, x: &[f32]) -> &[f64] {
        self.y[0].iter_mut().zip(x).for_each(|(y, &x)| *y = x.into());
        for (l, layer) in self.layers.iter().enumerate() {
            let (before, after) = self.y.split_at_mut(l + 1);
            let z = &mut after[0];
            z.fill(0.0);
            layer.add(&self.params, &before[l], true, z);
            z.iter_mut().for_each(|z| *z = value(layer.activation, *z));
        }
        &self.y[self.layers.len()]
    }

    /// J v.
    pub fn product(&self, v: &[f64]) -> Vec<f64> {
        let mut t: Option<Vec<f64>> = None; // of the input: zero
        for (l, layer) in self.layers.iter().enumerate() {
            let mut z = vec![0.0; layer.outputs];
            layer.add(v, &self.y[l], true, &mut z);
            if let Some(t) = &t {
                layer.add(&self.params, t, false, &mut z);
            }
            z.iter_mut().zip(&self.y[l + 1]).for_each(|(z, &y)| *z *= slope(layer.activation, y));
            t = Some(z);
        }
        t.unwrap_or_default()
    }

    /// The deltas of `u`, one for each output.
    fn backward(&mut self, u: &[f64]) {
        for (l, layer) in self.layers.iter().enumerate().rev() {
            let Some((delta, rest)) = self.deltas[l..].split_first_mut() else { return };
            match (self.layers.get(l + 1), rest.first()) {
                (Some(next), Some(above)) => {
                    let w = self.params[next.weights..next.biases].chunks_exact(next.outputs);
                    for (delta, w) in delta.iter_mut().zip(w) {
                        *delta = w.iter().zip(above).map(|(w, above)| w * above).sum();
                    }
                }
                _ => delta.copy_from_slice(u),
            }
            delta.iter_mut().zip(&self.y[l + 1]).for_each(|(d, &y)| *d *= slope(layer.activation, y));
        }
    }

    /// Adds J^T u to `into`.
    pub fn add_transposed(&mut self, u: &[f64], into: &mut [f64]) {
        self.backward(u);
        for ((layer, delta), y) in self.layers.iter().zip(&self.deltas).zip(&self.y) {
            for (into, y) in into[layer.weights..layer.biases].chunks_exact_mut(layer.outputs).zip(y) {
                into.iter_mut().zip(delta).for_each(|(into, d)| *into += d * y);
            }
            if layer.has_bias {
                into[layer.biases..].iter_mut().zip(delta).for_each(|(into, d)| *into += d);
            }
        }
    }

    /// |J^T u|^2.
    pub fn square_transposed(&mut self, u: &[f64]) -> f64 {
        self.backward(u);
        let layers = self.layers.iter().zip(&self.deltas).zip(&self.y);
        layers.map(|((layer, d), y)| square(d) * (square(y) + f64::from(u8::from(layer.has_bias)))).sum()
    }

    /// The columns of the first layer from input `first` to input `end`.
    pub fn columns(&mut self, first: usize, end: usize) -> &mut [f64] {
        let outputs = self.layers.first().map_or(0, |layer| layer.outputs);
        &mut self.params[first * outputs..end * outputs]
    }

    /// The largest eigenvalue of the Gauss-Newton matrix of the mean squared error over `rows` of inputs, G = 2/(n O)
    /// sum J^T J, by power iteration that begins at `v` and leaves the eigenvector there.
    pub fn sharpness(&mut self, rows: &[Vec<f32>], v: &mut [f64]) -> f64 {
        /// One part in so many is close enough.
        const CLOSE: f64 = 1e-4;
        const MOST: usize = 200;
        let mut last = 0.0;
        for _ in 0..MOST {
            let length = square(v).sqrt();
            if length == 0.0 {
                return 0.0;
            }
            v.iter_mut().for_each(|v| *v /= length);
            let mut gv = vec![0.0; v.len()];
            let mut scale = 0.0;
            for x in rows {
                let outputs = self.forward(x).len();
                scale = 2.0 / (rows.len() * outputs) as f64;
                let jv = self.product(v);
                self.add_transposed(&jv, &mut gv);
            }
            gv.iter_mut().for_each(|g| *g *= scale);
            let eigenvalue = v.iter().zip(&gv).map(|(v, g)| v * g).sum::<f64>();
            v.copy_from_slice(&gv);
            if (eigenvalue - last).abs() <= CLOSE * eigenvalue {
                return eigenvalue;
            }
            last = eigenvalue;
        }
        last
    }

    /// tr G of the same matrix.
    pub fn trace(&mut self, rows: &[Vec<f32>]) -> f64 {
        let mut sum = 0.0;
        let mut outputs = 1;
        for x in rows {
            outputs = self.forward(x).len();
            for o in 0..outputs {
                let unit: Vec<_> = (0..outputs).map(|i| f64::from(u8::from(i == o))).collect();
                sum += self.square_transposed(&unit);
            }
        }
        2.0 * sum / (rows.len() * outputs) as f64
    }
}
