//! Real sensors on mocks of their buses: what they measure, when, and what a training makes of it.

use std::cell::Cell;
use std::rc::Rc;

use anyhow::{Context, Result};
use embedded_hal::delay::DelayNs;
use embedded_hal_mock::eh1::delay::NoopDelay;
use embedded_hal_mock::eh1::digital::{Mock as Pin, State as Level, Transaction as Edge};
use embedded_hal_mock::eh1::i2c::{Mock as Bus, Transaction as I2c};
use embedded_hal_mock::eh1::pwm::{Mock as Timer, Transaction as Duty};
use embedded_hal_mock::eh1::spi::{Mock as SpiBus, Transaction as Spi};
use tamis::one_pass::Finding;
use tamis::{NoSample, Samples, Seed, Target, Task};
use tamis_firmware::motor::{self, CHANNELS, Pass, SAMPLES};
use tamis_firmware::sensors::{
    Both, Channel, Clock, Counts, Environment, Glow, Imu, Lamp, Missed, Sensor, Source, State, Switched,
};

const IMU: u8 = 0x68;
const AIR: u8 = 0x76;
/// A sample each 50 ms; the air takes 40 of them.
const PERIOD_US: u32 = 50_000;

/// Time of the test's own.
#[derive(Clone)]
struct Time(Rc<Cell<u64>>);

impl DelayNs for Time {
    fn delay_ns(&mut self, ns: u32) {
        self.0.set(self.0.get() + u64::from(ns));
    }
}

impl Clock for Time {
    fn now_us(&mut self) -> u32 {
        (self.0.get() / 1_000) as u32
    }
}

/// The clock shortly before its microseconds start again.
fn time() -> Time {
    Time(Rc::new(Cell::new((u64::from(u32::MAX) - 100_000) * 1_000)))
}

/// How an IMU is switched on.
fn imu_start() -> Vec<I2c> {
    [[0x7e, 0x11], [0x7e, 0x15], [0x41, 0x03], [0x43, 0x01]]
        .map(|command| I2c::write(IMU, command.to_vec()))
        .to_vec()
}

/// An IMU that is asked and has no data.
fn imu_waits() -> I2c {
    I2c::write_read(IMU, vec![0x1b], vec![0x80])
}

/// An IMU that is asked and has: rotation, then acceleration.
fn imu_tells(acceleration: [i16; 3], rotation: [i16; 3]) -> [I2c; 2] {
    let bytes = [rotation, acceleration].as_flattened().iter().flat_map(|raw| raw.to_le_bytes()).collect();
    [I2c::write_read(IMU, vec![0x1b], vec![0xc0]), I2c::write_read(IMU, vec![0x0c], bytes)]
}

/// How a sensor of the air is started, with the calibration of the example in Bosch's data sheet of the BMP280, 3.12.
fn air_start() -> Vec<I2c> {
    let temperature = [27504_u16, 26435, -1000_i16 as u16];
    let pressure = [36477, -10685_i16 as u16, 3024, 2855, 140, -7_i16 as u16, 15500, -14600_i16 as u16, 6000];
    let mut calibration: Vec<u8> =
        temperature.iter().chain(&pressure).flat_map(|raw| raw.to_le_bytes()).collect();
    calibration.extend([0, 75]);
    let humidity = vec![0x6b, 0x01, 0x00, 0x13, 0x29, 0x03, 0x1e];
    let read = |register, bytes| I2c::write_read(AIR, vec![register], bytes);
    vec![
        read(0xd0, vec![0x60]),
        I2c::write(AIR, vec![0xe0, 0xb6]),
        read(0x88, calibration),
        read(0xe1, humidity),
        read(0xf4, vec![0]),
        I2c::write(AIR, vec![0xf2, 0x01]),
        read(0xf4, vec![0]),
        I2c::write(AIR, vec![0xf4, 0x54]),
        read(0xf5, vec![0]),
        I2c::write(AIR, vec![0xf5, 0x10]),
    ]
}

/// A sensor of the air that is asked: 20 bits, 20 bits, 16 bits.
fn air_tells(pressure: u32, temperature: u32, humidity: u16) -> [I2c; 4] {
    let twenty = |raw: u32| [(raw >> 12) as u8, (raw >> 4) as u8, (raw << 4) as u8];
    let bytes = [&twenty(pressure)[..], &twenty(temperature), &humidity.to_be_bytes()].concat();
    let read = |register, bytes| I2c::write_read(AIR, vec![register], bytes);
    [read(0xf4, vec![0x54]), read(0xf4, vec![0x54]), I2c::write(AIR, vec![0xf4, 0x55]), read(0xf7, bytes)]
}

