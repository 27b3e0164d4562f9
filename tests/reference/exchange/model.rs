//! The network 3-5-4-4-3-2, written by `tamis`: arithmetic version 2, digest of the parameters 78bce394.
//!
//! To train it further on the device, start a `tamis::Model` on a copy of [`PARAMS`]; it takes and gives encoded numbers.

use tamis::{Chain, Dense, Identity, LeakyRelu, Network, NoBias, Relu, Shape, Sigmoid, Tanh};

/// Its shape.
pub type Net = Chain<Dense<3, 5, Tanh>, Chain<Dense<5, 4, LeakyRelu, NoBias>, Chain<Dense<4, 4, Sigmoid>, Chain<Dense<4, 3, Relu>, Dense<3, 2, Identity>>>>>;

/// All parameters: layer by layer the weights, input-major, then the biases.
#[allow(clippy::approx_constant)]
pub const PARAMS: [f32; Net::PARAMS] = [
    -0.6806046, -0.66289085, 0.38651806, 0.0, -0.0827827, -1.3025469, 0.6356462, -0.0, 0.7830694,
    -0.29108995, 0.22989795, 1.72e-43, -0.42627326, 0.083903044, -0.7258491, -0.1773309, 0.34829783,
    0.028764483, -0.2051441, 1.0947351, 0.0260156, -0.2624426, 0.07136004, -0.23380338, -0.17222373,
    -0.15661766, 0.9057219, 0.010100837, 0.07851383, 0.30151194, 0.9019756, -0.10003161, -0.27900574,
    1.1066915, -0.6527676, -0.16421157, 0.29823914, 1.0212629, -0.4248096, -1.0857207, 0.33082125,
    -0.2608265, -0.19373593, 0.23065339, 0.111839265, 0.14550284, -0.21556439, 0.644655, 0.7524918,
    0.01599795, -0.22595446, 0.3666687, 0.23889711, -0.5202004, -0.23011583, 0.52457875, -0.048134115,
    -0.16440225, 0.106229566, -0.016756995, -0.0012432066, -0.96528727, 0.87465614, 0.09972117, -0.43831062,
    0.48976922, 0.15443209, 0.008818557, 0.5240044, 1.1304728, 0.27680442, 0.7925484, 1.0786535, -0.510432,
    -0.2615903, 0.44820043, -0.9861134, -0.15429175, 0.74644965, 0.6022881, 0.33457437, -0.94763434,
    1.1754487,
];

/// How a raw number becomes one that the network takes.
#[derive(Clone, Copy, Debug)]
pub struct Input {
    /// The column of the table, and its word, if it has words: the raw number is then 1 for it and 0 for others.
    pub name: &'static str,
    /// Numbers below are cut to it,
    pub least: f32,
    /// and numbers above to this.
    pub most: f32,
    /// This is taken away,
    pub mean: f32,
    /// and what is left divided by this.
    pub deviation: f32,
}

impl Input {
    /// What the network takes for `raw`.
    pub fn encode(&self, raw: f32) -> f32 {
        let cut = if raw < self.least { self.least } else { raw };
        let cut = if cut > self.most { self.most } else { cut };
        (cut - self.mean) / self.deviation
    }
}

/// How a number that the network gives becomes a raw one.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    /// The column of the table, and its word, if it has words.
    pub name: &'static str,
    /// This is added
    pub mean: f32,
    /// to so many times the number.
    pub deviation: f32,
}

impl Output {
    /// What `number` of the network stands for.
    pub fn decode(&self, number: f32) -> f32 {
        number * self.deviation + self.mean
    }
}

/// What goes in.
#[allow(clippy::approx_constant)]
pub const INPUTS: [Input; 3] = [
    Input { name: "temperature", least: -1.75, most: 2.3, mean: 0.125, deviation: 0.8137 },
    Input { name: "site \"B\" */=no\\rth\n", least: -3.4028235e38, most: 3.4028235e38, mean: 0.314159, deviation: 0.46413 },
    Input { name: "Luftdruck °", least: -4.5, most: 4.75, mean: -0.01, deviation: 1.3 },
];

/// What comes out.
#[allow(clippy::approx_constant)]
pub const OUTPUTS: [Output; 2] = [
    Output { name: "y", mean: 12.3, deviation: 4.5678 },
    Output { name: "y2", mean: -0.0321, deviation: 0.00317 },
];

/// From raw numbers to raw numbers; `units` is scratch.
pub fn predict(x: &[f32; 3], units: &mut [f32; Net::UNITS]) -> [f32; 2] {
    let mut encoded = *x;
    for (x, input) in encoded.iter_mut().zip(&INPUTS) {
        *x = input.encode(*x);
    }
    Net::default().forward(&PARAMS, &encoded, units);
    let mut y = [0.0; 2];
    for ((y, &unit), output) in y.iter_mut().zip(units.iter().skip(Net::UNITS - 2)).zip(&OUTPUTS) {
        *y = output.decode(unit);
    }
    y
}
