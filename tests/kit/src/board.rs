//! A device in one thread: switched on, led through a [`Script`], and switched off.

use std::mem;

use tamis::checkpoint::Checkpoints;
use tamis::resident::{self, Resident, State, Surroundings};
use tamis::wire::{Answer, Progress, Request};
use tamis::{NoSample, Samples, Task};

use crate::flash::Flash;
use crate::script::Script;

/// So many rows a [`Sensor`] says that it has lost.
pub const OVERRUNS: u32 = 17;

/// Rows of a task, up to `WIDTH` inputs wide. Some are damaged on their way: not a number.
#[derive(Default)]
pub struct Sensor<const WIDTH: u16 = 8> {
    task: Option<Task>,
    /// Every row whose index this divides is damaged.
    pub loses_every: Option<u64>,
}

impl<const WIDTH: u16> Samples for Sensor<WIDTH> {
    fn sample(&mut self, index: u64, x: &mut [f32], target: &mut [f32]) -> Result<(), NoSample> {
        let task = self.task.ok_or(NoSample(index))?;
        target.fill(task.row(index, x));
        if self.loses_every.is_some_and(|every| index.is_multiple_of(every)) {
            x[0] = f32::NAN;
        }
        Ok(())
    }
}

impl<const WIDTH: u16> resident::Sensor for Sensor<WIDTH> {
    const INPUTS: u16 = WIDTH;

    fn start(&mut self, task: &Task) {
        self.task = Some(*task);
    }

    fn overruns(&self) -> u32 {
        OVERRUNS
    }
}

/// What is heard around a device.
#[derive(Default)]
pub struct Witness {
    /// How many updates were heard of.
    pub updates: u32,
    /// How many samples.
    pub samples: u32,
    /// What was shown.
    pub shown: Vec<String>,
    /// After this update a parameter is damaged.
    pub damages: Option<u32>,
    /// What the timer says the first time; the double the second time.
    pub ticks: Option<u32>,
}

impl Surroundings for Witness {
    fn after_update(&mut self, update: u32, params: &mut [f32]) {
        self.updates += 1;
        if self.damages == Some(update) {
            params[0] = f32::NAN;
        }
    }

    fn after_sample(&mut self) {
        self.samples += 1;
    }

    fn show(&mut self, state: State<'_>) {
        self.shown.push(format!("{state:?}"));
    }

    fn ticks(&mut self, work: impl FnOnce()) -> Option<u32> {
        work();
        let ticks = self.ticks?;
        self.ticks = Some(2 * ticks);
        Some(ticks)
    }
}

/// Nothing is around a device.
#[derive(Default)]
pub struct Nothing;

impl Surroundings for Nothing {}

/// A device.
pub struct Board<S = Sensor, R = Witness> {
    /// Its own samples.
    pub sensor: S,
    /// Where checkpoints are, if it can keep any: in two halves.
    pub flash: Option<Flash>,
    /// What is around it.
    pub witness: R,
    /// How many numbers it has.
    pub numbers: usize,
}

impl<S: Default, R: Default> Default for Board<S, R> {
    fn default() -> Self {
        Self { sensor: S::default(), flash: None, witness: R::default(), numbers: 3_000 }
    }
}

impl Board {
    /// With a sensor of eight inputs and a witness, without flash memory.
    pub fn new() -> Self {
        Self::default()
    }
}

impl<S: resident::Sensor + Default, R: Surroundings + Default> Board<S, R> {
    /// Switched on, led through a script to its end and switched off: the answers, without the word after switching on.
    pub fn run(&mut self, script: Script) -> Vec<Answer> {
        let mut script = script.say(&Request::Exit);
        let (mut arena, mut indices) = (vec![0.0; self.numbers], vec![0; 64]);
        let mut resident = Resident {
            board: "a board with a long name",
            arena: &mut arena,
            indices: &mut indices,
            sensor: mem::take(&mut self.sensor),
            checkpoints: self.flash.take().map(|flash| Checkpoints::halves(flash).expect("two slots")),
            surroundings: mem::take(&mut self.witness),
        };
        resident.run(&mut script);
        self.sensor = resident.sensor;
        self.flash = resident.checkpoints.map(Checkpoints::into_flash);
        self.witness = resident.surroundings;
        let first = script.answers.remove(0);
        assert!(matches!(first, Answer::Hello(_)), "{first:?}");
        script.answers
    }
}

/// How far a device says it is.
pub fn progress(answer: &Answer) -> &Progress {
    match answer {
        Answer::Progress(progress) => progress,
        other => panic!("no progress: {other:?}"),
    }
}

/// The words of a refusal.
pub fn refusal(answer: &Answer) -> &str {
    match answer {
        Answer::Refused(text) => text,
        other => panic!("no refusal: {other:?}"),
    }
}
