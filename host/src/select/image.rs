//! A trained network that can leave the program: its layers, its numbers, and what they stand for.

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};
use tamis::{AnyLoss, Layers, Model, Network};

use super::encoder::Encoder;

/// A network with all that it takes to use it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Image {
    /// What goes in and comes out.
    pub encoder: Encoder,
    /// The layers.
    pub layers: Layers,
    /// All parameters in the kernel's layout: layer by layer the weights, input-major, then the biases.
    pub params: Vec<f32>,
}

impl Image {
    /// The outputs of the network for rows of encoded inputs, bit for bit those of the kernel on any device.
    pub fn predict(&self, x: &[f32]) -> Result<Vec<f32>> {
        ensure!(
            self.params.len() == self.layers.params(),
            "the network has {} parameters, not {}",
            self.layers.params(),
            self.params.len()
        );
        let mut params = self.params.clone();
        let mut scratch = vec![0.0; 2 * self.layers.units()];
        let mut model = Model::of_layers(self.layers.clone(), AnyLoss::Mse, &mut params, &mut scratch)?;
        let outputs = self.layers.outputs();
        let mut y = vec![0.0; x.len() / self.layers.inputs() * outputs];
        for (x, y) in x.chunks_exact(self.layers.inputs()).zip(y.chunks_exact_mut(outputs)) {
            model.predict_slices(x, y)?;
        }
        Ok(y)
    }
}
