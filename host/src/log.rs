//! The log of an emulated board: `defmt` frames, decoded with the program that wrote them.

use std::path::Path;
use std::process::{ExitStatus, Stdio};

use anyhow::{Context, Result};
use defmt_decoder::{DecodeError, Table};

use crate::machine::Machine;
use crate::tools;

/// The messages in `frames`, with their levels: "INFO exit".
pub fn decode(elf: &Path, frames: &[u8]) -> Result<Vec<String>> {
    let elf = std::fs::read(elf)?;
    let table = Table::parse(&elf)?.context("the program has no defmt table")?;
    let mut decoder = table.new_stream_decoder();
    decoder.received(frames);
    let mut messages = Vec::new();
    loop {
        match decoder.decode() {
            Ok(frame) => {
                let level = frame.level().map_or("", |level| level.as_str()).to_uppercase();
                messages.push(format!("{level} {}", frame.display_message()));
            }
            Err(DecodeError::UnexpectedEof) => return Ok(messages),
            Err(DecodeError::Malformed) => anyhow::bail!("a frame of the log is damaged, after {messages:?}"),
        }
    }
}

/// Runs a program that needs no host to its end; how it ended, and its messages.
pub fn run_to_end(machine: Machine, elf: &Path) -> Result<(ExitStatus, Vec<String>)> {
    let mut qemu = tools::qemu(machine, elf);
    qemu.args(["-monitor", "none", "-serial", "null"]);
    // What the emulator itself has to say is for whoever runs it.
    let output = qemu.stderr(Stdio::inherit()).output()?;
    Ok((output.status, decode(elf, &output.stdout)?))
}
