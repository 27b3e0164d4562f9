//! A pin that starts and stops a sensor: it measures while the pin is high. What is done at each look at it while it is low
//! is up to the program: to feed a watchdog, which does not know that somebody wants nothing to go on.

use embedded_hal::digital::InputPin;

use super::{Missed, Sensor};

/// A sensor and its switch.
pub struct Switched<P, S, R> {
    /// High: on.
    pub pin: P,
    /// What measures.
    pub sensor: S,
    /// What is done while it is off.
    pub rest: R,
}

impl<P: InputPin, S: Sensor, R: FnMut()> Sensor for Switched<P, S, R> {
    const CHANNELS: usize = S::CHANNELS;

    fn measure(&mut self, into: &mut [f32]) -> Result<(), Missed> {
        match self.pin.is_high() {
            Ok(true) => self.sensor.measure(into),
            Ok(false) => {
                (self.rest)();
                Err(Missed::Off)
            }
            Err(_) => Err(Missed::Broken),
        }
    }
}
