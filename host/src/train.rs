//! `tamis train`: any synthetic training, on the host and, if asked, on an emulated board.

use std::fs;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Args;
use serde::Serialize;
use serde_json::Value;
use tamis::trainer::CHECK_EVERY;
use tamis::wire::Training;
use tamis::{Loss, Network, Plan, StepError, TrainError};

use crate::compare::{self, Comparison, Difference};
use crate::curves::{self, Curves, Mark, Point, Recorder};
use crate::emulator::{Clock, Emulator};
use crate::heatmap::{self, Panel};
use crate::machine::Machine;
use crate::regime::{Measured, Watcher};
use crate::replica::{Failed, Outcome, Test};
use crate::tools::Missing;
use crate::training::{Setup, TrainingOptions};
use crate::{device, figure, replica, report, svg, tools};

/// Trains any network on any synthetic task, and shows which inputs matter.
///
/// Without options it trains what the demonstration's part C does, at a constant step size.
#[derive(Args, Debug)]
#[command(after_help = "Example:
    tamis train --task sine --inputs 8 --relevant 2 --shape 8-16-1 --activation tanh --step-size 0.05 \\
        --updates 50000 --final-drop 40000:0.2 --machine mps2-an386")]
pub struct Options {
    #[command(flatten)]
    training: TrainingOptions,
    /// The same on this board, compared with the host.
    #[arg(long, value_enum, help_heading = "Run")]
    machine: Option<Machine>,
    /// Where the pictures go.
    #[arg(long, value_name = "DIR", default_value = "train", help_heading = "Run")]
    out: PathBuf,
    /// One JSON object instead of tables.
    #[arg(long, help_heading = "Run")]
    json: bool,
}

/// Digests are compared after every so many updates; they are chained, so none in between is left out.
const DIGESTS: replica::Report = replica::Report { digest_every: 100, params: None };

/// Inputs and hidden units of the largest heat map for a terminal.
const TERMINAL: (usize, usize) = (40, 64);
/// And of the largest that is drawn.
const FIGURE: (usize, usize) = (400, 400);

/// Runs the command.
pub fn run(options: &Options) -> Result<ExitCode> {
    let setup = match options.training.setup().and_then(|setup| options.check(setup)) {
        Ok(setup) => setup,
        Err(error) => {
            eprintln!("error: {error:#}");
            return Ok(ExitCode::from(2));
        }
    };
    fs::create_dir_all(&options.out)
        .with_context(|| format!("the folder {} cannot be made", options.out.display()))?;
    let (elf, missing) = match options.machine.map(tools::firmware).transpose() {
        Ok(elf) => (elf, None),
        // The host's half needs no tool.
        Err(error) if error.is::<Missing>() => (None, Some(error)),
        Err(error) => return Err(error),
    };

    let mut recorder = Recorder::new(setup.training.plan.updates, setup.norms());
    let (outcome, test, regime) = match on_host(&setup, &mut recorder) {
        Ok(trained) => trained,
        Err(error) => return diverged(error, &setup, &recorder, options),
    };
    let comparison = match options.machine.zip(elf) {
        Some((machine, elf)) => {
            let compared = on_device(machine, &elf, &setup.training, &outcome);
            compared.with_context(|| machine.to_string())?
        }
        None => Comparison::default(),
    };

    let run = Run { setup, recorder, outcome, test, regime, comparison };
    let panel = run.panel();
    let pictures = run.draw(&panel, &options.out)?;
    if options.json {
        println!("{}", serde_json::to_string_pretty(&run.to_report(options)?)?);
    } else {
        run.print(&panel, &pictures, options.machine.filter(|_| missing.is_none()));
    }
    if let Some(missing) = &missing {
        eprintln!("error: nothing ran on a device: {missing}");
    }
    Ok(ExitCode::from(match (&run.comparison.first_difference, missing) {
        (Some(_), _) => 1,
        (None, Some(_)) => 3,
        (None, None) => 0,
    }))
}

impl Options {
    /// What goes with a board.
    fn check(&self, setup: Setup) -> Result<Setup> {
        if let (Some(machine), Some(_)) = (self.machine, setup.friedman) {
            bail!("--machine: friedman1 is for the host only; the firmware of {machine} does not know it");
        }
        Ok(setup)
    }
}

fn on_host(setup: &Setup, recorder: &mut Recorder) -> Result<(Outcome, Test, Measured)> {
    let training = &setup.training;
    let updates = training.plan.updates;
    let bar = report::progress(updates as usize);
    bar.set_message("host");
    let mut watcher = Watcher::new(updates);
    let watch = |seen: replica::Seen<'_>| {
        recorder.watch(seen, updates);
        watcher.watch(seen);
        if seen.norms.is_some() {
            bar.set_position(seen.update.into());
        }
    };
    let trained = match setup.friedman {
        Some(friedman) => replica::run_on(training, friedman, DIGESTS, watch),
        None => replica::run_on(training, training.plan.task, DIGESTS, watch),
    };
    bar.finish_and_clear();
    let (outcome, test) = trained?;
    let regime = match setup.friedman {
        Some(friedman) => watcher.measure(training, friedman),
        None => watcher.measure(training, training.plan.task),
    };
    Ok((outcome, test, regime?))
}

