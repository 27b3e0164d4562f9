//! `tamis demo`: an emulated microcontroller learns which of its inputs matter, and the host follows bit by bit.

use std::fs;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::replica::Report;
use anyhow::{Context, Result};
use clap::Args;
use indicatif::MultiProgress;
use serde_json::{Value, json};
use tamis::Plan;
use tamis::task::{TEST_ROWS, Task};
use tamis::wire::Training;

use crate::compare::{self, Comparison, Difference};
use crate::emulator::{Clock, Emulator};
use crate::experiments::{self, Expectation, Experiment, PARTS, Row};
use crate::figure;
use crate::heatmap::{self, Panel};
use crate::machine::Machine;
use crate::regime::{Measured, Watcher};
use crate::replica::Outcome;
use crate::tools::Missing;
use crate::{device, pool, replica, report, svg, tools};

/// Trains on an emulated microcontroller and on the host, and shows which inputs matter.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n    tamis demo --seed 3 --out /tmp/pictures")]
pub struct Options {
    /// Decides weights, samples and their order.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// The board.
    #[arg(long, value_enum, default_value = "mps2-an386")]
    pub machine: Machine,
    /// Where the pictures go.
    #[arg(long, value_name = "DIR", default_value = "demo")]
    pub out: PathBuf,
    /// One JSON object instead of tables.
    #[arg(long)]
    pub json: bool,
}

/// Digests are compared after every so many updates; they are chained, so none in between is left out.
const DIGEST_EVERY: u32 = 100;

/// The device's half of a run.
struct OnDevice {
    comparison: Comparison,
    instructions: f64,
}

/// A run, both halves.
struct Run<'a> {
    row: &'a Row,
    host: Outcome,
    regime: Measured,
    device: Option<OnDevice>,
}

/// Runs the command.
pub fn run(options: &Options) -> Result<ExitCode> {
    fs::create_dir_all(&options.out)
        .with_context(|| format!("the folder {} cannot be made", options.out.display()))?;
    let (elf, missing) = match tools::firmware(options.machine) {
        Ok(elf) => (Some(elf), None),
        // The host's half needs no tool.
        Err(error) if error.is::<Missing>() => (None, Some(error)),
        Err(error) => return Err(error),
    };
    let rows = experiments::demonstration(options.seed)?;
    let runs = train(options.machine, elf.as_deref(), &rows)?;
    draw(&runs, options)?;
    if options.json {
        println!("{}", serde_json::to_string_pretty(&to_json(&runs, options))?);
    } else {
        print(&runs, options);
    }
    let all_met = runs.iter().all(|run| run.met() && run.first_difference().is_none());
    if let Some(missing) = &missing {
        eprintln!("error: nothing ran on a device: {missing}");
    }
    Ok(ExitCode::from(match (all_met, missing) {
        (false, _) => 1,
        (true, Some(_)) => 3,
        (true, None) => 0,
    }))
}

/// Carries out all rows, on the host and, with firmware, on the device.
fn train<'a>(machine: Machine, elf: Option<&Path>, rows: &'a [Row]) -> Result<Vec<Run<'a>>> {
    let bars = MultiProgress::new();
    // The longest first, so that no core is idle at the end.
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by_key(|&row| {
        std::cmp::Reverse(
            u64::from(rows[row].device_updates) * u64::from(rows[row].experiment.training.plan.batch),
        )
    });
    let runs = pool::map(&order, |&index| {
        let row = &rows[index];
        let Experiment { name, training } = &row.experiment;
        let bar = bars.add(report::progress(row.device_updates as usize));
        bar.set_message(format!("{}  {name}", row.part.letter));
        let digests = Report { digest_every: DIGEST_EVERY, params: None };
        let (task, mut watcher) = (training.plan.task, Watcher::new(training.plan.updates));
        let (host, _) = replica::run_on(training, task, digests, |seen| watcher.watch(seen))?;
        let regime = watcher.measure(training, task)?;
        let on_device =
            |elf| run_on_device(machine, elf, row, &host, |update| bar.set_position(update.into()));
        let device = elf.map(on_device).transpose().with_context(|| format!("{machine}, {name}"))?;
        bar.finish_and_clear();
        Ok((index, Run { row, host, regime, device }))
    });
    let mut runs = runs.into_iter().collect::<Result<Vec<_>>>()?;
    runs.sort_by_key(|&(index, _)| index);
    Ok(runs.into_iter().map(|(_, run)| run).collect())
}

