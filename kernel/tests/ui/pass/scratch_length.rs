//! The scratch array has the length `Net::SCRATCH`.

use tamis::{Chain, Dense, Identity, Model, Shape, Tanh};

type Net = Chain<Dense<3, 8, Tanh>, Dense<8, 1, Identity>>;

fn main() {
    let (mut params, mut scratch) = ([0.0; Net::PARAMS], [0.0; Net::SCRATCH]);
    assert_eq!(Model::<Net>::new(&mut params, &mut scratch).updates(), 0);
}
