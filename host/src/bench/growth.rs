//! How a step's cost grows with the network and the batch, on a Cortex-M4F.
//!
//! One program trains every network of a grid as a list of layers. To its instructions a sum is fitted,
//! a + b layers + c units + d MACs, by least squares of relative errors. A MAC is one product added or taken away: a
//! weight has one in the forward pass, one in the update, and one in the backward pass but in the first layer.

use anyhow::{Context, Result, ensure};
use serde::Serialize;
use tamis::Network;
use tamis_firmware::growth::{self, ARENA, Numbers};
use tamis_firmware::workloads::WARM_UP;

use super::device;
use super::probe::Probe;
use super::program::Program;
use crate::machine::Machine;
use crate::pool;

/// The core that is measured.
pub const MACHINE: Machine = Machine::MpsAn386;
/// The program, and its step.
const PROGRAM: (&str, &str) = ("bench_layers", "layers_step");

/// The networks: inputs, then the outputs of each layer.
const GRID: [&[u16]; 24] = [
    &[8, 8, 1],
    &[8, 16, 1],
    &[8, 32, 1],
    &[16, 16, 1],
    &[16, 32, 1],
    &[32, 16, 1],
    &[32, 32, 1],
    &[16, 16, 10],
    &[32, 32, 10],
    &[32, 64, 10],
    &[64, 32, 10],
    &[64, 64, 10],
    &[128, 64, 10],
    &[128, 128, 10],
    &[256, 64, 10],
    &[256, 256, 10],
    &[8, 8, 8, 1],
    &[16, 16, 16, 1],
    &[32, 32, 32, 10],
    &[64, 64, 64, 10],
    &[8, 8, 8, 8, 1],
    &[16, 16, 16, 16, 1],
    &[32, 32, 32, 32, 10],
    &[64, 64, 64, 64, 10],
];
/// The network whose batch grows, and the batches.
const BATCHED: &[u16] = &[16, 32, 1];
const BATCHES: [u16; 6] = [1, 2, 4, 8, 16, 32];

/// A measured network.
#[derive(Clone, Debug, Serialize)]
pub struct Point {
    /// "8-16-1".
    pub network: String,
    /// Samples a step.
    pub batch: u16,
    /// Layers with weights.
    pub layers: u64,
    /// Units of all layers.
    pub units: u64,
    /// Products added or taken away in one step on one sample.
    pub macs: u64,
    /// The narrowest layer but the outputs, inputs among them.
    pub narrowest: u16,
    /// Instructions of one step.
    pub instructions: u64,
}

/// Measures the grid, and the batches; `done` hears of each.
pub fn measure(done: impl Fn(&Point) + Sync) -> Result<(Vec<Point>, Vec<Point>)> {
    let program = device::build(MACHINE, PROGRAM.0)?.context("the growth does not fit")?;
    let grid: Vec<_> = GRID.iter().map(|&widths| (widths, 1)).collect();
    let batches: Vec<_> = BATCHES.iter().map(|&batch| (BATCHED, batch)).collect();
    let points = |cases: &[(&[u16], u16)]| {
        let points = pool::map(cases, |&(widths, batch)| point(&program, widths, batch).inspect(&done));
        points.into_iter().collect::<Result<Vec<_>>>()
    };
    Ok((points(&grid)?, points(&batches)?))
}

/// How many networks and batches [`measure`] measures.
pub const CASES: usize = GRID.len() + BATCHES.len();

fn point(program: &Program, widths: &[u16], batch: u16) -> Result<Point> {
    let mut numbers = Numbers::default();
    numbers[0] = batch;
    numbers[1..].iter_mut().zip(widths).for_each(|(number, &width)| *number = width);
    let layers = growth::layers(&numbers).context("no network")?;
    let network = widths.iter().map(u16::to_string).collect::<Vec<_>>().join("-");

    let setting: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
    let setting = Some(("SHAPE", &setting[..]));
    let probe = Probe { machine: MACHINE, program, function: PROGRAM.1, skip: WARM_UP, setting };
    let call = probe.measure().with_context(|| format!("{network} at a batch of {batch}"))?;
    let digest = growth::train(&numbers, &mut vec![0.0; ARENA], growth::step);
    let expected = format!("INFO digest {:08x}", digest.context("it does not train here")?);
    ensure!(call.messages == [expected.as_str()], "{network}: {:?}, not {expected}", call.messages);

    let (mut macs, mut passes) = (0, 2);
    for layer in layers.layers() {
        macs += passes * layer.weights() as u64;
        passes = 3;
    }
    let (_, before_outputs) = widths.split_last().context("no widths")?;
    Ok(Point {
        network,
        batch,
        layers: widths.len() as u64 - 1,
        units: layers.units() as u64,
        macs,
        narrowest: before_outputs.iter().copied().min().unwrap_or(0),
        instructions: call.trace.instructions(),
    })
}
