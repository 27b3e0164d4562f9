//! The worked example: which of nine channels on a motor tell how worn it is? An IMU on its housing has six, a sensor of
//! the air beside it three; the label comes from an ADC. One pass over the stream, the same on device and host.

use tamis::one_pass::{Finding, OnePass, OnePassError, Settings};
use tamis::{Chain, Dense, Digest, Identity, Samples, Seed, Shadow, Tanh};

/// Acceleration, rotation, temperature, pressure, humidity.
pub const CHANNELS: usize = 9;
/// How many samples the pass takes.
pub const SAMPLES: u32 = 3_000;

/// The channels, then their shadows: the probes of this procedure.
pub type Net = Chain<Dense<{ 2 * CHANNELS }, 8, Tanh>, Dense<8, 1, Identity>>;
/// The pass.
pub type Pass<'a> = OnePass<'a, Net, CHANNELS>;

/// What comes out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outcome {
    /// The digest of all parameters after every sample, and of the norms.
    pub digest: u32,
    /// What each channel is.
    pub findings: [Finding; CHANNELS],
}

/// A whole pass; it ends early where the source does.
pub fn run(source: &mut impl Samples, memory: &mut [f32; Pass::NUMBERS]) -> Result<Outcome, OnePassError> {
    let mut pass = Pass::new(&Settings::new(SAMPLES, Seed(1)), Shadow::Previous, memory)?;
    let mut digest = Digest::new();
    for index in 0.. {
        let (mut x, mut y) = ([0.0; CHANNELS], [0.0]);
        if source.sample(index, &mut x, &mut y).is_err() {
            break;
        }
        // What the pass does not take, it counts.
        let _ = pass.push(&x, y[0]);
        digest.update(pass.params());
        if pass.progress().accepted == SAMPLES {
            break;
        }
    }
    digest.update(pass.norms().as_flattened());
    Ok(Outcome { digest: digest.value(), findings: pass.findings() })
}
