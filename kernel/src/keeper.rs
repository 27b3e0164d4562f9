//! When the work of a device is saved, and from where it goes on.

use embedded_storage::nor_flash::NorFlash;

use crate::checkpoint::{CheckpointError, Checkpoints, Resumable};
use crate::course::Reason;
use crate::frame::FRAME;
use crate::wire::Job;

/// The checkpoints of one job.
pub struct Keeper<'k, F> {
    job: &'k Job,
    checkpoints: &'k mut Option<Checkpoints<F>>,
    every: Option<u32>,
    durable: Option<u32>,
}

impl<'k, F: NorFlash> Keeper<'k, F> {
    /// Loads the newest checkpoint if it is one of this job; else saves the first, if there are to be any.
    #[inline(never)] // nothing of it is on the stack of an update
    pub fn start(
        job: &'k Job,
        checkpoints: &'k mut Option<Checkpoints<F>>,
        state: &mut impl Resumable,
    ) -> Result<Self, Reason> {
        let every = job.checkpoint_every();
        if every == Some(0) {
            return Err(Reason::Every);
        }
        let mut keeper = Self { job, checkpoints, every, durable: None };
        if let Some(checkpoints) = keeper.checkpoints {
            let mut bytes = [0; FRAME];
            match checkpoints.load(describe(job, &mut bytes), state) {
                Ok(found) => keeper.durable = found.map(|found| found.updates),
                Err(CheckpointError::Other | CheckpointError::Arithmetic(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        if keeper.durable.is_none() && every.is_some() {
            keeper.save(state)?;
        }
        Ok(keeper)
    }

    /// As much would be left if the power went now: updates, or samples of a selection.
    pub fn durable(&self) -> Option<u32> {
        self.durable
    }

    /// The newest checkpoint is no longer what there is.
    pub fn outdate(&mut self) {
        self.durable = None;
    }

    /// Saves a checkpoint.
    #[inline(never)] // as for `start`
    pub fn save(&mut self, state: &mut impl Resumable) -> Result<(), Reason> {
        let Some(checkpoints) = self.checkpoints else { return Err(Reason::NoCheckpoints) };
        let mut bytes = [0; FRAME];
        let saved = checkpoints.save(describe(self.job, &mut bytes), state);
        self.durable = Some(saved?.updates);
        Ok(())
    }

    /// Saves one if it is due, after the last update or sample in any case.
    pub fn save_if_due(&mut self, state: &mut impl Resumable, last: u32) -> Result<(), Reason> {
        let now = state.updates();
        match self.every {
            Some(every) if self.durable != Some(now) && (now.is_multiple_of(every) || now == last) => {
                self.save(state)
            }
            _ => Ok(()),
        }
    }
}

/// What a checkpoint says of itself.
fn describe<'b>(job: &Job, bytes: &'b mut [u8; FRAME]) -> &'b [u8] {
    // It came in a frame, so it fits.
    postcard::to_slice(job, bytes).map_or(&[], |bytes| &*bytes)
}
