//! "Initial weights: standard deviation gain/sqrt(fan_in)", "one vector of draws per layer, in layout order".

use serde::Deserialize;
use tamis::random::{Purpose, fill_normal, uniform};
use tamis::{Init, Seed};

use super::Literal;
use super::settings::reread;
use crate::oracle::Spec;

/// How weights start.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Start {
    spread: Spread,
    is_uniform: bool,
    biases: Option<f32>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
enum Spread {
    /// "He: gain sqrt(2), whatever the activation"
    He,
    /// "Xavier sqrt(2/(in+out))"
    Xavier,
    /// "`Scaled(g)`: g/sqrt(fan_in)"
    Scaled(f32),
}

impl Start {
    /// What `init` says.
    pub fn of(init: &Init) -> Self {
        reread(init)
    }
}

impl Literal {
    /// With initial weights.
    pub fn drawn(specs: &[Spec], start: Start, seed: Seed) -> Self {
        // Open: whether a layer's draws go on where the last layer's ended. They do.
        let mut generator = seed.generator(Purpose::Weights, 0);
        let mut params = Vec::new();
        for spec in specs {
            let deviation = match start.spread {
                Spread::He => libm::sqrtf(2.0) / libm::sqrtf(spec.inputs as f32),
                Spread::Scaled(gain) => gain / libm::sqrtf(spec.inputs as f32),
                Spread::Xavier => {
                    let quotient = 2.0 / (spec.inputs + spec.outputs) as f32;
                    libm::sqrtf(quotient)
                }
            };
            let mut draws = vec![0.0; spec.inputs * spec.outputs];
            if start.is_uniform {
                // "Uniform: bound sqrt(3) * std." Open: a draw is 2 u - 1 times the bound.
                let bound = libm::sqrtf(3.0) * deviation;
                for draw in &mut draws {
                    let doubled = 2.0 * uniform(&mut generator);
                    let centred = doubled - 1.0;
                    *draw = bound * centred;
                }
            } else {
                fill_normal(&mut generator, &mut draws);
                for draw in &mut draws {
                    *draw *= deviation;
                }
            }
            params.extend(draws);
            if spec.has_bias {
                // "Biases 0, or normal with a stated deviation." Open: when they are drawn. After their layer's weights.
                let mut biases = vec![0.0; spec.outputs];
                if let Some(deviation) = start.biases {
                    fill_normal(&mut generator, &mut biases);
                    for bias in &mut biases {
                        *bias *= deviation;
                    }
                }
                params.extend(biases);
            }
        }
        Self::new(specs, &params)
    }
}
