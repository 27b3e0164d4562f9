//! The course of a selection of inputs, the same on device and host: three streams of sixteen inputs, each with another
//! kind of shadow, and a digest of every step.

use tamis::one_pass::{Finding, OnePass, OnePassError, Settings, Stage};
use tamis::{Chain, Dense, Digest, Identity, Seed, Shadow, StepError, Tanh, Target, Task};

/// How many inputs.
pub const INPUTS: usize = 16;
/// How many samples a pass takes.
pub const SAMPLES: u32 = 3_000;
/// After so many samples the digest is told.
pub const EVERY: u32 = 100;
/// How many rows a delay or a reservoir keeps.
pub const ROWS: usize = 8;

/// Inputs, then their shadows.
pub type Net = Chain<Dense<{ 2 * INPUTS }, 8, Tanh>, Dense<8, 1, Identity>>;
/// The pass.
pub type Pass<'a> = OnePass<'a, Net, INPUTS>;
/// The rows of a shadow.
pub type Rows = [[f32; INPUTS]; ROWS];

const _: () = assert!(Pass::STATE_BYTES <= 3_400); // 64-bit pointers; less on a device

/// Which stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(on_board, derive(defmt::Format))]
pub enum Stream {
    /// x1 + x2 + x3, shadows from the row before.
    Linear,
    /// sin(x1 + x2), delayed shadows.
    Sine,
    /// x1 x2, shadows from a reservoir.
    Product,
}

impl Stream {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Linear, Self::Sine, Self::Product];

    fn task(self) -> Task {
        let (target, relevant, noise) = match self {
            Self::Linear => (Target::Linear, 3, 0.5),
            Self::Sine => (Target::Sine, 2, 0.2),
            Self::Product => (Target::Product, 2, 0.3),
        };
        Task::plain(target, 16, relevant, noise, Seed(1))
    }
}

/// What comes out of a pass.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outcome {
    /// The digest of all parameters after every sample, of the norms, and of what the screen has found.
    pub digest: u32,
    /// The findings.
    pub findings: [Finding; INPUTS],
}

/// A whole pass over `stream`; `tell` gets the digest after so many samples.
pub fn run(
    stream: Stream,
    memory: &mut [f32; Pass::NUMBERS],
    rows: &mut Rows,
    mut tell: impl FnMut(u32, u32),
) -> Result<Outcome, OnePassError> {
    let shadow = match stream {
        Stream::Linear => Shadow::Previous,
        Stream::Sine => Shadow::Delay(rows),
        Stream::Product => Shadow::Reservoir(rows),
    };
    let task = stream.task();
    let mut pass = Pass::new(&Settings::new(SAMPLES, Seed(1)), shadow, memory)?;
    let mut digest = Digest::new();
    let mut x = [0.0; INPUTS];
    for index in 0.. {
        let y = task.row(index, &mut x);
        // A stream is what it is: what a pass does not take is counted, and the next sample comes.
        let _ = push(&mut pass, &x, y);
        digest.update(pass.params());
        let progress = pass.progress();
        if progress.accepted % EVERY == 0 {
            tell(progress.accepted, digest.value());
        }
        if progress.accepted == progress.samples {
            break;
        }
    }
    digest.update(pass.norms().as_flattened());
    digest.update(pass.screen().z().as_flattened());
    Ok(Outcome { digest: digest.value(), findings: pass.findings() })
}

/// A function of its own, so that it can be found by name, and what a sample costs be counted.
#[inline(never)]
fn push(pass: &mut Pass<'_>, x: &[f32; INPUTS], y: f32) -> Result<Stage, StepError> {
    pass.push(x, y)
}
