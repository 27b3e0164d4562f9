//! The velocity array has the length `Net::PARAMS`.

use tamis::{Chain, Dense, Identity, Momentum, Sgd, Shape, Tanh};

type Net = Chain<Dense<3, 8, Tanh>, Dense<8, 1, Identity>>;

fn main() {
    let mut velocity = [0.0; Net::PARAMS];
    assert!(Momentum::<Net>::new(Sgd::new(0.1).unwrap(), 0.9, &mut velocity).is_ok());
}
