//! The program that stays on a device: it carries out what a host asks for ([`crate::wire`]), one job at a time,
//! and goes on with it after a loss of power.
//!
//! It knows no hardware. A line brings requests and takes answers, memory is lent, a [`Sensor`] has the device's own
//! samples, [`Checkpoints`] are where there is flash memory, and [`Surroundings`] are the rest. So a host runs the very
//! same program, with as many devices as it likes.
//!
//! Each request is answered in bounded time: with a [`crate::wire::Request::Samples`] by as many updates as its numbers
//! allow, with a [`crate::wire::Request::Advance`] by a thousand at most. Between two requests a training that is
//! [`crate::wire::Origin::Standalone`], or a selection of inputs, goes on by itself; nothing else happens there.

use core::fmt::{self, Write as _};

use embedded_storage::nor_flash::NorFlash;
use heapless::String;

use crate::checkpoint::Checkpoints;
use crate::course::Course;
pub use crate::course::Reason;
use crate::frame::FRAME;
use crate::ops::ARITHMETIC_VERSION;
use crate::origin;
use crate::samples::Samples;
#[cfg(feature = "selection")]
use crate::selecting::Selecting;
#[cfg(feature = "selection")]
pub use crate::selection::{INPUTS, NUMBERS, Selector};
use crate::task::Task;
#[cfg(feature = "selection")]
use crate::wire::Selection;
use crate::wire::{Answer, Configuration, Hello, Job, Origin, Request, Training, WIRE_VERSION};
use crate::work::{self, Work as _};

/// Requests in, answers out.
pub trait Line {
    /// Waits for the next request; `false` if there will be no more.
    fn receive(&mut self) -> bool;

    /// Whether a request has come, without waiting for one; where bytes have just come or gone, a moment is no waiting.
    fn poll(&mut self) -> bool;

    /// The request that came last.
    fn request(&self) -> Request<'_>;

    /// Answers it.
    fn answer(&mut self, answer: &Answer);
}

/// Samples of the device's own.
pub trait Sensor: Samples {
    /// Inputs of its widest row.
    const INPUTS: u16;

    /// Begins with the first row of `task`, without overruns.
    fn start(&mut self, task: &Task);

    /// How many rows have been lost since then, because nobody took them in time.
    fn overruns(&self) -> u32;
}

/// What else there is around a device. All of it may be absent.
pub trait Surroundings {
    /// Hears of every update, and of the parameters after it.
    fn after_update(&mut self, _update: u32, _params: &mut [f32]) {}

    /// Hears of every sample of a selection.
    fn after_sample(&mut self) {}

    /// Shows what is going on.
    fn show(&mut self, _state: State<'_>) {}

    /// The ticks of a timer that `work` takes; nothing without a timer, or if it is too long for it.
    fn ticks(&mut self, work: impl FnOnce()) -> Option<u32> {
        work();
        None
    }
}

/// What is going on.
#[derive(Clone, Copy, Debug)]
pub enum State<'a> {
    /// A training begins, or goes on after so many updates.
    Training(u32),
    /// It has come to its end.
    Ended {
        /// So many updates were made.
        updates: u32,
        /// Their digest.
        digest: u32,
        /// Whether exactly the relevant inputs of the plan's task were found.
        is_exact: bool,
    },
    /// A request was refused, or the training failed.
    Refused(&'a str),
}

/// A device.
pub struct Resident<'m, S, F, R> {
    /// The name of the board.
    pub board: &'m str,
    /// Numbers, for networks, options and samples.
    pub arena: &'m mut [f32],
    /// A place for each sample that can be shuffled.
    pub indices: &'m mut [u16],
    /// Its own samples.
    pub sensor: S,
    /// Where it keeps checkpoints, if it can.
    pub checkpoints: Option<Checkpoints<F>>,
    /// What else there is.
    pub surroundings: R,
}

