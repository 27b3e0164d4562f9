//! Real sensors, by the traits of `embedded-hal` 1.0: what a training gets instead of a task.
//!
//! | file | holds |
//! |---|---|
//! | `clock.rs` | waits, and tells the time |
//! | `source.rs` | samples at a fixed rate: inputs and labels joined, overruns and underruns counted |
//! | `imu.rs`, `environment.rs` | an IMU and a sensor of the air, over `I2c` or `SpiDevice`, through their driver crates |
//! | `analog.rs` | what an ADC measures: `embedded-hal` has no trait for it |
//! | `switch.rs` | a pin that starts and stops the samples |
//! | `lamp.rs` | what is going on, on an LED |
//!
//! All of it runs on the host too, on mocks.

mod analog;
mod clock;
mod environment;
mod imu;
mod lamp;
mod source;
mod switch;

pub use analog::{Analog, Channel};
pub use clock::{Clock, Counter, Shared};
pub use environment::Environment;
pub use imu::Imu;
pub use lamp::{Glow, Lamp, State};
pub use source::{Counts, Source};
pub use switch::Switched;

/// Something that measures: so many numbers at a time.
pub trait Sensor {
    /// How many.
    const CHANNELS: usize;

    /// Measures into the first [`Self::CHANNELS`] of `into`.
    fn measure(&mut self, into: &mut [f32]) -> Result<(), Missed>;
}

/// Why there is no measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missed {
    /// There is nothing new yet.
    NotReady,
    /// Somebody has switched it off.
    Off,
    /// The sensor does not answer as it should.
    Broken,
}

/// Two sensors as one: the channels of the first, then those of the second.
pub struct Both<A, B>(pub A, pub B);

impl<A: Sensor, B: Sensor> Sensor for Both<A, B> {
    const CHANNELS: usize = A::CHANNELS + B::CHANNELS;

    fn measure(&mut self, into: &mut [f32]) -> Result<(), Missed> {
        let (first, second) = into.split_at_mut_checked(A::CHANNELS).ok_or(Missed::Broken)?;
        self.0.measure(first)?;
        self.1.measure(second)
    }
}

/// Copies what has been measured, if there is room for it.
fn put<const N: usize>(values: [f32; N], into: &mut [f32]) -> Result<(), Missed> {
    into.first_chunk_mut().map(|into| *into = values).ok_or(Missed::Broken)
}
