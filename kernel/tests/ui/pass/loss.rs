//! A cross-entropy takes logits: the last layer has no activation.

use tamis::{Dense, Identity, Model, Shape, SoftmaxCrossEntropy};

type Net = Dense<3, 2, Identity>;

fn main() {
    let (mut params, mut scratch) = ([0.0; Net::PARAMS], [0.0; Net::SCRATCH]);
    let net = Model::<Net, _>::with_loss(SoftmaxCrossEntropy, &mut params, &mut scratch);
    assert_eq!(net.params(), [0.0; Net::PARAMS]);
}
