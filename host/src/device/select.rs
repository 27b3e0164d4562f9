//! `tamis device select`: which of its sensor's inputs matter, found by a device in one pass, asked for or not.

use std::thread;

use anyhow::{Context, Result, anyhow, bail, ensure};
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde_json::json;
use tamis::checkpoint::Resumable as _;
use tamis::one_pass::{Finding, Label, Settings};
use tamis::resident::{INPUTS, NUMBERS, Selector, Sensor};
use tamis::wire::{Answer, Job, Progress, Request, Selection};
use tamis::{NoSample, Samples, Seed, Target, Task};

use super::command::{Usage, durable};
use super::view::{self, Input};
use super::{Device, MOMENT, begin, progress_of, request};
use crate::port::At;
use crate::report;
use crate::svg::thousands;

/// Has a device find out by itself which inputs of its sensor matter, and compares with a twin on this host.
///
/// The sensor delivers the rows of the task. If the device has this selection already, it goes on with it; it does so too if
/// this program ends. tamis device support tells what it has found so far.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n    tamis device select --machine mps2-an386 --task sine --inputs 8 --relevant 2 --samples 3000"
)]
pub struct SelectOptions {
    #[command(flatten)]
    at: At,
    /// How the target depends on the relevant inputs.
    #[arg(long, default_value = "sine", value_parser = target_parser())]
    task: Target,
    /// How many inputs the sensor has, at most 8.
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=INPUTS as i64))]
    inputs: u16,
    /// How many of the inputs, the first, are relevant; without it 2, 0 for noise.
    #[arg(long, value_name = "N")]
    relevant: Option<u16>,
    /// The standard deviation of the noise on the target.
    #[arg(long, value_name = "SIGMA", default_value_t = 0.3)]
    noise: f32,
    /// Decides weights and samples.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many samples the pass takes.
    #[arg(long, value_name = "N", default_value_t = 3000)]
    samples: u32,
    /// A checkpoint on the device after every N samples; see docs/CHECKPOINTS.md for what that does to flash memory.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    checkpoint_every: Option<u32>,
    /// Begin again, even if the device has a part of this selection.
    #[arg(long)]
    fresh: bool,
    /// One JSON object instead of text.
    #[arg(long)]
    json: bool,
}

fn target_parser() -> impl TypedValueParser<Value = Target> {
    let names = Target::ALL.map(Target::name);
    PossibleValuesParser::new(names).try_map(|name| {
        let target = Target::ALL.into_iter().find(|target| target.name() == name);
        target.ok_or("there is no such task")
    })
}

impl SelectOptions {
    fn selection(&self) -> Result<Selection> {
        let Self { task, inputs, relevant, noise, seed, samples, checkpoint_every, .. } = *self;
        let usual = if task == Target::Noise { 0 } else { inputs.min(2) };
        let task = Task::plain(task, inputs, relevant.unwrap_or(usual), noise, Seed(seed));
        task.check(inputs.into()).map_err(|error| Usage(error.to_string()))?;
        Ok(Selection { task, settings: Settings::new(samples, Seed(seed)), checkpoint_every })
    }
}

/// Runs the command.
pub fn run(options: &SelectOptions) -> Result<()> {
    let selection = options.selection()?;
    let mut lent = Lent::default();
    let mut twin = Twin::start(&selection, &mut lent).map_err(|error| Usage(format!("{error:#}")))?;
    let mut board = options.at.open()?;
    if options.fresh {
        request(&mut board, &Request::Forget)?;
    }
    let bar = report::progress(selection.settings.samples as usize);
    bar.set_message(options.at.name());
    let done = follow(&mut board, &selection, |progress| {
        bar.set_position(progress.updates.into());
        twin.follow(progress)
    })?;
    bar.finish_and_clear();
    let found = found(&mut board)?.context("the device has no selection any more")?;
    ensure!(found == twin.found(), "all digests are equal, but not what is found");
    found.tell(options.json, &done)?;
    if !options.json {
        println!("compared with this host after each answer, {} in all: equal", twin.equal);
    }
    Ok(())
}

/// Begins a selection and waits for its end; `watch` hears how far it is.
pub fn follow(
    device: &mut impl Device,
    selection: &Selection,
    mut watch: impl FnMut(&Progress) -> Result<()>,
) -> Result<Progress> {
    let job = Job::Select(selection.clone());
    let mut now = begin(device, &job)?;
    loop {
        watch(&now)?;
        if now.updates >= selection.settings.samples {
            return Ok(now);
        }
        thread::sleep(MOMENT);
        now = match request(device, &Request::Status)? {
            Answer::Idle => begin(device, &job)?, // it has lost its power, and had no checkpoint
            answer => progress_of(answer)?,
        };
    }
}

