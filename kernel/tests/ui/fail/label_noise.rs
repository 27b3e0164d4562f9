//! Noise on a label is for measured numbers, and a probability is none.

use tamis::{LabelNoise, BinaryCrossEntropy, Seed};

fn main() {
    let mut target = [1.0];
    LabelNoise::of(&BinaryCrossEntropy, 0.5, Seed(1)).unwrap().add(&mut target);
    assert!(target[0].is_finite());
}
