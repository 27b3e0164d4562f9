//! Training an imported network further, on a table.
//!
//! A fifth of the rows, drawn at random, only tells what the network is worth before and after. The others are visited in
//! a random order, a batch of one at a time, by squared error of the encoded targets; for the last fifth of the updates the
//! step size is a fifth. The kernel does it: the same samples in the same order give the same bits on a device, and
//! [`Tuned::repeat`] is what it takes to have a device do it.

use anyhow::{Result, anyhow, ensure};
use tamis::{AnyLoss, Layers, Model, Network, Sampler, Seed, Sgd};

use crate::device::repeat::Repeat;
use crate::exchange;
use crate::select::encoder::{Encoder, Feature};
use crate::select::ensemble::permutation;
use crate::select::image::Image;
use crate::select::table::{Table, Values};

/// How it is trained.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// The step size.
    pub step_size: f32,
    /// How many updates.
    pub updates: u32,
    /// Decides the rows that are kept back, and the order of the others.
    pub seed: Seed,
}

/// A network that was trained further.
#[derive(Clone, Debug)]
pub struct Tuned {
    /// It.
    pub image: Image,
    /// Rows it was trained on.
    pub rows: usize,
    /// The error on the other rows before: the mean square, as a share of the variance of the targets.
    pub before: f64,
    /// And after.
    pub after: f64,
    /// The same training, for a device.
    pub repeat: Repeat,
}

/// The first of so many parts is kept back.
const PARTS: usize = 5;
const DROP: f32 = 0.2;
/// The stream of the rows that are kept back, away from those of the epochs.
const KEPT_BACK: u64 = u64::MAX;

/// Trains `image` on `table`.
pub fn fine_tune(image: &Image, table: &Table, targets: &[String], settings: Settings) -> Result<Tuned> {
    let encoder = fitted(&image.encoder, table, targets)?;
    let rows = permutation(table.rows(), settings.seed, KEPT_BACK);
    ensure!(rows.len() >= 2 * PARTS, "{} rows are too few to train on", rows.len());
    let (kept, rows) = rows.split_at(rows.len() / PARTS);
    let test = encoder.encode(table, kept)?;
    let mut image = Image { encoder, ..image.clone() };
    let before = error(&image, &test)?;
    let (x, y) = image.encoder.encode(table, rows)?;
    let (params, repeat) = trained(&image, &x, &y, settings)?;
    image.params = params;
    Ok(Tuned { rows: rows.len(), before, after: error(&image, &test)?, image, repeat })
}

/// The parameters after training, and the training.
fn trained(image: &Image, x: &[f32], y: &[f32], settings: Settings) -> Result<(Vec<f32>, Repeat)> {
    let Settings { step_size, updates, seed } = settings;
    let sgd = Sgd::new(step_size)?.final_drop(updates - updates / PARTS as u32, DROP)?;
    let (inputs, outputs) = (image.layers.inputs(), image.layers.outputs());
    let (mut params, mut scratch) = (image.params.clone(), vec![0.0; 2 * image.layers.units()]);
    let mut model = Model::of_layers(image.layers.clone(), AnyLoss::Mse, &mut params, &mut scratch)?;
    let mut order = Sampler::keyed(u32::try_from(x.len() / inputs)?, seed)?;
    let mut visited = Vec::new();
    for update in 1..=updates {
        let row = usize::try_from(order.draw().index)?;
        let (x, y) = (&x[row * inputs..][..inputs], &y[row * outputs..][..outputs]);
        model
            .step_slices(x, y, &sgd)
            .map_err(|error| anyhow!("update {update}: {error}; try a --step-size lower than {step_size}"))?;
        visited.extend(x.iter().chain(y));
    }
    let repeat = Repeat::new(image.layers.clone(), AnyLoss::Mse, sgd, 1, image.params.clone(), visited)?;
    Ok((finite(&image.layers, params)?, repeat))
}

/// The last update may have overflowed.
fn finite(layers: &Layers, params: Vec<f32>) -> Result<Vec<f32>> {
    let is_finite = params.iter().all(|param| param.is_finite());
    ensure!(is_finite, "the parameters of {layers} overflow in the last update; try a lower --step-size");
    Ok(params)
}

/// The mean squared error as a share of the variance.
fn error(image: &Image, (x, y): &(Vec<f32>, Vec<f32>)) -> Result<f64> {
    let outputs = image.layers.outputs();
    let squares = |of: &dyn Fn(usize) -> f64| (0..y.len()).map(|place| of(place).powi(2)).sum::<f64>();
    let predicted = image.predict(x)?;
    let column = |output: usize| y.iter().skip(output).step_by(outputs).map(|&y| f64::from(y));
    let means: Vec<f64> =
        (0..outputs).map(|output| column(output).sum::<f64>() / column(output).count() as f64).collect();
    let error = squares(&|place| f64::from(predicted[place]) - f64::from(y[place]));
    Ok(error / squares(&|place| f64::from(y[place]) - means[place % outputs]))
}

/// The encoder with the names of the table's columns. One that names none takes the columns in their order.
fn fitted(encoder: &Encoder, table: &Table, targets: &[String]) -> Result<Encoder> {
    let (inputs, outputs) = (encoder.inputs.len(), encoder.outputs.len());
    if *encoder != exchange::plain(inputs, outputs) {
        ensure!(targets.is_empty(), "the network names its targets; leave --target out");
        return Ok(encoder.clone());
    }
    ensure!(targets.len() == outputs, "the network has {outputs} outputs; name so many columns by --target");
    targets.iter().try_for_each(|target| table.column(target).map(|_| ()))?;
    let columns = table.columns.iter().map(|column| &column.name).filter(|name| !targets.contains(name));
    let columns: Vec<&String> = columns.collect();
    ensure!(
        columns.len() == inputs,
        "the network has {inputs} inputs, the table {} columns beside the targets",
        columns.len()
    );
    let named = |features: &[Feature], names: &[&String]| {
        let pairs = features.iter().zip(names);
        pairs
            .map(|(feature, name)| Feature { column: (*name).clone(), ..feature.clone() })
            .collect::<Vec<_>>()
    };
    let targets: Vec<&String> = targets.iter().collect();
    for name in columns.iter().chain(&targets) {
        let column = table.column(name)?;
        let is_number = matches!(column.values, Values::Numbers(_));
        ensure!(is_number, "column {name:?} has words, and the network takes numbers");
    }
    Ok(Encoder {
        inputs: named(&encoder.inputs, &columns),
        outputs: named(&encoder.outputs, &targets),
        is_classes: false,
    })
}
