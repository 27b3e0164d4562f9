//! `tamis replay`: the life of a device once more on the host, digest by digest.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use serde::Serialize;
use serde_json::json;
use tamis::wire::{Request, Training};
use tamis::{Data, Network};

use super::{Event, Reading, Record, read, rows};
use crate::compare::{Difference, place};
use crate::device::feed::Feed;
use crate::device::twin::Twin;
use crate::device::{params, request};
use crate::port::At;
use crate::replica::Memory;
use crate::report;
use crate::svg::thousands;

/// Replays a trace on this host, bit for bit, and tells where the device went another way, if it did.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n    tamis device train --machine mps2-an386 --updates 2000 --trace life.trace\n    tamis replay life.trace"
)]
pub struct Options {
    /// The trace.
    file: PathBuf,
    /// If there is a difference, look for its place on this device, a serial port or an emulated board.
    #[arg(long, value_name = "PORT|MACHINE")]
    on: Option<At>,
    /// For an emulated board, another program than the one that is built here.
    #[arg(long, value_name = "FILE", requires = "on")]
    elf: Option<PathBuf>,
    /// One JSON object instead of text.
    #[arg(long)]
    json: bool,
}

/// What a replay finds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Replay {
    /// How many digests were compared and equal.
    pub equal: u64,
    /// The update of the last of them; 0 before the first.
    pub last_equal: u32,
    /// The update of the first digest that differs.
    pub first_unequal: Option<u32>,
    /// How often the device has gone back to a checkpoint.
    pub restarts: u32,
    /// How often another run of the host has gone on.
    pub hosts: u32,
    /// How many checkpoints it has saved.
    pub checkpoints: u32,
    /// Whether the training has come to its end.
    pub is_ended: bool,
}

/// Runs the command.
pub fn run(options: &Options) -> Result<ExitCode> {
    let reading = read(&options.file)?;
    let replay = replay(&reading).with_context(|| options.file.display().to_string())?;
    let difference = match (replay.first_unequal, options.on.clone()) {
        (Some(update), Some(at)) => {
            let at = At { elf: options.elf.clone(), ..at };
            Some(locate(&reading, &at, replay.last_equal, update)?)
        }
        _ => None,
    };
    if options.json {
        let object = json!({
            "board": reading.board, "replay": replay, "first_difference": difference, "damage": reading.damage,
        });
        println!("{}", serde_json::to_string_pretty(&object)?);
    } else {
        print(&reading, &replay, difference.as_ref());
    }
    Ok(ExitCode::from(u8::from(replay.first_unequal.is_some() || reading.damage.is_some())))
}

fn print(reading: &Reading, replay: &Replay, difference: Option<&Difference>) {
    let Replay { equal, last_equal, first_unequal, restarts, hosts, checkpoints, is_ended } = *replay;
    println!(
        "{}, {}: {checkpoints} checkpoints, {restarts} restarts of the device, {hosts} of the host{}",
        reading.board,
        reading.configuration.training.layers,
        if is_ended { "" } else { "; the training has not come to its end" }
    );
    match first_unequal {
        None => println!("equal, {equal} digests, up to update {}", thousands(last_equal)),
        Some(update) => {
            println!(
                "different: {equal} digests are equal, up to update {}; that after update {} is not",
                thousands(last_equal),
                thousands(update)
            );
            let batch = u64::from(reading.configuration.training.plan.batch);
            let visits = u64::from(last_equal) * batch..u64::from(update) * batch;
            println!("between them are the visits {} to {}", visits.start, visits.end - 1);
        }
    }
    if let Some(difference) = difference {
        let batch = reading.configuration.training.plan.batch;
        println!("first difference: {difference}, at visit {}", (difference.step - 1) * batch);
    }
    if let Some(damage) = &reading.damage {
        println!("the trace is damaged: {damage}");
    }
}

/// Carries out the training of a trace and compares its digests.
pub fn replay(reading: &Reading) -> Result<Replay> {
    let training = &reading.configuration.training;
    let mut memory = Memory::of(training);
    let mut twin = Twin::start(training, outside(reading), &mut memory, rows(reading))?;
    let bar = report::progress(training.plan.updates as usize);
    let mut replay = Replay::default();
    for record in &reading.course {
        match *record {
            Record::Digest { update, digest } => {
                ensure!(update <= training.plan.updates, "a digest after update {update}, behind the last");
                if twin.digest_after(update)? != digest {
                    replay.first_unequal = Some(update);
                    break;
                }
                replay.equal += 1;
                replay.last_equal = update;
                bar.set_position(update.into());
            }
            Record::Event(Event::Restart(_)) => replay.restarts += 1,
            Record::Event(Event::Host) => replay.hosts += 1,
            Record::Event(Event::Checkpoint(_)) => replay.checkpoints += 1,
            Record::Event(Event::End) => replay.is_ended = true,
            _ => {}
        }
    }
    bar.finish_and_clear();
    Ok(replay)
}

/// Parameters from outside, if there are any.
fn outside(reading: &Reading) -> Option<&[f32]> {
    (!reading.params.is_empty()).then_some(&*reading.params)
}

/// Has a device make the updates up to `last` again, and compares all parameters after each from `equal` on.
fn locate(reading: &Reading, at: &At, equal: u32, last: u32) -> Result<Difference> {
    let configuration = &reading.configuration;
    let Training { layers, plan, .. } = &configuration.training;
    ensure!(
        !matches!(plan.data, Data::Ring { .. }) && plan.standardise.is_none(),
        "a device does not stop between the updates of a ring, nor of samples that it standardises"
    );
    let mut board = at.open()?;
    request(&mut board, &Request::Forget)?;
    let mut memory = Memory::of(&configuration.training);
    let mut twin = Twin::start(&configuration.training, outside(reading), &mut memory, rows(reading))?;
    let mut rows = rows(reading);
    let mut feed = Feed::begin(&mut board, configuration, outside(reading), &mut rows)?;
    for step in (equal + 1).min(last)..=last {
        while feed.now().updates < step {
            feed.go_on(&mut board, step)?;
        }
        twin.digest_after(step)?;
        let (device, host) = (params(&mut board)?, twin.params());
        let differs = |(device, host): (&f32, &f32)| device.to_bits() != host.to_bits();
        if let Some(param) = device.iter().zip(host).position(differs) {
            let (layer, index) = place(layers, param);
            let hex = |number: f32| format!("{:08x}", number.to_bits());
            let (device, host) = (hex(device[param]), hex(host[param]));
            return Ok(Difference { step, layer, index, device, host });
        }
    }
    ensure!(layers.params() > 0, "a network without parameters");
    bail!(
        "{} does not make the difference again: up to update {last} its parameters are the host's",
        at.name()
    )
}
