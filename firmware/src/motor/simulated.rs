//! A motor for boards that have none: an IMU and a sensor of the air behind one bus, as the drivers see them, byte by byte.
//!
//! Its channels are noise. The wear is in the third axis of the acceleration and in the temperature; the gauge shows it in
//! twelve bits. Once in a hundred samples the IMU is late, once in five hundred the gauge takes 130 ms. Time goes on by
//! waiting only, so that every run is the same.

use core::cell::Cell;
use core::convert::Infallible;

use embedded_hal::delay::DelayNs;
use embedded_hal::digital::{self, InputPin};
use embedded_hal::i2c::{self, ErrorKind, I2c, NoAcknowledgeSource, Operation, SevenBitAddress};
use tamis::{Seed, Target, Task};

use super::CHANNELS;
use super::rig::Rig;
use crate::sensors::{Analog, Clock};

/// The address of the IMU.
const IMU: u8 = 0x68;
/// The address of the sensor of the air.
const AIR: u8 = 0x76;
/// After so many samples the IMU is late.
pub const LATE: u32 = 100;
/// After so many samples the gauge is slow.
pub const SLOW: u32 = 500;
/// The channels that show the wear.
pub const WORN: [usize; 2] = [2, 6];

/// The calibration of temperature and pressure in the example of Bosch's data sheet of the BMP280, 3.12.
const CALIBRATION: [u16; 12] = [
    27504,
    26435,
    -1000_i16 as u16,
    36477,
    -10685_i16 as u16,
    3024,
    2855,
    140,
    -7_i16 as u16,
    15500,
    -14600_i16 as u16,
    6000,
];
/// The calibration of the humidity: its first byte, and the others.
const HUMIDITY: (u8, [u8; 7]) = (75, [0x6b, 0x01, 0x00, 0x13, 0x29, 0x03, 0x1e]);

/// The motor: which sample is next, and what time it is.
#[derive(Default)]
pub struct Motor {
    sample: Cell<u32>,
    was_late: Cell<bool>,
    now_us: Cell<u64>,
}

impl Motor {
    /// At its first sample, shortly before the microseconds of its clock start again.
    pub fn new() -> Self {
        let motor = Self::default();
        motor.now_us.set(u64::from(u32::MAX) - 100_000);
        motor
    }

    /// What a board has of it.
    pub fn rig(&self) -> Rig<Bus<'_>, Gauge<'_>, AlwaysOn, Time<'_>> {
        let bus = Bus { motor: self, imu: 0, air: [0; 256], register: 0 };
        Rig { bus, gauge: Gauge(self), switch: AlwaysOn, clock: Time(self) }
    }

    /// The channels of the sample that is next, of mean 0 and deviation 1.
    fn channels(&self) -> [f32; CHANNELS] {
        let task = Task::plain(Target::Noise, CHANNELS as u16, 0, 0.0, Seed(5));
        let mut x = [0.0; CHANNELS];
        task.row(self.sample.get().into(), &mut x);
        x
    }
}

/// The bus.
pub struct Bus<'m> {
    motor: &'m Motor,
    /// The register of the IMU that is read next.
    imu: u8,
    /// The registers of the air that have been written.
    air: [u8; 256],
    /// The register of the air that is read next.
    register: u8,
}

