//! Samples to a device, over the line: from the place that it asks for, until it has made all its updates.
//!
//! The device says what has arrived and what is durable. If it loses its power it goes back to its newest checkpoint and
//! asks for the samples since then again; a host that dies and comes back finds out where the device is. A source of
//! samples must therefore find any row again by its index, as a file does.

use anyhow::{Result, bail, ensure};
use tamis::wire::{Answer, Configuration, NUMBERS, Packed, Progress, Request};
use tamis::{Loss, Network};

use super::{Device, configure, request};

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

/// So many times as many samples as are needed may be rejected before it is given up.
const REJECTED: u32 = 1000;

/// Carries out a training whose samples come from here, from `params` on if there are any; `watch` hears of every answer.
/// Goes on with it if the device has it.
pub fn feed(
    device: &mut impl Device,
    configuration: &Configuration,
    params: Option<&[f32]>,
    rows: &mut impl Rows,
    mut watch: impl FnMut(&Progress) -> Result<()>,
) -> Result<Progress> {
    let training = &configuration.training;
    let (last, kept) = (training.plan.updates, u64::from(training.plan.data.stored()));
    let is_stored = kept > 0 && !matches!(training.plan.data, tamis::Data::Ring { .. });
    let width = usize::from(training.plan.task.inputs) + training.loss.targets(training.layers.outputs());
    let mut numbers = Numbers { rows, row: vec![0.0; width], index: None };
    let mut now = begin(device, configuration, params)?;
    let mut rejected_since = (now.updates, now.rejected);
    loop {
        watch(&now)?;
        if now.updates >= last {
            return Ok(now);
        }
        let answer = if is_stored && now.received >= kept * width as u64 {
            let until = last.min(now.updates + 100);
            request(device, &Request::Advance { until, digest_every: 100 })?
        } else {
            let chunk: Vec<f32> = (now.received..).take(NUMBERS).map(|place| numbers.at(place)).collect();
            let mut buffer = [0; 4 * NUMBERS];
            let numbers = Packed::numbers(&chunk, &mut buffer);
            request(device, &Request::Samples { first: now.received, numbers })?
        };
        now = match answer {
            Answer::Progress(progress) => progress,
            // It has lost its power, and had no checkpoint to go on from by itself.
            Answer::Idle => begin(device, configuration, params)?,
            other => bail!("the device answers samples with {other:?}"),
        };
        if now.updates != rejected_since.0 {
            rejected_since = (now.updates, now.rejected);
        }
        let rejected = now.rejected.saturating_sub(rejected_since.1);
        ensure!(rejected < REJECTED, "the device has rejected {rejected} samples, one after the other");
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
struct Numbers<'r, R> {
    rows: &'r mut R,
    row: Vec<f32>,
    /// Of the row that is here.
    index: Option<u64>,
}

impl<R: Rows> Numbers<'_, R> {
    fn at(&mut self, place: u64) -> f32 {
        let width = self.row.len() as u64;
        let index = place / width;
        if self.index != Some(index) {
            self.rows.row(index, &mut self.row);
            self.index = Some(index);
        }
        self.row[(place % width) as usize]
    }
}
