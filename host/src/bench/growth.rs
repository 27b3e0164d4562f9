//! How a step's cost grows with the network and the batch, on a Cortex-M4F.
//!
//! One program trains every network of a grid as a list of layers. To its instructions a sum is fitted,
//! a + b layers + c units + d MACs, by least squares of relative errors. A MAC is one product added or taken away: a
//! weight has one in the forward pass, one in the update, and, but in the first layer, one in the backward pass. To
//! those of batches of more than one a line is fitted; a batch of one is another step, which stores no gradient.

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use tamis::Network;
use tamis_firmware::growth::{self, ARENA, Numbers};
use tamis_firmware::workloads::WARM_UP;

use super::device;
use super::probe::Probe;
use super::program::Program;
use crate::machine::Machine;
use crate::pool;
use crate::tools::Profile;

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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

/// What has been measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Growth {
    /// The networks, at a batch of one.
    pub grid: Vec<Point>,
    /// One network, at several batches.
    pub batches: Vec<Point>,
}

/// Measures the grid, and the batches; `done` hears of each.
pub fn measure(done: impl Fn(&Point) + Sync) -> Result<Growth> {
    let program = device::build(Profile::Release, MACHINE, PROGRAM.0)?.context("the growth does not fit")?;
    let grid = GRID.iter().map(|&widths| (widths, 1));
    let batches = BATCHES.iter().map(|&batch| (BATCHED, batch));
    let cases: Vec<_> = grid.chain(batches).collect();
    let points = pool::map(&cases, |&(widths, batch)| point(&program, widths, batch).inspect(&done));
    let mut grid = points.into_iter().collect::<Result<Vec<_>>>()?;
    let batches = grid.split_off(GRID.len());
    Ok(Growth { grid, batches })
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

/// a + b layers + c units + d MACs.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Fit {
    /// Once a step.
    pub a: f64,
    /// Once a layer.
    pub b: f64,
    /// Once a unit.
    pub c: f64,
    /// Once a MAC.
    pub d: f64,
}

impl Fit {
    /// The instructions of a network.
    pub fn predict(&self, point: &Point) -> f64 {
        self.beside_macs(point) + self.d * point.macs as f64
    }

    fn beside_macs(&self, point: &Point) -> f64 {
        self.a + self.b * point.layers as f64 + self.c * point.units as f64
    }

    /// How far the prediction is off, as a share of what was counted.
    pub fn error(&self, point: &Point) -> f64 {
        self.predict(point) / point.instructions as f64 - 1.0
    }

    /// What a MAC of this network costs, if all else costs what the fit says.
    pub fn per_mac(&self, point: &Point) -> f64 {
        (point.instructions as f64 - self.beside_macs(point)) / point.macs as f64
    }
}

/// intercept + slope x batch.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Line {
    /// Once an update.
    pub intercept: f64,
    /// Once a sample.
    pub slope: f64,
    /// The share of the variance that the line explains.
    pub r_squared: f64,
}

impl Growth {
    /// The fit to the grid.
    pub fn fit(&self) -> Result<Fit> {
        let rows = self.grid.iter().map(|point| {
            let row = [1.0, point.layers as f64, point.units as f64, point.macs as f64];
            let counted = point.instructions as f64;
            (row.map(|x| x / counted), 1.0) // relative errors
        });
        let [a, b, c, d] =
            least_squares(rows).context("the grid does not tell layers, units and MACs apart")?;
        Ok(Fit { a, b, c, d })
    }

    /// The batches of more than one.
    pub fn collected(&self) -> impl Iterator<Item = &Point> {
        self.batches.iter().filter(|point| point.batch > 1)
    }

    /// The line through them.
    pub fn line(&self) -> Result<Line> {
        let points = || self.collected().map(|point| (f64::from(point.batch), point.instructions as f64));
        let rows = points().map(|(batch, counted)| ([1.0, batch], counted));
        let [intercept, slope] = least_squares(rows).context("too few batches")?;
        let mean = points().map(|(_, counted)| counted).sum::<f64>() / points().count() as f64;
        let left: f64 = points().map(|(x, counted)| (counted - intercept - slope * x).powi(2)).sum();
        let all: f64 = points().map(|(_, counted)| (counted - mean).powi(2)).sum();
        Ok(Line { intercept, slope, r_squared: 1.0 - left / all })
    }
}

/// The numbers by which the products of each row come nearest to its value: the normal equations, by Gaussian
/// elimination. Nothing where the rows do not determine them.
fn least_squares<const N: usize>(rows: impl Iterator<Item = ([f64; N], f64)>) -> Option<[f64; N]> {
    let (mut matrix, mut right) = ([[0.0; N]; N], [0.0; N]);
    for (row, value) in rows {
        for i in 0..N {
            (0..N).for_each(|j| matrix[i][j] += row[i] * row[j]);
            right[i] += row[i] * value;
        }
    }
    for i in 0..N {
        let pivot = (i..N).max_by(|&a, &b| matrix[a][i].abs().total_cmp(&matrix[b][i].abs()))?;
        matrix.swap(i, pivot);
        right.swap(i, pivot);
        let (row, value) = (matrix[i], right[i]);
        if row[i] == 0.0 {
            return None;
        }
        for k in (0..N).filter(|&k| k != i) {
            let factor = matrix[k][i] / row[i];
            (0..N).for_each(|j| matrix[k][j] -= factor * row[j]);
            right[k] -= factor * value;
        }
    }
    Some(std::array::from_fn(|i| right[i] / matrix[i][i]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn least_squares_finds_a_plane() {
        let plane = |x: f64, y: f64| ([1.0, x, y], 3.0 - 2.0 * x + 0.5 * y);
        let rows = [plane(0.0, 1.0), plane(2.0, 5.0), plane(-1.0, 7.0), plane(4.0, 0.0)];
        let found = least_squares(rows.into_iter()).expect("a plane");
        assert!(found.iter().zip([3.0, -2.0, 0.5]).all(|(a, b)| (a - b).abs() < 1e-9), "{found:?}");
        assert!(least_squares([plane(0.0, 1.0), plane(0.0, 2.0)].into_iter()).is_none());
    }
}
