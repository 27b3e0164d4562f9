//! An inertial measurement unit, Bosch BMI160, through the crate `bmi160`: acceleration in g, rotation in units of 1000
//! degrees a second, three axes each.

use bmi160::interface::{I2cInterface, ReadData, SpiInterface, WriteData};
use bmi160::{
    AccelerometerPowerMode, AccelerometerRange, Bmi160, Error, GyroscopePowerMode, GyroscopeRange,
    SensorSelector, SlaveAddr,
};
use embedded_hal::i2c::I2c;
use embedded_hal::spi::SpiDevice;

use super::{Missed, Sensor, put};

/// The sensor.
pub struct Imu<D>(Bmi160<D>);

impl<B: I2c> Imu<I2cInterface<B>> {
    /// On an I²C bus, address 0x68; switched on, at ±2 g and ±1000 degrees a second.
    pub fn on_i2c(bus: B) -> Result<Self, Missed> {
        start(Bmi160::new_with_i2c(bus, SlaveAddr::Default))
    }

    /// The bus again.
    pub fn into_bus(self) -> B {
        self.0.destroy()
    }
}

impl<B: SpiDevice> Imu<SpiInterface<B>> {
    /// On an SPI bus, with the same settings.
    pub fn on_spi(bus: B) -> Result<Self, Missed> {
        start(Bmi160::new_with_spi(bus))
    }

    /// The bus again.
    pub fn into_bus(self) -> B {
        self.0.destroy()
    }
}

fn start<D, E>(mut imu: Bmi160<D>) -> Result<Imu<D>, Missed>
where
    D: ReadData<Error = Error<E>> + WriteData<Error = Error<E>>,
{
    imu.set_accel_power_mode(AccelerometerPowerMode::Normal)
        .and_then(|()| imu.set_gyro_power_mode(GyroscopePowerMode::Normal))
        .and_then(|()| imu.set_accel_range(AccelerometerRange::G2))
        .and_then(|()| imu.set_gyro_range(GyroscopeRange::Scale1000))
        .map_err(|_| Missed::Broken)?;
    Ok(Imu(imu))
}

impl<D, E> Sensor for Imu<D>
where
    D: ReadData<Error = Error<E>> + WriteData<Error = Error<E>>,
{
    const CHANNELS: usize = 6;

    fn measure(&mut self, into: &mut [f32]) -> Result<(), Missed> {
        let status = self.0.status().map_err(|_| Missed::Broken)?;
        if !(status.accel_data_ready && status.gyro_data_ready) {
            return Err(Missed::NotReady);
        }
        let data = self.0.data(SensorSelector::new().accel().gyro()).map_err(|_| Missed::Broken)?;
        let (Some(a), Some(g)) = (data.accel, data.gyro) else { return Err(Missed::Broken) };
        // ±2 g and ±1000 degrees a second are all of an i16.
        let acceleration = |raw: i16| f32::from(raw) / 16_384.0;
        let rotation = |raw: i16| f32::from(raw) / 32_768.0;
        let [x, y, z] = [a.x, a.y, a.z].map(acceleration);
        let [u, v, w] = [g.x, g.y, g.z].map(rotation);
        put([x, y, z, u, v, w], into)
    }
}