/// 25.08 °C and 100 653.27 Pa: the data sheet's own example.
#[test]
fn the_air_is_that_of_the_data_sheet() -> Result<()> {
    let mut bus = Bus::new(&[&air_start()[..], &air_tells(415_148, 519_888, 28_000)].concat());
    let mut air = Environment::on_i2c(bus.clone(), NoopDelay).ok().context("it does not start")?;
    let mut x = [0.0; 3];
    assert_eq!(air.measure(&mut x), Ok(()));
    assert!((20.0 * x[0] + 20.0 - 25.08).abs() < 0.005, "{x:?}");
    assert!((50.0 * x[1] + 1000.0 - 1006.5327).abs() < 0.05, "{x:?}");
    assert!((-1.0..=1.0).contains(&x[2]), "{x:?}");
    bus.done();
    Ok(())
}

/// Over I2C and over SPI an IMU is the same.
#[test]
fn an_imu_measures_over_both_buses() -> Result<()> {
    let (acceleration, rotation) = ([16_384, -8_192, 1], [32_767, -16_384, 0]);
    let expected = [1.0, -0.5, 1.0 / 16_384.0, 32_767.0 / 32_768.0, -0.5, 0.0];
    let mut bus = Bus::new(&[&imu_start()[..], &[imu_waits()], &imu_tells(acceleration, rotation)].concat());
    let mut imu = Imu::on_i2c(bus.clone()).ok().context("it does not start")?;
    let mut x = [0.0; 6];
    assert_eq!(imu.measure(&mut x), Err(Missed::NotReady));
    assert_eq!((imu.measure(&mut x), x), (Ok(()), expected));
    bus.done();

    let mut answer = vec![0];
    answer.extend([rotation, acceleration].as_flattened().iter().flat_map(|raw| raw.to_le_bytes()));
    let question = [&[0x8c][..], &[0; 12]].concat();
    let transfers = [(vec![0x9b, 0], vec![0, 0xc0]), (question, answer)]
        .map(|(sent, received)| vec![Spi::transfer_in_place(sent, received)]);
    let writes = [[0x7e, 0x11], [0x7e, 0x15], [0x41, 0x03], [0x43, 0x01]]
        .map(|each| vec![Spi::write_vec(each.to_vec())]);
    let framed: Vec<_> = writes
        .into_iter()
        .chain(transfers)
        .flat_map(|inner| [vec![Spi::transaction_start()], inner, vec![Spi::transaction_end()]].concat())
        .collect();
    let mut bus = SpiBus::new(&framed);
    let mut imu = Imu::on_spi(bus.clone()).ok().context("it does not start")?;
    assert_eq!((imu.measure(&mut x), x), (Ok(()), expected));
    bus.done();
    Ok(())
}

/// Samples that have been seen before.
struct Recorded(Vec<([f32; CHANNELS], f32)>);

impl Samples for Recorded {
    fn sample(&mut self, index: u64, x: &mut [f32], target: &mut [f32]) -> Result<(), NoSample> {
        let (row, label) = self.0.get(index as usize).ok_or(NoSample(index))?;
        x.copy_from_slice(row);
        target.fill(*label);
        Ok(())
    }
}

/// A source that is slow to train from now and then, and a record of what it gives.
struct Recording<S> {
    source: S,
    time: Time,
    rows: Recorded,
}

/// After so many samples the training takes long: 130 ms, when two samples are lost.
const PAUSE: u64 = 500;

impl<S: Samples> Samples for Recording<S> {
    fn sample(&mut self, index: u64, x: &mut [f32], target: &mut [f32]) -> Result<(), NoSample> {
        if index % PAUSE == PAUSE - 1 {
            self.time.delay_ms(130);
        }
        self.source.sample(index, x, target)?;
        let row = x.try_into().map_err(|_| NoSample(index))?;
        self.rows.0.push((row, target[0]));
        Ok(())
    }
}

