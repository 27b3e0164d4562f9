//! What an ADC measures. Each HAL has an API of its own; a closure around its read is all that is asked for.

use super::{Missed, Sensor, put};

/// A channel of an ADC.
pub trait Analog {
    /// A share of the full scale, 0 to 1; nothing if the conversion fails.
    fn read(&mut self) -> Option<f32>;
}

impl<F: FnMut() -> Option<f32>> Analog for F {
    fn read(&mut self) -> Option<f32> {
        self()
    }
}

/// A channel as a sensor.
pub struct Channel<A>(pub A);

impl<A: Analog> Sensor for Channel<A> {
    const CHANNELS: usize = 1;

    fn measure(&mut self, into: &mut [f32]) -> Result<(), Missed> {
        put([self.0.read().ok_or(Missed::Broken)?], into)
    }
}
