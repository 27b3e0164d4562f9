//! The crate `mynn` on the shapes of W1 and W2: networks in types, without a heap, as here.
//!
//! It does not make the same training: every layer has biases, one activation serves all layers, the last included,
//! and the error goes back through weights that have already moved. Its steps are counted as they are.

use std::time::Instant;

use anyhow::{Context, Result};
use mynn::activations::Activation;
use mynn::network::{EndLayer, Layer, ProcessLayer};
use tamis::Network;
use tamis_firmware::workloads::{W1, W2, Workload};
use tamis_speed::steps::{ROWS, Training};

/// Its name in the table.
pub const NAME: &str = "mynn 0.1.2";

/// Why it has no W3.
pub const NO_W3: &str = "it has no softmax and no cross-entropy";

const IDENTITY: Activation = Activation { function: &|x| x, derivative: &|_| 1.0 };
const TANH: Activation = Activation { function: &|x| x.tanh(), derivative: &|y| 1.0 - y * y };

/// Its time for so many steps of W1, in nanoseconds each.
pub fn w1() -> Result<impl FnMut(u32) -> Result<f64>> {
    let training = Training::<W1, f32>::scalar(0)?;
    let layer = |index| weights::<W1, 15, 15>(&training, index);
    let last = ProcessLayer::new_with(EndLayer::<1>(), weights::<W1, 15, 1>(&training, 3)?, [0.0; 1]);
    let third = ProcessLayer::new_with(last, layer(2)?, [0.0; 15]);
    let second = ProcessLayer::new_with(third, layer(1)?, [0.0; 15]);
    Ok(timed::<W1, _, 15, 15>(ProcessLayer::new_with(second, layer(0)?, [0.0; 15]), &training, &IDENTITY))
}

/// Its time for so many steps of W2, in nanoseconds each.
pub fn w2() -> Result<impl FnMut(u32) -> Result<f64>> {
    let training = Training::<W2, f32>::scalar(0)?;
    let last = ProcessLayer::new_with(EndLayer::<1>(), weights::<W2, 32, 1>(&training, 1)?, [0.0; 1]);
    let first = ProcessLayer::new_with(last, weights::<W2, 16, 32>(&training, 0)?, [0.0; 32]);
    Ok(timed::<W2, _, 16, 32>(first, &training, &TANH))
}

/// The weights of a layer, `[output][input]`.
fn weights<W: Workload, const I: usize, const O: usize>(
    training: &Training<W, f32>,
    layer: usize,
) -> Result<[[f32; I]; O]> {
    let layer = W::Net::default().layers().nth(layer).context("no such layer")?;
    let w = &training.initial()[layer.offset..][..I * O];
    Ok(std::array::from_fn(|o| std::array::from_fn(|i| w[i * O + o])))
}

/// The network's time for so many steps over the samples.
fn timed<W: Workload, N: Layer<H, 1>, const I: usize, const H: usize>(
    mut net: ProcessLayer<H, I, 1, N>,
    training: &Training<W, f32>,
    activation: &'static Activation<'static>,
) -> impl FnMut(u32) -> Result<f64> + use<W, N, I, H> {
    let (mut inputs, mut targets) = ([[0.0; I]; ROWS], [[0.0; 1]; ROWS]);
    for ((x, target), (x_of_row, target_of_row)) in inputs.iter_mut().zip(&mut targets).zip(training.rows()) {
        x.copy_from_slice(x_of_row);
        target.copy_from_slice(target_of_row);
    }
    move |steps| {
        let epochs = (steps as usize).div_ceil(ROWS);
        let start = Instant::now();
        net.train(W::STEP_SIZE, inputs, targets, epochs, activation);
        Ok(start.elapsed().as_nanos() as f64 / (epochs * ROWS) as f64)
    }
}
