//! Real sensors on mocks of their buses: what they measure, when, and what a training makes of it.

use std::cell::Cell;
use std::net::Shutdown;
use std::rc::Rc;

use anyhow::{Context, Result};
use embedded_hal::delay::DelayNs;
use embedded_hal_mock::eh1::delay::NoopDelay;
use embedded_hal_mock::eh1::digital::{Mock as Pin, State as Level, Transaction as Edge};
use embedded_hal_mock::eh1::i2c::{Mock as Bus, Transaction as I2c};
use embedded_hal_mock::eh1::pwm::{Mock as Timer, Transaction as Duty};
use embedded_hal_mock::eh1::spi::{Mock as SpiBus, Transaction as Spi};
use tamis::wire::{Configuration, Origin, Training};
use tamis::{
    AnyActivation, AnyLoss, Data, Init, LayerSpec, Layers, NoSample, Plan, Rule, Samples, Seed, Sgd, Target,
    Task, resident,
};
use tamis_firmware::sensors::{
    Channel, Clock, Counts, Environment, Glow, Imu, Lamp, Missed, Sensor, Source, State, Switched,
};
use tamis_host::device;
use tamis_host::device::feed::feed;
use tamis_host::device::twin::Twin;
use tamis_host::replica::{Memory, bits};
use tamis_test_kit::flash::Flash;
use tamis_tests::device::{Direct, switch_on_with};

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

/// What an IMU tells, row after row, and the labels.
fn imu_rows(rows: u32) -> (Vec<I2c>, Vec<f32>) {
    let task = Task::plain(Target::Sine, 6, 2, 0.1, Seed(5));
    let (mut traffic, mut labels) = (imu_start(), Vec::new());
    for k in 0..rows {
        let mut x = [0.0; 6];
        labels.push(task.row(k.into(), &mut x));
        let raw = x.map(|x| (4_000.0 * x) as i16);
        traffic.extend(imu_tells([raw[0], raw[1], raw[2]], [raw[3], raw[4], raw[5]]));
    }
    (traffic, labels)
}

fn imu_source(bus: Bus, labels: Vec<f32>) -> impl resident::Sensor {
    let imu = Imu::on_i2c(bus).expect("the IMU starts");
    let mut labels = labels.into_iter();
    Source::new(imu, Channel(move || labels.next()), time(), PERIOD_US)
}

/// A device that is told to train by itself does so on the bytes of its IMU, beside two probes: to the bits of a host that has
/// the same rows.
#[test]
fn a_device_trains_by_itself_on_real_sensors() -> Result<()> {
    const ROWS: u32 = 600;
    let hidden = LayerSpec::new(5, AnyActivation::Tanh);
    let last = LayerSpec::new(1, AnyActivation::Identity);
    let training = Training {
        layers: Layers::new(8, &[hidden, last])?,
        loss: AnyLoss::Mse,
        plan: Plan {
            seed: Seed(3),
            task: Task::plain(Target::Noise, 6, 0, 0.0, Seed(4)), // of it the seed counts
            data: Data::Stream,
            standardise: Some(50),
            label_noise: None,
            init: Init::scaled(1.0),
            batch: 1,
            sgd: Sgd::new(0.05)?,
            momentum: None,
            pressed: None,
            updates: ROWS - 50,
            rule: Rule::Probes { count: 2, factor: 3.0 },
        },
    };
    let (traffic, labels) = imu_rows(ROWS);
    let (bus, again) = (Bus::new(&traffic), Bus::new(&traffic));
    let (on_device, of_device) = (bus.clone(), labels.clone());
    let (line, thread) = switch_on_with(Flash::new(16), move || imu_source(on_device, of_device))?;
    let mut device = Direct::greet(&line, 1)?;
    let configuration =
        Configuration { training: training.clone(), origin: Origin::Standalone, checkpoint_every: None };
    let mut sensor = imu_source(again.clone(), labels);
    let rows = |index: u64, row: &mut [f32]| {
        let (x, y) = row.split_at_mut(6);
        sensor.sample(index, x, y).expect("a row");
    };
    let mut memory = Memory::of(&training);
    let mut twin = Twin::start(&training, None, &mut memory, rows)?;
    let mut unused = |_: u64, _: &mut [f32]| unreachable!("the samples are the device's own");
    let done = feed(&mut device, &configuration, None, &mut unused, |progress| {
        twin.follow(progress.updates, progress.digest)
    })?;
    assert_eq!((done.updates, done.overruns), (training.plan.updates, 0));
    assert_eq!(bits(&device::params(&mut device)?), bits(twin.params()));
    line.shutdown(Shutdown::Both)?;
    thread.join().unwrap();
    drop(twin);
    [bus, again].iter_mut().for_each(Bus::done);
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
    let rests = Cell::new(0);
    let rest = || rests.set(rests.get() + 1);
    let inputs = Switched { pin: pin.clone(), sensor, rest };
    let mut source = Source::new(inputs, labels, time.clone(), PERIOD_US);
    let began = time.0.get();
    let (mut x, mut y) = ([0.0], [0.0]);
    assert_eq!((source.sample(0, &mut x, &mut y), x, y), (Ok(()), [0.25], [1.0]));
    assert_eq!(time.0.get() - began, 2 * u64::from(PERIOD_US) * 1_000, "off twice");
    assert_eq!(source.sample(1, &mut x, &mut y), Err(NoSample(1)));
    assert_eq!(source.counts(), Counts::default());
    assert_eq!(rests.get(), 2);
    pin.done();
    Ok(())
}

/// A sensor that never has anything new is not waited for without end.
#[test]
fn a_sensor_that_is_gone_ends_the_stream() {
    struct Gone;
    impl Sensor for Gone {
        const CHANNELS: usize = 1;
        fn measure(&mut self, _: &mut [f32]) -> Result<(), Missed> {
            Err(Missed::NotReady)
        }
    }
    let (time, labels) = (time(), Channel(|| Some(1.0)));
    let began = time.0.get();
    let mut source = Source::new(Gone, labels, time.clone(), PERIOD_US);
    assert_eq!(source.sample(7, &mut [0.0], &mut [0.0]), Err(NoSample(7)));
    assert_eq!(source.counts(), Counts { overruns: 0, underruns: 1_000 });
    assert_eq!(time.0.get() - began, 999 * u64::from(PERIOD_US) * 1_000);
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
