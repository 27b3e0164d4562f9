//! `tamis import`: a network that was trained elsewhere, as the kernel has it, and out again in every form.

pub mod fine_tune;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Result, ensure};
use clap::Args;
use serde_json::{Value, json};
use tamis::{AnyActivation, Network, Ram, Seed};

use self::fine_tune::{Settings, Tuned};

use crate::exchange::{self, Hints, Imported, Usage};
use crate::port::At;
use crate::report;
use crate::select::table::{self, Reading};
use crate::training::activation_parser;

/// Reads a network of dense layers from PyTorch or Keras, checks it, and writes it in the forms that a device takes.
#[derive(Args, Debug)]
#[command(after_help = "Example:
    tamis import model.safetensors --activation relu --out model")]
pub struct Options {
    /// A file .safetensors or .onnx, or an image .json.
    file: PathBuf,
    /// What the units of hidden layers do, where the file does not tell.
    #[arg(long, value_parser = activation_parser())]
    activation: Option<AnyActivation>,
    /// What the units of the last layer do, where the file does not tell; without it identity.
    #[arg(long, value_parser = activation_parser())]
    last: Option<AnyActivation>,
    /// Train it further on this table, CSV, or TSV by its name.
    #[arg(long, value_name = "TABLE", help_heading = "Fine-tuning")]
    fine_tune: Option<PathBuf>,
    /// The columns that the outputs stand for, unless the network names them.
    #[arg(
        long,
        value_name = "COLUMN",
        value_delimiter = ',',
        requires = "fine_tune",
        help_heading = "Fine-tuning"
    )]
    target: Vec<String>,
    /// Columns that are not looked at.
    #[arg(
        long,
        value_name = "COLUMN",
        value_delimiter = ',',
        requires = "fine_tune",
        help_heading = "Fine-tuning"
    )]
    ignore: Vec<String>,
    /// The step size.
    #[arg(long, default_value_t = 0.01, help_heading = "Fine-tuning")]
    step_size: f32,
    /// How many updates, with a batch of one.
    #[arg(long, default_value_t = 20_000, help_heading = "Fine-tuning")]
    updates: u32,
    /// Decides the order of the rows, and which fifth is kept back.
    #[arg(long, default_value_t = 1, help_heading = "Fine-tuning")]
    seed: u64,
    /// Fine-tune on this device as well, a serial port or an emulated board, and compare every bit.
    #[arg(long, value_name = "PORT|MACHINE", requires = "fine_tune", help_heading = "Fine-tuning")]
    on: Option<At>,
    /// Where the network goes: a file .json takes an image, a folder model.safetensors, .rs, .h and .onnx.
    #[arg(long, value_name = "FILE.json|DIR")]
    out: Option<PathBuf>,
    /// One JSON object instead of a table.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(options: &Options) -> Result<ExitCode> {
    let hints = Hints { activation: options.activation, last: options.last };
    let imported = match exchange::read(&options.file, hints) {
        Err(error) if error.is::<Usage>() => {
            eprintln!("error: {error:#}");
            return Ok(ExitCode::from(2));
        }
        imported => imported?,
    };
    let (imported, tuned) = match &options.fine_tune {
        None => (imported, None),
        Some(table) => {
            let tuned = options.tune(&imported, table)?;
            (Imported { image: tuned.image.clone(), ..imported }, Some(tuned))
        }
    };
    let repeated = match options.on.as_ref().zip(tuned.as_ref()) {
        None => None,
        Some((at, tuned)) => Some(tuned.repeat.on(at, &tuned.image.params)?),
    };
    let written = options.out.as_deref().map_or(Ok(Vec::new()), |out| write(&imported, out))?;
    if options.json {
        let mut object = to_report(&imported, tuned.as_ref(), &written);
        object["device"] = serde_json::to_value(&repeated)?;
        println!("{}", serde_json::to_string_pretty(&object)?);
    } else {
        print(&imported, tuned.as_ref(), &written);
        repeated.iter().for_each(|repeated| println!("{repeated}"));
    }
    Ok(ExitCode::SUCCESS)
}

