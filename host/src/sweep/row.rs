//! One run of a grid as a line of a table.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};
use tamis::task::TEST_ROWS;
use tamis::wire::Training;
use tamis::{AnyLoss, Digest, StepError, Task, TrainError};

use super::grid::{self, Grid, fnv};
use crate::replica::{Failed, Outcome};

/// Columns of every table, whether its grid names the option or not.
const ALWAYS: [&str; 6] = ["task", "shape", "seed", "batch", "updates", "step-size"];

/// What comes of a run.
const RESULTS: [&str; 10] = [
    "ratio",
    "irrelevant_norm",
    "relevant_norm",
    "test_loss",
    "test_error",
    "found",
    "exact",
    "made_updates",
    "diverged_in",
    "digest",
];

/// The last column: a checksum of the line and its grid.
const CHECK: &str = "check";

/// How the runs of a grid become lines.
pub struct Rows<'g> {
    grid: &'g Grid,
    hash: u32,
    /// Options that have a column.
    options: Vec<String>,
    /// The variance of the targets of each task's test set.
    variances: Mutex<HashMap<String, f64>>,
}

impl<'g> Rows<'g> {
    /// For `grid`.
    pub fn new(grid: &'g Grid) -> Self {
        let named = grid.options().filter(|option| !ALWAYS.contains(option));
        let options = ALWAYS.into_iter().chain(named).map(str::to_owned).collect();
        Self { grid, hash: grid.hash(), options, variances: Mutex::default() }
    }

    /// The names of the columns.
    pub fn header(&self) -> String {
        let options = self.options.iter().map(|option| option.replace('-', "_"));
        let results = RESULTS.iter().chain([&CHECK]).map(|&name| name.to_owned());
        let names: Vec<_> = ["run".to_owned()].into_iter().chain(options).chain(results).collect();
        format!("{}\n", names.join(","))
    }

    /// Whether `column` is a setting, and no result.
    pub fn is_setting(&self, column: &str) -> bool {
        self.options.iter().any(|option| option.replace('-', "_") == column)
    }

    /// The line of run `run`, whose training came to `outcome`; an error is one that no training ends with.
    pub fn line(&self, run: u64, training: &Training, outcome: Result<Outcome>) -> Result<String> {
        let given = self.grid.settings(run);
        let setting = |option: &String| {
            let value = given.iter().find(|(name, _)| name == option).map(|(_, value)| *value);
            value.map_or_else(|| usual(option, training), str::to_owned)
        };
        let mut cells = vec![run.to_string()];
        cells.extend(self.options.iter().map(setting));
        cells.extend(self.results(training, outcome).with_context(|| format!("run {run}"))?);
        Ok(self.sealed(&cells.join(",")))
    }

    fn results(&self, training: &Training, outcome: Result<Outcome>) -> Result<Vec<String>> {
        let plan = &training.plan;
        let outcome = match outcome {
            Ok(outcome) => outcome,
            Err(error) => {
                let mut cells = vec![String::new(); RESULTS.len()];
                let update = diverged(&error).ok_or(error)?;
                cells[7] = (update - 1).to_string();
                cells[8] = update.to_string();
                return Ok(cells);
            }
        };
        let contrast = outcome.contrast(plan);
        let test_loss = f32::from_bits(outcome.test_loss);
        let error = match training.loss {
            AnyLoss::Mse => f64::from(test_loss) / self.variance(&plan.task),
            _ => f64::NAN,
        };
        let digest = final_digest(&outcome).context("the last parameters are missing")?;
        Ok(vec![
            number(contrast.ratio.into()),
            number(contrast.irrelevant_norm.into()),
            number(contrast.relevant_norm.into()),
            number(test_loss.into()),
            number(error),
            outcome.found(),
            outcome.is_exact(plan).to_string(),
            plan.updates.to_string(),
            String::new(),
            format!("{digest:08x}"),
        ])
    }

    /// The variance of the targets of the test set.
    fn variance(&self, task: &Task) -> f64 {
        let mut variances = self.variances.lock().unwrap_or_else(PoisonError::into_inner);
        *variances.entry(format!("{task:?}")).or_insert_with(|| {
            let mut x = vec![0.0; task.inputs.into()];
            let targets: Vec<f64> = (0..TEST_ROWS).map(|row| task.test_row(row, &mut x).into()).collect();
            let mean = targets.iter().sum::<f64>() / targets.len() as f64;
            targets.iter().map(|target| (target - mean).powi(2)).sum::<f64>() / targets.len() as f64
        })
    }

    /// `line` with its checksum and its end.
    pub fn sealed(&self, line: &str) -> String {
        format!("{line},{:08x}\n", fnv(self.hash, line.as_bytes()))
    }

    /// The number of the run that `line`, without its end, tells of; nothing if a character of it is not as it was
    /// written, or it is of another grid.
    pub fn read(&self, line: &str) -> Option<u64> {
        let (line, check) = line.rsplit_once(',')?;
        let is_whole = u32::from_str_radix(check, 16).ok()? == fnv(self.hash, line.as_bytes());
        if is_whole { line.split(',').next()?.parse().ok() } else { None }
    }
}

/// What the row `line` tells of its curve: how many updates there were to be, and how many were made.
pub(super) fn updates(line: &str) -> Option<(u32, u32)> {
    let place = 1 + ALWAYS.iter().position(|&option| option == "updates")?;
    let (all, made) = (line.split(',').nth(place)?, line.rsplit(',').nth(3)?);
    Some((all.parse().ok()?, made.parse().ok()?))
}

/// The digest of the last state: of the parameters after the last update, not of all updates.
pub fn final_digest(outcome: &Outcome) -> Option<u32> {
    let (_, bits) = outcome.params.last()?;
    let params: Vec<f32> = bits.iter().map(|&bits| f32::from_bits(bits)).collect();
    let mut digest = Digest::new();
    digest.update(&params);
    Some(digest.value())
}

/// The update in which a training diverged, if that is what `error` says.
fn diverged(error: &anyhow::Error) -> Option<u32> {
    match error.downcast_ref() {
        Some(&Failed { update, error: TrainError::Rejected(StepError::Loss) | TrainError::Overflow(_) }) => {
            Some(update)
        }
        _ => None,
    }
}

/// What an option comes to that the grid does not name.
fn usual(option: &str, training: &Training) -> String {
    let value = grid::options().into_iter().find(|known| known.get_long() == Some(option));
    let value = value.as_ref().and_then(|known| known.get_default_values().first());
    value.map_or_else(|| training.layers.to_string(), |value| value.to_string_lossy().into_owned())
}

/// The shortest text that is this number; nothing for what is no number.
pub(super) fn number(value: f64) -> String {
    if value.is_finite() { (value as f32).to_string() } else { String::new() }
}

/// The digest that a row has; none if its run diverged.
pub fn digest_of(line: &str) -> Option<u32> {
    let digest = line.rsplit(',').nth(1)?;
    u32::from_str_radix(digest, 16).ok()
}
