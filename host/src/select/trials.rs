//! `tamis trials`: how good the selection is, on tables whose relevant columns are known, or on somebody's table with
//! columns of noise appended, of which it is known that they do not matter.
//!
//! ```text
//! precision, recall   of the columns called relevant; F1 their harmonic mean
//! null tables         have no relevant column: F1 is 1 if none is named, else 0
//! false positive      a draw in which any column is named that does not matter
//! false share         of the columns named in a draw the share that does not matter; 0 if none is named
//! ```

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result, anyhow};
use clap::Args;
use serde::Serialize;
use tamis::Seed;

use super::Effort;
use super::control::Control;
use super::design::Design;
use super::ensemble::Settings;
use super::families::{FAMILIES, Family};
use super::judge::{LEARNT, Label, Verdict};
use super::loss::Loss;
use super::noise;
use super::table::{self, Reading, Table, Values};
use crate::{pool, report};

/// Measures the selection on tables whose relevant columns are known.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n    tamis trials --rows 300,1000 --draws 8 --first-draw 5000")]
pub struct Options {
    /// How many rows the tables have.
    #[arg(long, value_delimiter = ',', default_value = "300")]
    pub rows: Vec<usize>,
    /// How many tables of each family.
    #[arg(long, default_value_t = 2)]
    pub draws: u64,
    /// The number of the first draw; other numbers, other tables.
    #[arg(long, default_value_t = 5000)]
    pub first_draw: u64,
    /// Only these families.
    #[arg(long, value_delimiter = ',')]
    pub families: Vec<String>,
    /// In place of families this table, with columns of noise appended, drawn anew each time.
    #[arg(long, value_name = "FILE", requires = "target")]
    pub file: Option<PathBuf>,
    /// The target of that table.
    #[arg(long, value_name = "COLUMN", requires = "file")]
    pub target: Option<String>,
    /// How many columns of noise are appended to it.
    #[arg(long, default_value_t = 20)]
    pub noise: usize,
    /// How long the networks are trained.
    #[arg(long, value_enum, default_value = "normal")]
    pub effort: Effort,
    /// The chance of naming any input that does not matter.
    #[arg(long, default_value_t = 0.05)]
    pub alpha: f64,
    /// In place of alpha, the expected share of inputs that do not matter among those named.
    #[arg(long, value_name = "Q", conflicts_with = "alpha")]
    pub fdr: Option<f64>,
    /// Write the tables there as CSV, for other programs, and stop.
    #[arg(long, value_name = "DIR")]
    pub tables: Option<PathBuf>,
    /// One JSON object instead of a table.
    #[arg(long)]
    pub json: bool,
}

/// One table.
#[derive(Clone, Debug, Serialize)]
pub struct Trial {
    /// Its family, or its file.
    pub family: String,
    /// How many rows it has.
    pub rows: usize,
    /// Its number.
    pub draw: u64,
    /// The columns called relevant.
    pub found: Vec<usize>,
    /// Those of them seen by themselves.
    pub marginal: Vec<usize>,
    /// The columns left undecided.
    pub undecided: Vec<usize>,
    /// F1, if it is known of all columns whether they matter.
    pub f1: Option<f64>,
    /// Whether a column was named that does not matter.
    pub false_positive: bool,
    /// Of the columns named the share that does not matter.
    pub false_share: f64,
    /// Whether the networks learned anything.
    pub learnt: bool,
    /// From the table to the verdicts, with what else the machine does.
    pub seconds: f64,
}

