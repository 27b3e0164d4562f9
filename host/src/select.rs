//! `tamis select`: which columns of a table a network needs to predict another.
//!
//! | file | holds |
//! |---|---|
//! | `table.rs` | a table, read from a file |
//! | `encoder.rs`, `design.rs` | the same as standardised numbers |
//! | `ensemble.rs`, `loss.rs` | forty networks on inputs and their shadows, and what they minimise |
//! | `marginal.rs`, `conditional.rs`, `linear.rs` | what is visible of an input by itself, and beyond its neighbours |
//! | `judge.rs`, `control.rs`, `advice.rs` | the verdicts, which error they keep small, and what to change |
//! | `refit.rs`, `image.rs` | the networks that come of it, and what they make of unseen rows |
//! | `report.rs`, `picture.rs`, `weights.rs`, `page.rs` | table and JSON, pictures, HTML page |
//! | `families.rs`, `noise.rs`, `trials.rs` | tables of which something is known; `tamis trials` on them |

pub mod advice;
pub mod conditional;
pub mod control;
pub mod design;
pub mod encoder;
pub mod ensemble;
pub mod families;
pub mod image;
pub mod judge;
pub mod linear;
pub mod loss;
pub mod marginal;
pub mod noise;
mod page;
mod picture;
pub mod refit;
mod report;
pub mod table;
pub mod trials;
mod weights;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::{Args, ValueEnum};
use tamis::{AnyActivation, Seed};

use self::advice::Advice;
use self::control::Control;
use self::design::Design;
use self::ensemble::{Ensemble, permutation};
use self::image::Image;
use self::judge::{Judgement, Verdict};
use self::loss::Loss;
use self::table::{Missing, Reading, Table};
use crate::device::repeat::Repeat;
use crate::exchange;
use crate::port::At;
use crate::report::progress;
use crate::training::activation_parser;

/// Finds the columns of a table that a network needs to predict another.
#[derive(Args, Debug)]
#[command(after_help = "Example:
    tamis select readings.csv --target torque --ignore timestamp,serial --out /tmp/selection")]
pub struct Options {
    /// The table: CSV, or by its name TSV or (with the feature `parquet`) Parquet.
    pub file: PathBuf,
    /// What is to be predicted; several are predicted together.
    #[arg(long, value_name = "COLUMN", value_delimiter = ',', required = true)]
    pub target: Vec<String>,
    /// Columns that are not looked at.
    #[arg(long, value_name = "COLUMN", value_delimiter = ',', help_heading = "Table")]
    pub ignore: Vec<String>,
    /// Columns whose numbers are names of categories.
    #[arg(long, value_name = "COLUMN", value_delimiter = ',', help_heading = "Table")]
    pub categorical: Vec<String>,
    /// What stands between two cells.
    #[arg(long, value_name = "CHARACTER", help_heading = "Table")]
    pub delimiter: Option<char>,
    /// The table has no names; its columns are c1, c2, ...
    #[arg(long, help_heading = "Table")]
    pub no_header: bool,
    /// What becomes of rows with empty cells.
    #[arg(long, value_enum, default_value = "refuse", help_heading = "Table")]
    pub missing: Missing,
    /// Of a longer table a random sample of so many rows.
    #[arg(long, value_name = "ROWS", default_value_t = table::MOST_ROWS, help_heading = "Table")]
    pub most_rows: u32,
    /// The share of the rows that is kept for the test.
    #[arg(long, value_name = "SHARE", default_value_t = 0.2, help_heading = "Table")]
    pub test_split: f64,
    /// Rows follow each other in time: shadows are shifted, and the test is the end of the table.
    #[arg(long, help_heading = "Method")]
    pub time: bool,
    /// How long the networks are trained.
    #[arg(long, value_enum, default_value = "normal", help_heading = "Method")]
    pub effort: Effort,
    /// Hidden units.
    #[arg(long, help_heading = "Method")]
    pub hidden: Option<u16>,
    /// What the hidden units of the final networks do.
    #[arg(long, default_value = "tanh", value_parser = activation_parser(), help_heading = "Method")]
    pub activation: AnyActivation,
    /// What the networks minimise.
    #[arg(long, value_enum, default_value = "huber", help_heading = "Method")]
    pub loss: Loss,
    /// The step size.
    #[arg(long, default_value_t = 0.2, help_heading = "Method")]
    pub step_size: f32,
    /// Samples that a network sees in a stage.
    #[arg(long, value_name = "SAMPLES", help_heading = "Method")]
    pub steps: Option<u32>,
    /// The chance of naming any input that does not matter.
    #[arg(long, default_value_t = 0.05, help_heading = "Method")]
    pub alpha: f64,
    /// In place of alpha, the expected share of inputs that do not matter among those named.
    #[arg(long, value_name = "Q", conflicts_with = "alpha", help_heading = "Method")]
    pub fdr: Option<f64>,
    /// Decides everything that is drawn.
    #[arg(long, default_value_t = 1, help_heading = "Method")]
    pub seed: u64,
    /// Train forty networks from each of so many seeds, and count all.
    #[arg(long, value_name = "COUNT", default_value_t = 1, help_heading = "Method")]
    pub seeds: u16,
    /// Take the settings as they are, whatever the diagnosis.
    #[arg(long, help_heading = "Method")]
    pub no_auto: bool,
    /// Where report and pictures go.
    #[arg(long, value_name = "DIR", default_value = "selection", help_heading = "Output")]
    pub out: PathBuf,
    /// Where the network of the selected inputs goes, as safetensors, ONNX, Rust and C.
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    pub export: Option<PathBuf>,
    /// Train the network of the selected inputs on this device as well, a serial port or an emulated board, and compare
    /// every bit.
    #[arg(long, value_name = "PORT|MACHINE", help_heading = "Output")]
    pub on: Option<At>,
    /// One JSON object instead of tables.
    #[arg(long, help_heading = "Output")]
    pub json: bool,
}

