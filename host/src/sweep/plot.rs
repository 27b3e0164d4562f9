//! `tamis sweep plot`: a table as a picture.
//!
//! Two settings against each other are tiles, each the mean over all runs of its two values; the phase diagram is step
//! size against batch, in the colour of the ratio. Anything else is points, one a run.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::Args;

use super::row::Rows;
use super::table;
use crate::curves::{Scale, spans_much, tick};
use crate::heatmap;
use crate::svg::{self, ACCENT, GREY, INK, MARGIN, Page, RULE, WIDTH, hex};

mod tiles;

/// Draws the phase diagram of a table, or any column against any other.
#[derive(Args, Debug)]
#[command(after_help = "Example:
    tamis sweep plot rows.csv --out pictures
    tamis sweep plot rows.csv --x irrelevant_norm --y test_error --colour step_size")]
pub struct Options {
    /// The table.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The column to the right.
    #[arg(long, value_name = "COLUMN", default_value = "step_size")]
    x: String,
    /// The column upwards.
    #[arg(long, value_name = "COLUMN", default_value = "batch")]
    y: String,
    /// The column in colours; without it the ratio, if both others are settings.
    #[arg(long, value_name = "COLUMN")]
    colour: Option<String>,
    /// Where the picture goes.
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
    /// Its name, without the ending.
    #[arg(long, value_name = "NAME", default_value = "phase")]
    name: String,
}

/// The edges of the plot.
const LEFT: f32 = MARGIN + 66.0;
const RIGHT: f32 = WIDTH - MARGIN - 150.0;
const HEIGHT: f32 = 460.0;
/// The bar of colours.
const BAR: f32 = RIGHT + 74.0;
const BAR_WIDTH: f32 = 16.0;

/// What a run has in the three columns; nothing where the cell is empty.
#[derive(Clone, Copy, Debug)]
struct Point {
    x: Option<f32>,
    y: Option<f32>,
    value: Option<f32>,
    diverged: bool,
}

/// Runs the command.
pub fn run(options: &Options) -> Result<ExitCode> {
    let Options { file, x, y, out, .. } = options;
    fs::create_dir_all(out).with_context(|| format!("the folder {} cannot be made", out.display()))?;
    let shown = file.display().to_string();
    let grid = table::grid_of(file)?;
    let rows = Rows::new(&grid);
    let text = fs::read(file).with_context(|| format!("{shown} cannot be read"))?;
    let lines = table::read(file, &text, &rows, None)?.lines;
    ensure!(!lines.is_empty(), "{shown} has no rows");
    let are_settings = rows.is_setting(x) && rows.is_setting(y);
    let colour = options.colour.as_deref().or(are_settings.then_some("ratio"));
    let points = points(&rows.header(), &lines, &shown, [x, y], colour)?;

    let runs = lines.len();
    let what = format!("{} over {} and {}", words(colour.unwrap_or(y)), words(x), words(y));
    let about = grid.constants(&[x, y, "seed"]);
    let picture = match colour {
        Some(colour) if are_settings => tiles::svg(&points, [x, y, colour], &about)?,
        _ => scatter(&points, [x, y], colour, &format!("{what}; one point a run, {runs} runs. {about}"))?,
    };
    let path = svg::save(&picture, out, &options.name)?;
    println!("picture: {}", path.display());
    Ok(ExitCode::SUCCESS)
}

/// "step size".
fn words(column: &str) -> String {
    column.replace('_', " ")
}

/// The three columns of all rows.
fn points(
    header: &str,
    lines: &[&str],
    shown: &str,
    [x, y]: [&str; 2],
    colour: Option<&str>,
) -> Result<Vec<Point>> {
    let names: Vec<_> = header.trim_end().split(',').collect();
    let place = |column: &str| {
        let place = names.iter().position(|name| *name == column);
        place.with_context(|| format!("{shown} has no column '{column}'; there are {}", names.join(", ")))
    };
    let (x_at, y_at, diverged) = (place(x)?, place(y)?, place("diverged_in")?);
    let colour_at = colour.map(place).transpose()?;
    let text = lines.join("\n");
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    let mut points = Vec::new();
    for (record, number) in reader.records().zip(2..) {
        let record = record.with_context(|| format!("{shown}:{number}"))?;
        let cell = |at: usize, column: &str| -> Result<Option<f32>> {
            let text = record.get(at).unwrap_or_default();
            if text.is_empty() || text == "off" {
                return Ok(None);
            }
            let value =
                text.parse().ok().or_else(|| text.parse::<bool>().ok().map(|is| f32::from(u8::from(is))));
            value.map(Some).with_context(|| format!("{shown}:{number}: {column}: '{text}' is not a number"))
        };
        points.push(Point {
            x: cell(x_at, x)?,
            y: cell(y_at, y)?,
            value: colour_at.zip(colour).map_or(Ok(None), |(at, column)| cell(at, column))?,
            diverged: record.get(diverged).is_some_and(|cell| !cell.is_empty()),
        });
    }
    Ok(points)
}