impl Options {
    /// The network after training on the table in `path`.
    fn tune(&self, imported: &Imported, path: &Path) -> Result<Tuned> {
        ensure!(
            !imported.ended_in_softmax,
            "--fine-tune trains by squared error, and this network ended in a Softmax"
        );
        let inputs = imported.image.encoder.inputs.iter().filter(|input| input.word.is_some());
        let reading = Reading {
            ignore: self.ignore.clone(),
            categorical: inputs.map(|input| input.column.clone()).collect(),
            seed: Seed(self.seed),
            ..Reading::default()
        };
        let table = table::read(path, &reading)?;
        let settings = Settings { step_size: self.step_size, updates: self.updates, seed: Seed(self.seed) };
        fine_tune::fine_tune(&imported.image, &table, &self.target, settings)
    }
}

fn write(imported: &Imported, out: &Path) -> Result<Vec<PathBuf>> {
    if out.extension().is_some_and(|extension| extension == "json") {
        exchange::save_image(&imported.image, out)?;
        return Ok(vec![out.to_owned()]);
    }
    exchange::export(&imported.image, out)
}

/// The RAM to train it further on a device, from a stream, with a batch of one and with a larger one.
fn ram(imported: &Imported) -> [Ram; 2] {
    let layers = &imported.image.layers;
    let ram = Ram::of_sizes(layers.params(), layers.units()).with_sample(layers.inputs() + layers.outputs());
    [ram, ram.with_gradient()]
}

fn to_report(imported: &Imported, tuned: Option<&Tuned>, written: &[PathBuf]) -> Value {
    let Imported { image, notes, .. } = imported;
    let tuned = tuned
        .map(|tuned| json!({ "rows": tuned.rows, "error_before": tuned.before, "error_after": tuned.after }));
    let layers = image.layers.layers().map(|layer| {
        json!({
            "inputs": layer.inputs,
            "outputs": layer.outputs,
            "bias": layer.has_bias,
            "activation": layer.activation,
            "params": layer.params(),
        })
    });
    let [batch_1, larger] = ram(imported);
    json!({
        "network": image.layers.to_string(),
        "layers": layers.collect::<Vec<_>>(),
        "params": image.layers.params(),
        "digest": exchange::digest(&image.params),
        "inputs": image.encoder.inputs,
        "outputs": image.encoder.outputs,
        "ram_bytes": { "batch_1": batch_1.total(), "larger_batch": larger.total() },
        "fine_tuned": tuned,
        "written": written,
        "notes": notes,
    })
}

fn print(imported: &Imported, tuned: Option<&Tuned>, written: &[PathBuf]) {
    let Imported { image, notes, .. } = imported;
    let rows = image.layers.layers().enumerate().map(|(index, layer)| {
        let bias = if layer.has_bias { "yes" } else { "no" };
        vec![
            index.to_string(),
            layer.activation.to_owned(),
            bias.to_owned(),
            layer.inputs.to_string(),
            layer.outputs.to_string(),
            layer.params().to_string(),
        ]
    });
    println!(
        "{}",
        report::table(&["layer", "activation", "bias", "inputs", "outputs", "parameters"], 3, rows)
    );
    let [batch_1, larger] = ram(imported);
    println!(
        "\n{}, {} parameters with digest {}. To train it further on a device takes {} B of RAM with a batch of one, {} B \
         with a larger one.",
        image.layers,
        image.layers.params(),
        exchange::digest(&image.params),
        batch_1.total(),
        larger.total()
    );
    if let Some(Tuned { rows, before, after, .. }) = tuned {
        println!(
            "Trained on {rows} rows; on the others the error is {} of the variance, and was {}.",
            report::percent(*after),
            report::percent(*before)
        );
    }
    notes.iter().for_each(|note| println!("note: {note}"));
    written.iter().for_each(|path| println!("written: {}", path.display()));
}
