//! What is going on, on an LED: dark while training, lit when the support has been found, blinking after an error. An LED
//! on a timer shows how far a training is.

use embedded_hal::delay::DelayNs;
use embedded_hal::digital::OutputPin;
use embedded_hal::pwm::SetDutyCycle;

/// What there is to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// A training goes on.
    Training,
    /// The relevant inputs have been found.
    Found,
    /// Something is wrong.
    Error,
}

/// An LED on a pin, lit when high.
pub struct Lamp<P>(pub P);

impl<P: OutputPin> Lamp<P> {
    /// Shows a state; an error blinks five times, once in 200 ms.
    pub fn show(&mut self, state: State, delay: &mut impl DelayNs) -> Result<(), P::Error> {
        match state {
            State::Training => self.0.set_low(),
            State::Found => self.0.set_high(),
            State::Error => (0..5).try_for_each(|_| {
                self.0.set_high()?;
                delay.delay_ms(100);
                self.0.set_low()?;
                delay.delay_ms(100);
                Ok(())
            }),
        }
    }
}

/// An LED on a timer's output.
pub struct Glow<P>(pub P);

impl<P: SetDutyCycle> Glow<P> {
    /// Glows by the share of the updates that are done.
    pub fn show(&mut self, updates: u32, of: u32) -> Result<(), P::Error> {
        let percent = 100 * u64::from(updates) / u64::from(of.max(1));
        self.0.set_duty_cycle_percent(percent.min(100) as u8)
    }
}
