//! The paper's linear experiment at a batch of one, as a board carries it out: [`crate::workloads::W1`] from the
//! published start. The host has the numbers from here.

use tamis::{Clip, Seed, Sgd, SgdError};

/// How many updates.
pub const UPDATES: u32 = 5_000;
/// A digest after every so many.
pub const DIGEST_EVERY: u32 = 100;
/// Decides the order of the samples.
pub const ORDER: Seed = Seed(1);
/// The deviation of the noise on the targets.
pub const NOISE: f32 = 0.001;
/// The step size.
pub const STEP_SIZE: f32 = 0.1;
/// The bound on the norm of the gradient.
pub const CLIP: f32 = 1.0;

/// The settings of the update.
pub fn sgd() -> Result<Sgd, SgdError> {
    Sgd::new(STEP_SIZE)?.clip(Clip::Norm(CLIP))
}
