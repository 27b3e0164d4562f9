//! The device's half: a plan carried out by firmware, and what it costs there.

use anyhow::{Result, bail, ensure};
use tamis::wire::{Event, Report, Request, Training};

use crate::emulator::{Emulator, NS_PER_INSTRUCTION};
use crate::machine::Machine;
use crate::replica::Outcome;

/// Carries out `training` on the board; `progress` hears of every reported update.
pub fn run(
    board: &mut Emulator,
    training: &Training,
    report: Report,
    mut progress: impl FnMut(u32),
) -> Result<Outcome> {
    board.send(&Request::Train { training: training.clone(), report })?;
    let mut outcome = Outcome::default();
    loop {
        match board.receive()? {
            Event::Digest { update, digest } => {
                outcome.digests.push((update, digest));
                progress(update);
            }
            Event::Params { update, bits, .. } => match outcome.params.last_mut() {
                Some((last, params)) if *last == update => params.extend(bits),
                _ => outcome.params.push((update, bits.to_vec())),
            },
            Event::Norms { bits, .. } => outcome.norms.extend(bits),
            Event::Verdicts(verdicts) => outcome.verdicts = verdicts.to_vec(),
            Event::Done { updates, digest, test_loss, overruns } => {
                ensure!(overruns == 0, "{overruns} samples found the device's queue full and were lost");
                let asked = training.plan.updates;
                ensure!(updates == asked, "the device made {updates} of {asked} updates");
                ensure!(Some(digest) == outcome.digest(), "the last digest was not reported");
                outcome.test_loss = test_loss;
                return Ok(outcome);
            }
            Event::Refused(reason) => bail!("the device refuses: {reason}"),
            unexpected => bail!("the device answers a plan with {unexpected:?}"),
        }
    }
}

/// Instructions of one update of `training`: (count of 2N updates - count of N) / N. The board's clock must count
/// instructions.
pub fn instructions(board: &mut Emulator, machine: Machine, training: &Training) -> Result<f64> {
    // As many as the timer's 24 bits can hold.
    let samples = if machine.has_hard_float() { 1000 } else { 100 };
    let updates = (samples / training.plan.batch).max(1);
    board.send(&Request::Measure { training: training.clone(), updates })?;
    match board.receive()? {
        Event::Ticks { once, twice } => {
            ensure!(
                twice > once,
                "the device counts {once} ticks for {updates} updates and {twice} for twice as many"
            );
            Ok(f64::from(twice - once) * machine.tick_ns() / NS_PER_INSTRUCTION / f64::from(updates))
        }
        Event::Refused(reason) => bail!("the device refuses to count: {reason}"),
        unexpected => bail!("the device answers a measurement with {unexpected:?}"),
    }
}
