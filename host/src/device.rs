//! The device's half: a plan carried out by a board, and what it costs there.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use tamis::frame::FRAME;
use tamis::wire::{Answer, Configuration, ITEMS, Job, Origin, Packed, Progress, Request, Training, UPDATES};

use crate::emulator::{Emulator, NS_PER_INSTRUCTION};
use crate::machine::Machine;
use crate::replica::{Outcome, Report, bits};

pub mod command;
pub mod feed;
pub mod monitor;
pub mod motor;
pub mod relay;
pub mod repeat;
pub mod select;
pub mod twin;
pub mod view;

/// Whoever answers requests.
pub trait Device {
    /// The answer to a request.
    fn request(&mut self, request: &Request<'_>) -> Result<Answer>;
}

/// A request should take no longer than this, so that progress can be shown.
pub const MOMENT: Duration = Duration::from_millis(200);

/// Carries out `training` on a device, on samples of the device's own; `progress` hears how far it is.
pub fn run(
    device: &mut impl Device,
    training: &Training,
    report: Report,
    mut progress: impl FnMut(u32),
) -> Result<Outcome> {
    request(device, &Request::Forget)?;
    let training = training.clone();
    let configuration = Configuration { training, origin: Origin::Device, checkpoint_every: None };
    let mut now = configure(device, &configuration)?;
    let mut outcome = Outcome::default();
    let last = configuration.training.plan.updates;
    let mut updates_at_once = 1;
    while now.updates < last {
        let (before, asked) = (now.updates, Instant::now());
        let until = until(&report, before, last, updates_at_once);
        let advance = Request::Advance { until, digest_every: report.digest_every };
        now = progress_of(request(device, &advance)?)?;
        ensure!(now.updates == until, "the device made {} of {until} updates", now.updates);
        ensure!(now.overruns == 0, "{} samples found the device's queue full and were lost", now.overruns);
        let due = (before + 1..=until).filter(|&update| update.is_multiple_of(report.digest_every));
        outcome.digests.extend(due.zip(now.digests.iter().copied()));
        if until == last && !last.is_multiple_of(report.digest_every) {
            outcome.digests.push((last, now.digest));
        }
        if report.wants_params(until) {
            outcome.params.push((until, bits(&params(device)?)));
        }
        progress(until);
        if asked.elapsed() < MOMENT {
            updates_at_once = (2 * (until - before)).max(updates_at_once);
        }
    }
    (outcome.norms, outcome.verdicts) = support(device)?;
    outcome.test_loss = match request(device, &Request::TestLoss)? {
        Answer::TestLoss(loss) => loss.to_bits(),
        other => bail!("the device answers with {other:?}"),
    };
    Ok(outcome)
}

/// Up to which update to go from `before` in one request: so many at once, as many digests as an answer has room for, one
/// by one where all parameters are wanted.
fn until(report: &Report, before: u32, last: u32, updates: u32) -> u32 {
    let digests = (before / report.digest_every).saturating_add(ITEMS as u32);
    let until = before
        .saturating_add(updates.min(UPDATES))
        .min(digests.saturating_mul(report.digest_every))
        .min(last);
    match report.params {
        Some((first, end)) if before < end => until.min((before + 1).max(first - 1)),
        _ => until,
    }
}

/// Begins a training, or goes on with it if it is the one that the device has.
pub fn configure(device: &mut impl Device, configuration: &Configuration) -> Result<Progress> {
    begin(device, &Job::Train(configuration.clone()))
}

/// Begins a job, or goes on with it if it is the one that the device has.
pub fn begin(device: &mut impl Device, job: &Job) -> Result<Progress> {
    let mut buffer = [0; FRAME];
    progress_of(request(device, &Request::Configure(Packed::message(job, &mut buffer)?))?)
}

/// All parameters.
pub fn params(device: &mut impl Device) -> Result<Vec<f32>> {
    let mut params = Vec::new();
    loop {
        let first = u32::try_from(params.len())?;
        match request(device, &Request::Params { first })? {
            Answer::Params(part) if part.is_empty() => return Ok(params),
            Answer::Params(part) => params.extend(part),
            other => bail!("the device answers with {other:?}"),
        }
    }
}

/// Mean column norms of all inputs, as bits, and verdicts on those that are no probes.
pub type Support = (Vec<u32>, Vec<tamis::Verdict>);

/// What a training has come to.
pub fn support(device: &mut impl Device) -> Result<Support> {
    let (mut norms, mut verdicts) = (Vec::new(), Vec::new());
    loop {
        let first = u16::try_from(norms.len().max(verdicts.len()))?;
        match request(device, &Request::Support { first })? {
            Answer::Support { norms: n, verdicts: v } if n.is_empty() && v.is_empty() => {
                return Ok((norms, verdicts));
            }
            Answer::Support { norms: n, verdicts: v } => {
                norms.extend(bits(&n));
                verdicts.extend(v);
            }
            other => bail!("the device answers with {other:?}"),
        }
    }
}

/// Instructions of one update of `training`: (count of 2N updates - count of N) / N. The board's clock must count
/// instructions.
pub fn instructions(board: &mut Emulator, machine: Machine, training: &Training) -> Result<f64> {
    // As many as the timer's 24 bits can hold.
    let samples = if machine.has_hard_float() { 1000 } else { 100 };
    let updates = (samples / training.plan.batch).max(1);
    request(board, &Request::Forget)?;
    let mut buffer = [0; FRAME];
    let measure = Request::Measure { training: Packed::message(training, &mut buffer)?, updates };
    match request(board, &measure).context("the device does not count")? {
        Answer::Ticks { once, twice } => {
            ensure!(
                twice > once,
                "the device counts {once} ticks for {updates} updates and {twice} for twice as many"
            );
            Ok(f64::from(twice - once) * machine.tick_ns() / NS_PER_INSTRUCTION / f64::from(updates))
        }
        unexpected => bail!("the device answers a measurement with {unexpected:?}"),
    }
}

/// The answer to a request that is not refused.
pub fn request(device: &mut impl Device, request: &Request<'_>) -> Result<Answer> {
    match device.request(request)? {
        Answer::Refused(reason) => bail!("the device refuses: {reason}"),
        answer => Ok(answer),
    }
}

/// How far a device is; nothing without work.
pub fn status(device: &mut impl Device) -> Result<Option<Progress>> {
    match request(device, &Request::Status)? {
        Answer::Progress(progress) => Ok(Some(progress)),
        Answer::Idle => Ok(None),
        other => bail!("the device answers with {other:?}"),
    }
}

/// How far a training is.
pub fn progress_of(answer: Answer) -> Result<Progress> {
    match answer {
        Answer::Progress(progress) => Ok(progress),
        Answer::Idle => bail!("the device has been reset, and has no training"),
        other => bail!("the device answers with {other:?}"),
    }
}
