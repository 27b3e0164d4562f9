//! Tables whose relevant columns are known: what the selection is measured on.
//!
//! Unless said otherwise: 16 standard normal inputs, the signal scaled to variance 1, noise of deviation .3 on it, 1 in
//! those named `_s1`. Inputs are numbered from 0.

use std::num::NonZeroU32;

use rand_xoshiro::Xoshiro128PlusPlus;
use tamis::Seed;
use tamis::random::{self, Purpose};

use super::table::{Column, Table, Values};

/// A family of tables.
#[derive(Clone, Copy, Debug)]
pub struct Family {
    /// Its name.
    pub name: &'static str,
    /// How many inputs.
    pub inputs: usize,
    /// Those that matter.
    pub relevant: &'static [usize],
    /// The deviation of the noise.
    pub noise: f64,
    inputs_by: Inputs,
    signal: fn(&[f64]) -> f64,
    target: TargetKind,
}

/// How inputs are drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Inputs {
    Normal,
    Uniform,
    Signs,
    /// Each of the first has a neighbour of this correlation among the last.
    Neighbours(f64),
    /// The last is the first again.
    Duplicate,
    /// By turns normal, 0 or 1, and log-normal.
    Mixed,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum TargetKind {
    Number,
    /// Three classes of equal frequency.
    Classes,
    /// Student's t with two degrees of freedom as noise.
    Heavy,
}

const fn plain(name: &'static str, relevant: &'static [usize], signal: fn(&[f64]) -> f64) -> Family {
    Family {
        name,
        inputs: 16,
        relevant,
        noise: 0.3,
        inputs_by: Inputs::Normal,
        signal,
        target: TargetKind::Number,
    }
}

impl Family {
    const fn noisy(self, noise: f64) -> Self {
        Self { noise, ..self }
    }

    const fn named(self, name: &'static str) -> Self {
        Self { name, ..self }
    }

    const fn width(self, inputs: usize) -> Self {
        Self { inputs, ..self }
    }

    const fn inputs_by(self, inputs_by: Inputs) -> Self {
        Self { inputs_by, ..self }
    }

    const fn target(self, target: TargetKind) -> Self {
        Self { target, ..self }
    }
}

fn sum3(x: &[f64]) -> f64 {
    x[0] + x[1] + x[2]
}
fn sum4(x: &[f64]) -> f64 {
    x[0] + x[1] + x[2] + x[3]
}
fn sine(x: &[f64]) -> f64 {
    (x[0] + x[1]).sin()
}
fn product(x: &[f64]) -> f64 {
    x[0] * x[1]
}
fn signs2(x: &[f64]) -> f64 {
    x[0].signum() * x[1].signum()
}
fn friedman1(x: &[f64]) -> f64 {
    10.0 * (std::f64::consts::PI * x[0] * x[1]).sin() + 20.0 * (x[2] - 0.5).powi(2) + 10.0 * x[3] + 5.0 * x[4]
}
/// Friedman's second and third problem draw four inputs from other ranges.
fn friedman_inputs(x: &[f64]) -> [f64; 4] {
    [100.0 * x[0], std::f64::consts::PI * (40.0 + 520.0 * x[1]), x[2], 1.0 + 10.0 * x[3]]
}
fn friedman2(x: &[f64]) -> f64 {
    let [a, b, c, d] = friedman_inputs(x);
    (a * a + (b * c - 1.0 / (b * d)).powi(2)).sqrt()
}
fn friedman3(x: &[f64]) -> f64 {
    let [a, b, c, d] = friedman_inputs(x);
    ((b * c - 1.0 / (b * d)) / a).atan()
}

/// All families.
pub const FAMILIES: [Family; 28] = [
    plain("linear", &[0, 1, 2], sum3),
    plain("uneven", &[0, 1, 2], |x| x[0] + x[1] / 2.0 + x[2] / 4.0),
    plain("sine", &[0, 1], sine),
    plain("relu", &[0, 1], |x| (x[0] - x[1]).max(0.0)),
    plain("prod", &[0, 1], product),
    plain("xor", &[0, 1], signs2).inputs_by(Inputs::Signs),
    plain("par3", &[0, 1, 2], |x| x[0] * x[1] * x[2]).inputs_by(Inputs::Signs),
    plain("stair", &[0, 1, 2], |x| x[0] + x[0] * x[1] + x[0] * x[1] * x[2]),
    plain("fried1", &[0, 1, 2, 3, 4], friedman1).width(20).inputs_by(Inputs::Uniform),
    plain("fried2", &[1, 2], friedman2).inputs_by(Inputs::Uniform),
    plain("fried3", &[0, 1, 2], friedman3).inputs_by(Inputs::Uniform),
    plain("corr", &[0, 1, 2], sum3).inputs_by(Inputs::Neighbours(0.7)),
    plain("corrnl", &[0, 1], sine).inputs_by(Inputs::Neighbours(0.7)),
    plain("corr9", &[0, 1, 2], sum3).inputs_by(Inputs::Neighbours(0.9)),
    plain("dup", &[0, 1, 15], |x| x[0] + x[1]).inputs_by(Inputs::Duplicate),
    plain("wide", &[0, 1, 2, 3], |x| x[0] + x[1] + x[2] * x[3]).width(64),
    plain("wideprod", &[0, 1], product).width(64),
    plain("class", &[0, 1, 2], |x| x[0] + x[1] * x[2]).target(TargetKind::Classes),
    plain("heavy", &[0, 1, 2], sum3).target(TargetKind::Heavy),
    plain("mixed", &[0, 1, 2], sum3).inputs_by(Inputs::Mixed),
    plain("weak", &[0, 1, 2], |x| x[0] + 0.3 * x[1] + 0.3 * x[2] * x[0]),
    plain("hidden", &[0, 1, 2], |x| 10.0_f64.sqrt() * x[0] + x[1] * x[2]),
    plain("dense", &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15], |x| x.iter().sum()),
    plain("linear_s1", &[0, 1, 2, 3], sum4).noisy(1.0),
    plain("sine_s1", &[0, 1], sine).noisy(1.0),
    plain("prod_s1", &[0, 1], product).noisy(1.0),
    plain("fried1_s1", &[0, 1, 2, 3, 4], friedman1).width(20).inputs_by(Inputs::Uniform).noisy(1.0),
    plain("null", &[], |_| 0.0).noisy(1.0).named("null"),
];

