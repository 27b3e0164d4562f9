//! What is visible of an input by itself: three tests on ranks, no network.
//!
//! With normal scores of the ranks in place of x and y: the correlation of y with x, the correlation of y with x^2, and
//! the analysis of variance of y over eight bins of x, each of equally many rows. The p-value of an input is three times
//! the least of the three, times the number of outputs.

use anyhow::Result;
use statrs::distribution::{ContinuousCDF, FisherSnedecor, Normal, StudentsT};

use super::design::Design;

const TESTS: f64 = 3.0;
const BINS: usize = 8;

/// For each column of `design` its p-value.
pub fn p_values(design: &Design) -> Result<Vec<f64>> {
    let outputs: Vec<_> =
        (0..design.outputs).map(|output| scores(design.y_column(output))).collect::<Result<_>>()?;
    let of = |column: usize| {
        let values = design.x_column(column);
        let x = scores(values.clone())?;
        let bins = bins(values);
        let squares: Vec<f64> = x.iter().map(|x| x * x).collect();
        let mut least: f64 = 1.0;
        for y in &outputs {
            for p in [correlation(&x, y)?, correlation(&squares, y)?, between(&bins, y)?] {
                least = least.min(p);
            }
        }
        Ok((least * TESTS * outputs.len() as f64).min(1.0))
    };
    (0..design.width).map(of).collect()
}

/// For each value its mean rank, from 0; equal values share one.
fn ranks(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let values: Vec<f64> = values.collect();
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    for equal in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let from = equal.first().map_or(0, |first| order.partition_point(|&at| values[at] < values[*first]));
        let rank = from as f64 + (equal.len() - 1) as f64 / 2.0;
        equal.iter().for_each(|&at| ranks[at] = rank);
    }
    ranks
}

/// Normal scores of ranks: the quantile of (rank + 1/2) / n.
fn scores(values: impl Iterator<Item = f64>) -> Result<Vec<f64>> {
    let normal = Normal::standard();
    let ranks = ranks(values);
    let n = ranks.len() as f64;
    Ok(ranks.iter().map(|rank| normal.inverse_cdf((rank + 0.5) / n)).collect())
}

/// The bin of each value.
fn bins(values: impl Iterator<Item = f64>) -> Vec<usize> {
    let ranks = ranks(values);
    let n = ranks.len() as f64;
    ranks.iter().map(|rank| ((rank / n * BINS as f64) as usize).min(BINS - 1)).collect()
}

/// Two-sided: t = r sqrt((n - 2) / (1 - r^2)).
fn correlation(x: &[f64], y: &[f64]) -> Result<f64> {
    let n = x.len() as f64;
    let mean = |values: &[f64]| values.iter().sum::<f64>() / n;
    let (mx, my) = (mean(x), mean(y));
    let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
    for (x, y) in x.iter().zip(y) {
        xx += (x - mx) * (x - mx);
        yy += (y - my) * (y - my);
        xy += (x - mx) * (y - my);
    }
    if xx * yy == 0.0 {
        return Ok(1.0);
    }
    let r2 = xy * xy / (xx * yy);
    if r2 >= 1.0 {
        return Ok(0.0);
    }
    let t = (r2 * (n - 2.0) / (1.0 - r2)).sqrt();
    Ok(2.0 * StudentsT::new(0.0, 1.0, n - 2.0)?.sf(t))
}

/// Analysis of variance: F = (between / (bins - 1)) / (within / (n - bins)).
fn between(bins: &[usize], y: &[f64]) -> Result<f64> {
    let n = y.len() as f64;
    let mean = y.iter().sum::<f64>() / n;
    let (mut count, mut sum) = ([0.0; BINS], [0.0; BINS]);
    for (&bin, y) in bins.iter().zip(y) {
        count[bin] += 1.0;
        sum[bin] += y - mean;
    }
    let used = count.iter().filter(|&&count| count > 0.0).count() as f64;
    let total: f64 = y.iter().map(|y| (y - mean).powi(2)).sum();
    let between: f64 =
        sum.iter().zip(count).filter(|&(_, count)| count > 0.0).map(|(s, count)| s * s / count).sum();
    if used < 2.0 || total == 0.0 || n <= used {
        return Ok(1.0);
    }
    let within = total - between;
    if within <= 0.0 {
        return Ok(0.0);
    }
    let f = (between / (used - 1.0)) / (within / (n - used));
    Ok(FisherSnedecor::new(used - 1.0, n - used)?.sf(f))
}
