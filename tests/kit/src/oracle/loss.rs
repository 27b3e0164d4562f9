//! Losses as the textbooks have them, and their slopes.

/// A loss, a mean over outputs.
#[derive(Clone, Copy, Debug)]
pub enum Loss {
    /// (y - t)^2.
    Mse,
    /// r^2/2 up to the bound, linear beyond.
    Huber(f64),
    /// -t ln p - (1 - t) ln(1 - p), p the sigmoid of y.
    BinaryCrossEntropy,
    /// -ln p of the class, p the softmax of y; no mean.
    SoftmaxCrossEntropy,
}

fn sigmoid(y: f64) -> f64 {
    1.0 / (1.0 + (-y).exp())
}

/// e^y / sum of e^y.
fn softmax(y: &[f64]) -> Vec<f64> {
    let sum: f64 = y.iter().map(|y| y.exp()).sum();
    y.iter().map(|y| y.exp() / sum).collect()
}

impl Loss {
    /// The loss of outputs y against target t.
    pub fn value(self, y: &[f64], t: &[f64]) -> f64 {
        let mean = |of: &dyn Fn(f64, f64) -> f64| {
            y.iter().zip(t).map(|(&y, &t)| of(y, t)).sum::<f64>() / y.len() as f64
        };
        match self {
            Self::Mse => mean(&|y, t| (y - t).powi(2)),
            Self::Huber(d) => mean(&|y, t| {
                let r = (y - t).abs();
                if r < d { r.powi(2) / 2.0 } else { d.powi(2) / 2.0 + d * (r - d) }
            }),
            Self::BinaryCrossEntropy => mean(&|y, t| -t * sigmoid(y).ln() - (1.0 - t) * sigmoid(-y).ln()),
            Self::SoftmaxCrossEntropy => -softmax(y)[t[0] as usize].ln(),
        }
    }

    /// dL/dy.
    pub fn slope(self, y: &[f64], t: &[f64]) -> Vec<f64> {
        let outputs = y.len() as f64;
        let each =
            |of: &dyn Fn(f64, f64) -> f64| y.iter().zip(t).map(|(&y, &t)| of(y, t) / outputs).collect();
        match self {
            Self::Mse => each(&|y, t| 2.0 * (y - t)),
            Self::Huber(d) => each(&|y, t| if (y - t).abs() < d { y - t } else { d * (y - t).signum() }),
            Self::BinaryCrossEntropy => each(&|y, t| (1.0 - t) * sigmoid(y) - t * sigmoid(-y)),
            Self::SoftmaxCrossEntropy => {
                let mut p = softmax(y);
                p[t[0] as usize] -= 1.0;
                p
            }
        }
    }
}