/// Runs the command.
pub fn run(options: &Options) -> Result<ExitCode> {
    if let (Some(file), Some(target)) = (&options.file, &options.target) {
        let table = table::read(file, &Reading::default())?;
        let name = file.file_stem().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        table.column(target).with_context(|| file.display().to_string())?;
        let draws: Vec<_> = options.draws().collect();
        let trials = each(&draws, |&draw| appended(&name, &table, target, draw, options))?;
        return print(options, &trials, &[(table.rows(), vec![name])]);
    }
    let families = options.families()?;
    if let Some(folder) = &options.tables {
        return write_tables(options, &families, folder);
    }
    let jobs: Vec<_> = options
        .rows
        .iter()
        .flat_map(|&rows| families.iter().map(move |family| (rows, family)))
        .flat_map(|(rows, family)| options.draws().map(move |draw| (family, rows, draw)))
        .collect();
    let trials = each(&jobs, |&(family, rows, draw)| {
        let trial = trial(family, rows, draw, options);
        trial.with_context(|| format!("{} of {rows} rows, draw {draw}", family.name))
    })?;
    let names: Vec<_> = families.iter().map(|family| family.name.to_owned()).collect();
    let parts: Vec<_> = options.rows.iter().map(|&rows| (rows, names.clone())).collect();
    print(options, &trials, &parts)
}

/// A trial of each job, on all cores.
fn each<J: Sync>(jobs: &[J], trial: impl Fn(&J) -> Result<Trial> + Sync) -> Result<Vec<Trial>> {
    let bar = report::progress(jobs.len());
    let trials = pool::map(jobs, |job| {
        let trial = trial(job);
        bar.inc(1);
        trial
    });
    bar.finish_and_clear();
    trials.into_iter().collect()
}

/// Prints the trials: for each number of rows a table, one line for each name.
fn print(options: &Options, trials: &[Trial], parts: &[(usize, Vec<String>)]) -> Result<ExitCode> {
    if options.json {
        println!("{}", serde_json::to_string_pretty(&trials)?);
        return Ok(ExitCode::SUCCESS);
    }
    for (rows, names) in parts {
        let trials: Vec<_> = trials.iter().filter(|trial| trial.rows == *rows).collect();
        println!("{rows} rows, {} draws from {}\n", options.draws, options.first_draw);
        let lines = names.iter().map(|name| {
            let of: Vec<_> = trials.iter().copied().filter(|trial| trial.family == *name).collect();
            line(name, &of)
        });
        let all = (names.len() > 1).then(|| line("all", &trials));
        println!("{}\n", report::table(&HEADER, 1, lines.chain(all)));
    }
    Ok(ExitCode::SUCCESS)
}

const HEADER: [&str; 9] =
    ["family", "F1", "worst", "false positives", "false share", "undecided", "by themselves", "learnt", "s"];

impl Options {
    fn draws(&self) -> Range<u64> {
        self.first_draw..self.first_draw + self.draws
    }

    fn families(&self) -> Result<Vec<&'static Family>> {
        if self.families.is_empty() {
            return Ok(FAMILIES.iter().collect());
        }
        let of = |name: &String| {
            FAMILIES.iter().find(|family| family.name == name).ok_or_else(|| {
                let names: Vec<_> = FAMILIES.iter().map(|family| family.name).collect();
                anyhow!("there is no family {name:?}; there are {}", names.join(", "))
            })
        };
        self.families.iter().map(of).collect()
    }
}

/// Selects on one table of a family.
pub fn trial(family: &Family, rows: usize, draw: u64, options: &Options) -> Result<Trial> {
    let matters = |column: &str| family.relevant.iter().any(|relevant| column == format!("x{relevant}"));
    let table = family.draw(rows, Seed(draw));
    let trial = judged(family.name, &table, "y", draw, options, matters)?;
    Ok(Trial { f1: Some(family.f1(&trial.found)), ..trial })
}

/// Selects on `table` with columns of noise, which are the only ones known not to matter.
pub fn appended(name: &str, table: &Table, target: &str, draw: u64, options: &Options) -> Result<Trial> {
    let table = noise::append(table, options.noise, Seed(draw));
    judged(name, &table, target, draw, options, |column| !column.starts_with(noise::NAME))
}