/// A scale of colours.
struct Colours {
    scale: Scale,
}

impl Colours {
    fn of(values: &[f32], top: f32) -> Self {
        let all = || values.iter().copied();
        let scale = if spans_much(all()) {
            Scale::logarithmic(all(), top, top + HEIGHT)
        } else {
            Scale::linear(all(), top, top + HEIGHT, 6.0)
        };
        Self { scale }
    }

    /// The colour of a value, and whether it is a dark one.
    fn colour(&self, value: f32, top: f32) -> Option<(String, bool)> {
        let share = 1.0 - (self.scale.place(value)? - top) / HEIGHT;
        Some((hex(heatmap::colour(share)), share < 0.6))
    }

    /// The bar beside the plot.
    fn draw(&self, page: &mut Page, top: f32, name: &str) {
        const STEPS: u16 = 92;
        let height = HEIGHT / f32::from(STEPS);
        for step in 0..STEPS {
            let share = 1.0 - (f32::from(step) + 0.5) / f32::from(STEPS);
            let fill = format!("fill=\"{}\"", hex(heatmap::colour(share)));
            page.rect([BAR, top + height * f32::from(step), BAR_WIDTH, height + 0.4], &fill);
        }
        for &value in &self.scale.ticks {
            let Some(y) = self.scale.place(value) else { continue };
            page.straight([BAR + BAR_WIDTH, y, BAR + BAR_WIDTH + 4.0, y], &format!("stroke=\"{GREY}\""));
            page.text(BAR + BAR_WIDTH + 8.0, y + 4.0, 12.0, &tick(value), &format!("fill=\"{GREY}\""));
        }
        page.text(BAR, top - 10.0, 13.0, name, "font-weight=\"700\"");
    }
}

/// The names of both axes, that of y so far above the plot; returns where the picture ends.
fn axis_names(page: &mut Page, top: f32, above: f32, [x, y]: [&str; 2]) -> f32 {
    let (middle, end) = ((LEFT + RIGHT) / 2.0, top + HEIGHT + 46.0);
    page.text(middle, end, 13.0, &words(x), "text-anchor=\"middle\" font-weight=\"700\"");
    page.text(MARGIN, top - above, 13.0, &words(y), "font-weight=\"700\"");
    end + MARGIN - 10.0
}

/// One point a run.
fn scatter(points: &[Point], [x, y]: [&str; 2], colour: Option<&str>, caption: &str) -> Result<String> {
    let mut page = Page::default();
    let title = format!("{} against {}", words(y), words(x));
    let top = page.heading(&title, caption) + 26.0;
    let both = || points.iter().filter_map(|point| Some((point.x?, point.y?, point.value)));
    ensure!(both().next().is_some(), "no run has both {x} and {y}");
    let scale = |values: Vec<f32>, far: f32, near: f32| {
        let all = || values.iter().copied();
        if spans_much(all()) {
            Scale::logarithmic(all(), far, near)
        } else {
            Scale::linear(all(), far, near, 6.0)
        }
    };
    let across = scale(both().map(|(x, ..)| x).collect(), RIGHT, LEFT);
    let up = scale(both().map(|(_, y, _)| y).collect(), top, top + HEIGHT);
    for &value in &across.ticks {
        let Some(place) = across.place(value) else { continue };
        page.straight([place, top, place, top + HEIGHT], &format!("stroke=\"{RULE}\""));
        let more = format!("text-anchor=\"middle\" fill=\"{GREY}\"");
        page.text(place, top + HEIGHT + 20.0, 12.0, &tick(value), &more);
    }
    for &value in &up.ticks {
        let Some(place) = up.place(value) else { continue };
        page.straight([LEFT, place, RIGHT, place], &format!("stroke=\"{RULE}\""));
        let more = format!("text-anchor=\"end\" fill=\"{GREY}\"");
        page.text(LEFT - 8.0, place + 4.0, 12.0, &tick(value), &more);
    }
    let values: Vec<f32> = both().filter_map(|(_, _, value)| value).collect();
    let colours = (!values.is_empty()).then(|| Colours::of(&values, top));
    for (x, y, value) in both() {
        let fill = value.zip(colours.as_ref()).and_then(|(value, colours)| colours.colour(value, top));
        let fill = fill.map_or(ACCENT.to_owned(), |(fill, _)| fill);
        if let Some((x, y)) = across.place(x).zip(up.place(y)) {
            let more = format!("rx=\"4\" fill=\"{fill}\" stroke=\"{INK}\" stroke-width=\"0.5\"");
            page.rect([x - 4.0, y - 4.0, 8.0, 8.0], &more);
        }
    }
    if let Some((colours, name)) = colours.zip(colour) {
        colours.draw(&mut page, top, &words(name));
    }
    let end = axis_names(&mut page, top, 10.0, [x, y]);
    Ok(page.finish(&title, "", end))
}
