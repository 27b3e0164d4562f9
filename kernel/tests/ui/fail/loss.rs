//! A cross-entropy takes logits, and a tanh gives none.

use tamis::{Dense, Tanh, Model, Shape, SoftmaxCrossEntropy};

type Net = Dense<3, 2, Tanh>;

fn main() {
    let (mut params, mut scratch) = ([0.0; Net::PARAMS], [0.0; Net::SCRATCH]);
    let net = Model::<Net, _>::with_loss(SoftmaxCrossEntropy, &mut params, &mut scratch);
    assert_eq!(net.params(), [0.0; Net::PARAMS]);
}
