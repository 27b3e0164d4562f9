//! Samples to a device, over the line: from the place that it asks for, until it has made all its updates. One that trains by
//! itself, on its own sensor, is only asked how far it is.
//!
//! The device says what has arrived and what is durable. If it loses its power it goes back to its newest checkpoint and
//! asks for the samples since then again; a host that dies and comes back finds out where the device is. A source of
//! samples must therefore find any row again by its index, as a file does.

use std::thread;

use anyhow::{Result, bail, ensure};
use tamis::wire::{Answer, Configuration, NUMBERS, Origin, Packed, Progress, Request, Training};
use tamis::{Data, Loss, Network, Task};

use super::{Device, MOMENT, configure, request};
use crate::trace::Trace;

/// Samples that are sent.
pub trait Rows {
    /// Fills `row` with the inputs that are no probes, then the targets, of the sample of this index.
    fn row(&mut self, index: u64, row: &mut [f32]);
}

impl<F: FnMut(u64, &mut [f32])> Rows for F {
    fn row(&mut self, index: u64, row: &mut [f32]) {
        self(index, row);
    }
}

/// The rows of a task.
pub fn rows_of(task: Task) -> impl FnMut(u64, &mut [f32]) + Copy {
    move |index, row| {
        let (x, targets) = row.split_at_mut(usize::from(task.inputs));
        targets.fill(task.row(index, x));
    }
}

/// So many samples may be rejected one after the other before it is given up.
const REJECTED: u32 = 1000;

/// How many numbers a row of `training` has.
pub fn width(training: &Training) -> usize {
    usize::from(training.plan.task.inputs) + training.loss.targets(training.layers.outputs())
}

/// Carries out a training whose samples come from here, or from the device itself if it is standalone, from `params` on if there are any; `watch` hears of every answer.
/// Goes on with it if the device has it.
pub fn feed(
    device: &mut impl Device,
    configuration: &Configuration,
    params: Option<&[f32]>,
    rows: &mut impl Rows,
    watch: impl FnMut(&Progress) -> Result<()>,
) -> Result<Progress> {
    feed_and_trace(device, configuration, params, rows, None, watch)
}

/// [`feed`], and a trace of it.
pub fn feed_and_trace(
    device: &mut impl Device,
    configuration: &Configuration,
    params: Option<&[f32]>,
    rows: &mut impl Rows,
    mut trace: Option<Trace>,
    mut watch: impl FnMut(&Progress) -> Result<()>,
) -> Result<Progress> {
    let last = configuration.training.plan.updates;
    let mut feed = Feed::begin(device, configuration, params, rows)?;
    loop {
        if let Some(trace) = &mut trace {
            trace.progress(&feed.now, &mut feed.numbers)?;
        }
        if let Err(error) = watch(&feed.now) {
            trace.as_mut().map_or(Ok(()), Trace::last_digest)?;
            return Err(error);
        }
        if feed.now.updates >= last {
            trace.map_or(Ok(()), Trace::finish)?;
            return Ok(feed.now);
        }
        feed.go_on(device, last)?;
    }
}

/// A training that is fed.
pub struct Feed<'f, R> {
    configuration: &'f Configuration,
    params: Option<&'f [f32]>,
    numbers: Numbers<'f, R>,
    now: Progress,
    /// Updates, and rejected samples, when the last update was made.
    updated: (u32, u32),
}

impl<'f, R: Rows> Feed<'f, R> {
    /// Configures the device.
    pub fn begin(
        device: &mut impl Device,
        configuration: &'f Configuration,
        params: Option<&'f [f32]>,
        rows: &'f mut R,
    ) -> Result<Self> {
        let now = begin(device, configuration, params)?;
        let numbers = Numbers { rows, row: vec![0.0; width(&configuration.training)], index: None };
        Ok(Self { configuration, params, numbers, updated: (now.updates, now.rejected), now })
    }

    /// How far the device is.
    pub fn now(&self) -> &Progress {
        &self.now
    }

    /// One more request, of what is wanted for no more than `until` updates.
    pub fn go_on(&mut self, device: &mut impl Device, until: u32) -> Result<()> {
        let plan = &self.configuration.training.plan;
        let width = self.numbers.row.len() as u64;
        let kept = match plan.data {
            Data::Stream | Data::Ring { .. } => None,
            _ => Some(u64::from(plan.data.stored()) * width),
        };
        let answer = if self.configuration.origin == Origin::Standalone {
            thread::sleep(MOMENT);
            request(device, &Request::Status)?
        } else if kept.is_some_and(|kept| self.now.received >= kept) {
            let until = until.min(self.now.updates + 100);
            request(device, &Request::Advance { until, digest_every: 100 })?
        } else {
            // More than the last update wants would be learned from at once; before the last it is only early.
            let wanted = match plan.data {
                Data::Stream if until < plan.updates => {
                    (u64::from(until) * u64::from(plan.batch) * width).saturating_sub(self.now.received)
                }
                _ => u64::MAX,
            };
            let count = usize::try_from(wanted).unwrap_or(usize::MAX).clamp(1, NUMBERS);
            let first = self.now.received;
            let chunk: Vec<f32> = (first..).take(count).map(|place| self.numbers.at(place)).collect();
            let mut buffer = [0; 4 * NUMBERS];
            request(device, &Request::Samples { first, numbers: Packed::numbers(&chunk, &mut buffer) })?
        };
        self.now = match answer {
            Answer::Progress(progress) => progress,
            // It has lost its power, and had no checkpoint to go on from by itself.
            Answer::Idle => begin(device, self.configuration, self.params)?,
            other => bail!("the device answers samples with {other:?}"),
        };
        if self.now.updates != self.updated.0 {
            self.updated = (self.now.updates, self.now.rejected);
        }
        let rejected = self.now.rejected.saturating_sub(self.updated.1);
        ensure!(rejected < REJECTED, "the device has rejected {rejected} samples, one after the other");
        Ok(())
    }
}

/// Configures the device, with parameters from outside if it is at the start.
fn begin(
    device: &mut impl Device,
    configuration: &Configuration,
    params: Option<&[f32]>,
) -> Result<Progress> {
    let now = configure(device, configuration)?;
    let Some(params) = params.filter(|_| now.updates == 0 && now.received == 0) else { return Ok(now) };
    set_params(device, params)?;
    if configuration.checkpoint_every.is_some() {
        request(device, &Request::Checkpoint)?;
    }
    super::progress_of(request(device, &Request::Status)?)
}

/// Gives the device parameters, before its first update.
pub fn set_params(device: &mut impl Device, params: &[f32]) -> Result<()> {
    for (chunk, first) in params.chunks(NUMBERS).zip((0_u32..).step_by(NUMBERS)) {
        let mut buffer = [0; 4 * NUMBERS];
        let params = Packed::numbers(chunk, &mut buffer);
        request(device, &Request::SetParams { first, params })?;
    }
    Ok(())
}

/// The rows as one stream of numbers.
pub struct Numbers<'r, R> {
    rows: &'r mut R,
    row: Vec<f32>,
    /// Of the row that is here.
    index: Option<u64>,
}

impl<R: Rows> Numbers<'_, R> {
    /// The number at this place.
    pub fn at(&mut self, place: u64) -> f32 {
        let width = self.row.len() as u64;
        let index = place / width;
        if self.index != Some(index) {
            self.rows.row(index, &mut self.row);
            self.index = Some(index);
        }
        self.row[(place % width) as usize]
    }
}
