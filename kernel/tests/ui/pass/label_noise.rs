//! Noise on a label is for measured numbers.

use tamis::{LabelNoise, Mse, Seed};

fn main() {
    let mut target = [1.0];
    LabelNoise::of(&Mse, 0.5, Seed(1)).unwrap().add(&mut target);
    assert!(target[0].is_finite());
}