impl Bus<'_> {
    fn read_imu(&self, into: &mut [u8]) {
        let motor = self.motor;
        match self.imu {
            0x1b => {
                let is_late = motor.sample.get() % LATE == LATE / 2 && !motor.was_late.replace(true);
                into.fill(if is_late { 0x00 } else { 0xc0 });
            }
            0x0c => {
                let [ax, ay, az, gx, gy, gz, ..] = motor.channels();
                let raw = [gx, gy, gz, ax, ay, az].map(|x| ((4_000.0 * x) as i16).to_le_bytes());
                copy(raw.as_flattened(), into);
            }
            _ => into.fill(0),
        }
    }

    fn read_air(&self, into: &mut [u8]) {
        let [.., temperature, pressure, humidity] = self.motor.channels();
        match self.register {
            0xd0 => into.fill(0x60),
            0x88 => {
                let bytes = CALIBRATION.map(u16::to_le_bytes);
                copy(bytes.as_flattened(), into);
                if let Some(last) = into.get_mut(25) {
                    *last = HUMIDITY.0;
                }
            }
            0xe1 => copy(&HUMIDITY.1, into),
            0xf7 => {
                let twenty = |raw: f32| {
                    let [_, high, middle, low] = ((raw as u32) << 4).to_be_bytes();
                    [high, middle, low]
                };
                let [p0, p1, p2] = twenty(415_148.0 + 20_000.0 * pressure);
                let [t0, t1, t2] = twenty(519_888.0 + 20_000.0 * temperature);
                let [h0, h1] = ((28_000.0 + 1_000.0 * humidity) as u16).to_be_bytes();
                copy(&[p0, p1, p2, t0, t1, t2, h0, h1], into);
            }
            register => into.fill(self.air[usize::from(register)]),
        }
    }
}

fn copy(bytes: &[u8], into: &mut [u8]) {
    into.iter_mut().zip(bytes).for_each(|(into, byte)| *into = *byte);
}

impl i2c::ErrorType for Bus<'_> {
    type Error = ErrorKind;
}

impl I2c for Bus<'_> {
    fn transaction(
        &mut self,
        address: SevenBitAddress,
        operations: &mut [Operation<'_>],
    ) -> Result<(), ErrorKind> {
        for operation in operations {
            match (address, operation) {
                (IMU, Operation::Write(bytes)) => self.imu = bytes.first().copied().unwrap_or_default(),
                (IMU, Operation::Read(into)) => self.read_imu(into),
                (AIR, Operation::Write(bytes)) => match **bytes {
                    [register] => self.register = register,
                    [register, value] => self.air[usize::from(register)] = value,
                    _ => return Err(ErrorKind::Other),
                },
                (AIR, Operation::Read(into)) => self.read_air(into),
                _ => return Err(ErrorKind::NoAcknowledge(NoAcknowledgeSource::Address)),
            }
        }
        Ok(())
    }
}

/// The gauge: the middle of its scale is no wear.
pub struct Gauge<'m>(&'m Motor);

impl Analog for Gauge<'_> {
    fn read(&mut self) -> Option<f32> {
        let (motor, x) = (self.0, self.0.channels());
        let sample = motor.sample.replace(motor.sample.get() + 1);
        motor.was_late.set(false);
        if sample % SLOW == SLOW - 1 {
            motor.now_us.set(motor.now_us.get() + 130_000);
        }
        let [first, second] = WORN;
        let wear = 0.5 * x[first] + 0.5 * x[second];
        Some(f32::from((4_095.0 * (0.5 + wear / 8.0)) as u16) / 4_095.0)
    }
}

/// The time of the motor.
#[derive(Clone)]
pub struct Time<'m>(&'m Motor);

impl DelayNs for Time<'_> {
    fn delay_ns(&mut self, ns: u32) {
        self.delay_us(ns.div_ceil(1_000));
    }

    fn delay_us(&mut self, us: u32) {
        self.0.now_us.set(self.0.now_us.get() + u64::from(us));
    }
}

impl Clock for Time<'_> {
    fn now_us(&mut self) -> u32 {
        self.0.now_us.get() as u32
    }
}

/// A switch that nobody turns.
pub struct AlwaysOn;

impl digital::ErrorType for AlwaysOn {
    type Error = Infallible;
}

impl InputPin for AlwaysOn {
    fn is_high(&mut self) -> Result<bool, Infallible> {
        Ok(true)
    }

    fn is_low(&mut self) -> Result<bool, Infallible> {
        Ok(false)
    }
}
