//! A trace: the whole life of a training on a device, as a host has seen it, in a file that can be replayed.
//!
//! The file is a row of frames ([`tamis::frame`]), a [`Record`] in each. It is written as things happen, so that a host
//! that is killed leaves all but its last record; one that comes back goes on behind the last whole one. Samples are in
//! it where nothing else has them; those of a synthetic task are made anew from the configuration.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use heapless::{String as Label, Vec as Short};
use serde::{Deserialize, Serialize};
use tamis::ARITHMETIC_VERSION;
use tamis::frame::{self, Decoder, FRAME};
use tamis::wire::{Configuration, NUMBERS, Progress};

use crate::device::feed::{Numbers, Rows, rows_of, width};

pub mod replay;

/// The version of these records.
pub const TRACE_VERSION: u16 = 1;
/// Digests are kept after at least so many updates.
const DIGEST_EVERY: u32 = 50;

/// What a trace is made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Record {
    /// The first: who has written it.
    Head {
        /// [`TRACE_VERSION`].
        trace: u16,
        /// [`ARITHMETIC_VERSION`].
        arithmetic: u32,
        /// The version of Tamis.
        version: Label<16>,
        /// The board.
        board: Label<16>,
    },
    /// The second: what is trained.
    Configuration(Configuration),
    /// Parameters that it begins with, from outside.
    Params {
        /// The index of the first.
        first: u32,
        /// They.
        params: Short<f32, NUMBERS>,
    },
    /// A part of the stream of samples that only this trace has.
    Samples {
        /// The place of the first number.
        first: u64,
        /// Inputs and targets.
        numbers: Short<f32, NUMBERS>,
    },
    /// The chained digest after so many updates.
    Digest {
        /// The updates.
        update: u32,
        /// The digest.
        digest: u32,
    },
    /// Something has happened.
    Event(Event),
}

/// What may happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// The device has saved a checkpoint after so many updates.
    Checkpoint(u32),
    /// The device has gone back to so many updates.
    Restart(u32),
    /// So many samples have been rejected by now.
    Rejected(u32),
    /// Another run of the host has gone on from here.
    Host,
    /// The training has come to its end.
    End,
}

/// A trace that is being written.
pub struct Trace {
    file: File,
    path: PathBuf,
    /// Of the newest answer.
    last: Progress,
    digest_at: Option<u32>,
    /// How many numbers of the stream are in the file, if it is to have them.
    samples: Option<u64>,
}

impl Trace {
    /// A new trace, or the one that is there if it is of the same training; with samples if they `are_kept`.
    pub fn open(
        path: &Path,
        board: &str,
        configuration: &Configuration,
        params: Option<&[f32]>,
        are_kept: bool,
    ) -> Result<Self> {
        let place = || path.display().to_string();
        let mut samples = are_kept.then_some(0);
        let exists = fs::metadata(path).is_ok_and(|metadata| metadata.len() > 0);
        let mut options = OpenOptions::new();
        let file =
            options.read(true).write(true).create(true).truncate(false).open(path).with_context(place)?;
        let mut trace =
            Self { file, path: path.to_owned(), last: Progress::default(), digest_at: None, samples: None };
        if !exists {
            trace.write(&Record::Head {
                trace: TRACE_VERSION,
                arithmetic: ARITHMETIC_VERSION,
                version: Label::try_from(env!("CARGO_PKG_VERSION")).unwrap_or_default(),
                board: Label::try_from(board).unwrap_or_default(),
            })?;
            trace.write(&Record::Configuration(configuration.clone()))?;
            for (chunk, first) in params.unwrap_or_default().chunks(NUMBERS).zip((0..).step_by(NUMBERS)) {
                trace.write(&Record::Params { first, params: chunk.iter().copied().collect() })?;
            }
        } else {
            let reading = read(path)?;
            ensure!(
                reading.configuration == *configuration,
                "{} is the trace of another training; it stays as it is",
                place()
            );
            // A record that is cut off is the mark of a host that was killed; anything else is a reason to look.
            ensure!(
                !reading.is_damaged_inside,
                "{} is damaged, {}; it stays as it is",
                place(),
                reading.damage.unwrap_or_default()
            );
            if let Some(samples) = &mut samples {
                *samples = reading.samples.len() as u64;
            }
            trace.file.set_len(reading.whole)?;
            trace.file.seek(SeekFrom::Start(reading.whole))?;
            trace.write(&Record::Event(Event::Host))?;
        }
        trace.samples = samples;
        Ok(trace)
    }

    /// Takes down what an answer says.
    pub fn progress(&mut self, now: &Progress, rows: &mut Numbers<'_, impl Rows>) -> Result<()> {
        if let Some(mut from) = self.samples {
            while from < now.received {
                let count = NUMBERS.min((now.received - from) as usize);
                let numbers = (from..).take(count).map(|place| rows.at(place)).collect();
                self.write(&Record::Samples { first: from, numbers })?;
                from += count as u64;
            }
            self.samples = Some(from);
        }
        if now.updates < self.last.updates {
            self.write(&Record::Event(Event::Restart(now.updates)))?;
            self.digest_at = None;
        }
        if now.rejected > self.last.rejected {
            self.write(&Record::Event(Event::Rejected(now.rejected)))?;
        }
        if let Some(durable) = now.durable.filter(|_| now.durable != self.last.durable) {
            self.write(&Record::Event(Event::Checkpoint(durable)))?;
        }
        let is_due = self.digest_at.is_none_or(|at| now.updates >= at.saturating_add(DIGEST_EVERY));
        if now.updates > 0 && is_due {
            self.digest(now)?;
        }
        self.last = now.clone();
        Ok(())
    }

