//! The sensors of a board, joined, and the pass over what they measure.

use core::cell::RefCell;
use core::fmt;

use embedded_hal::digital::InputPin;
use embedded_hal::i2c::I2c;
use embedded_hal_bus::i2c::RefCellDevice;
use tamis::one_pass::OnePassError;

use super::{Outcome, Pass, Sample};
use crate::sensors::{Analog, Both, Channel, Clock, Counts, Environment, Imu, Source, Switched};
use crate::watchdog::Bowl;

/// Twenty samples a second; the air takes 40 ms of the 50.
const PERIOD_US: u32 = 50_000;

/// What the example needs of a board beside what every program needs.
pub struct Rig<B, A, P, C> {
    /// The bus that both sensors are on.
    pub bus: B,
    /// Where the gauge of the wear is.
    pub gauge: A,
    /// High while samples are to be taken.
    pub switch: P,
    /// The time.
    pub clock: C,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Watched {
    /// What the pass has found.
    pub outcome: Outcome,
    /// The samples that were lost, and late.
    pub counts: Counts,
}

/// Why nothing could be watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RigError {
    /// The IMU does not answer.
    Imu,
    /// The sensor of the air does not answer.
    Air,
    /// The pass does not begin.
    Pass(OnePassError),
}

impl fmt::Display for RigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Imu => f.write_str("the IMU, a BMI160 at address 0x68 of the bus, does not answer"),
            Self::Air => {
                f.write_str("the sensor of the air, a BME280 at address 0x76 of the bus, does not answer")
            }
            Self::Pass(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for RigError {}

/// A whole pass over what the sensors measure; `after` hears of every sample.
pub fn watch(
    rig: Rig<impl I2c, impl Analog, impl InputPin, impl Clock + Clone>,
    watchdog: &Bowl<'_>,
    memory: &mut [f32; Pass::NUMBERS],
    mut after: impl FnMut(&Sample),
) -> Result<Watched, RigError> {
    let Rig { bus, gauge, switch, clock } = rig;
    let bus = RefCell::new(bus);
    let imu = Imu::on_i2c(RefCellDevice::new(&bus)).map_err(|_| RigError::Imu)?;
    let air = Environment::on_i2c(RefCellDevice::new(&bus), clock.clone()).map_err(|_| RigError::Air)?;
    let inputs = Switched { pin: switch, sensor: Both(imu, air), rest: || watchdog.feed() };
    let mut source = Source::new(inputs, Channel(gauge), clock, PERIOD_US);
    let outcome = super::run(&mut source, memory, |sample| {
        watchdog.feed();
        after(sample);
    });
    Ok(Watched { outcome: outcome.map_err(RigError::Pass)?, counts: source.counts() })
}
