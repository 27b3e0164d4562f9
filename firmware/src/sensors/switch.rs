//! A pin that starts and stops a sensor: it measures while the pin is high.

use embedded_hal::digital::InputPin;

use super::{Missed, Sensor};

/// A sensor and its switch.
pub struct Switched<P, S> {
    /// High: on.
    pub pin: P,
    /// What measures.
    pub sensor: S,
}

impl<P: InputPin, S: Sensor> Sensor for Switched<P, S> {
    const CHANNELS: usize = S::CHANNELS;

    fn measure(&mut self, into: &mut [f32]) -> Result<(), Missed> {
        match self.pin.is_high() {
            Ok(true) => self.sensor.measure(into),
            Ok(false) => Err(Missed::Off),
            Err(_) => Err(Missed::Broken),
        }
    }
}
