//! The air, Bosch BME280, through the crate `bme280`: temperature, pressure and humidity, each about its usual value and in
//! units that a network likes: (°C - 20) / 20, (hPa - 1000) / 50, (% - 50) / 50.

use bme280::i2c::BME280;
use embedded_hal::delay::DelayNs;
use embedded_hal::i2c::I2c;

use super::{Missed, Sensor, put};

/// The sensor, and what waits for it: 40 ms a measurement.
pub struct Environment<B, D> {
    sensor: BME280<B>,
    delay: D,
}

impl<B: I2c, D: DelayNs> Environment<B, D> {
    /// On an I²C bus, address 0x76.
    pub fn on_i2c(bus: B, mut delay: D) -> Result<Self, Missed> {
        let mut sensor = BME280::new_primary(bus);
        sensor.init(&mut delay).map_err(|_| Missed::Broken)?;
        Ok(Self { sensor, delay })
    }
}

impl<B: I2c, D: DelayNs> Sensor for Environment<B, D> {
    const CHANNELS: usize = 3;

    fn measure(&mut self, into: &mut [f32]) -> Result<(), Missed> {
        let air = self.sensor.measure(&mut self.delay).map_err(|_| Missed::Broken)?;
        let values = [
            (air.temperature - 20.0) / 20.0,
            (air.pressure / 100.0 - 1000.0) / 50.0,
            (air.humidity - 50.0) / 50.0,
        ];
        put(values, into)
    }
}
