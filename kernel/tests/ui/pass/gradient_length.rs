//! The gradient array has the length `Net::PARAMS`.

use tamis::{Batch, Chain, Dense, Identity, Shape, Tanh};

type Net = Chain<Dense<3, 8, Tanh>, Dense<8, 1, Identity>>;

fn main() {
    let mut gradient = [0.0; Net::PARAMS];
    assert!(Batch::<Net>::new(&mut gradient, 2).is_ok());
}
