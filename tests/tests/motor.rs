//! The worked example with real sensors: on the host, on emulated boards, and over a line that is damaged.

use std::io::Read;

use anyhow::{Context, Result};
use tamis::one_pass::Finding;
use tamis_firmware::motor::record::Line;
use tamis_firmware::motor::rig::{self, RigError, Watched};
use tamis_firmware::motor::simulated::{LATE, Motor, SLOW, WORN};
use tamis_firmware::motor::{CHANNELS, Pass, SAMPLES};
use tamis_firmware::watchdog::{Bowl, NoWatchdog};
use tamis_host::device::motor::{self, Told};
use tamis_host::emulator::{Clock, Emulator};
use tamis_host::machine::Machine;
use tamis_host::{log, tools};

/// What the program tells, run here.
fn record() -> Result<(Watched, String)> {
    let motor = Motor::new();
    let mut text = Line::Begin { board: "here", arithmetic: tamis::ARITHMETIC_VERSION }.to_string();
    let watched =
        rig::watch(motor.rig(), &Bowl::new(&mut NoWatchdog), &mut [0.0; Pass::NUMBERS], |sample| {
            text += &Line::Sample(*sample).to_string();
        })?;
    text += &Line::End { digest: watched.outcome.digest }.to_string();
    Ok((watched, text))
}

/// The sensors' bytes go in, the right channels come out; what was lost and late is counted.
#[test]
fn a_motor_tells_which_channels_matter() -> Result<()> {
    let (Watched { outcome, counts }, _) = record()?;
    assert_eq!(outcome.accepted, SAMPLES);
    // Each time that the gauge takes 130 ms two samples of 50 ms are lost, but after the last sample.
    assert_eq!((counts.overruns, counts.underruns), (2 * (SAMPLES / SLOW - 1), SAMPLES / LATE));
    for (channel, finding) in outcome.findings.iter().enumerate() {
        let is_found = matches!(finding, Finding::Relevant(_));
        assert_eq!(is_found, WORN.contains(&channel), "channel {channel}: {finding:?}");
    }
    Ok(())
}

/// The program with its drivers on a core with a float unit and on one without: to the bits of this host.
#[test]
fn emulated_boards_watch_it_to_the_same_bits() -> Result<()> {
    let (expected, _) = record()?;
    for machine in [Machine::MpsAn386, Machine::Microbit, Machine::RiscvVirt] {
        let elf = tools::build_firmware(machine, "motor")?;
        let (board, line) = Emulator::switch_on(machine, &elf, Clock::Free)?;
        let Told { outcome, samples, .. } =
            motor::follow(line, |_| {}).with_context(|| machine.to_string())?;
        assert_eq!((outcome, samples.len()), (expected.outcome, SAMPLES as usize), "{machine}");
        let messages = log::decode(&elf, &board.wait()?.log)?;
        for told in ["acceleration z matters", "temperature matters", "10 overruns, 30 underruns"] {
            assert!(messages.iter().any(|message| message.contains(told)), "{machine}: {messages:?}");
        }
    }
    Ok(())
}

fn follow(text: impl Read) -> String {
    motor::follow(text, |_| {}).map_or_else(|error| format!("{error:#}"), |told| told.csv())
}

/// The samples are kept as they were, in numbers that are read back to the same bits.
#[test]
fn the_samples_are_kept() -> Result<()> {
    let (_, text) = record()?;
    let csv = follow(text.as_bytes());
    let mut lines = csv.lines();
    assert!(lines.next().context("a header")?.starts_with("acceleration x,"));
    for (k, (row, line)) in lines.by_ref().zip(text.lines().skip(1)).enumerate() {
        let Some(Line::Sample(sample)) = Line::parse(line) else { panic!("sample {k}: {line}") };
        let numbers: Vec<f32> = row.split(',').map(str::parse).collect::<Result<_, _>>()?;
        let told: Vec<f32> = sample.x.into_iter().chain([sample.label]).collect();
        assert_eq!(numbers, told, "sample {k}");
    }
    assert_eq!(csv.lines().count(), SAMPLES as usize + 1);
    Ok(())
}

/// What another program said before is passed over; a damaged line is named by its number, a changed one by its sample.
#[test]
fn a_bad_line_is_named() -> Result<()> {
    let (_, text) = record()?;
    let earlier = format!("\u{fffd}\nhello\n{text}");
    assert_eq!(follow(earlier.as_bytes()), follow(text.as_bytes()));

    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let with = |number: usize, line: &str| {
        let mut lines = lines.clone();
        lines[number - 1] = line;
        follow(lines.concat().as_bytes())
    };
    assert!(with(7, "3f80000\n").starts_with("line 7 of the device is damaged: \"3f80000\""));
    assert!(with(8, &lines[7].replacen(' ', "g", 1)).starts_with("line 8 of the device is damaged"));
    assert!(with(9, lines[0]).starts_with("line 9 of the device is damaged"));
    // The lowest bit of the first channel of the eleventh sample.
    let first = u32::from_str_radix(&lines[11][..8], 16)?;
    let flipped = format!("{:08x}{}", first ^ 1, &lines[11][8..]);
    assert!(
        with(12, &flipped).starts_with("after sample 10 the device has digest "),
        "{}",
        with(12, &flipped)
    );
    assert!(
        with(SAMPLES as usize + 2, "end 00000000\n").contains("at the end the device has digest 00000000")
    );
    assert!(follow(lines[..5].concat().as_bytes()).contains("the line was closed after line 5"));
    assert!(
        follow(&b"motor here arithmetic 1\n"[..]).starts_with("the device has arithmetic 1; this host has ")
    );
    Ok(())
}

/// A sensor that does not answer is named.
#[test]
fn a_missing_sensor_is_named() {
    use embedded_hal_mock::eh1::i2c::{Mock, Transaction};
    use tamis_firmware::motor::rig::Rig;
    let silent = |transactions: &[Transaction]| {
        let motor = Motor::new();
        let Rig { gauge, switch, clock, .. } = motor.rig();
        let mut bus = Mock::new(transactions);
        let rig = Rig { bus: bus.clone(), gauge, switch, clock };
        let error = rig::watch(rig, &Bowl::new(&mut NoWatchdog), &mut [0.0; Pass::NUMBERS], |_| {}).err();
        bus.done();
        error
    };
    let none = embedded_hal::i2c::ErrorKind::NoAcknowledge(embedded_hal::i2c::NoAcknowledgeSource::Address);
    let imu = Transaction::write(0x68, vec![0x7e, 0x11]).with_error(none);
    assert_eq!(silent(&[imu]), Some(RigError::Imu));
    let starts = [[0x7e, 0x11], [0x7e, 0x15], [0x41, 0x03], [0x43, 0x01]];
    let mut all: Vec<_> = starts.map(|bytes| Transaction::write(0x68, bytes.to_vec())).to_vec();
    all.push(Transaction::write_read(0x76, vec![0xd0], vec![0]).with_error(none));
    assert_eq!(silent(&all), Some(RigError::Air));
    assert!(RigError::Air.to_string().contains("0x76"));
    assert_eq!(CHANNELS, tamis_firmware::motor::NAMES.len());
}
