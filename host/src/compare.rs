//! Device against host, bit by bit: how many digests are equal, or where the first difference is.

use std::fmt;

use crate::replica::Report;
use anyhow::{Result, bail, ensure};
use serde::Serialize;
use tamis::wire::Training;
use tamis::{Layers, Network};

use crate::device;
use crate::emulator::Emulator;
use crate::replica::{self, Outcome};

/// The first parameter that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// After this update.
    pub step: u32,
    /// In this layer, the first is 1.
    pub layer: usize,
    /// At this index among the layer's parameters: weights input-major, then biases.
    pub index: usize,
    /// The bits on the device.
    pub device: String,
    /// The bits on the host.
    pub host: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { step, layer, index, device, host } = self;
        write!(f, "step {step}, layer {layer}, index {index}: device {device}, host {host}")
    }
}

/// What a comparison finds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// How many digests were compared and equal.
    pub equal: usize,
    /// The first difference, if there is one.
    pub first_difference: Option<Difference>,
}

/// Compares two outcomes of `training`, of which the host may have gone on longer. If they differ, both halves run
/// again between the digests to find where.
pub fn compare(
    board: &mut Emulator,
    training: &Training,
    device: &Outcome,
    host: &Outcome,
) -> Result<Comparison> {
    let reports = device.digests.len();
    let updates = |outcome: &Outcome| {
        outcome.digests.iter().take(reports).map(|&(update, _)| update).collect::<Vec<_>>()
    };
    ensure!(
        updates(device) == updates(host)
            && device.digests.last().is_some_and(|last| last.0 == training.plan.updates),
        "the device's digests are not after the same updates as the host's"
    );
    let equal = device.digests.iter().zip(&host.digests).take_while(|(device, host)| device == host).count();
    if let Some(&(update, _)) = device.digests.get(equal) {
        let after = equal.checked_sub(1).map_or(0, |last| device.digests[last].0);
        let first_difference = Some(locate(board, training, after + 1, update)?);
        return Ok(Comparison { equal, first_difference });
    }
    if reports == host.digests.len() {
        let same = (&device.norms, &device.verdicts, device.test_loss)
            == (&host.norms, &host.verdicts, host.test_loss);
        ensure!(same, "all digests are equal, but norms, verdicts or test error differ");
    }
    Ok(Comparison { equal, first_difference: None })
}

/// Re-runs `training` on both sides and compares all parameters after each update from `first` to `last`.
fn locate(board: &mut Emulator, training: &Training, first: u32, last: u32) -> Result<Difference> {
    // The digests are signs of life. The plan stays whole, so that nothing in it moves.
    let report = Report { digest_every: 100, params: Some((first, last)) };
    let device = device::run(board, training, report, |_| {})?;
    let host = replica::run(training, report, |_| {})?;
    for ((step, device), (_, host)) in device.params.iter().zip(&host.params) {
        if let Some(param) = device.iter().zip(host).position(|(device, host)| device != host) {
            let (layer, index) = place(&training.layers, param);
            let hex = |bits: u32| format!("{bits:08x}");
            return Ok(Difference {
                step: *step,
                layer,
                index,
                device: hex(device[param]),
                host: hex(host[param]),
            });
        }
    }
    bail!("the digests after update {last} differ, but no parameter does from update {first} on")
}

/// The layer of parameter `param`, from 1, and its index there.
pub fn place(layers: &Layers, param: usize) -> (usize, usize) {
    let layers: Vec<_> = layers.layers().collect();
    let layer = layers.iter().rposition(|layer| layer.offset <= param).unwrap_or(0);
    (layer + 1, param - layers[layer].offset)
}
