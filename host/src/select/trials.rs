//! `tamis trials`: how good the selection is, on tables whose relevant columns are known.
//!
//! ```text
//! precision, recall   of the columns called relevant; F1 their harmonic mean
//! null tables         have no relevant column: F1 is 1 if none is named, else 0
//! false positive      a draw in which any column is named that does not matter
//! ```

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result, anyhow};
use clap::Args;
use serde::Serialize;
use tamis::Seed;

use super::Effort;
use super::design::Design;
use super::ensemble::Settings;
use super::families::{FAMILIES, Family};
use super::judge::{LEARNT, Label, Verdict};
use super::table::{Table, Values};
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
    /// How long the networks are trained.
    #[arg(long, value_enum, default_value = "normal")]
    pub effort: Effort,
    /// The chance of naming any input that does not matter.
    #[arg(long, default_value_t = 0.05)]
    pub alpha: f64,
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
    /// Its family.
    pub family: &'static str,
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
    /// F1.
    pub f1: f64,
    /// Whether a column was named that does not matter.
    pub false_positive: bool,
    /// Whether the networks learned anything.
    pub learnt: bool,
    /// From the table to the verdicts, with what else the machine does.
    pub seconds: f64,
}

/// Runs the command.
pub fn run(options: &Options) -> Result<ExitCode> {
    let families = options.families()?;
    if let Some(folder) = &options.tables {
        return write_tables(options, &families, folder);
    }
    let draws = options.first_draw..options.first_draw + options.draws;
    let jobs: Vec<_> = options
        .rows
        .iter()
        .flat_map(|&rows| families.iter().map(move |family| (rows, family)))
        .flat_map(|(rows, family)| draws.clone().map(move |draw| (family, rows, draw)))
        .collect();
    let bar = report::progress(jobs.len());
    let trials = pool::map(&jobs, |&(family, rows, draw)| {
        bar.set_message(format!("{} of {rows} rows", family.name));
        let trial = trial(family, rows, draw, options);
        bar.inc(1);
        trial.with_context(|| format!("{} of {rows} rows, draw {draw}", family.name))
    });
    bar.finish_and_clear();
    let trials = trials.into_iter().collect::<Result<Vec<_>>>()?;
    if options.json {
        println!("{}", serde_json::to_string_pretty(&trials)?);
        return Ok(ExitCode::SUCCESS);
    }
    for &rows in &options.rows {
        let trials: Vec<_> = trials.iter().filter(|trial| trial.rows == rows).collect();
        println!("{rows} rows, {} draws from {}\n", options.draws, options.first_draw);
        let lines = families.iter().map(|family| {
            let of: Vec<_> = trials.iter().copied().filter(|trial| trial.family == family.name).collect();
            line(family.name, &of)
        });
        let all = line("all", &trials);
        let header =
            ["family", "F1", "worst", "false positives", "undecided", "by themselves", "learnt", "s"];
        println!("{}\n", report::table(&header, 1, lines.chain([all])));
    }
    Ok(ExitCode::SUCCESS)
}

impl Options {
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

/// Selects on one table; the rows are all learned from.
pub fn trial(family: &Family, rows: usize, draw: u64, options: &Options) -> Result<Trial> {
    let seed = Seed(draw);
    let table = family.draw(rows, seed);
    let start = Instant::now();
    let all: Vec<u32> = (0..rows as u32).collect();
    let design = Design::of(&table, &["y".to_owned()], &all)?;
    let (samples, hidden) = options.effort.size(rows as u32);
    let settings = Settings { hidden, samples, step_size: 0.2, halve: true, time: false, seed };
    let (_, judgement) = super::judge(&design, &settings, options.alpha, || {})?;
    let seconds = start.elapsed().as_secs_f64();
    let columns = |verdict, label: Option<Label>| {
        let groups = judgement.groups.iter();
        let of = groups.filter(|group| group.verdict == verdict && (label.is_none() || group.label == label));
        of.flat_map(|group| group.columns.clone()).collect::<Vec<_>>()
    };
    let found = columns(Verdict::Relevant, None);
    let right = found.iter().filter(|column| family.relevant.contains(column)).count();
    let f1 = match family.relevant.len() + found.len() {
        0 => 1.0,
        all => 2.0 * right as f64 / all as f64,
    };
    Ok(Trial {
        family: family.name,
        rows,
        draw,
        f1,
        false_positive: right < found.len(),
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
    let worst = trials.iter().map(|trial| trial.f1).fold(1.0, f64::min);
    let (found, marginal) =
        (mean(&|trial| trial.found.len() as f64), mean(&|trial| trial.marginal.len() as f64));
    vec![
        name.to_owned(),
        format!("{:.3}", mean(&|trial| trial.f1)),
        format!("{worst:.2}"),
        format!("{} of {}", count(&|trial| trial.false_positive), trials.len()),
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
            for draw in options.first_draw..options.first_draw + options.draws {
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
