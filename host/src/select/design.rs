//! Rows of a table as numbers, and the groups of inputs that stand for one thing.
//!
//! A group is inputs whose correlation is .97 and more in size, linked one by the other: no method tells them apart.
//! The columns of one input, one for each word, are a group too.

use anyhow::{Result, ensure};

use super::encoder::Encoder;
use super::loss::Loss;
use super::table::Table;

/// Inputs and targets as numbers.
#[derive(Clone, Debug)]
pub struct Design {
    /// What the numbers stand for.
    pub encoder: Encoder,
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
    /// For each column of `x` the group that it is in, by its first column.
    pub groups: Vec<usize>,
}

/// Fewer rows tell nothing.
pub const LEAST_ROWS: usize = 40;
/// From this correlation on, inputs cannot be told apart.
pub const SAME: f64 = 0.97;

impl Design {
    /// Of these rows of `table`, with these targets, for networks that minimise `loss`.
    pub fn of(table: &Table, targets: &[String], loss: Loss, rows: &[u32]) -> Result<Self> {
        ensure!(
            rows.len() >= LEAST_ROWS,
            "there are {} rows to learn from; at least {LEAST_ROWS} are needed",
            rows.len()
        );
        let encoder = Encoder::learn(table, targets, loss, rows)?;
        let (x, y) = encoder.encode(table, rows)?;
        let (width, outputs) = (encoder.inputs.len(), encoder.outputs.len());
        let mut design =
            Self { encoder, x, y, width, outputs, rows: rows.len(), groups: (0..width).collect() };
        design.link();
        Ok(design)
    }

    /// Single linkage.
    fn link(&mut self) {
        for a in 0..self.width {
            for b in 0..a {
                let (from, to) = (self.groups[a].max(self.groups[b]), self.groups[a].min(self.groups[b]));
                let is_one_input = self.encoder.inputs[a].column == self.encoder.inputs[b].column;
                if from != to && (is_one_input || self.correlation(a, b).abs() >= SAME) {
                    self.groups.iter_mut().filter(|group| **group == from).for_each(|group| *group = to);
                }
            }
        }
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

    /// The correlation of two columns, which have mean 0 and deviation 1.
    pub fn correlation(&self, a: usize, b: usize) -> f64 {
        self.x_column(a).zip(self.x_column(b)).map(|(a, b)| a * b).sum::<f64>() / self.rows as f64
    }
}