/// Selects on one table, whose rows are all learned from; `matters` by the name of a column.
fn judged(
    name: &str,
    table: &Table,
    target: &str,
    draw: u64,
    options: &Options,
    matters: impl Fn(&str) -> bool,
) -> Result<Trial> {
    let (rows, seed) = (table.rows(), Seed(draw));
    let start = Instant::now();
    let all: Vec<u32> = (0..rows as u32).collect();
    let loss = Loss::default();
    let design = Design::of(table, &[target.to_owned()], loss, &all)?;
    let (samples, hidden) = options.effort.size(rows as u32);
    let settings =
        Settings { loss, hidden, samples, step_size: 0.2, auto: true, time: false, seed, seeds: 1 };
    let control = Control::new(options.alpha, options.fdr);
    let (_, judgement) = super::judge(&design, &settings, control, || {})?;
    let seconds = start.elapsed().as_secs_f64();
    let columns = |verdict, label: Option<Label>| {
        let groups = judgement.groups.iter();
        let of = groups.filter(|group| group.verdict == verdict && (label.is_none() || group.label == label));
        of.flat_map(|group| group.columns.clone()).collect::<Vec<_>>()
    };
    let found = columns(Verdict::Relevant, None);
    let wrong = found.iter().filter(|&&column| !matters(&design.encoder.inputs[column].column)).count();
    Ok(Trial {
        family: name.to_owned(),
        rows,
        draw,
        f1: None,
        false_positive: wrong > 0,
        false_share: wrong as f64 / found.len().max(1) as f64,
        found,
        marginal: columns(Verdict::Relevant, Some(Label::Marginal)),
        undecided: columns(Verdict::Undecided, None),
        learnt: judgement.explained >= LEARNT,
        seconds,
    })
}

fn line(name: &str, trials: &[&Trial]) -> Vec<String> {
    let n = trials.len() as f64;
    let mean = |of: &dyn Fn(&Trial) -> f64| trials.iter().map(|trial| of(trial)).sum::<f64>() / n;
    let count = |of: &dyn Fn(&Trial) -> bool| trials.iter().filter(|trial| of(trial)).count();
    let f1: Option<Vec<f64>> = trials.iter().map(|trial| trial.f1).collect();
    let of_f1 = |of: &dyn Fn(&[f64]) -> String| f1.as_deref().map_or("-".to_owned(), of);
    let (found, marginal) =
        (mean(&|trial| trial.found.len() as f64), mean(&|trial| trial.marginal.len() as f64));
    vec![
        name.to_owned(),
        of_f1(&|f1| format!("{:.3}", f1.iter().sum::<f64>() / n)),
        of_f1(&|f1| format!("{:.2}", f1.iter().copied().fold(1.0, f64::min))),
        format!("{} of {}", count(&|trial| trial.false_positive), trials.len()),
        report::percent(mean(&|trial| trial.false_share)),
        format!("{:.1}", mean(&|trial| trial.undecided.len() as f64)),
        if found > 0.0 { report::percent(marginal / found) } else { "-".to_owned() },
        format!("{} of {}", count(&|trial| trial.learnt), trials.len()),
        format!("{:.2}", mean(&|trial| trial.seconds)),
    ]
}

/// FAMILY-ROWS-DRAW.csv, one a table.
fn write_tables(options: &Options, families: &[&Family], folder: &Path) -> Result<ExitCode> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("the folder {} cannot be made", folder.display()))?;
    for family in families {
        for &rows in &options.rows {
            for draw in options.draws() {
                let path = folder.join(format!("{}-{rows}-{draw}.csv", family.name));
                write_csv(&family.draw(rows, Seed(draw)), &path)
                    .with_context(|| format!("{} cannot be written", path.display()))?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A table as CSV.
pub fn write_csv(table: &Table, path: &Path) -> Result<()> {
    let mut writer = csv::Writer::from_path(path)?;
    writer.write_record(table.columns.iter().map(|column| &column.name))?;
    for row in 0..table.rows() {
        let cell = |values: &Values| match values {
            Values::Numbers(values) => values[row].to_string(),
            Values::Words { words, index } => words[index[row] as usize].clone(),
        };
        writer.write_record(table.columns.iter().map(|column| cell(&column.values)))?;
    }
    Ok(writer.flush()?)
}
