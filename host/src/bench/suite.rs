//! What is measured: the workloads, their programs, and what each must come to, computed here.

use anyhow::{Context, Result};
use tamis::{Activation, Batch, Network, Ram, Relu, Shape};
use tamis_firmware::bench::{self, Learner};
use tamis_firmware::workloads::{BATCH, W1, W2, W3, W4, W5, Workload};

/// A benchmark.
pub struct Bench {
    /// "W1", and with its batch "W4x4".
    pub name: &'static str,
    /// The network, in words; a batch is of one where none is told.
    pub network: &'static str,
    /// The program of the firmware.
    pub program: &'static str,
    /// One whole step: a part of its function's mangled name.
    pub step: &'static str,
    /// The buffers that the program lends.
    pub ram: Ram,
    /// The same training, here.
    pub replica: fn() -> Result<Replica>,
}

/// What a benchmark comes to.
pub struct Replica {
    /// The digest of all parameters after the measured step.
    pub digest: u32,
    /// Of the ReLU units, the share that was active in the measured step.
    pub active: Option<f64>,
}

/// All of them.
pub fn all() -> [Bench; 6] {
    [
        bench::<W1, 1>("W1", "15-15-15-15-1 identity, no bias", "bench_w1", "w1_step"),
        bench::<W2, 1>("W2", "16-32-1 tanh", "bench_w2", "w2_step"),
        bench::<W3, 1>("W3", "784-32-10 ReLU, softmax", "bench_w3", "w3_step"),
        bench::<W4, 1>("W4", "8-16-1 ReLU", "bench_w4", "w4_step"),
        bench::<W4, BATCH>("W4x4", "8-16-1 ReLU, a batch of 4", "bench_w4_batch", "w4_batch_step"),
        bench::<W5, 1>("W5", "8-16-1 tanh", "bench_w5", "w5_step"),
    ]
}

fn bench<W: Workload, const B: usize>(
    name: &'static str,
    network: &'static str,
    program: &'static str,
    step: &'static str,
) -> Bench {
    let ram = Ram::of::<W::Net>();
    let ram = if B > 1 { ram.with_gradient() } else { ram };
    Bench { name, network, program, step, ram, replica: replica::<W, B> }
}

/// The training of a workload's program, carried out here.
fn replica<W: Workload, const B: usize>() -> Result<Replica> {
    let (mut params, mut scratch) = (vec![0.0; W::Net::PARAMS], vec![0.0; W::Net::SCRATCH]);
    let mut gradient = vec![0.0; W::Net::PARAMS];
    let mut batch = (B > 1).then(|| Batch::<W::Net>::from_slice(&mut gradient, B as u32)).transpose()?;
    let mut net = Learner::<W>::from_slices(&mut params, &mut scratch)?;
    let mut active = None;
    let digest = bench::train::<W, B>(&mut net, |net, samples, sgd| {
        active = active_share::<W>(net.params(), samples.iter().map(|sample| &sample.x));
        let Some(batch) = &mut batch else {
            let sample = &samples[0];
            return net.step(&sample.x, &sample.target, sgd);
        };
        for sample in samples {
            net.accumulate(&sample.x, &sample.target, batch)?;
        }
        net.apply(batch, sgd)
    });
    Ok(Replica { digest: digest.context("the workload refuses its own samples")?, active })
}

/// Of the ReLU units of a network with these parameters, the share that is active on these inputs.
fn active_share<'x, W: Workload>(
    params: &[f32],
    inputs: impl Iterator<Item = &'x tamis::Input<W::Net>>,
) -> Option<f64>
where
    tamis::Input<W::Net>: 'x,
{
    let (mut units, mut active) = (0, 0);
    for x in inputs {
        let (net, mut y) = (W::Net::default(), vec![0.0; W::Net::UNITS]);
        net.forward(params, x.as_ref(), &mut y);
        let mut outputs = &y[..];
        for layer in net.layers() {
            let (of_layer, rest) = outputs.split_at(layer.outputs);
            outputs = rest;
            if layer.activation == Relu::NAME {
                units += of_layer.len();
                active += of_layer.iter().filter(|&&y| y > 0.0).count();
            }
        }
    }
    (units > 0).then(|| active as f64 / units as f64)
}
