//! Friedman's first regression problem, for the host only: five relevant inputs of very different weight, two of
//! which interact (Friedman, *Multivariate adaptive regression splines*, Annals of Statistics 19, 1991).
//!
//! ```text
//! u_1 .. u_d   uniform in [0, 1), in order from (seed, task inputs, k)
//! f            10 sin(pi u_1 u_2) + 20 (u_3 - 1/2)^2 + 10 u_4 + 5 u_5
//! x_i          (u_i - 1/2) sqrt(12)                 mean 0, deviation 1
//! y            (f - m) / s + n                      f at mean 0, deviation 1
//! n            sigma times the first normal from (seed, task noise, k)
//! ```
//!
//! Column norms mean something only where inputs have one scale, and a step size suits only targets of one scale:
//! so both are centred and scaled, by constants and not by the sample. With Cin the entire cosine integral and Si the
//! sine integral,
//!
//! ```text
//! E sin(pi u_1 u_2)     Cin(pi) / pi                  0.524663
//! E sin^2(pi u_1 u_2)   1/2 - Si(2 pi) / (4 pi)       0.387147
//! m                     10 (0.524663) + 20/12 + 10/2 + 5/2                                    14.413297
//! s^2                   100 (0.387147 - 0.524663^2) + 400/180 + 100/12 + 25/12                23.826464
//! ```
//!
//! Friedman's own noise, of deviation 1 beside f, is sigma = 1/s = 0.205 here. Inputs beyond the d are probes, and the
//! test set is rows from index 2^31 on without noise, as in the kernel's tasks.

use tamis::random::{self, Purpose, Seed};
use tamis::task::{self, TEST_SET};
use tamis::{NoSample, Samples};

use crate::replica::Source;

/// How many of the inputs, the first, are relevant.
pub const RELEVANT: u16 = 5;
/// m: the mean of f.
pub const MEAN: f32 = 14.413_297;
/// s: the deviation of f.
pub const DEVIATION: f32 = 4.881_236;

/// The problem.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Friedman {
    /// Decides every row.
    pub seed: Seed,
    /// d: inputs before the probes, five at least.
    pub inputs: u16,
    /// sigma: the standard deviation of the noise on the target.
    pub noise: f32,
}

impl Friedman {
    /// Fills `x` with the inputs of row `index`, then probes; gives the target without noise.
    fn inputs_and_target(&self, index: u64, x: &mut [f32]) -> f32 {
        let (inputs, probes) = x.split_at_mut(x.len().min(self.inputs.into()));
        let mut generator = self.seed.generator(Purpose::TaskInputs, index);
        inputs.iter_mut().for_each(|u| *u = random::uniform(&mut generator));
        task::probes(self.seed, index, probes);
        let f = match *inputs {
            [a, b, c, d, e, ..] => {
                let wave = libm::sinf(std::f32::consts::PI * (a * b));
                10.0 * wave + 20.0 * ((c - 0.5) * (c - 0.5)) + 10.0 * d + 5.0 * e
            }
            _ => MEAN,
        };
        let root_12 = libm::sqrtf(12.0);
        inputs.iter_mut().for_each(|u| *u = (*u - 0.5) * root_12);
        (f - MEAN) / DEVIATION
    }
}

impl Samples for Friedman {
    fn sample(&mut self, index: u64, x: &mut [f32], target: &mut [f32]) -> Result<(), NoSample> {
        let noise = random::normal(&mut self.seed.generator(Purpose::TaskNoise, index));
        target.fill(self.inputs_and_target(index, x) + self.noise * noise);
        Ok(())
    }
}

