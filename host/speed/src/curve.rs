//! The curve of a training: its loss and its column norms at logarithmically spaced moments.
//!
//! ```text
//! moments   1, 2, 3, 4, 5, 6, 8, then 10, 12, 16, 20, 25, 32, 40, 50, 63, 80 times powers of ten; the last update
//! loss      the mean of the updates since the moment before, summed in f64
//! ```

use tamis::support::column_norms;
use tamis::{Layers, Network};

/// The heads of a moment's number: ten in a decade.
const HEADS: [u32; 10] = [10, 12, 16, 20, 25, 32, 40, 50, 63, 80];
/// Those with one digit.
const FIRST: [u32; 7] = [1, 2, 3, 4, 5, 6, 8];

/// A training after some update.
#[derive(Clone, Debug, PartialEq)]
pub struct Moment {
    /// How many updates have been made.
    pub update: u32,
    /// The mean loss of the updates since the moment before.
    pub loss: f32,
    /// The column norm of each input.
    pub norms: Vec<f32>,
}

/// Takes in a training, update by update.
#[derive(Clone, Debug, Default)]
pub struct Curve {
    /// What has been seen.
    pub moments: Vec<Moment>,
    sum: f64,
    summed: u32,
}

/// Whether a curve of `last` updates has a moment after `update`.
pub fn is_moment(update: u32, last: u32) -> bool {
    let mut head = update;
    while head >= 100 && head.is_multiple_of(10) {
        head /= 10;
    }
    update == last || FIRST.contains(&head) || HEADS.contains(&head)
}

impl Curve {
    /// Takes in the loss of one update.
    pub fn add(&mut self, loss: f32) {
        self.sum += f64::from(loss);
        self.summed += 1;
    }

    /// Takes in the parameters after `update`, a moment.
    pub fn look(&mut self, update: u32, layers: &Layers, params: &[f32]) {
        let mut norms = vec![0.0; layers.inputs()];
        column_norms(layers, params, &mut norms);
        let loss = (self.sum / f64::from(self.summed)) as f32;
        self.moments.push(Moment { update, loss, norms });
        (self.sum, self.summed) = (0.0, 0);
    }
}
