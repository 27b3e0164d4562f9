//! What a network sees of a row of a table: learned on some rows, the same for all others, kept with the network.
//!
//! ```text
//! number   cut to mean +- 4 deviations, less the mean of what is left, by its deviation
//! word     1 where it is, 0 elsewhere, less the mean, by the deviation; of two words one says it all
//! class    0 or 1 as they are, one output each, for two classes one alone
//! target   less its mean, by its deviation, not cut; under cross-entropy the class as it is
//! ```

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};

use super::loss::Loss;
use super::table::{Column, Table, Values};

/// One number that a network takes or gives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Feature {
    /// The column of the table.
    pub column: String,
    /// The word that it is 1 for, if the column has words.
    pub word: Option<String>,
    /// Values are cut to this range first.
    pub range: [f32; 2],
    /// Then this is taken away,
    pub mean: f32,
    /// and what is left divided by this.
    pub deviation: f32,
}

impl Feature {
    /// Its name: that of the column, and of the word.
    pub fn name(&self) -> String {
        match &self.word {
            None => self.column.clone(),
            Some(word) => format!("{}={word}", self.column),
        }
    }

    /// What the network sees of `value`.
    pub fn encode(&self, value: f32) -> f32 {
        let [least, most] = self.range;
        (value.clamp(least, most) - self.mean) / self.deviation
    }

    /// What `number` of the network stands for.
    pub fn decode(&self, number: f32) -> f32 {
        number * self.deviation + self.mean
    }

    /// Its value in each of `rows`, as the table has it.
    fn raw<'a>(&'a self, table: &'a Table, rows: &'a [u32]) -> Result<impl Iterator<Item = f64> + 'a> {
        let values = &table.column(&self.column)?.values;
        Ok(rows.iter().map(move |&row| raw(values, self.word.as_deref(), row)))
    }
}

/// The value of a row: a number, or whether it is `word`.
fn raw(values: &Values, word: Option<&str>, row: u32) -> f64 {
    match values {
        Values::Numbers(values) => values[row as usize],
        Values::Words { words, index } => {
            let here = words.get(index[row as usize] as usize).map(String::as_str);
            f64::from(u8::from(here == word))
        }
    }
}

/// All that a network takes and gives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Encoder {
    /// What it takes, in order.
    pub inputs: Vec<Feature>,
    /// What it gives.
    pub outputs: Vec<Feature>,
    /// Whether what it gives are classes.
    pub is_classes: bool,
}

/// Deviations from the mean beyond which a value is cut.
const CUT: f64 = 4.0;

impl Encoder {
    /// Learned on `rows` of `table`, for networks that minimise `loss`; what does not vary there is left out.
    pub fn learn(table: &Table, targets: &[String], loss: Loss, rows: &[u32]) -> Result<Self> {
        let (mut outputs, is_classes) = outputs(table, targets, rows)?;
        if loss == Loss::CrossEntropy {
            ensure!(
                is_classes,
                "--loss cross-entropy is for classes, and {:?} has numbers; say --categorical if they name classes",
                targets[0]
            );
            outputs.iter_mut().for_each(|output| (output.mean, output.deviation) = (0.0, 1.0));
        }
        let inputs = table.columns.iter().filter(|column| !targets.contains(&column.name));
        let inputs: Vec<_> = inputs.flat_map(|column| features(column, rows, Some(CUT))).collect();
        ensure!(!inputs.is_empty(), "no input varies: there is nothing to select");
        Ok(Self { inputs, outputs, is_classes })
    }

    /// Inputs and outputs of `rows`, row by row.
    pub fn encode(&self, table: &Table, rows: &[u32]) -> Result<(Vec<f32>, Vec<f32>)> {
        Ok((rowwise(&self.inputs, table, rows)?, rowwise(&self.outputs, table, rows)?))
    }

    /// The same for fewer inputs.
    pub fn with_inputs(&self, inputs: &[usize]) -> Self {
        let kept = inputs.iter().filter_map(|&input| self.inputs.get(input)).cloned();
        Self { inputs: kept.collect(), ..self.clone() }
    }
}

/// What a network is to give for these targets, and whether that is classes.
pub fn outputs(table: &Table, targets: &[String], rows: &[u32]) -> Result<(Vec<Feature>, bool)> {
    ensure!(!targets.is_empty(), "there is no target");
    let mut outputs = Vec::new();
    let mut is_classes = None;
    for target in targets {
        let column = table.column(target)?;
        let classes = matches!(column.values, Values::Words { .. });
        ensure!(
            *is_classes.get_or_insert(classes) == classes,
            "the targets must be all numbers or all classes; {target:?} is not like the others"
        );
        let features: Vec<_> = features(column, rows, None).collect();
        ensure!(!features.is_empty(), "the target {target:?} is the same in all rows");
        outputs.extend(features);
    }
    Ok((outputs, is_classes == Some(true)))
}

/// What a network sees of `rows`, row by row.
pub fn rowwise(features: &[Feature], table: &Table, rows: &[u32]) -> Result<Vec<f32>> {
    let mut numbers = vec![0.0; features.len() * rows.len()];
    for (place, feature) in features.iter().enumerate() {
        let cells = numbers.iter_mut().skip(place).step_by(features.len());
        for (cell, value) in cells.zip(feature.raw(table, rows)?) {
            *cell = feature.encode(value as f32);
        }
    }
    Ok(numbers)
}

/// The features of a column, none if it does not vary on `rows`; cut at `cut` deviations if it has numbers.
fn features<'a>(column: &'a Column, rows: &'a [u32], cut: Option<f64>) -> impl Iterator<Item = Feature> + 'a {
    let words: Vec<Option<String>> = match &column.values {
        Values::Numbers(_) => vec![None],
        Values::Words { words, .. } => {
            words.iter().skip(usize::from(words.len() == 2)).cloned().map(Some).collect()
        }
    };
    words.into_iter().filter_map(move |word| {
        let values = || rows.iter().map(|&row| raw(&column.values, word.as_deref(), row));
        let (mean, deviation) = moments(values())?;
        let (mut range, mut scale) = ([f32::MIN, f32::MAX], (mean, deviation));
        if let (Some(cut), None) = (cut, &word) {
            let (least, most) = (mean - cut * deviation, mean + cut * deviation);
            range = [least as f32, most as f32];
            scale = moments(values().map(|value| value.clamp(least, most)))?;
        }
        let (mean, deviation) = (scale.0 as f32, scale.1 as f32);
        Some(Feature { column: column.name.clone(), word, range, mean, deviation })
    })
}

/// Mean and deviation; nothing if all values are the same.
fn moments(values: impl Iterator<Item = f64> + Clone) -> Option<(f64, f64)> {
    let n = values.clone().count() as f64;
    let mean = values.clone().sum::<f64>() / n;
    let deviation = (values.map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
    (deviation > 1e-9 * (1e-20 + mean.abs())).then_some((mean, deviation))
}
