//! Whether an input tells more than those it is correlated with.
//!
//! An input that is only a neighbour of a relevant one is not exchangeable with its shadow, so its norm may rise
//! above them. It is held against what its neighbours say of it: on the rows held out, x_j becomes
//!
//! ```text
//! x~_j   fit_j + residual of another row      fit_j by ridge regression on its neighbours, 8 at most
//! z      (mean L~ - L) / (sd L~ sqrt(1 + 1/10))      L the loss, L~ that of one of 10 redraws
//! ```
//!
//! and the p-value is that of z under Student's t with 9 degrees of freedom (the Holdout Randomization Test of Tansey
//! et al., with a linear model of the inputs). The members of a group are redrawn together, from the same row. A
//! dependence between inputs that is not linear is not seen.

use anyhow::Result;
use statrs::distribution::{ContinuousCDF, StudentsT};
use tamis::{Model, Network, Seed};

use super::design::Design;
use super::ensemble::{self, Ensemble, FOLDS, Part, REPEATS};
use super::linear;

const DRAWS: usize = 10;
/// Whole cross-fits that are looked at.
const CROSS_FITS: usize = 2;
const NEIGHBOURS: usize = 8;
/// The stream of the first redraw.
const REDRAWS: u64 = 1 << 41;

/// A correlation in size that noise does not have on so many rows.
pub fn noticeable(rows: usize) -> f64 {
    3.5 / (rows as f64).sqrt()
}

/// The p-value of the columns `members` at stage `stage`.
pub fn p_value(
    design: &Design,
    ensemble: &Ensemble,
    stage: usize,
    members: &[usize],
    seed: Seed,
) -> Result<f64> {
    let fits: Vec<_> = members.iter().map(|&member| fit(design, member, members)).collect();
    let held_out =
        |change: &dyn Fn(usize, &mut [f32])| loss(design, ensemble, stage, |part| &part.held_out, change);
    let loss = held_out(&|_, _| {})?;
    let mut redrawn = Vec::new();
    for draw in 0..DRAWS {
        let stream = REDRAWS + (members[0] * DRAWS + draw) as u64;
        let other = ensemble::permutation(design.rows, seed, stream);
        redrawn.push(held_out(&|row, x| {
            for (&member, (fit, residual)) in members.iter().zip(&fits) {
                x[member] = (fit[row] + residual[other[row] as usize]) as f32;
            }
        })?);
    }
    let n = DRAWS as f64;
    let mean = redrawn.iter().sum::<f64>() / n;
    let variance = redrawn.iter().map(|l| (l - mean).powi(2)).sum::<f64>() / (n - 1.0);
    let z = (mean - loss) / (variance * (1.0 + 1.0 / n)).sqrt().max(f64::MIN_POSITIVE);
    Ok(StudentsT::new(0.0, 1.0, n - 1.0)?.sf(z))
}

/// The mean loss of the first cross-fits on these rows of their parts, each row's inputs changed by `change` first.
pub fn loss(
    design: &Design,
    ensemble: &Ensemble,
    stage: usize,
    rows: impl Fn(&Part) -> &[u32],
    change: impl Fn(usize, &mut [f32]),
) -> Result<f64> {
    let kernel = ensemble.loss.kernel()?;
    let layers = &ensemble.layers;
    let mut scratch = vec![0.0; 2 * layers.units()];
    let mut x = vec![0.0; 2 * design.width];
    let (mut sum, mut count) = (0.0, 0.0);
    for fold in 0..FOLDS {
        for repeat in 0..CROSS_FITS {
            let number = fold * REPEATS + repeat;
            let part = &ensemble.parts[number];
            let mut params = ensemble.stages[stage].replicas[number].params.clone();
            let mut model = Model::of_layers(layers.clone(), kernel, &mut params, &mut scratch)?;
            for &row in rows(part) {
                let row = row as usize;
                let (inputs, shadows) = x.split_at_mut(design.width);
                inputs.copy_from_slice(design.x_row(row));
                shadows.copy_from_slice(design.x_row(part.shadow[row] as usize));
                change(row, inputs);
                sum += f64::from(model.evaluate_slices(&x, design.y_row(row))?);
                count += 1.0;
            }
        }
    }
    Ok(sum / count)
}

/// What the neighbours outside of `group` say of column `j`, and what they leave, row by row.
fn fit(design: &Design, j: usize, group: &[usize]) -> (Vec<f64>, Vec<f64>) {
    let least = noticeable(design.rows);
    let mut neighbours: Vec<(usize, f64)> = (0..design.width)
        .filter(|column| !group.contains(column))
        .map(|column| (column, design.correlation(j, column)))
        .filter(|(_, r)| r.abs() > least)
        .collect();
    neighbours.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
    neighbours.truncate(NEIGHBOURS);
    let n = neighbours.len();
    // The columns are z-scored: the normal equations are those of correlations.
    let mut a = vec![vec![0.0; n + 1]; n];
    for (row, &(column, r)) in a.iter_mut().zip(&neighbours) {
        for (cell, &(other, _)) in row.iter_mut().zip(&neighbours) {
            *cell = design.correlation(column, other);
        }
        row[n] = r;
    }
    let weights = linear::solve(a);
    let fit: Vec<f64> = (0..design.rows)
        .map(|row| {
            let x = design.x_row(row);
            neighbours.iter().zip(&weights).map(|(&(column, _), w)| w * f64::from(x[column])).sum()
        })
        .collect();
    let residual = design.x_column(j).zip(&fit).map(|(x, fit)| x - fit).collect();
    (fit, residual)
}
