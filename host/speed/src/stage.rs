//! A stretch of eight trainings in lanes, on rows of one table that each lane visits in its own order.
//!
//! The input of a lane is the row that it visits, and behind it the inputs of another row, its shadows.

use tamis::{AnyLoss, Batch, Layers, Model, Network, Number, Sgd, StepError, support};

use crate::simd::{Bundle, LANES};

/// A row, and the row whose inputs are its shadows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Visit {
    /// The row.
    pub row: u32,
    /// Where its shadows are from.
    pub shadow: u32,
}

/// The rows, and the network on them.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    /// Of twice as many inputs as a row has, with at least one layer.
    pub layers: &'a Layers,
    /// What is minimised.
    pub loss: AnyLoss,
    /// The inputs, row by row.
    pub x: &'a [f32],
    /// The targets, row by row.
    pub y: &'a [f32],
    /// How many inputs a row has.
    pub width: usize,
}

/// When the norms of the columns are looked at.
#[derive(Clone, Copy, Debug)]
pub struct Checks {
    /// In this update and
    pub from: u32,
    /// then in every so many.
    pub every: u32,
}

/// The memory of eight trainings.
#[derive(Clone, Debug)]
pub struct Memory {
    /// The parameters.
    pub params: Vec<Bundle>,
    scratch: Vec<Bundle>,
    gradient: Vec<Bundle>,
    sample: Vec<Bundle>,
    norms: Vec<Bundle>,
}

impl Memory {
    /// With all parameters zero.
    pub fn new(layers: &Layers) -> Self {
        let zeros = |n: usize| vec![Bundle::ZERO; n];
        Self {
            params: zeros(layers.params()),
            scratch: zeros(2 * layers.units()),
            gradient: zeros(layers.params()),
            sample: zeros(layers.inputs() + layers.outputs()),
            norms: zeros(layers.inputs()),
        }
    }
}

/// Trains on `visits`, batch by batch. Gives the mean column norms of each input over the checks.
pub fn train(
    rows: Rows<'_>,
    memory: &mut Memory,
    sgd: &Sgd,
    batch: u32,
    visits: &[[Visit; LANES]],
    checks: Checks,
) -> Result<Vec<[f64; LANES]>, StepError> {
    Bundle::pass(
        #[inline(always)]
        || {
            let layers = rows.layers;
            let Memory { params, scratch, gradient, sample, norms } = memory;
            let sgd = sgd.map(Bundle::splat);
            let mut model = Model::of_layers(layers.clone(), rows.loss, params, scratch)
                .map_err(|_| StepError::Memory)?;
            let mut collected = Batch::over(layers, gradient, batch).map_err(|_| StepError::Memory)?;
            let mut sums = vec![[0.0; LANES]; layers.inputs()];
            let mut checked = 0.0;
            for (update, visits) in (0..).zip(visits.chunks(batch.max(1) as usize)) {
                for visits in visits {
                    rows.load(visits, sample);
                    let (x, target) = sample.split_at(layers.inputs());
                    model.accumulate_slices(x, target, &mut collected)?;
                }
                model.apply(&mut collected, &sgd)?;
                let Checks { from, every } = checks;
                if update >= from && (update - from).is_multiple_of(every) {
                    support::column_norms(layers, model.params(), norms);
                    for (sums, norms) in sums.iter_mut().zip(&*norms) {
                        sums.iter_mut().zip(norms.0).for_each(|(sum, norm)| *sum += f64::from(norm));
                    }
                    checked += 1.0;
                }
            }
            sums.iter_mut().flatten().for_each(|sum| *sum /= checked);
            Ok(sums)
        },
    )
}

/// The mean loss of each lane over `visits`; nothing is learned.
pub fn evaluate(
    rows: Rows<'_>,
    memory: &mut Memory,
    visits: &[[Visit; LANES]],
) -> Result<[f64; LANES], StepError> {
    Bundle::pass(
        #[inline(always)]
        || {
            let layers = rows.layers;
            let Memory { params, scratch, sample, .. } = memory;
            let mut model = Model::of_layers(layers.clone(), rows.loss, params, scratch)
                .map_err(|_| StepError::Memory)?;
            let mut sums = [0.0; LANES];
            for visit in visits {
                rows.load(visit, sample);
                let (x, target) = sample.split_at(layers.inputs());
                let loss = model.evaluate_slices(x, target)?;
                sums.iter_mut().zip(loss.0).for_each(|(sum, loss)| *sum += f64::from(loss));
            }
            Ok(sums.map(|sum| sum / visits.len() as f64))
        },
    )
}

impl Rows<'_> {
    /// Puts the rows that are visited into their lanes.
    #[inline(always)]
    fn load(&self, visits: &[Visit; LANES], sample: &mut [Bundle]) {
        let (width, outputs) = (self.width, self.layers.outputs());
        let (real, rest) = sample.split_at_mut(width);
        let (shadows, targets) = rest.split_at_mut(width);
        for (lane, &Visit { row, shadow }) in visits.iter().enumerate() {
            let (row, shadow) = (row as usize, shadow as usize);
            put(&self.x[row * width..][..width], lane, real);
            put(&self.x[shadow * width..][..width], lane, shadows);
            put(&self.y[row * outputs..][..outputs], lane, targets);
        }
    }
}

/// [`tamis::lanes::pack`] in the caller's pass.
#[inline(always)]
fn put(numbers: &[f32], lane: usize, into: &mut [Bundle]) {
    for (lanes, &number) in into.iter_mut().zip(numbers) {
        lanes.0[lane] = number;
    }
}