fn on_device(machine: Machine, elf: &Path, training: &Training, host: &Outcome) -> Result<Comparison> {
    let bar = report::progress(training.plan.updates as usize);
    bar.set_message(machine.name());
    let mut board = Emulator::boot(machine, elf, Clock::Free)?;
    let device = device::run(&mut board, training, DIGESTS, |update| bar.set_position(update.into()))?;
    let comparison = compare::compare(&mut board, training, &device, host)?;
    board.exit()?;
    bar.finish_and_clear();
    Ok(comparison)
}

/// Says that the training diverged, if that is what ended it, and shows how it came to that.
fn diverged(error: anyhow::Error, setup: &Setup, recorder: &Recorder, options: &Options) -> Result<ExitCode> {
    let Some(&Failed { update, error: reason }) = error.downcast_ref() else { return Err(error) };
    if !matches!(reason, TrainError::Rejected(StepError::Loss) | TrainError::Overflow(_)) {
        return Err(error);
    }
    if !recorder.points.is_empty() {
        let mut setup = setup.clone();
        setup.marks.retain(|mark| mark.update < update);
        let last = recorder.points.last().map_or(update, |point| point.update);
        let name = format!("diverges in update {}", svg::thousands(update));
        let caption = format!("{}; {name}.", setup.how());
        setup.marks.push(Mark { update: last, name });
        let picture = curves(&setup, recorder, &caption);
        let path = svg::save(&picture, &options.out, "curves")?;
        eprintln!("picture: {}", path.display());
    }
    let eta = setup.step_size;
    eprintln!(
        "error: the training diverges in update {update}: {reason}; try a --step-size lower than {eta}"
    );
    Ok(ExitCode::from(1))
}

fn fits(panel: &Panel, (inputs, outputs): (usize, usize)) -> bool {
    panel.inputs.len() <= inputs && panel.outputs <= outputs
}

/// The picture of the course of a training.
fn curves(setup: &Setup, recorder: &Recorder, caption: &str) -> String {
    let inputs = heatmap::inputs(&setup.training);
    let title = setup.title();
    curves::svg(&Curves { title: &title, caption, recorder, inputs: &inputs, marks: &setup.marks })
}

/// A training that has ended.
struct Run {
    setup: Setup,
    recorder: Recorder,
    outcome: Outcome,
    test: Test,
    regime: Measured,
    comparison: Comparison,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Report<'a> {
    task: &'a str,
    shape: String,
    seed: u64,
    settings: Value,
    updates: u32,
    curve: &'a [Point],
    inputs: Vec<String>,
    norms: Vec<f32>,
    verdicts: Vec<&'static str>,
    exact: bool,
    ratio: f32,
    gap: f32,
    relevant_norm: f32,
    irrelevant_norm: f32,
    training_loss: Option<f32>,
    test_loss: f32,
    test_error: Option<f64>,
    accuracy: Option<f64>,
    #[serde(flatten)]
    regime: Measured,
    ram_bytes: usize,
    ram_by_buffer: Value,
    digest: Option<String>,
    machine: Option<Machine>,
    digests_compared: usize,
    first_difference: Option<&'a Difference>,
}

impl Run {
    fn plan(&self) -> &Plan {
        &self.setup.training.plan
    }

    /// The mean loss of the last updates that were recorded.
    fn training_loss(&self) -> Option<f32> {
        self.recorder.points.last().map(|point| point.loss)
    }

    fn panel(&self) -> Panel {
        let title = format!("after {} updates", svg::thousands(self.plan().updates));
        Panel::of(&title, &self.setup.training, &self.outcome)
    }

    /// How good it is, by name: accuracy for classes, else the error.
    fn score(&self) -> (&'static str, String) {
        match self.test.accuracy {
            Some(accuracy) => ("accuracy", report::percent(accuracy)),
            None => ("test error", report::percent(self.test.error())),
        }
    }

    fn caption(&self) -> String {
        let (name, score) = self.score();
        let score = if score == "-" { String::new() } else { format!("; {name} {score}") };
        format!("{}. Found relevant: {}{score}.", self.setup.how(), self.outcome.found())
    }