    fn digest(&mut self, now: &Progress) -> Result<()> {
        self.digest_at = Some(now.updates);
        self.write(&Record::Digest { update: now.updates, digest: now.digest })
    }

    /// The digest of the last answer, if it is not yet there.
    pub fn last_digest(&mut self) -> Result<()> {
        let now = self.last.clone();
        if self.digest_at == Some(now.updates) { Ok(()) } else { self.digest(&now) }
    }

    /// The last digest, and the end.
    pub fn finish(mut self) -> Result<()> {
        self.last_digest()?;
        self.write(&Record::Event(Event::End))
    }

    fn write(&mut self, record: &Record) -> Result<()> {
        let mut buffer = [0; FRAME];
        let frame = frame::encode(record, &mut buffer)?;
        self.file.write_all(frame).with_context(|| self.path.display().to_string())
    }
}

/// A trace that has been read.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The board.
    pub board: String,
    /// What was trained.
    pub configuration: Configuration,
    /// Parameters that it began with, if they came from outside.
    pub params: Vec<f32>,
    /// The stream of samples, if the trace has it.
    pub samples: Vec<f32>,
    /// Digests and events, in order.
    pub course: Vec<Record>,
    /// Bytes up to the end of the last whole record.
    pub whole: u64,
    /// What is wrong behind them, if anything is.
    pub damage: Option<String>,
    /// Whether that is more than a last record that is cut off.
    pub is_damaged_inside: bool,
}

/// Reads the trace in `path`, up to what is damaged.
pub fn read(path: &Path) -> Result<Reading> {
    let place = || path.display().to_string();
    let mut bytes = Vec::new();
    File::open(path).and_then(|mut file| file.read_to_end(&mut bytes)).with_context(place)?;
    parse(&bytes).with_context(place)
}

/// The trace in `bytes`, up to what is damaged.
pub fn parse(bytes: &[u8]) -> Result<Reading> {
    let mut decoder = Decoder::default();
    let (mut records, mut whole, mut damage) = (Vec::new(), 0, None);
    for (at, &byte) in bytes.iter().enumerate() {
        match decoder.push::<Record>(byte) {
            None => {}
            Some(Ok(record)) => {
                records.push(record);
                whole = at as u64 + 1;
            }
            Some(Err(error)) => {
                damage = Some(format!("record {}, bytes {whole} to {at}: {error}", records.len() + 1));
                break;
            }
        }
    }
    if damage.is_none() && whole < bytes.len() as u64 {
        damage = Some(format!("record {}, from byte {whole} on: it is cut off", records.len() + 1));
    }
    let mut records = records.into_iter();
    let damaged =
        |damage: &Option<String>| damage.as_ref().map_or_else(String::new, |damage| format!("; {damage}"));
    let Some(Record::Head { trace, arithmetic, board, .. }) = records.next() else {
        bail!("this is no trace{}", damaged(&damage));
    };
    ensure!(
        (trace, arithmetic) == (TRACE_VERSION, ARITHMETIC_VERSION),
        "the trace has version {trace} and arithmetic {arithmetic}; this host reads {TRACE_VERSION} and {ARITHMETIC_VERSION}"
    );
    let Some(Record::Configuration(configuration)) = records.next() else {
        bail!("the trace has no configuration{}", damaged(&damage));
    };
    let mut reading = Reading {
        board: board.as_str().to_owned(),
        configuration,
        params: Vec::new(),
        samples: Vec::new(),
        course: Vec::new(),
        whole,
        is_damaged_inside: bytes.get(whole as usize..).is_some_and(|rest| rest.contains(&0)),
        damage,
    };
    for record in records {
        match record {
            Record::Params { first, params } => {
                ensure!(first as usize == reading.params.len(), "parameters from {first} on out of place");
                reading.params.extend(params);
            }
            Record::Samples { first, numbers } => {
                ensure!(first == reading.samples.len() as u64, "samples from number {first} on out of place");
                reading.samples.extend(numbers);
            }
            Record::Head { .. } | Record::Configuration(_) => bail!("the trace begins a second time"),
            Record::Digest { .. } | Record::Event(_) => reading.course.push(record),
        }
    }
    Ok(reading)
}

/// The rows of a trace: kept in it, or made anew by the task.
pub fn rows(reading: &Reading) -> impl FnMut(u64, &mut [f32]) + '_ {
    let training = &reading.configuration.training;
    let (mut of_task, width) = (rows_of(training.plan.task), width(training));
    move |index, row| {
        if reading.samples.is_empty() {
            return of_task(index, row);
        }
        let from = index as usize * width;
        match reading.samples.get(from..from + row.len()) {
            Some(there) => row.copy_from_slice(there),
            // Behind the last; a device does not learn from it either.
            None => row.fill(f32::NAN),
        }
    }
}
