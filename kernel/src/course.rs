//! A training under way on a device: what each request of the host does to it.

use core::fmt;

use embedded_storage::nor_flash::{NorFlash, NorFlashError, NorFlashErrorKind};
use heapless::Vec;

use crate::checkpoint::{CheckpointError, Checkpoints};
use crate::keeper::Keeper;
use crate::layers::{AnyLoss, Layers, LayersError};
use crate::memory::LengthError;
use crate::model::StepError;
use crate::one_pass::OnePassError;
use crate::ops::{split, split_mut};
use crate::origin::Source;
use crate::plan::{Plan, PlanError};
use crate::resident::{Line, Sensor, State, Surroundings};
use crate::samples::{NoSample, StoreError};
use crate::support::NotFinite;
use crate::task::TaskError;
use crate::trainer::{TrainError, Trainer};
use crate::verdict::{self, Verdict};
use crate::wire::{Answer, Configuration, ITEMS, Job, NUMBERS, Origin, Packed, Progress, Request, UPDATES};
use crate::work::Work;

/// Why a request is refused, or a training has failed.
#[derive(Clone, Copy)]
#[allow(missing_docs)] // their texts say it
pub enum Reason {
    Plan(PlanError),
    Train(TrainError),
    Store(StoreError),
    NoSample(NoSample),
    Arena(LengthError),
    Unreadable,
    SensorInputs(u16),
    OwnSamples,
    Targets,
    Every,
    Begun,
    Param,
    Test(StepError),
    NoCheckpoints,
    Checkpoint(CheckpointError<NorFlashErrorKind>),
    Timer,
    Busy,
    NoSelection,
    Selects,
    Trains,
    Task(TaskError),
    Network(LayersError),
    Selection(OnePassError),
    Damaged(StepError),
}

impl Reason {
    /// Whether there is no going on after it.
    pub fn ends_the_work(&self) -> bool {
        matches!(self, Self::Train(_) | Self::Damaged(_))
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plan(error) => error.fmt(f),
            Self::Train(error) => error.fmt(f),
            Self::Store(error) => error.fmt(f),
            Self::NoSample(error) => error.fmt(f),
            Self::Arena(error) => write!(f, "arena: {error}"),
            Self::Unreadable => f.write_str("no such training"),
            Self::SensorInputs(inputs) => write!(f, "the sensor has {inputs} inputs"),
            Self::Targets => f.write_str("samples that are stored have one target"),
            Self::OwnSamples => f.write_str("the samples of this training are the device's own"),
            Self::Every => f.write_str("digests or checkpoints after every 0 updates"),
            Self::Begun => f.write_str("parameters can be set before the first update only"),
            Self::Param => f.write_str("the network has fewer parameters, or one is not a finite number"),
            Self::Test(error) => error.fmt(f),
            Self::NoCheckpoints => f.write_str("this device has no memory for checkpoints"),
            Self::Checkpoint(error) => error.fmt(f),
            Self::Timer => f.write_str("there is no timer that counts so many updates"),
            Self::Busy => f.write_str("a training is on the device; forget it first"),
            Self::NoSelection => f.write_str("the program of this device selects no inputs"),
            Self::Selects => f.write_str("the device selects inputs, and has no training"),
            Self::Trains => f.write_str("the device trains, and selects no inputs"),
            Self::Task(error) => error.fmt(f),
            Self::Network(error) => error.fmt(f),
            Self::Selection(error) => error.fmt(f),
            Self::Damaged(error) => error.fmt(f),
        }
    }
}

impl<E: NorFlashError> From<CheckpointError<E>> for Reason {
    fn from(error: CheckpointError<E>) -> Self {
        Self::Checkpoint(error.kind())
    }
}

/// A training on its way, in the memory of a device.
pub struct Course<'c, 'm, S, F, R> {
    configuration: &'c Configuration,
    trainer: &'c mut Trainer<'m, Layers, AnyLoss, Source<'m, S>>,
    keeper: Keeper<'c, F>,
    surroundings: &'c mut R,
    /// The loss of the newest update.
    loss: Option<f32>,
    /// Samples that were rejected.
    rejected: u32,
    /// What the last advance asked for.
    digests: Vec<u32, ITEMS>,
}

