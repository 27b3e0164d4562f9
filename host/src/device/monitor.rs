//! `tamis device monitor`: looks on while a device trains or selects, and changes nothing.

use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use serde_json::json;
use tamis::wire::Progress;

use super::select;
use super::view::{Input, Losses, Scene, Screen, name};
use super::{MOMENT, params, status, support};
use crate::port::{At, Board};
use crate::report;
use crate::svg::thousands;
use crate::training::{Widths, shape};

/// Looks on while a device trains or selects inputs: loss, norms, the first layer; changes nothing.
///
/// On a terminal it is a picture that moves, else a line now and then.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n    tamis device monitor --port /dev/ttyACM0 --shape 8-16-1")]
pub struct MonitorOptions {
    #[command(flatten)]
    at: At,
    /// The widths of its network, for the picture of the first layer.
    #[arg(long, value_name = "8-16-1", value_parser = shape)]
    shape: Option<Widths>,
    /// Seconds between two lines.
    #[arg(long, value_name = "S", default_value_t = 1.0, value_parser = seconds)]
    every: f64,
    /// Ends after so many lines; without it when it is told to.
    #[arg(long, value_name = "N")]
    lines: Option<u32>,
    /// One JSON object a line instead of text.
    #[arg(long)]
    json: bool,
}

fn seconds(text: &str) -> Result<f64, String> {
    let seconds: f64 = text.parse().map_err(|_| format!("'{text}' is not a number"))?;
    if (0.0..=86_400.0).contains(&seconds) { Ok(seconds) } else { Err("between 0 and a day".to_owned()) }
}

/// Runs the command.
pub fn run(options: &MonitorOptions) -> Result<()> {
    let mut board = options.at.open()?;
    let mut scene = Scene { name: options.at.name(), ..Scene::default() };
    if !options.json
        && options.lines.is_none()
        && let Some(mut screen) = Screen::take()?
    {
        loop {
            look(&mut board, &mut scene, options)?;
            if screen.show(&scene)? {
                return Ok(());
            }
            thread::sleep(MOMENT);
        }
    }
    let mut told = 0;
    while options.lines.is_none_or(|lines| told < lines) {
        if told > 0 {
            thread::sleep(Duration::from_secs_f64(options.every));
        }
        look(&mut board, &mut scene, options)?;
        println!("{}", if options.json { as_json(&scene) } else { as_text(&scene) });
        told += 1;
    }
    Ok(())
}

/// Asks how it is.
fn look(board: &mut Board, scene: &mut Scene, options: &MonitorOptions) -> Result<()> {
    let before = scene.now.updates;
    scene.now = status(board)?.context("nothing is on the device")?;
    if scene.now.updates < before {
        scene.losses = Losses::default();
    }
    if let Some(loss) = scene.now.loss.filter(|_| scene.now.updates != before) {
        scene.losses.push(scene.now.updates, loss);
    }
    scene.inputs = match select::found(board)? {
        Some(found) => found.inputs(),
        None => inputs(&support(board)?),
    };
    if let Some(Widths(widths)) = &options.shape
        && scene.inputs.len() == usize::from(widths[0])
    {
        scene.weights = params(board)?;
        scene.weights.truncate(usize::from(widths[0]) * usize::from(widths[1]));
    }
    scene.line = Some(board.counts());
    Ok(())
}

/// Inputs and probes of a training.
pub fn inputs((norms, verdicts): &(Vec<u32>, Vec<tamis::Verdict>)) -> Vec<Input> {
    let input = |(input, &bits): (usize, &u32)| {
        let (name, verdict) = match verdicts.get(input) {
            Some(verdict) => (name(input), report::verdict(verdict)),
            None => (format!("probe {}", input - verdicts.len() + 1), ""),
        };
        Input { name, norm: f32::from_bits(bits), verdict }
    };
    norms.iter().enumerate().map(input).collect()
}

fn as_json(Scene { now, inputs, line, .. }: &Scene) -> String {
    let Progress { updates, digest, loss, received, durable, rejected, overruns, .. } = now;
    let inputs: Vec<_> = inputs
        .iter()
        .map(|input| json!({ "name": input.name, "norm": input.norm, "verdict": input.verdict }))
        .collect();
    json!({
        "updates": updates, "digest": format!("{digest:08x}"), "loss": loss, "numbers_received": received,
        "durable": durable, "rejected": rejected, "overruns": overruns, "inputs": inputs, "line": line,
    })
    .to_string()
}

fn as_text(Scene { now, inputs, .. }: &Scene) -> String {
    let loss = now.loss.map_or_else(|| "-".to_owned(), |loss| format!("{loss:.4}"));
    let norms = inputs.iter().map(|input| format!("{} {:.3}", input.name, input.norm));
    format!(
        "{} updates, digest {:08x}, loss {loss}, {}",
        thousands(now.updates),
        now.digest,
        norms.collect::<Vec<_>>().join(", ")
    )
}
