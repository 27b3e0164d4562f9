//! A training that loses its power again and again, the same on device and host.

use tamis::{Chain, Data, Dense, Identity, Init, Plan, Rule, Seed, Sgd, SgdError, Shape, Tanh, Target, Task};

/// Eight inputs.
pub type Net = Chain<Dense<8, 16, Tanh>, Dense<16, 1, Identity>>;

/// What the checkpoints say of themselves.
pub const DESCRIPTION: &[u8] = b"power_loss 1";
/// A checkpoint after every so many updates.
pub const EVERY: u32 = 50;
/// How many samples are shuffled.
pub const SAMPLES: u16 = 64;
/// How many numbers the plan works on: parameters and their velocity and mean gradient, scratch, a sample, norms, scale.
pub const NUMBERS: usize = 3 * Net::PARAMS + Net::SCRATCH + 9 + 8 * 8 + 2 * 8;

/// With what else has a state: momentum, a scale, an order.
pub fn plan() -> Result<Plan, SgdError> {
    Ok(Plan {
        seed: Seed(1),
        task: Task::plain(Target::Sine, 8, 2, 0.3, Seed(1)),
        data: Data::Shuffled(SAMPLES),
        standardise: Some(20),
        label_noise: Some(0.1),
        init: Init::scaled(1.0),
        batch: 4,
        sgd: Sgd::new(0.02)?,
        momentum: Some(0.5),
        pressed: None,
        updates: 2_000,
        rule: Rule::Gap { least: 3.0 },
    })
}