    /// Draws the pictures; the heat map only where it is one.
    fn draw(&self, panel: &Panel, out: &Path) -> Result<Vec<PathBuf>> {
        let mut pictures = Vec::new();
        if fits(panel, FIGURE) {
            let Setup { training, start, .. } = &self.setup;
            let first = training.layers.layers().next().map_or(0, |layer| layer.weights());
            let start = start.iter().take(first).copied().collect();
            let start = Panel::of_weights("before training", "initial weights", training, start);
            let row = figure::Row { heading: self.setup.how(), panels: vec![start, panel.clone()] };
            pictures.push(svg::save(&figure::svg(&self.setup.title(), &[row]), out, "weights")?);
        }
        let curves = curves(&self.setup, &self.recorder, &self.caption());
        pictures.push(svg::save(&curves, out, "curves")?);
        Ok(pictures)
    }

    fn print(&self, panel: &Panel, pictures: &[PathBuf], machine: Option<Machine>) {
        println!("{}\n{}\n", self.setup.title(), self.setup.how());
        if fits(panel, TERMINAL) {
            let scale = heatmap::scale_max([panel]);
            println!("{}", heatmap::terminal(panel, scale, std::io::stdout().is_terminal()));
        }
        let contrast = self.outcome.contrast(self.plan());
        let has_norms = !self.outcome.norms.is_empty();
        let (score_name, score) = self.score();
        let digest = self.outcome.digest().map(|digest| format!("{digest:08x}"));
        let header = [
            "training loss",
            "test loss",
            score_name,
            "ratio",
            "gap",
            "relevant",
            "irrelevant",
            "found",
            "digest",
        ];
        let row = vec![
            self.training_loss().map_or_else(String::new, |loss| report::number(loss, 4)),
            report::number(f32::from_bits(self.outcome.test_loss), 4),
            score,
            report::number(contrast.ratio, 3),
            report::number(contrast.gap, 1),
            report::number(if has_norms { contrast.relevant_norm } else { f32::NAN }, 3),
            report::number(if has_norms { contrast.irrelevant_norm } else { f32::NAN }, 3),
            self.outcome.found(),
            digest.unwrap_or_default(),
        ];
        println!("{}\n", report::table(&header, 0, [row]));

        let ram = replica::ram(&self.setup.training);
        let buffers = report::buffers(&ram).into_iter().filter(|&(_, bytes)| bytes > 0);
        let (mut names, mut bytes): (Vec<_>, Vec<_>) = buffers.unzip();
        names.push("RAM");
        bytes.push(ram.total());
        println!("{}\n\n{}", report::table(&names, 0, [bytes]), self.regime);

        println!(
            "\ntraining loss: mean of the last {} updates; test error: share of the variance; ratio: rms |column| of",
            self.recorder.every.min(self.plan().updates)
        );
        println!(
            "irrelevant inputs over relevant ones; gap: smallest relevant over largest irrelevant; RAM in bytes."
        );
        if !has_norms {
            println!("no verdicts: column norms are looked at every {CHECK_EVERY} updates");
        }
        let pictures: Vec<_> = pictures.iter().map(|picture| picture.display().to_string()).collect();
        println!("\npictures: {}", pictures.join(", "));
        let Some(machine) = machine else { return };
        match &self.comparison.first_difference {
            None => println!("{machine}: {} digests compared, all equal", self.comparison.equal),
            Some(difference) => println!("{machine}: first difference: {difference}"),
        }
    }

    fn to_report(&self, options: &Options) -> Result<Report<'_>> {
        let Self { setup, recorder, outcome, test, regime, comparison } = self;
        let training = &setup.training;
        let contrast = outcome.contrast(&training.plan);
        let ram = replica::ram(training);
        // By way of text: so a number has the digits that it needs, and no more.
        let mut settings: Value = serde_json::from_str(&serde_json::to_string(training)?)?;
        if setup.friedman.is_some() {
            settings["plan"]["task"]["target"] = setup.task.into();
        }
        Ok(Report {
            task: setup.task,
            shape: training.layers.to_string(),
            seed: training.plan.seed.0,
            settings,
            updates: training.plan.updates,
            curve: &recorder.points,
            inputs: heatmap::inputs(training).into_iter().map(|input| input.name).collect(),
            norms: outcome.norms.iter().map(|&bits| f32::from_bits(bits)).collect(),
            verdicts: outcome.verdicts.iter().map(report::verdict).collect(),
            exact: outcome.is_exact(&training.plan),
            ratio: contrast.ratio,
            gap: contrast.gap,
            relevant_norm: contrast.relevant_norm,
            irrelevant_norm: contrast.irrelevant_norm,
            training_loss: self.training_loss(),
            test_loss: f32::from_bits(outcome.test_loss),
            test_error: training.loss.is_regression().then(|| test.error()),
            accuracy: test.accuracy,
            regime: *regime,
            ram_bytes: ram.total(),
            ram_by_buffer: report::ram_by_buffer(&ram),
            digest: outcome.digest().map(|digest| format!("{digest:08x}")),
            machine: options.machine,
            digests_compared: comparison.equal,
            first_difference: comparison.first_difference.as_ref(),
        })
    }
}