impl<'c, 'm, S: Sensor, F: NorFlash, R: Surroundings> Course<'c, 'm, S, F, R> {
    /// Begins, or goes on from the newest checkpoint if it is one of this training.
    pub fn start(
        job: &'c Job,
        configuration: &'c Configuration,
        trainer: &'c mut Trainer<'m, Layers, AnyLoss, Source<'m, S>>,
        checkpoints: &'c mut Option<Checkpoints<F>>,
        surroundings: &'c mut R,
    ) -> Result<Self, Reason> {
        trainer.samples().fill().map_err(Reason::NoSample)?;
        let keeper = Keeper::start(job, checkpoints, trainer)?;
        surroundings.show(State::Training(trainer.updates()));
        Ok(Self {
            configuration,
            trainer,
            keeper,
            surroundings,
            loss: None,
            rejected: 0,
            digests: Vec::new(),
        })
    }

    #[inline(never)] // nothing of it is on the stack of an update
    fn tell_params(&mut self, line: &mut impl Line, first: usize) {
        let (_, params) = split(self.trainer.model().params(), first);
        line.answer(&Answer::Params(params.iter().copied().take(NUMBERS).collect()));
    }

    #[inline(never)] // as for `tell_params`
    fn tell_support(&mut self, line: &mut impl Line, first: usize) {
        let plan = &self.configuration.training.plan;
        let norms = self.trainer.norms().unwrap_or_default();
        let mut verdicts = [Verdict::Undecided; ITEMS];
        let verdicts = judge(plan, first, norms, &mut verdicts);
        let (_, norms) = split(norms, first);
        line.answer(&Answer::Support {
            norms: norms.iter().copied().take(ITEMS).collect(),
            verdicts: verdicts.iter().copied().collect(),
        });
    }

    #[inline(never)] // as for `tell_params`
    fn tell_test_loss(&mut self, line: &mut impl Line) -> Result<(), Reason> {
        let loss = self.trainer.test_loss(&self.configuration.training.plan.task).map_err(Reason::Test)?;
        line.answer(&Answer::TestLoss(loss));
        Ok(())
    }

    fn set_params(&mut self, first: usize, params: Packed<'_>) -> Result<(), Reason> {
        if self.trainer.updates() > 0 {
            return Err(Reason::Begun);
        }
        let params = params.unpack_numbers();
        let places = self.trainer.model().params_mut().get_mut(first..);
        let places = places.and_then(|places| places.get_mut(..params.len())).ok_or(Reason::Param)?;
        if !params.clone().all(f32::is_finite) {
            return Err(Reason::Param);
        }
        places.iter_mut().zip(params).for_each(|(place, param)| *place = param);
        self.keeper.outdate(); // a checkpoint has what was there before
        Ok(())
    }

    /// Takes the numbers of the stream from `first` on that it does not have, and makes the updates that they allow.
    fn take(&mut self, first: u64, numbers: Packed<'_>) -> Result<(), Reason> {
        let Some(wired) = self.trainer.samples().wired() else { return Err(Reason::OwnSamples) };
        // What comes after a gap is not taken: the answer says what is wanted.
        let Some(known) = wired.received().checked_sub(first) else { return Ok(()) };
        for number in numbers.unpack_numbers().skip(usize::try_from(known).unwrap_or(usize::MAX)) {
            let is_taken = self.trainer.samples().wired().is_some_and(|wired| wired.push(number));
            if !is_taken {
                break;
            }
            // More than one where an update wants no new sample of a ring: its room stays full.
            while self.is_ready()? && self.is_fed_by_the_line() {
                self.update()?;
            }
        }
        Ok(())
    }

    /// Whether updates follow the samples as they come.
    fn is_fed_by_the_line(&mut self) -> bool {
        !matches!(self.trainer.samples(), Source::Stored { .. })
    }

    /// Whether there are samples for an update, and updates to make.
    fn is_ready(&mut self) -> Result<bool, Reason> {
        let plan = &self.configuration.training.plan;
        let missing = self.trainer.standardise().map_or(0, |scale| scale.missing());
        let wanted = plan.batch.saturating_add(missing) as usize;
        let is_ready = self.trainer.samples().is_ready(wanted).map_err(Reason::Store)?;
        Ok(is_ready && self.trainer.updates() < plan.updates)
    }

    /// Makes updates until there have been `until`; where samples are rejected, at most twice as many attempts.
    fn advance(&mut self, until: u32, digest_every: u32) -> Result<(), Reason> {
        if digest_every == 0 {
            return Err(Reason::Every);
        }
        let until = until.min(self.trainer.updates().saturating_add(UPDATES));
        let missing = until.saturating_sub(self.trainer.updates());
        if missing > 0 {
            self.digests.clear();
        }
        for _ in 0..missing.saturating_mul(2) {
            if self.trainer.updates() >= until || !self.is_ready()? {
                break;
            }
            let before = self.trainer.updates();
            self.update()?;
            let updates = self.trainer.updates();
            if updates > before && updates.is_multiple_of(digest_every) {
                // Who asks for more than there is room for has the first.
                let _ = self.digests.push(self.trainer.digest());
            }
        }
        Ok(())
    }

