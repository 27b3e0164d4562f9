//! The log of an emulated board: `defmt` frames, decoded with the program that wrote them.

use std::io::Read;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use defmt_decoder::{DecodeError, StreamDecoder, Table};

use crate::machine::Machine;
use crate::tools;

/// So long a program may say nothing before [`run_to_end`] takes it for one that hangs.
const PATIENCE: Duration = Duration::from_secs(600);

/// The messages in `frames`, with their levels: "INFO exit".
pub fn decode(elf: &Path, frames: &[u8]) -> Result<Vec<String>> {
    let table = table(elf)?;
    let mut messages = Vec::new();
    hear(&mut *table.new_stream_decoder(), frames, &mut |message| messages.push(message))
        .with_context(|| format!("after {messages:?}"))?;
    Ok(messages)
}

/// Runs a program that needs no host to its end; how it ended, and its messages. One that hangs is an error.
pub fn run_to_end(machine: Machine, elf: &Path) -> Result<(ExitStatus, Vec<String>)> {
    let mut messages = Vec::new();
    let status = follow(machine, elf, PATIENCE, &mut |message| messages.push(message))
        .with_context(|| format!("after {messages:?}"))?;
    Ok((status, messages))
}

/// Runs a program that needs no host, and hands over each message as it comes; how it ended. After `patience` without a
/// message it is stopped, which is an error.
pub fn follow(
    machine: Machine,
    elf: &Path,
    patience: Duration,
    each: &mut dyn FnMut(String),
) -> Result<ExitStatus> {
    let table = table(elf)?;
    let mut decoder = table.new_stream_decoder();
    let mut qemu = tools::qemu(machine, elf);
    // What the emulator itself has to say is for whoever runs it.
    qemu.args(["-monitor", "none", "-serial", "null"]).stdout(Stdio::piped());
    let mut child = qemu.spawn().with_context(|| format!("{} does not start", machine.qemu()))?;
    let mut pipe = child.stdout.take().context("the emulator has no standard output")?;
    let (sender, frames) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = [0; 1024];
        while let Ok(length @ 1..) = pipe.read(&mut bytes) {
            if sender.send(bytes[..length].to_vec()).is_err() {
                break;
            }
        }
    });
    let heard = hear_all(machine, &mut *decoder, &frames, patience, each);
    if heard.is_err() {
        child.kill()?;
    }
    let status = child.wait()?;
    heard.map(|()| status)
}

fn table(elf: &Path) -> Result<Table> {
    let elf = std::fs::read(elf).with_context(|| elf.display().to_string())?;
    Table::parse(&elf)?.context("the program has no defmt table")
}

/// Takes in frames until there are no more.
fn hear_all(
    machine: Machine,
    decoder: &mut dyn StreamDecoder,
    frames: &Receiver<Vec<u8>>,
    patience: Duration,
    each: &mut dyn FnMut(String),
) -> Result<()> {
    loop {
        match frames.recv_timeout(patience) {
            Ok(frames) => hear(decoder, &frames, each)?,
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
            Err(RecvTimeoutError::Timeout) => {
                bail!("{machine} has said nothing for {} s", patience.as_secs())
            }
        }
    }
}

/// Takes in `frames`, and hands over the messages that are whole now.
fn hear(decoder: &mut dyn StreamDecoder, frames: &[u8], each: &mut dyn FnMut(String)) -> Result<()> {
    decoder.received(frames);
    loop {
        match decoder.decode() {
            Ok(frame) => {
                let level = frame.level().map_or("", |level| level.as_str()).to_uppercase();
                each(format!("{level} {}", frame.display_message()));
            }
            Err(DecodeError::UnexpectedEof) => return Ok(()),
            Err(DecodeError::Malformed) => bail!("a frame of the log is damaged"),
        }
    }
}
