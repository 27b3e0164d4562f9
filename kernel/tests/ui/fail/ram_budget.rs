//! A training that needs more RAM than its budget does not compile: this one needs 236 bytes.

use tamis::{Chain, Dense, Identity, Shape, Tanh};

type Net = Chain<Dense<3, 8, Tanh>, Dense<8, 1, Identity>>;
const _: () = assert!(Net::RAM_BYTES <= 235, "the network does not fit the RAM budget");

fn main() {}