/// What a device has found; nothing if it trains.
pub fn found(device: &mut impl Device) -> Result<Option<Found>> {
    Ok(match device.request(&Request::Findings)? {
        Answer::Findings { findings, norms, shadow } => {
            Some(Found { findings: findings.to_vec(), norms: norms.to_vec(), shadow })
        }
        Answer::Refused(_) => None,
        other => bail!("the device answers with {other:?}"),
    })
}

/// What has been found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Of each input.
    pub findings: Vec<Finding>,
    /// The mean norm of each input.
    pub norms: Vec<f32>,
    /// The largest mean norm of a shadow.
    pub shadow: f32,
}

impl Found {
    /// The inputs, as they are shown.
    pub fn inputs(&self) -> Vec<Input> {
        let inputs = self.norms.iter().zip(&self.findings).enumerate();
        inputs
            .map(|(input, (&norm, finding))| Input {
                name: view::name(input),
                norm,
                verdict: in_words(finding),
            })
            .collect()
    }

    /// Prints it.
    pub fn tell(&self, as_json: bool, progress: &Progress) -> Result<()> {
        let Self { findings, norms, shadow } = self;
        if as_json {
            let object = json!({
                "samples": progress.updates,
                "digest": format!("{:08x}", progress.digest),
                "durable": progress.durable,
                "rejected": progress.rejected,
                "norms": norms,
                "largest_shadow": shadow,
                "findings": findings.iter().map(in_words).collect::<Vec<_>>(),
            });
            println!("{}", serde_json::to_string_pretty(&object)?);
            return Ok(());
        }
        println!("{}", view::table(&self.inputs(), "finding"));
        println!(
            "\nafter {} samples, digest {:08x}, {}; the largest norm of a shadow is {}",
            thousands(progress.updates),
            progress.digest,
            durable(progress),
            report::number(*shadow, 3)
        );
        Ok(())
    }
}

/// A finding in words.
pub(super) fn in_words(finding: &Finding) -> &'static str {
    match finding {
        Finding::Relevant(Label::Marginal) => "relevant, by itself",
        Finding::Relevant(Label::Joint) => "relevant, with others",
        Finding::Undecided => "undecided",
        Finding::NoEvidence => "no evidence",
    }
}

/// A sensor that delivers the rows of a task.
#[derive(Default)]
pub struct TaskSensor(Option<Task>);

impl Samples for TaskSensor {
    fn sample(&mut self, index: u64, x: &mut [f32], target: &mut [f32]) -> Result<(), NoSample> {
        let task = self.0.ok_or(NoSample(index))?;
        target.fill(task.row(index, x));
        Ok(())
    }
}

impl Sensor for TaskSensor {
    const INPUTS: u16 = 8;

    fn start(&mut self, task: &Task) {
        self.0 = Some(*task);
    }

    fn overruns(&self) -> u32 {
        0
    }
}

/// The same selection on this host.
pub struct Twin<'m> {
    selector: Selector<'m, TaskSensor>,
    /// How many digests of the device were equal.
    pub equal: u64,
}

/// What a [`Twin`] is lent.
pub struct Lent {
    numbers: Vec<f32>,
    sensor: TaskSensor,
}

impl Default for Lent {
    fn default() -> Self {
        Self { numbers: vec![0.0; NUMBERS], sensor: TaskSensor::default() }
    }
}

impl<'m> Twin<'m> {
    /// At the start.
    pub fn start(selection: &Selection, lent: &'m mut Lent) -> Result<Self> {
        let started = Selector::start(selection, &mut lent.numbers, &mut lent.sensor);
        let selector = started.map_err(|reason| anyhow!("{reason}"))?;
        Ok(Self { selector, equal: 0 })
    }

    /// Goes as far as the device, and compares digests.
    pub fn follow(&mut self, device: &Progress) -> Result<()> {
        // Behind a device that has lost its power there is nothing to compare with.
        if device.updates == 0 || device.updates < self.selector.updates() {
            return Ok(());
        }
        while self.selector.updates() < device.updates {
            self.selector.take().map_err(|reason| anyhow!("{reason}"))?;
        }
        let (own, there) = (self.selector.digest(), device.digest);
        ensure!(
            own == there,
            "after sample {} the device has digest {there:08x}, this host {own:08x}",
            device.updates
        );
        self.equal += 1;
        Ok(())
    }

    /// What it has found.
    pub fn found(&self) -> Found {
        let Self { selector, .. } = self;
        Found {
            findings: selector.findings().to_vec(),
            norms: selector.norms().to_vec(),
            shadow: selector.shadow(),
        }
    }
}