/// The worked example: nine channels of a motor, whose wear shows in the third axis of its acceleration and in its
/// temperature. The sensors' bytes go in, the right channels come out; the kernel, fed with the same numbers, does the
/// same, bit for bit.
#[test]
fn a_motor_tells_which_channels_matter() -> Result<()> {
    let task = Task::plain(Target::Noise, CHANNELS as u16, 0, 0.0, Seed(5));
    let raw = |k: u32| {
        let mut x = [0.0; CHANNELS];
        task.row(k.into(), &mut x);
        x
    };
    let acceleration = |x: &[f32; CHANNELS]| [x[0], x[1], x[2]].map(|x| (4_000.0 * x) as i16);
    let (mut traffic, mut labels) = ([imu_start(), air_start()].concat(), Vec::new());
    for k in 0..SAMPLES {
        let x = raw(k);
        if k % 100 == 50 {
            traffic.push(imu_waits());
        }
        let rotation = [x[3], x[4], x[5]].map(|x| (4_000.0 * x) as i16);
        traffic.extend(imu_tells(acceleration(&x), rotation));
        let [temperature, pressure] = [519_888.0 + 20_000.0 * x[6], 415_148.0 + 20_000.0 * x[7]];
        let humidity = 28_000.0 + 1_000.0 * x[8];
        traffic.extend(air_tells(pressure as u32, temperature as u32, humidity as u16));
        labels.push(0.5 * x[2] + 0.5 * x[6]);
    }

    let (bus, time) = (Bus::new(&traffic), time());
    let imu = Imu::on_i2c(bus.clone()).ok().context("the IMU does not start")?;
    let air = Environment::on_i2c(bus.clone(), time.clone()).ok().context("the air does not start")?;
    let mut wear = labels.into_iter();
    let source = Source::new(Both(imu, air), Channel(move || wear.next()), time.clone(), PERIOD_US);
    let mut recording = Recording { source, time, rows: Recorded(Vec::new()) };
    let outcome = motor::run(&mut recording, &mut [0.0; Pass::NUMBERS])?;
    bus.clone().done();

    let Recording { source, mut rows, .. } = recording;
    let (late, pauses) = (SAMPLES / 100, SAMPLES / PAUSE as u32);
    assert_eq!(source.counts(), Counts { overruns: 2 * pauses, underruns: late });
    for (k, (row, _)) in (0..SAMPLES).zip(&rows.0) {
        assert_eq!(row[..3], acceleration(&raw(k)).map(|raw| f32::from(raw) / 16_384.0), "sample {k}");
    }
    assert_eq!(motor::run(&mut rows, &mut [0.0; Pass::NUMBERS])?, outcome, "the replay");
    for (channel, finding) in outcome.findings.iter().enumerate() {
        let is_found = matches!(finding, Finding::Relevant(_));
        assert_eq!(is_found, [2, 6].contains(&channel), "channel {channel}: {finding:?}");
    }
    Ok(())
}

/// A sensor that is off gives nothing and loses nothing; a broken one ends the stream.
#[test]
fn a_switch_starts_and_stops_the_samples() -> Result<()> {
    let levels = [Level::Low, Level::Low, Level::High, Level::High];
    let mut pin = Pin::new(&levels.map(Edge::get));
    let mut volts = [Some(0.25), None].into_iter();
    let sensor = Channel(move || volts.next().flatten());
    let time = time();
    let labels = Channel(|| Some(1.0));
    let mut source = Source::new(Switched { pin: pin.clone(), sensor }, labels, time.clone(), PERIOD_US);
    let began = time.0.get();
    let (mut x, mut y) = ([0.0], [0.0]);
    assert_eq!((source.sample(0, &mut x, &mut y), x, y), (Ok(()), [0.25], [1.0]));
    assert_eq!(time.0.get() - began, 2 * u64::from(PERIOD_US) * 1_000, "off twice");
    assert_eq!(source.sample(1, &mut x, &mut y), Err(NoSample(1)));
    assert_eq!(source.counts(), Counts::default());
    pin.done();
    Ok(())
}

#[test]
fn lamps_show_what_goes_on() -> Result<()> {
    let blink = [Level::High, Level::Low].repeat(5);
    let levels = [vec![Level::Low, Level::High], blink].concat();
    let mut pin = Pin::new(levels.into_iter().map(Edge::set).collect::<Vec<_>>().iter());
    let mut lamp = Lamp(pin.clone());
    for state in [State::Training, State::Found, State::Error] {
        lamp.show(state, &mut NoopDelay)?;
    }
    pin.done();
    let duties = [(0, 100), (25, 100), (100, 100)];
    let expected: Vec<_> = duties
        .iter()
        .flat_map(|&(duty, most)| [Duty::max_duty_cycle(most), Duty::set_duty_cycle(duty)])
        .collect();
    let mut timer = Timer::new(&expected);
    let mut glow = Glow(timer.clone());
    for updates in [0, 250, 1_001] {
        glow.show(updates, 1_000)?;
    }
    timer.done();
    Ok(())
}
