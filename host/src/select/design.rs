//! From a table to what the networks see: standardised columns, targets, and the groups that stand for one thing.
//!
//! ```text
//! numbers   z-scored, cut at -4 and 4, z-scored again
//! words     one column for each but for two of them one alone, z-scored
//! target    numbers z-scored; classes as 0 and 1, z-scored: one output each, for two classes one alone
//! group     inputs of a correlation of .97 and more in size, linked one by the other: no method tells them apart
//! ```

use anyhow::{Result, bail, ensure};

use super::table::{Column, Table, Values};

/// Inputs and targets as numbers.
#[derive(Clone, Debug)]
pub struct Design {
    /// The inputs that vary.
    pub inputs: Vec<Input>,
    /// Those that do not.
    pub constant: Vec<String>,
    /// Row by row, `width` numbers each.
    pub x: Vec<f32>,
    /// Row by row, `outputs` numbers each.
    pub y: Vec<f32>,
    /// How many columns a row of `x` has.
    pub width: usize,
    /// How many numbers a target has.
    pub outputs: usize,
    /// How many rows there are.
    pub rows: usize,
    /// Whether the target is classes.
    pub is_classes: bool,
    /// For each column of `x` the group that it is in.
    pub groups: Vec<usize>,
}

/// An input as the user knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// Its name.
    pub name: String,
    /// Its columns in the design.
    pub columns: std::ops::Range<usize>,
}

/// Fewer rows tell nothing.
pub const LEAST_ROWS: usize = 40;
/// Inputs beyond this size are cut.
const CUT: f64 = 4.0;
/// From this correlation on, inputs cannot be told apart.
pub const SAME: f64 = 0.97;

impl Design {
    /// Of `table`, with these targets.
    pub fn of(table: &Table, targets: &[String]) -> Result<Self> {
        let rows = table.rows();
        ensure!(rows >= LEAST_ROWS, "the table has {rows} rows; at least {LEAST_ROWS} are needed");
        let (y, is_classes) = outputs(table, targets)?;
        let (mut inputs, mut constant, mut columns) = (Vec::new(), Vec::new(), Vec::new());
        for column in table.columns.iter().filter(|column| !targets.contains(&column.name)) {
            let varying = scaled(column);
            if varying.is_empty() {
                constant.push(column.name.clone());
                continue;
            }
            let from = columns.len();
            columns.extend(varying);
            inputs.push(Input { name: column.name.clone(), columns: from..columns.len() });
        }
        ensure!(!columns.is_empty(), "no input varies: there is nothing to select");
        let groups = groups(&inputs, &columns);
        let (width, outputs) = (columns.len(), y.len());
        Ok(Self { inputs, constant, x: rowwise(&columns), y: rowwise(&y), width, outputs, rows, is_classes, groups })
    }

    /// Row `row` of the inputs.
    pub fn x_row(&self, row: usize) -> &[f32] {
        &self.x[row * self.width..][..self.width]
    }

    /// Row `row` of the targets.
    pub fn y_row(&self, row: usize) -> &[f32] {
        &self.y[row * self.outputs..][..self.outputs]
    }

    /// Column `column` of the inputs.
    pub fn x_column(&self, column: usize) -> impl Iterator<Item = f64> + Clone {
        self.x.iter().skip(column).step_by(self.width).map(|&x| x.into())
    }

    /// Output `output` of all rows.
    pub fn y_column(&self, output: usize) -> impl Iterator<Item = f64> + Clone {
        self.y.iter().skip(output).step_by(self.outputs).map(|&y| y.into())
    }

    /// The correlation of two columns.
    pub fn correlation(&self, a: usize, b: usize) -> f64 {
        self.x_column(a).zip(self.x_column(b)).map(|(a, b)| a * b).sum::<f64>() / self.rows as f64
    }
}

/// The targets, output by output, and whether they are classes.
fn outputs(table: &Table, targets: &[String]) -> Result<(Vec<Vec<f64>>, bool)> {
    ensure!(!targets.is_empty(), "there is no target");
    let mut outputs = Vec::new();
    let mut is_classes = false;
    for name in targets {
        let column = table.column(name)?;
        match &column.values {
            Values::Numbers(values) => match z_scored(values) {
                Some(values) => outputs.push(values),
                None => bail!("the target {name:?} is the same number in all rows"),
            },
            Values::Words { words, .. } => {
                ensure!(words.len() > 1, "the target {name:?} is the same class in all rows");
                is_classes = true;
                outputs.extend(indicators(column).iter().filter_map(|values| z_scored(values)));
            }
        }
    }
    Ok((outputs, is_classes))
}

/// The columns of an input, none if it does not vary.
fn scaled(column: &Column) -> Vec<Vec<f64>> {
    match &column.values {
        Values::Numbers(values) => {
            let cut = z_scored(values).map(|values| values.iter().map(|x| x.clamp(-CUT, CUT)).collect::<Vec<_>>());
            cut.and_then(|values| z_scored(&values)).into_iter().collect()
        }
        Values::Words { .. } => indicators(column).iter().filter_map(|values| z_scored(values)).collect(),
    }
}

/// 1 where a word is, 0 elsewhere; of two words one says it all.
fn indicators(column: &Column) -> Vec<Vec<f64>> {
    let Values::Words { words, index } = &column.values else { return Vec::new() };
    let first = usize::from(words.len() == 2);
    (first..words.len())
        .map(|word| index.iter().map(|&at| f64::from(u8::from(at as usize == word))).collect())
        .collect()
}

/// With mean 0 and deviation 1; nothing if all are the same.
fn z_scored(values: &[f64]) -> Option<Vec<f64>> {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let deviation = (values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
    let varies = deviation > 1e-12 * (1.0 + mean.abs());
    varies.then(|| values.iter().map(|x| (x - mean) / deviation).collect())
}

fn rowwise(columns: &[Vec<f64>]) -> Vec<f32> {
    let rows = columns.first().map_or(0, Vec::len);
    (0..rows).flat_map(|row| columns.iter().map(move |column| column[row] as f32)).collect()
}

/// Single linkage over the inputs; an input's columns are always of one group.
fn groups(inputs: &[Input], columns: &[Vec<f64>]) -> Vec<usize> {
    let mut group: Vec<usize> = Vec::new();
    for (number, input) in inputs.iter().enumerate() {
        group.extend(input.columns.clone().map(|_| number));
    }
    for a in 0..columns.len() {
        for b in 0..a {
            let product: f64 = columns[a].iter().zip(&columns[b]).map(|(a, b)| a * b).sum();
            let (from, to) = (group[a].max(group[b]), group[a].min(group[b]));
            if from != to && (product / columns[a].len() as f64).abs() >= SAME {
                group.iter_mut().filter(|group| **group == from).for_each(|group| *group = to);
            }
        }
    }
    group
}