/// What is done next.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// Nothing.
    Idle,
    /// The job of the request that came last.
    Requested,
    /// The job of the newest checkpoint.
    Kept,
    /// The measurement of the request that came last.
    Measurement,
    /// The checkpoints are erased.
    Forget,
    /// The end of the program.
    Exit,
}

/// As much of a text as fits.
fn text<const N: usize>(message: &impl fmt::Display) -> String<N> {
    let mut text = String::new();
    let _ = write!(Cut(&mut text), "{message}");
    text
}

/// Cuts off what does not fit.
struct Cut<'s, const N: usize>(&'s mut String<N>);

impl<const N: usize> fmt::Write for Cut<'_, N> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.chars().try_for_each(|letter| self.0.push(letter)).map_err(|_| fmt::Error)
    }
}

impl<S: Sensor, F: NorFlash, R: Surroundings> Resident<'_, S, F, R> {
    /// Serves requests until one says exit, or there are no more.
    pub fn run(&mut self, line: &mut impl Line) {
        say_hello(line, &self.hello());
        let mut next = Next::Kept;
        loop {
            next = match next {
                Next::Exit => return,
                Next::Idle => self.idle(line),
                Next::Requested | Next::Kept => self.configure(line, next),
                Next::Measurement => self.measure(line),
                Next::Forget => self.forget(line),
            };
        }
    }

    fn hello(&self) -> Hello {
        Hello {
            wire: WIRE_VERSION,
            arithmetic: ARITHMETIC_VERSION,
            board: text(&self.board),
            numbers: self.arena.len() as u32,
            indices: self.indices.len() as u32,
            inputs: S::INPUTS,
            checkpoint: self.checkpoints.as_ref().map_or(0, Checkpoints::room),
        }
    }

    /// Waits for a training.
    #[inline(never)] // nothing of it is on the stack of a training
    fn idle(&mut self, line: &mut impl Line) -> Next {
        while line.receive() {
            let answer = match line.request() {
                Request::Configure(_) => return Next::Requested,
                Request::Exit => break,
                Request::Hello => Answer::Hello(self.hello()),
                Request::Forget => return Next::Forget,
                Request::Measure { .. } => return Next::Measurement,
                _ => Answer::Idle,
            };
            line.answer(&answer);
        }
        Next::Exit
    }

    /// Erases the checkpoints.
    #[inline(never)] // as for `idle`
    fn forget(&mut self, line: &mut impl Line) -> Next {
        match self.checkpoints.as_mut().map_or(Ok(()), Checkpoints::erase) {
            Ok(()) => line.answer(&Answer::Idle),
            Err(error) => refuse(line, &mut self.surroundings, &error.into()),
        }
        Next::Idle
    }

    /// Carries out the work that was asked for, or the one that was kept.
    fn configure(&mut self, line: &mut impl Line, by: Next) -> Next {
        let done = match &self.job(line, by) {
            Some(job @ Job::Train(configuration)) => self.train(line, job, configuration, by),
            #[cfg(feature = "selection")]
            Some(job @ Job::Select(selection)) => self.select(line, job, selection, by),
            #[cfg(not(feature = "selection"))]
            Some(Job::Select(_)) => Err(Reason::NoSelection),
            None => Err(Reason::Unreadable),
        };
        done.unwrap_or_else(|reason| {
            // Nobody has asked for what was kept.
            if by == Next::Requested {
                refuse(line, &mut self.surroundings, &reason);
            }
            Next::Idle
        })
    }

    /// The job of the request that came last, or of the newest checkpoint.
    #[inline(never)] // as for `idle`
    fn job(&mut self, line: &impl Line, by: Next) -> Option<Job> {
        if by == Next::Requested {
            return match line.request() {
                Request::Configure(packed) => packed.unpack().ok(),
                _ => None,
            };
        }
        let checkpoints = self.checkpoints.as_mut()?;
        let found = checkpoints.newest().ok()??;
        let mut bytes = [0; FRAME];
        checkpoints.description(&found, &mut bytes).ok()?;
        postcard::from_bytes(bytes.get(..found.description as usize)?).ok()
    }

    /// Carries out a training until something else is asked for.
    #[inline(never)] // nothing of it is on the stack of `idle`
    fn train(
        &mut self,
        line: &mut impl Line,
        job: &Job,
        configuration: &Configuration,
        by: Next,
    ) -> Result<Next, Reason> {
        let hello = self.hello();
        let Self { arena, indices, sensor, checkpoints, surroundings, .. } = self;
        let Configuration { training, origin, .. } = configuration;
        let mut trainer = origin::start(training, *origin, arena, indices, sensor)?;
        let mut course = Course::start(job, configuration, &mut trainer, checkpoints, surroundings)?;
        if by == Next::Requested {
            course.tell_progress(line);
        }
        Ok(work::serve(&mut course, line, &hello, job))
    }

    /// Carries out a selection until something else is asked for.
    #[cfg(feature = "selection")]
    #[inline(never)] // as for `train`
    fn select(
        &mut self,
        line: &mut impl Line,
        job: &Job,
        selection: &Selection,
        by: Next,
    ) -> Result<Next, Reason> {
        let hello = self.hello();
        let Self { arena, sensor, checkpoints, surroundings, .. } = self;
        let mut selector = Selector::start(selection, arena, sensor)?;
        let mut selecting = Selecting::start(job, selection, &mut selector, checkpoints, surroundings)?;
        if by == Next::Requested {
            selecting.tell_progress(line);
        }
        Ok(work::serve(&mut selecting, line, &hello, job))
    }

    /// Counts the ticks of so many updates as were asked for, and of twice as many, all on the first sample.
    #[inline(never)] // as for `train`
    fn measure(&mut self, line: &mut impl Line) -> Next {
        let updates = match line.request() {
            Request::Measure { updates, .. } => updates,
            _ => 0,
        };
        let ticks = match &measured(line) {
            Some(training) => self.count(training, updates).and_then(|once| {
                let twice = self.count(training, updates.saturating_mul(2))?;
                Ok((once, twice))
            }),
            None => Err(Reason::Unreadable),
        };
        match ticks {
            Ok((once, twice)) => say_ticks(line, once, twice),
            Err(reason) => refuse(line, &mut self.surroundings, &reason),
        }
        Next::Idle
    }

    /// The ticks of so many updates.
    fn count(&mut self, training: &Training, updates: u32) -> Result<u32, Reason> {
        let Self { arena, indices, sensor, surroundings, .. } = self;
        let mut trainer = origin::start(training, Origin::Device, arena, indices, sensor)?;
        trainer.samples().fill().map_err(Reason::NoSample)?;
        trainer.learn().map_err(Reason::Train)?;
        let mut result = Ok(());
        let ticks = surroundings.ticks(|| {
            result = (0..updates).try_for_each(|_| trainer.learn_again().map(|_| ()));
        });
        result.map_err(Reason::Train)?;
        ticks.ok_or(Reason::Timer)
    }
}

/// The training that is to be measured.
#[inline(never)] // nothing of it is on the stack of an update
fn measured(line: &impl Line) -> Option<Training> {
    match line.request() {
        Request::Measure { training, .. } => training.unpack().ok(),
        _ => None,
    }
}

#[inline(never)] // as for `measured`
fn say_ticks(line: &mut impl Line, once: u32, twice: u32) {
    line.answer(&Answer::Ticks { once, twice });
}

#[inline(never)] // as for `measured`
pub(crate) fn say_hello(line: &mut impl Line, hello: &Hello) {
    line.answer(&Answer::Hello(hello.clone()));
}

/// Shows a refusal, and says it.
#[inline(never)] // as for `measured`
pub(crate) fn refuse(line: &mut impl Line, surroundings: &mut impl Surroundings, reason: &Reason) {
    let text = text(reason);
    surroundings.show(State::Refused(&text));
    line.answer(&Answer::Refused(text));
}
