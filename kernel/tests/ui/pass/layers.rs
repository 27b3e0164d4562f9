//! The inputs of a layer are the outputs of the one before.

use tamis::{Chain, Dense, Identity, Shape, Tanh};

type Net = Chain<Dense<3, 8, Tanh>, Dense<8, 1, Identity>>;

fn main() {
    assert!(Net::PARAMS > 0);
}