/// How long the networks are trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Effort {
    /// 3,000 samples a stage, 8 hidden units: a first look.
    Low,
    /// 6,000 samples a stage or all rows once, 16 hidden units.
    Normal,
    /// 30,000 samples a stage or all rows five times, 32 hidden units: for parities and the like.
    High,
}

impl Effort {
    /// Samples of a stage, and hidden units.
    pub fn size(self, rows: u32) -> (u32, u16) {
        match self {
            Self::Low => (3000, 8),
            Self::Normal => (rows.max(6000), 16),
            Self::High => (rows.saturating_mul(5).max(30_000), 32),
        }
    }
}

/// What was found in a table.
#[derive(Clone, Debug)]
pub struct Selection {
    /// The rows that were learned from.
    pub design: Design,
    /// Inputs that are the same in all rows.
    pub constant: Vec<String>,
    /// The networks.
    pub ensemble: Ensemble,
    /// The verdicts.
    pub judgement: Judgement,
    /// What to know, and what to change.
    pub advice: Vec<Advice>,
    /// A network of all inputs, as the penalty has left it.
    pub all: Image,
    /// How wrong the networks are on rows that nobody has seen.
    pub test: TestErrors,
    /// A network of the selected inputs, if there are any.
    pub selected: Option<Image>,
    /// The last part of its training, for a device.
    pub repeat: Option<Repeat>,
}

/// Shares of the variance, or of wrong classes.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct TestErrors {
    /// A network of all inputs.
    pub all: f64,
    /// One of those selected; of none, the mean.
    pub selected: f64,
    /// A linear regression of all inputs.
    pub baseline: f64,
}

/// Runs the command.
pub fn run(options: &Options) -> Result<ExitCode> {
    if let Err(error) = options.check() {
        eprintln!("error: {error:#}");
        return Ok(ExitCode::from(2));
    }
    let table = table::read(&options.file, &options.reading())?;
    let selection = select(&table, options).with_context(|| options.file.display().to_string())?;
    std::fs::create_dir_all(&options.out)
        .with_context(|| format!("the folder {} cannot be made", options.out.display()))?;
    let [picture, path] = picture::draw(&selection, &options.out)?;
    let weights = weights::draw(&selection, &options.out)?;
    let page = page::write(&selection, &table, options)?;
    let exported = match options.export.as_deref().zip(selection.selected.as_ref()) {
        None => Vec::new(),
        Some((folder, image)) => exchange::export(image, folder)?,
    };
    let trained = selection.selected.as_ref().zip(selection.repeat.as_ref());
    let repeated = match options.on.as_ref().zip(trained) {
        None => None,
        Some((at, (image, repeat))) => Some(repeat.on(at, &image.params)?),
    };
    if options.json {
        let mut object = report::to_json(&selection);
        object["device"] = serde_json::to_value(&repeated)?;
        println!("{}", serde_json::to_string_pretty(&object)?);
    } else {
        report::print(&selection, &table);
        repeated.iter().for_each(|repeated| println!("\n{repeated}"));
        println!("\nreport: {}", page.display());
        println!("pictures: {}, {}, {}", picture.display(), path.display(), weights.display());
        exported.iter().for_each(|path| println!("network: {}", path.display()));
    }
    if (options.export.is_some() || options.on.is_some()) && selection.selected.is_none() {
        eprintln!("there is no network of the selected inputs: no input is relevant");
    }
    Ok(ExitCode::SUCCESS)
}

impl Options {
    fn check(&self) -> Result<()> {
        ensure!(self.alpha > 0.0 && self.alpha <= 0.5, "--alpha must be above 0 and at most 0.5");
        let fdr = self.fdr.unwrap_or(self.alpha);
        ensure!(fdr > 0.0 && fdr <= 0.5, "--fdr must be above 0 and at most 0.5");
        ensure!((1..=100).contains(&self.seeds), "--seeds must be from 1 to 100");
        ensure!(
            self.test_split > 0.0 && self.test_split <= 0.5,
            "--test-split must be above 0 and at most 0.5"
        );
        ensure!(self.hidden != Some(0), "--hidden must be at least 1");
        ensure!(self.steps != Some(0), "--steps must be at least 1");
        ensure!(self.step_size.is_finite() && self.step_size > 0.0, "--step-size must be a positive number");
        let both = self.target.iter().find(|target| self.ignore.contains(target));
        ensure!(both.is_none(), "--ignore: {:?} is the target", both.cloned().unwrap_or_default());
        Ok(())
    }