impl Source for Friedman {
    fn test_row(&self, index: u64, x: &mut [f32]) -> f32 {
        self.inputs_and_target(TEST_SET.wrapping_add(index), x)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::PI;

    const PROBLEM: Friedman = Friedman { seed: Seed(7), inputs: 10, noise: 0.25 };

    fn row(problem: &mut Friedman, index: u64, width: usize) -> (Vec<f32>, f32) {
        let (mut x, mut target) = (vec![f32::NAN; width], [f32::NAN]);
        assert_eq!(problem.sample(index, &mut x, &mut target), Ok(()));
        (x, target[0])
    }

    fn f(u: &[f64]) -> f64 {
        10.0 * (PI * u[0] * u[1]).sin() + 20.0 * (u[2] - 0.5).powi(2) + 10.0 * u[3] + 5.0 * u[4]
    }

    /// Mean and variance.
    fn moments(values: &[f64]) -> (f64, f64) {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        (mean, values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n)
    }

    /// The constants against midpoint sums in f64: each term depends on inputs of its own.
    #[test]
    fn the_target_is_scaled_by_its_mean_and_deviation() {
        const N: u32 = 1000;
        let points = || (0..N).map(|i| (f64::from(i) + 0.5) / f64::from(N));
        let wave: Vec<f64> =
            points().flat_map(|a| points().map(move |b| 10.0 * (PI * a * b).sin())).collect();
        let terms = [
            wave,
            points().map(|c| 20.0 * (c - 0.5).powi(2)).collect(),
            points().map(|d| 10.0 * d).collect(),
            points().map(|e| 5.0 * e).collect(),
        ];
        let (means, variances): (Vec<_>, Vec<_>) = terms.iter().map(|term| moments(term)).unzip();
        assert!((means.iter().sum::<f64>() - f64::from(MEAN)).abs() < 1e-4);
        assert!((variances.iter().sum::<f64>().sqrt() - f64::from(DEVIATION)).abs() < 1e-4);
    }

    #[test]
    fn targets_are_those_of_the_formula() {
        let mut quiet = Friedman { noise: 0.0, ..PROBLEM };
        for index in 0..1000 {
            let (x, target) = row(&mut quiet, index, 12);
            let u: Vec<f64> = x.iter().map(|&x| f64::from(x) / 12f64.sqrt() + 0.5).collect();
            assert!(u[..10].iter().all(|u| (-1e-6..1.0 + 1e-6).contains(u)), "{u:?}");
            assert!(x[10..].iter().all(|probe| probe.abs() == 1.0), "{x:?}");
            let exact = (f(&u) - 14.413297342419858) / 4.881235885652422;
            assert!((f64::from(target) - exact).abs() < 1e-5, "row {index}: {target} for {exact}");
        }
    }

    /// Each within 4 standard errors.
    #[test]
    fn inputs_target_and_noise_have_the_stated_moments() {
        let (n, mut quiet, mut noisy) = (20_000, Friedman { noise: 0.0, ..PROBLEM }, PROBLEM);
        let rows: Vec<_> = (0..n).map(|index| row(&mut quiet, index, 10)).collect();
        let of = |values: Vec<f64>, deviation: f64, kurtosis: f64| {
            let (mean, variance) = moments(&values);
            let error = 4.0 / (n as f64).sqrt();
            assert!(mean.abs() < deviation * error, "mean {mean}");
            let relative = variance / deviation.powi(2) - 1.0;
            assert!(relative.abs() < (kurtosis - 1.0).sqrt() * error, "variance {variance}");
        };
        for input in 0..10 {
            of(rows.iter().map(|(x, _)| x[input].into()).collect(), 1.0, 1.8);
        }
        of(rows.iter().map(|&(_, target)| target.into()).collect(), 1.0, 3.0);
        let noise = rows.iter().zip(0..).map(|((_, target), index)| {
            let (_, with_noise) = row(&mut noisy, index, 10);
            f64::from(with_noise - target)
        });
        of(noise.collect(), 0.25, 3.0);
    }

    #[test]
    fn rows_depend_on_seed_and_index_alone() {
        let mut problem = PROBLEM;
        let up: Vec<_> = (0..50).map(|index| row(&mut problem, index, 12)).collect();
        let mut down: Vec<_> = (0..50).rev().map(|index| row(&mut problem, index, 12)).collect();
        down.reverse();
        assert_eq!(up, down);
        assert_ne!(row(&mut Friedman { seed: Seed(8), ..PROBLEM }, 0, 12), up[0]);
        let mut x = vec![0.0; 12];
        let target = problem.test_row(0, &mut x);
        let (same, noisy) = row(&mut problem, TEST_SET, 12);
        assert_eq!(x, same);
        assert_ne!(target, noisy);
    }
}