fn run_on_device(
    machine: Machine,
    elf: &Path,
    row: &Row,
    host: &Outcome,
    progress: impl FnMut(u32),
) -> Result<OnDevice> {
    let training = &row.experiment.training;
    let part = Plan { updates: row.device_updates, ..training.plan };
    let part = Training { plan: part, ..training.clone() };
    let digests = Report { digest_every: DIGEST_EVERY, params: None };
    let mut board = Emulator::boot(machine, elf, Clock::Free)?;
    let device = device::run(&mut board, &part, digests, progress)?;
    let comparison = compare::compare(&mut board, &part, &device, host)?;
    board.exit()?;
    let mut board = Emulator::boot(machine, elf, Clock::Instructions)?;
    let instructions = device::instructions(&mut board, machine, training)?;
    board.exit()?;
    Ok(OnDevice { comparison, instructions })
}

impl Run<'_> {
    fn plan(&self) -> &Plan {
        &self.row.experiment.training.plan
    }

    fn is_exact(&self) -> bool {
        self.host.is_exact(self.plan())
    }

    /// Whether the verdicts are what the row says.
    fn met(&self) -> bool {
        match self.row.expectation {
            Expectation::Exact => self.is_exact(),
            Expectation::NotExact => !self.is_exact(),
            Expectation::None => true,
        }
    }

    fn first_difference(&self) -> Option<&Difference> {
        self.device.as_ref()?.comparison.first_difference.as_ref()
    }

    fn digests(&self) -> usize {
        self.device.as_ref().map_or(0, |device| device.comparison.equal)
    }

    /// The mean squared error on the test set as a share of the targets' variance.
    fn test_error(&self) -> f64 {
        f64::from(f32::from_bits(self.host.test_loss)) / test_variance(&self.plan().task)
    }

    fn panel(&self) -> Panel {
        let Experiment { name, training } = &self.row.experiment;
        Panel::of(name, training, &self.host)
    }
}

fn test_variance(task: &Task) -> f64 {
    let mut x = vec![0.0; task.inputs.into()];
    let targets: Vec<f64> = (0..TEST_ROWS).map(|row| task.test_row(row, &mut x).into()).collect();
    let mean = targets.iter().sum::<f64>() / targets.len() as f64;
    targets.iter().map(|target| (target - mean).powi(2)).sum::<f64>() / targets.len() as f64
}

