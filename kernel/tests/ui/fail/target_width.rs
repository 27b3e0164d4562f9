//! The target of a step has as many numbers as the network has outputs.

use tamis::{Chain, Dense, Identity, Model, Sgd, Shape, Tanh};

type Net = Chain<Dense<3, 8, Tanh>, Dense<8, 1, Identity>>;

fn main() {
    let (mut params, mut scratch) = ([0.0; Net::PARAMS], [0.0; Net::SCRATCH]);
    let mut net = Model::<Net>::new(&mut params, &mut scratch);
    let sgd = Sgd::new(0.1).unwrap();
    assert!(net.step(&[0.0; 3], &[0.0; 2], &sgd).is_ok());
}
