//! The networks that come of a selection, and what they make of rows that nobody has seen.
//!
//! ```text
//! all        a network of all inputs, trained as the ensemble is, up to the strength of penalty that did best there
//! selected   the same network with the other inputs pressed to zero, cut off, and trained on without a penalty
//! baseline   linear regression of all inputs
//! ```
//!
//! A fifth of the training rows tells when to stop training on: the parameters of the moment with the least loss there
//! are kept.

use anyhow::Result;
use tamis::{
    AnyActivation, AnyLoss, Batch, Growing, Init, LayerSpec, Layers, Model, Network, Proximal, Seed, Sgd,
    compaction,
};

use super::design::Design;
use super::encoder::Encoder;
use super::ensemble::{AT_FULL, BATCH, DROP, EVERY, permutation};
use super::image::Image;
use super::linear;
use super::loss::Loss;
use crate::device::repeat::Repeat;

/// How a network is trained.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// What is minimised.
    pub loss: Loss,
    /// Hidden units.
    pub hidden: u16,
    /// Their activation.
    pub activation: AnyActivation,
    /// Samples in a stage.
    pub samples: u32,
    /// The step size.
    pub step_size: f32,
    /// Decides weights and order.
    pub seed: Seed,
}

/// Moments at which training on may stop, in so many parts of a stage.
const MOMENTS: u64 = 32;
const PARTS: u32 = 8;
/// Over how many periods of a stage an input is pressed to zero.
const PERIODS: u32 = 20;

/// What is trained: the inputs in use, and the numbers so far.
struct Fit<'a> {
    design: &'a Design,
    columns: Vec<usize>,
    layers: Layers,
    params: Vec<f32>,
    settings: Settings,
    /// The design's rows in random order, those to stop by in front.
    rows: Vec<u32>,
    /// What is left of an epoch.
    order: Vec<u32>,
    epoch: u64,
    /// The rows that were trained on, in order.
    visited: Vec<u32>,
}

/// A network of all inputs of `design`, under these penalties one after the other.
pub fn all(design: &Design, strengths: &[f64], settings: Settings) -> Result<Image> {
    let mut fit = Fit::new(design, settings)?;
    for &strength in strengths {
        let sgd = fit.sgd(settings.samples)?.proximal(Proximal::group(strength as f32).every(EVERY))?;
        fit.stage(settings.samples, &sgd, |_| {})?;
    }
    Ok(fit.image())
}

/// From a network of all inputs to one of `columns` alone, and the last part of its training, for a device.
pub fn selected(
    design: &Design,
    all: &Image,
    columns: &[usize],
    settings: Settings,
) -> Result<(Image, Repeat)> {
    let mut fit = Fit { params: all.params.clone(), ..Fit::new(design, settings)? };
    fit.press(columns)?;
    let keep: Vec<bool> = (0..design.width).map(|column| columns.contains(&column)).collect();
    let left = compaction::compact(&fit.layers, &mut fit.params, &keep)?;
    fit.params.truncate(left);
    fit.layers = Layers::new(columns.len().try_into()?, fit.layers.specs())?;
    fit.columns = columns.to_vec();
    let (fit, repeat) = fit.trained_on()?;
    Ok((fit.image(), repeat))
}

impl<'a> Fit<'a> {
    fn new(design: &'a Design, settings: Settings) -> Result<Self> {
        let specs = [
            LayerSpec::new(settings.hidden, settings.activation),
            LayerSpec::new(design.outputs.try_into()?, AnyActivation::Identity),
        ];
        let layers = Layers::new(design.width.try_into()?, &specs)?;
        let mut params = vec![0.0; layers.params()];
        let mut scratch = vec![0.0; 2 * layers.units()];
        let mut model = Model::of_layers(layers.clone(), settings.loss.kernel()?, &mut params, &mut scratch)?;
        model.init(Init::scaled(1.0).with_biases(0.5), settings.seed)?;
        let rows = permutation(design.rows, settings.seed, 0);
        Ok(Self {
            design,
            columns: (0..design.width).collect(),
            layers,
            params,
            settings,
            rows,
            order: Vec::new(),
            epoch: 0,
            visited: Vec::new(),
        })
    }

