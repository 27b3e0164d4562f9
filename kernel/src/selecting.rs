//! A selection of inputs under way on a device: it goes on by itself, and says what it has found when it is asked.

use embedded_storage::nor_flash::NorFlash;
use heapless::Vec;

use crate::checkpoint::{Checkpoints, Resumable};
use crate::course::Reason;
use crate::keeper::Keeper;
use crate::one_pass::Finding;
use crate::resident::{Line, Sensor, State, Surroundings};
use crate::selection::Selector;
use crate::wire::{Answer, Job, Progress, Request, Selection};
use crate::work::Work;

/// A selection on its way, in the memory of a device.
pub struct Selecting<'c, 'm, S, F, R> {
    selection: &'c Selection,
    selector: &'c mut Selector<'m, S>,
    keeper: Keeper<'c, F>,
    surroundings: &'c mut R,
}

impl<'c, 'm, S: Sensor, F: NorFlash, R: Surroundings> Selecting<'c, 'm, S, F, R> {
    /// Begins, or goes on from the newest checkpoint if it is one of this selection.
    pub fn start(
        job: &'c Job,
        selection: &'c Selection,
        selector: &'c mut Selector<'m, S>,
        checkpoints: &'c mut Option<Checkpoints<F>>,
        surroundings: &'c mut R,
    ) -> Result<Self, Reason> {
        let keeper = Keeper::start(job, checkpoints, selector)?;
        surroundings.show(State::Training(selector.updates()));
        Ok(Self { selection, selector, keeper, surroundings })
    }

    /// Shows what came of it.
    #[inline(never)] // nothing of it is on the stack of a sample
    fn end(&mut self) {
        let (updates, digest) = (self.selector.updates(), self.selector.digest());
        let relevant = usize::from(self.selection.task.relevant);
        let findings = self.selector.findings();
        let is_exact = findings.iter().enumerate().all(|(input, finding)| {
            let is_found = matches!(finding, Finding::Relevant(_));
            is_found == (input < relevant)
        });
        self.surroundings.show(State::Ended { updates, digest, is_exact });
    }

    #[inline(never)] // as for `end`
    fn tell_findings(&mut self, line: &mut impl Line) {
        line.answer(&Answer::Findings {
            findings: self.selector.findings(),
            norms: self.selector.norms(),
            shadow: self.selector.shadow(),
        });
    }
}

impl<S: Sensor, F: NorFlash, R: Surroundings> Work for Selecting<'_, '_, S, F, R> {
    type Surroundings = R;

    fn go_on(&mut self) -> Result<bool, Reason> {
        if !self.selector.take()? {
            return Ok(false);
        }
        self.surroundings.after_sample();
        if self.selector.is_done() {
            self.end();
        }
        self.keeper.save_if_due(self.selector, self.selection.settings.samples)?;
        Ok(true)
    }

    #[inline(never)] // as for `end`
    fn carry_out(&mut self, line: &mut impl Line) -> Result<(), Reason> {
        match line.request() {
            Request::Findings => {
                self.tell_findings(line);
                return Ok(());
            }
            Request::Checkpoint => self.keeper.save(self.selector)?,
            Request::Configure(_) | Request::Status => {}
            _ => return Err(Reason::Selects),
        }
        self.tell_progress(line);
        Ok(())
    }

    #[inline(never)] // as for `end`
    fn tell_progress(&mut self, line: &mut impl Line) {
        line.answer(&Answer::Progress(Progress {
            updates: self.selector.updates(),
            digest: self.selector.digest(),
            loss: None,
            received: 0,
            durable: self.keeper.durable(),
            rejected: self.selector.rejected(),
            overruns: self.selector.overruns(),
            digests: Vec::new(),
        }));
    }

    fn surroundings(&mut self) -> &mut R {
        self.surroundings
    }
}