fn print(runs: &[Run<'_>], options: &Options) {
    for part in &PARTS {
        let runs: Vec<_> = runs.iter().filter(|run| run.row.part == part).collect();
        println!("\n{}\n", part.heading);
        let panels: Vec<_> = runs.iter().map(|run| run.panel()).collect();
        let scale = heatmap::scale_max(&panels);
        let colour = std::io::stdout().is_terminal();
        for panel in &panels {
            println!("{}", heatmap::terminal(panel, scale, colour));
        }
        let header = ["", "ratio", "gap", "relevant", "irrelevant", "test error", "found", "expected", ""];
        let table = report::table(&header, 1, runs.iter().map(|run| support_row(run)));
        println!("{table}\n");
        println!("{}\n", report::table(&COST_HEADER, 1, runs.iter().map(|run| cost_row(run))));
        for run in &runs {
            println!("{}: {}", run.row.experiment.name, run.regime);
        }
    }
    println!(
        "\nratio: rms |column| of irrelevant inputs over relevant ones; gap: smallest relevant over largest irrelevant;"
    );
    println!("test error: share of the variance; RAM in bytes; instructions of one update, not cycles.");
    println!("\npictures: {}", options.out.join("weights.png").display());
    if runs.iter().all(|run| run.device.is_none()) {
        println!("no digest compared: nothing ran on a device");
        return;
    }
    let digests: usize = runs.iter().map(Run::digests).sum();
    match runs.iter().find_map(|run| Some((run, run.first_difference()?))) {
        None => println!("{}: {digests} digests compared, all equal", options.machine),
        Some((run, difference)) => {
            println!(
                "{}: first difference in \"{}\": {difference}",
                options.machine, run.row.experiment.name
            );
        }
    }
}

fn support_row(run: &Run<'_>) -> Vec<String> {
    let contrast = run.host.contrast(run.plan());
    let expected = match run.row.expectation {
        Expectation::Exact => "exact",
        Expectation::NotExact => "not exact",
        Expectation::None => "",
    };
    vec![
        run.row.experiment.name.clone(),
        format!("{:.3}", contrast.ratio),
        format!("{:.1}", contrast.gap),
        format!("{:.3}", contrast.relevant_norm),
        format!("{:.3}", contrast.irrelevant_norm),
        format!("{:.1} %", 100.0 * run.test_error()),
        run.host.found(),
        expected.to_owned(),
        match run.row.expectation {
            Expectation::None => "",
            _ if run.met() => "met",
            _ => "NOT MET",
        }
        .to_owned(),
    ]
}

const COST_HEADER: [&str; 12] = [
    "",
    "device updates",
    "host updates",
    "params",
    "scratch",
    "gradient",
    "sample",
    "order",
    "stored",
    "norms",
    "RAM",
    "instructions",
];

fn cost_row(run: &Run<'_>) -> Vec<String> {
    let ram = replica::ram(&run.row.experiment.training);
    let device = run.device.as_ref();
    vec![
        run.row.experiment.name.clone(),
        device.map_or("none".to_owned(), |_| run.row.device_updates.to_string()),
        run.plan().updates.to_string(),
        ram.params.to_string(),
        ram.scratch.to_string(),
        ram.gradient.to_string(),
        ram.sample.to_string(),
        ram.indices.to_string(),
        ram.samples.to_string(),
        ram.norms.to_string(),
        ram.total().to_string(),
        device.map_or("-".to_owned(), |device| format!("{:.0}", device.instructions)),
    ]
}

fn draw(runs: &[Run<'_>], options: &Options) -> Result<()> {
    let rows = PARTS.each_ref().map(|part| figure::Row {
        heading: part.heading.to_owned(),
        panels: runs.iter().filter(|run| run.row.part == part).map(Run::panel).collect(),
    });
    let svg = figure::svg("Small batches empty the columns of inputs that do not matter", &rows);
    svg::save(&svg, &options.out, "weights")?;
    Ok(())
}

fn to_json(runs: &[Run<'_>], options: &Options) -> Value {
    let first_difference = runs.iter().find_map(|run| {
        let mut difference = serde_json::to_value(run.first_difference()?).ok()?;
        difference["run"] = json!(run.row.experiment.name);
        Some(difference)
    });
    json!({
        "machine": options.machine,
        "seed": options.seed,
        "digests_compared": runs.iter().map(Run::digests).sum::<usize>(),
        "first_difference": first_difference,
        "runs": runs.iter().map(run_to_json).collect::<Vec<_>>(),
    })
}

fn run_to_json(run: &Run<'_>) -> Value {
    let contrast = run.host.contrast(run.plan());
    let ram = replica::ram(&run.row.experiment.training);
    let Measured { regime, sharpness, stable_below, residual, clipped_share } = run.regime;
    json!({
        "name": run.row.experiment.name,
        "demo": run.row.part.letter.to_string(),
        "task": run.plan().task.target.name(),
        "host_updates": run.plan().updates,
        "device_updates": run.device.as_ref().map_or(0, |_| run.row.device_updates),
        "digests_compared": run.digests(),
        "digest": run.host.digest().map(|digest| format!("{digest:08x}")),
        "ratio": contrast.ratio,
        "gap": contrast.gap,
        "relevant_norm": contrast.relevant_norm,
        "irrelevant_norm": contrast.irrelevant_norm,
        "test_error": run.test_error(),
        "regime": regime,
        "sharpness": sharpness,
        "stable_below": stable_below,
        "residual": residual,
        "clipped_share": clipped_share,
        "ram_bytes": ram.total(),
        "ram_by_buffer": report::ram_by_buffer(&ram),
        "instructions_per_step": run.device.as_ref().map(|device| device.instructions),
        "verdicts": run.host.verdicts.iter().map(report::verdict).collect::<Vec<_>>(),
        "exact": run.is_exact(),
        "expected_exact": match run.row.expectation {
            Expectation::Exact => Some(true),
            Expectation::NotExact => Some(false),
            Expectation::None => None,
        },
        "met": run.met(),
    })
}
