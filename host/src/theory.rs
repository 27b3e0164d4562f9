//! `tamis theory`: the rate at which label noise shrinks the columns of irrelevant inputs, against its formula.
//!
//! ```text
//! lambda = (2 eta^2 E[e^2] / b) tr(I^T M I) / |I|^2                     per update; I the irrelevant columns of W_1
//! M      = sum_(l >= 2) |A_l|^2 (W_(l-1) .. W_2)^T (W_(l-1) .. W_2),    A_l = W_L .. W_(l+1)
//! ```
//!
//! M is a quarter of the slope of tr G, the trace of the Gauss-Newton matrix, along I: tr(I^T M I) = d/ds tr G(s I) / 4.
//! So it is computed here by products of the Jacobian in f64 and a difference in s, over
//! standard normal inputs; E[e^2] is what training measures, and both are averaged along the path.
//!
//! The trainings begin on the manifold of minima: first some updates without label noise, by the same kernel.

mod figure;
pub mod rate;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;
use serde_json::json;

use crate::repro::verdict::{self, Verdict};
use crate::{pool, report, svg};
use rate::{Cell, Course};

/// Measures the rate at which irrelevant columns shrink, and compares it with the label-noise formula.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n    tamis theory --seeds 3 --out /tmp/theory")]
pub struct Options {
    /// How many trainings per cell, each with weights and samples of its own.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=1000))]
    pub seeds: u64,
    /// Only the cell of this name, as the table has it.
    #[arg(long, value_name = "NAME")]
    pub cell: Option<String>,
    /// Where the picture goes.
    #[arg(long, value_name = "DIR", default_value = "theory")]
    pub out: PathBuf,
    /// One JSON object instead of tables.
    #[arg(long)]
    pub json: bool,
}

const SOURCE: &str = "label-noise formula";

/// A cell and what its trainings came to.
pub(crate) struct Row {
    pub cell: Cell,
    /// Those that did not diverge.
    pub courses: Vec<Course>,
}

impl Row {
    fn mean(&self, of: impl Fn(&Course) -> f64) -> f64 {
        self.courses.iter().map(of).sum::<f64>() / self.courses.len() as f64
    }

    /// The predicted rate; not a number where the formula is not defined, or a training diverged.
    fn predicted(&self) -> f64 {
        if self.cell.is_linear() { self.mean(Course::predicted) } else { f64::NAN }
    }

    /// Measured decay over predicted, of all trainings together; not a number like that.
    pub fn ratio(&self) -> f64 {
        if !self.cell.is_linear() {
            return f64::NAN;
        }
        self.mean(|course| course.decay().0) / self.mean(|course| course.decay().1)
    }

    /// The same with the variance of the label noise in place of E[e^2].
    fn ratio_of_noise(&self) -> f64 {
        let noise = f64::from(self.cell.noise).powi(2);
        self.ratio() * self.mean(|course| course.residual) / noise
    }

    /// |I| over its start, at point `point`.
    pub fn share(&self, point: usize) -> f64 {
        self.mean(|course| course.norms[point] / course.norms[0])
    }
}

/// Runs the command.
pub fn run(options: &Options) -> Result<ExitCode> {
    let mut cells = Cell::grid();
    if let Some(name) = &options.cell {
        let names: Vec<_> = cells.iter().map(|cell| format!("'{}'", cell.name())).collect();
        cells.retain(|cell| cell.name() == *name);
        if cells.is_empty() {
            eprintln!("error: --cell: there is no cell '{name}'; there are {}", names.join(", "));
            return Ok(ExitCode::from(2));
        }
    }
    std::fs::create_dir_all(&options.out)
        .with_context(|| format!("the folder {} cannot be made", options.out.display()))?;
    let rows = follow(&cells, options.seeds)?;
    let verdicts = verdicts(&rows);
    let picture = svg::save(&figure::svg(&rows), &options.out, "theory")?;
    if options.json {
        let report = json!({
            "seeds": options.seeds,
            "cells": rows.iter().map(to_json).collect::<Vec<_>>(),
            "verdicts": verdicts.iter().map(Verdict::to_json).collect::<Vec<_>>(),
            "picture": picture,
        });
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print(&rows, &verdicts);
        println!("\npicture: {}", picture.display());
    }
    Ok(ExitCode::from(u8::from(!verdicts.iter().all(Verdict::passes))))
}