    /// One update, recorded, and saved where it is due.
    #[inline(never)] // once in the program
    fn update(&mut self) -> Result<(), Reason> {
        let Configuration { training, .. } = self.configuration;
        match self.trainer.learn() {
            Ok(update) => {
                self.loss = Some(update.loss);
                self.rejected = self.rejected.saturating_add(update.rejected);
            }
            Err(TrainError::Rejected(_)) => {
                self.rejected = self.rejected.saturating_add(training.plan.batch);
                self.make_room();
                // With a damaged parameter it would be so for ever.
                let params = self.trainer.model().params();
                return NotFinite::among(params).map_err(|error| Reason::Train(TrainError::Overflow(error)));
            }
            Err(error) => return Err(Reason::Train(error)),
        }
        self.make_room();
        let updates = self.trainer.updates();
        self.surroundings.after_update(updates, self.trainer.model().params_mut());
        self.trainer.record().map_err(Reason::Train)?;
        if updates == training.plan.updates {
            self.end();
        }
        self.keeper.save_if_due(self.trainer, training.plan.updates)
    }

    fn make_room(&mut self) {
        if let Some(wired) = self.trainer.samples().wired() {
            wired.make_room();
        }
    }

    /// Shows what came of it.
    #[inline(never)] // as for `tell_params`
    fn end(&mut self) {
        let plan = &self.configuration.training.plan;
        let (updates, digest) = (self.trainer.updates(), self.trainer.digest());
        let norms = self.trainer.norms().unwrap_or_default();
        let mut verdicts = [Verdict::Undecided; ITEMS];
        let is_exact = (0..usize::from(plan.task.inputs)).step_by(ITEMS).all(|first| {
            let relevant = usize::from(plan.task.relevant).saturating_sub(first);
            verdict::is_exact(judge(plan, first, norms, &mut verdicts), relevant)
        });
        self.surroundings.show(State::Ended { updates, digest, is_exact });
    }
}

impl<S: Sensor, F: NorFlash, R: Surroundings> Work for Course<'_, '_, S, F, R> {
    type Surroundings = R;

    /// Where the training is standalone.
    fn go_on(&mut self) -> Result<bool, Reason> {
        let is_due = self.configuration.origin == Origin::Standalone && self.is_ready()?;
        if is_due {
            self.update()?;
        }
        Ok(is_due)
    }

    #[inline(never)] // as for `tell_params`
    fn carry_out(&mut self, line: &mut impl Line) -> Result<(), Reason> {
        match line.request() {
            Request::SetParams { first, params } => self.set_params(first as usize, params)?,
            Request::Samples { first, numbers } => self.take(first, numbers)?,
            Request::Advance { until, digest_every } => self.advance(until, digest_every)?,
            Request::Checkpoint => self.keeper.save(self.trainer)?,
            Request::Params { first } => {
                self.tell_params(line, first as usize);
                return Ok(());
            }
            Request::Support { first } => {
                self.tell_support(line, first.into());
                return Ok(());
            }
            Request::TestLoss => return self.tell_test_loss(line),
            Request::Measure { .. } => return Err(Reason::Busy),
            Request::Findings => return Err(Reason::Trains),
            // The others have been served; all of them may ask how far it is.
            _ => {}
        }
        self.tell_progress(line);
        Ok(())
    }

    #[inline(never)] // as for `tell_params`
    fn tell_progress(&mut self, line: &mut impl Line) {
        line.answer(&Answer::Progress(Progress {
            updates: self.trainer.updates(),
            digest: self.trainer.digest(),
            loss: self.loss,
            received: self.trainer.samples().wired().map_or(0, |wired| wired.received()),
            durable: self.keeper.durable(),
            rejected: self.rejected,
            overruns: self.trainer.samples().overruns(),
            digests: self.digests.clone(),
        }));
    }

    fn surroundings(&mut self) -> &mut R {
        self.surroundings
    }
}

/// Verdicts on the inputs from `first` on that are no probes, as many as there is room for.
fn judge<'v>(plan: &Plan, first: usize, norms: &[f32], verdicts: &'v mut [Verdict]) -> &'v [Verdict] {
    let (verdicts, _) = split_mut(verdicts, usize::from(plan.task.inputs).saturating_sub(first));
    plan.rule.judge_from(first, norms, verdicts);
    verdicts
}