    /// The rows to stop by.
    fn held_out(&self) -> &[u32] {
        &self.rows[..self.rows.len() / 5]
    }

    fn load(&self, row: u32, x: &mut [f32]) {
        let from = self.design.x_row(row as usize);
        x.iter_mut().zip(&self.columns).for_each(|(x, &column)| *x = from[column]);
    }

    /// The parameters of the best of all moments of further training, and the training up to there.
    fn trained_on(mut self) -> Result<(Self, Repeat)> {
        let samples = self.settings.samples / PARTS;
        let sgd = Sgd::new(self.settings.step_size * DROP)?;
        let start = self.params.clone();
        self.visited.clear();
        let (mut best, mut visits) = ((f64::INFINITY, start.clone()), 0);
        for _ in 0..MOMENTS {
            self.stage(samples, &sgd, |_| {})?;
            let loss = self.loss()?;
            if loss < best.0 {
                (best, visits) = ((loss, self.params.clone()), self.visited.len());
            }
        }
        let mut rows = Vec::new();
        let mut x = vec![0.0; self.columns.len()];
        for &row in &self.visited[..visits] {
            self.load(row, &mut x);
            rows.extend(x.iter().chain(self.design.y_row(row as usize)));
        }
        let loss = self.settings.loss.kernel()?;
        let repeat = Repeat::new(self.layers.clone(), loss, sgd, BATCH, start, rows)?;
        Ok((Self { params: best.1, ..self }, repeat))
    }

    /// Plain SGD over so many samples, slower at the end.
    fn sgd(&self, samples: u32) -> Result<Sgd> {
        let drop = (f64::from(samples.div_ceil(BATCH)) * AT_FULL) as u32;
        Ok(Sgd::new(self.settings.step_size)?.final_drop(drop, DROP)?)
    }

    /// The mean loss on the rows to stop by.
    fn loss(&self) -> Result<f64> {
        let (mut params, mut scratch) = (self.params.clone(), vec![0.0; 2 * self.layers.units()]);
        let mut model =
            Model::of_layers(self.layers.clone(), self.settings.loss.kernel()?, &mut params, &mut scratch)?;
        let mut x = vec![0.0; self.columns.len()];
        let mut sum = 0.0;
        for &row in self.held_out() {
            self.load(row, &mut x);
            sum += f64::from(model.evaluate_slices(&x, self.design.y_row(row as usize))?);
        }
        Ok(sum / self.held_out().len() as f64)
    }