/// All trainings of all cells, the longest first.
fn follow(cells: &[Cell], seeds: u64) -> Result<Vec<Row>> {
    let mut work: Vec<_> =
        cells.iter().enumerate().flat_map(|(place, _)| (1..=seeds).map(move |seed| (place, seed))).collect();
    work.sort_by_key(|&(place, _)| std::cmp::Reverse(cells[place].samples()));
    let bar = report::progress(work.iter().map(|&(place, _)| cells[place].samples()).sum::<u64>() as usize);
    bar.set_message("trainings");
    let courses = pool::map(&work, |&(place, seed)| {
        let course = rate::follow(&cells[place], seed);
        bar.inc(cells[place].samples());
        course
    });
    bar.finish_and_clear();
    let mut rows: Vec<_> = cells.iter().map(|&cell| Row { cell, courses: Vec::new() }).collect();
    for (&(place, _), course) in work.iter().zip(courses) {
        rows[place].courses.extend(course?);
    }
    Ok(rows)
}

/// The rate in every stable cell, and the collapse of every group of equal step size / batch size.
fn verdicts(rows: &[Row]) -> Vec<Verdict> {
    let stable = || rows.iter().filter(|row| row.cell.is_stable());
    let rate = |row: &Row| {
        Verdict::between(
            format!("measured / predicted, {}", row.cell.name()),
            row.ratio(),
            [0.9, 1.1],
            SOURCE,
        )
    };
    let mut verdicts: Vec<_> = stable().map(rate).collect();
    let mut groups: Vec<f64> = stable().map(|row| row.cell.quotient()).collect();
    groups.dedup();
    for quotient in groups {
        let group: Vec<_> = rows.iter().filter(|row| row.cell.collapses(quotient)).collect();
        if group.len() > 1 {
            let what = format!("collapse, step size / batch size {quotient}: largest distance from the mean");
            verdicts.push(Verdict::between(what, spread(&group), [0.0, 0.05], SOURCE));
        }
    }
    verdicts
}

/// The largest distance of a curve from the mean of all, as a share of it.
fn spread(group: &[&Row]) -> f64 {
    let at = |point| {
        let mean = group.iter().map(|row| row.share(point)).sum::<f64>() / group.len() as f64;
        group.iter().map(move |row| (row.share(point) / mean - 1.0).abs())
    };
    // A NaN, of a cell that diverged, stays.
    (0..=rate::POINTS).flat_map(at).fold(0.0, |most, distance| if distance <= most { most } else { distance })
}

const HEADER: [&str; 9] =
    ["", "eta/b", "E[e²]", "tr G", "measured", "predicted", "ratio", "with sigma²", "norm left"];

fn print(rows: &[Row], verdicts: &[Verdict]) {
    let line = |row: &Row| {
        let cell = &row.cell;
        let mark = if cell.is_stable() { "" } else { ", outside" };
        let name = format!("{}{mark}", cell.name());
        let Some(_) = row.courses.first() else {
            return vec![name, format!("{:.2e}", cell.quotient()), "diverges".to_owned()];
        };
        vec![
            name,
            format!("{:.2e}", cell.quotient()),
            format!("{:.4}", row.mean(|course| course.residual)),
            format!("{:.1}", row.mean(|course| course.trace)),
            format!("{:.2e}", row.mean(Course::measured)),
            if cell.is_linear() { format!("{:.2e}", row.predicted()) } else { "not defined".to_owned() },
            if cell.is_linear() { format!("{:.3}", row.ratio()) } else { "-".to_owned() },
            if cell.is_linear() && cell.noise > 0.0 {
                format!("{:.2}", row.ratio_of_noise())
            } else {
                "-".to_owned()
            },
            format!("{:.3}", row.share(rate::POINTS)),
        ]
    };
    println!("{}\n", report::table(&HEADER, 1, rows.iter().map(line)));
    println!("rates per update; outside: step size over 0.01, batch under 4, clipped, or not linear\n");
    println!("{}", verdict::table(verdicts));
}

fn to_json(row: &Row) -> serde_json::Value {
    let cell = &row.cell;
    json!({
        "name": cell.name(),
        "step_size": cell.eta,
        "batch": cell.batch,
        "label_noise": cell.noise,
        "clip": cell.clip,
        "in_stable_regime": cell.is_stable(),
        "trainings": row.courses.len(),
        "residual": row.mean(|course| course.residual),
        "measured": row.mean(Course::measured),
        "gauss_newton_trace": row.mean(|course| course.trace),
        "predicted": row.predicted(),
        "ratio": row.ratio(),
        "norm_left": row.courses.first().map(|_| (0..=rate::POINTS).map(|p| row.share(p)).collect::<Vec<_>>()),
    })
}
