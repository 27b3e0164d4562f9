//! The worked example: which of nine channels on a motor tell how worn it is? An IMU on its housing has six, a sensor of
//! the air beside it three; the label comes from a gauge at an ADC. One pass over the stream, the same on device and host.
//!
//! | file | holds |
//! |---|---|
//! | `motor/rig.rs` | the sensors of a board, joined, and the pass over what they measure |
//! | `motor/record.rs` | what the program tells on its serial line, for a host to repeat |
//! | `motor/simulated.rs` | a motor for boards that have none: both sensors by their registers, behind one bus |
//! | `motor/program.rs` | the program of every board |

use tamis::one_pass::{Finding, OnePass, OnePassError, Settings};
use tamis::{Chain, Dense, Digest, Identity, Samples, Seed, Shadow, Tanh};

#[cfg(all(on_board, feature = "sensors"))]
pub mod program;
pub mod record;
#[cfg(feature = "sensors")]
pub mod rig;
#[cfg(feature = "sensors")]
pub mod simulated;

/// How many channels there are.
pub const CHANNELS: usize = 9;
/// Their names.
pub const NAMES: [&str; CHANNELS] = [
    "acceleration x",
    "acceleration y",
    "acceleration z",
    "rotation x",
    "rotation y",
    "rotation z",
    "temperature",
    "pressure",
    "humidity",
];
/// How many samples the pass takes.
pub const SAMPLES: u32 = 3_000;

/// The channels, then their shadows: the probes of this procedure.
pub type Net = Chain<Dense<{ 2 * CHANNELS }, 8, Tanh>, Dense<8, 1, Identity>>;
/// The pass.
pub type Pass<'a> = OnePass<'a, Net, CHANNELS>;

/// A sample, and what has been learnt up to it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// The channels.
    pub x: [f32; CHANNELS],
    /// The label.
    pub label: f32,
    /// The digest of all samples so far, and of all parameters after each.
    pub digest: u32,
}

/// What comes out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outcome {
    /// So many samples were taken; fewer than [`SAMPLES`] where the source has ended early.
    pub accepted: u32,
    /// The digest of all samples, of all parameters after each, and of the norms.
    pub digest: u32,
    /// What each channel is.
    pub findings: [Finding; CHANNELS],
    /// The mean norms of the channels' columns and of their shadows': what the findings are from.
    pub norms: [[f32; CHANNELS]; 2],
}

/// A whole pass; it ends early where the source does. `after` hears of every sample.
pub fn run(
    source: &mut impl Samples,
    memory: &mut [f32; Pass::NUMBERS],
    mut after: impl FnMut(&Sample),
) -> Result<Outcome, OnePassError> {
    let mut pass = Pass::new(&Settings::new(SAMPLES, Seed(1)), Shadow::Previous, memory)?;
    let mut digest = Digest::new();
    for index in 0.. {
        let (mut x, mut label) = ([0.0; CHANNELS], 0.0);
        if source.sample(index, &mut x, core::slice::from_mut(&mut label)).is_err() {
            break;
        }
        // What the pass does not take, it counts.
        let _ = pass.push(&x, label);
        digest.update(&x);
        digest.update(&[label]);
        digest.update(pass.params());
        after(&Sample { x, label, digest: digest.value() });
        if pass.progress().accepted == SAMPLES {
            break;
        }
    }
    digest.update(pass.norms().as_flattened());
    Ok(Outcome {
        accepted: pass.progress().accepted,
        digest: digest.value(),
        findings: pass.findings(),
        norms: *pass.norms(),
    })
}