    /// Trains on so many samples; `after` each update.
    fn stage(
        &mut self,
        samples: u32,
        sgd: &Sgd,
        mut after: impl FnMut(&mut Model<'_, Layers, AnyLoss>),
    ) -> Result<()> {
        let mut params = std::mem::take(&mut self.params);
        let mut scratch = vec![0.0; 2 * self.layers.units()];
        let mut gradient = vec![0.0; self.layers.params()];
        let mut model =
            Model::of_layers(self.layers.clone(), self.settings.loss.kernel()?, &mut params, &mut scratch)?;
        let mut batch = Batch::over(&self.layers, &mut gradient, BATCH)?;
        let mut x = vec![0.0; self.columns.len()];
        for _ in 0..samples.div_ceil(BATCH) {
            for _ in 0..BATCH {
                let row = self.next();
                self.visited.push(row);
                self.load(row, &mut x);
                model.accumulate_slices(&x, self.design.y_row(row as usize), &mut batch)?;
            }
            model.apply(&mut batch, sgd)?;
            after(&mut model);
        }
        drop(model);
        self.params = params;
        Ok(())
    }

    /// The next row to train on, every epoch in a new order.
    fn next(&mut self) -> u32 {
        let training = self.rows.len() - self.rows.len() / 5;
        if self.order.is_empty() {
            self.epoch += 1;
            self.order = permutation(training, self.settings.seed, self.epoch);
        }
        let place = self.order.pop().unwrap_or(0);
        self.rows[self.rows.len() / 5 + place as usize]
    }

    /// Presses all columns but `keep` to zero in one stage, which has an update for every period at least.
    fn press(&mut self, keep: &[usize]) -> Result<()> {
        let samples = self.settings.samples.max((PERIODS + 1) * BATCH);
        let growing = Growing::new(0, (samples.div_ceil(BATCH) / (PERIODS + 1)).max(1))?;
        let rate = |column: usize| if keep.contains(&column) { 0.0 } else { 1.0 / PERIODS as f32 };
        let rates: Vec<f32> = (0..self.design.width).map(rate).collect();
        let sgd = self.sgd(samples)?;
        self.stage(samples, &sgd, |model| model.shrink(&growing, &rates))
    }

    fn image(self) -> Image {
        let encoder = self.design.encoder.with_inputs(&self.columns);
        Image { encoder, layers: self.layers, params: self.params }
    }
}

/// How wrong `predicted` is on rows `y`, both encoded: the share of the wrong classes, or the squared error as a share
/// of the targets' variance.
pub fn error(encoder: &Encoder, predicted: &[f32], y: &[f32]) -> f64 {
    let outputs = encoder.outputs.len();
    let rows = || predicted.chunks_exact(outputs).zip(y.chunks_exact(outputs));
    let n = rows().len() as f64;
    if encoder.is_classes {
        let class = |numbers: &[f32]| {
            let decoded =
                numbers.iter().zip(&encoder.outputs).map(|(&number, feature)| feature.decode(number));
            match outputs {
                1 => usize::from(decoded.sum::<f32>() > 0.5),
                _ => decoded.enumerate().max_by(|a, b| a.1.total_cmp(&b.1)).map_or(0, |(class, _)| class),
            }
        };
        return rows().filter(|(p, y)| class(p) != class(y)).count() as f64 / n;
    }
    let each = |output: usize| {
        let of = |numbers: &[f32]| f64::from(numbers[output]);
        let mean = rows().map(|(_, y)| of(y)).sum::<f64>() / n;
        let squared: f64 = rows().map(|(p, y)| (of(p) - of(y)).powi(2)).sum();
        let variance: f64 = rows().map(|(_, y)| (of(y) - mean).powi(2)).sum();
        squared / variance
    };
    (0..outputs).map(each).sum::<f64>() / outputs as f64
}

/// The mean of each output over the rows of `design`: what to say of a row without any input.
pub fn means(design: &Design) -> Vec<f32> {
    let of = |output| design.y_column(output).sum::<f64>() / design.rows as f64;
    (0..design.outputs).map(|output| of(output) as f32).collect()
}

/// What a linear regression of all inputs says of rows `x`.
pub fn baseline(design: &Design, x: &[f32]) -> Vec<f32> {
    let width = design.width;
    let correlations: Vec<Vec<f64>> =
        (0..width).map(|a| (0..width).map(|b| design.correlation(a, b)).collect()).collect();
    let weights = |output: usize| {
        let with_y = |column: usize| {
            design.x_column(column).zip(design.y_column(output)).map(|(x, y)| x * y).sum::<f64>()
                / design.rows as f64
        };
        let rows = correlations.iter().enumerate().map(|(column, row)| {
            let mut row = row.clone();
            row.push(with_y(column));
            row
        });
        linear::solve(rows.collect())
    };
    let weights: Vec<_> = (0..design.outputs).map(weights).collect();
    let means = means(design);
    let of = |x: &[f32], w: &[f64]| x.iter().zip(w).map(|(&x, w)| f64::from(x) * w).sum::<f64>() as f32;
    let row = |x| weights.iter().zip(&means).map(move |(w, mean)| mean + of(x, w));
    x.chunks_exact(width).flat_map(row).collect()
}