    fn reading(&self) -> Reading {
        Reading {
            delimiter: self.delimiter,
            has_header: !self.no_header,
            missing: self.missing,
            ignore: self.ignore.clone(),
            categorical: self.categorical.clone(),
            most_rows: self.most_rows,
            seed: Seed(self.seed),
        }
    }
}

/// The stream that divides the rows into training and test.
const DIVISION: u64 = 1 << 42;

/// Selects among the columns of `table`.
pub fn select(table: &Table, options: &Options) -> Result<Selection> {
    let seed = Seed(options.seed);
    let mut advice = Vec::new();
    let time = advice::time(table, options, &mut advice)?;
    let rows = table.rows();
    let order = match time {
        true => (0..rows as u32).collect(),
        false => permutation(rows, seed, DIVISION),
    };
    let test = (rows as f64 * options.test_split).round() as usize;
    let (training, test) = order.split_at(rows - test);
    let design = Design::of(table, &options.target, options.loss, training)?;
    let (samples, hidden) = options.effort.size(design.rows as u32);
    let settings = ensemble::Settings {
        loss: options.loss,
        hidden: options.hidden.unwrap_or(hidden),
        samples: options.steps.unwrap_or(samples),
        step_size: options.step_size,
        auto: !options.no_auto,
        time,
        seed,
        seeds: options.seeds,
    };
    let bar = progress(Ensemble::steps(options.seeds));
    bar.set_message("networks on inputs and shadows");
    let (ensemble, judgement) =
        judge(&design, &settings, Control::new(options.alpha, options.fdr), || bar.inc(1))?;
    bar.finish_and_clear();

    let settings = refit::Settings {
        loss: options.loss,
        hidden: settings.hidden,
        activation: options.activation,
        samples: settings.samples,
        step_size: ensemble.step_size,
        seed,
    };
    let stages = &ensemble.stages[..=judgement.stage];
    let strengths: Vec<f64> = stages.iter().map(|stage| stage.strength).collect();
    let all = refit::all(&design, &strengths, settings)?;
    let columns = judgement.selected();
    let (selected, repeat) = match columns.is_empty() {
        true => (None, None),
        false => {
            let (image, repeat) = refit::selected(&design, &all, &columns, settings)?;
            (Some(image), Some(repeat))
        }
    };
    let (x, y) = design.encoder.encode(table, test)?;
    let error = |predicted: &[f32]| refit::error(&design.encoder, predicted, &y);
    let test = TestErrors {
        all: error(&options.loss.expected(all.predict(&x)?)),
        selected: match &selected {
            Some(image) => {
                let x = encoder::rowwise(&image.encoder.inputs, table, test)?;
                error(&options.loss.expected(image.predict(&x)?))
            }
            None => error(&refit::means(&design).repeat(test.len())),
        },
        baseline: error(&refit::baseline(&design, &x)),
    };
    let constant = advice::constant(table, &options.target, &design);
    advice::diagnose(&design, &ensemble, &judgement, options, &mut advice)?;
    Ok(Selection { design, constant, ensemble, judgement, advice, all, test, selected, repeat })
}

/// The networks on `design`, and the verdicts on its inputs.
fn judge(
    design: &Design,
    settings: &ensemble::Settings,
    control: Control,
    progress: impl Fn() + Sync,
) -> Result<(Ensemble, Judgement)> {
    let ensemble = Ensemble::train(design, settings, progress)?;
    let marginal = marginal::p_values(design)?;
    let judgement = Judgement::of(design, &ensemble, &marginal, control, settings)?;
    Ok((ensemble, judgement))
}

impl Selection {
    /// The names of the inputs of a group.
    fn names(&self, group: usize) -> Vec<String> {
        let columns = &self.judgement.groups[group].columns;
        columns.iter().map(|&column| self.design.encoder.inputs[column].name()).collect()
    }

    /// The groups by evidence, the strongest first.
    fn by_evidence(&self) -> Vec<usize> {
        let groups = &self.judgement.groups;
        let mut order: Vec<usize> = (0..groups.len()).collect();
        let key = |group: usize| (groups[group].verdict, groups[group].norm / groups[group].threshold);
        order.sort_by(|&a, &b| {
            let ((va, na), (vb, nb)) = (key(a), key(b));
            vb.cmp(&va).then(nb.total_cmp(&na))
        });
        order
    }

    /// The names of all relevant inputs.
    pub fn relevant(&self) -> Vec<String> {
        let of = |&group: &usize| self.judgement.groups[group].verdict == Verdict::Relevant;
        self.by_evidence().into_iter().filter(of).flat_map(|group| self.names(group)).collect()
    }
}