impl Family {
    /// A table of so many rows: columns `x0`, `x1`, ... and the target `y`.
    pub fn draw(&self, rows: usize, seed: Seed) -> Table {
        let x: Vec<Vec<f64>> = (0..rows).map(|row| self.inputs(row as u64, seed)).collect();
        let signal: Vec<f64> = x.iter().map(|x| (self.signal)(x)).collect();
        let n = rows as f64;
        let mean = signal.iter().sum::<f64>() / n;
        let deviation = (signal.iter().map(|f| (f - mean).powi(2)).sum::<f64>() / n).sqrt();
        let scale = if deviation > 0.0 { 1.0 / deviation } else { 0.0 };
        let noisy =
            |(row, f): (usize, &f64)| (f - mean) * scale + self.noise * self.noise_of(row as u64, seed);
        let y: Vec<f64> = signal.iter().enumerate().map(noisy).collect();
        let mut columns: Vec<Column> = (0..self.inputs)
            .map(|input| Column {
                name: format!("x{input}"),
                values: Values::Numbers(x.iter().map(|x| x[input]).collect()),
            })
            .collect();
        columns.push(Column { name: "y".to_owned(), values: self.labels(y) });
        Table { columns, rows_in_file: rows as u64, dropped: 0 }
    }

    /// F1 of the columns `found`; where none matters 1 for none, and else 0.
    pub fn f1(&self, found: &[usize]) -> f64 {
        let right = found.iter().filter(|column| self.relevant.contains(column)).count();
        match self.relevant.len() + found.len() {
            0 => 1.0,
            all => 2.0 * right as f64 / all as f64,
        }
    }

    fn labels(&self, y: Vec<f64>) -> Values {
        if self.target != TargetKind::Classes {
            return Values::Numbers(y);
        }
        let mut sorted = y.clone();
        sorted.sort_by(f64::total_cmp);
        let cuts = [sorted[y.len() / 3], sorted[2 * y.len() / 3]];
        let class = |y: &f64| cuts.iter().filter(|&cut| y > cut).count() as u32;
        let words = ["high", "low", "middle"].map(str::to_owned).to_vec();
        let place = [1, 2, 0]; // low, middle, high among the sorted words
        Values::Words { words, index: y.iter().map(|y| place[class(y) as usize]).collect() }
    }

    fn noise_of(&self, row: u64, seed: Seed) -> f64 {
        let mut normals = [0.0; 3];
        random::fill_normal(&mut seed.generator(Purpose::TaskNoise, row), &mut normals);
        let [a, b, c] = normals.map(f64::from);
        if self.target == TargetKind::Heavy { a / ((b * b + c * c) / 2.0).sqrt() } else { a }
    }

    fn inputs(&self, row: u64, seed: Seed) -> Vec<f64> {
        let mut generator = seed.generator(Purpose::TaskInputs, row);
        let mut normals = vec![0.0; self.inputs];
        match self.inputs_by {
            Inputs::Uniform => {
                return (0..self.inputs).map(|_| random::uniform(&mut generator).into()).collect();
            }
            Inputs::Signs => return (0..self.inputs).map(|_| sign(&mut generator)).collect(),
            _ => random::fill_normal(&mut generator, &mut normals),
        }
        let mut x: Vec<f64> = normals.into_iter().map(f64::from).collect();
        match self.inputs_by {
            Inputs::Neighbours(rho) => {
                for (relevant, neighbour) in (self.inputs - 3..self.inputs).enumerate() {
                    x[neighbour] = rho * x[relevant] + (1.0 - rho * rho).sqrt() * x[neighbour];
                }
            }
            Inputs::Duplicate => x[self.inputs - 1] = x[0],
            Inputs::Mixed => {
                for (input, x) in x.iter_mut().enumerate() {
                    match input % 3 {
                        0 => {}
                        1 => *x = f64::from(u8::from(*x > 0.0)),
                        _ => *x = x.exp(),
                    }
                }
            }
            _ => {}
        }
        x
    }
}

fn sign(generator: &mut Xoshiro128PlusPlus) -> f64 {
    let two = NonZeroU32::MIN.saturating_add(1);
    if random::below(generator, two) == 0 { -1.0 } else { 1.0 }
}
