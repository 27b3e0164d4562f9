//! `tamis checkpoint`: what is in the flash memory of a device.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use embedded_storage::nor_flash::{ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash};
use serde_json::{Value, json};
use tamis::Network;
use tamis::checkpoint::{Checkpoints, Found};
use tamis::wire::{Configuration, Job};

use crate::exchange::{self, tensors};
use crate::report;
use crate::select::image::Image;
use crate::svg::thousands;
use crate::whole;

/// Looks at checkpoints in an image of a device's flash memory.
///
/// An image is the bytes of the whole area, as a debugger reads them: probe-rs, or QEMU's memsave.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n    tamis checkpoint show flash.bin")]
pub struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    Show(ShowOptions),
    Verify(ShowOptions),
    Export(ExportOptions),
}

/// Shows the checkpoints (show), or tells by the exit code whether there is a whole one of this arithmetic (verify).
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n    tamis checkpoint show flash.bin\n    tamis checkpoint verify flash.bin --slot 2048"
)]
struct ShowOptions {
    #[command(flatten)]
    image: ImageOptions,
    /// One JSON object instead of text.
    #[arg(long)]
    json: bool,
}

/// Writes the parameters of the newest checkpoint as safetensors.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n    tamis checkpoint export flash.bin --out model.safetensors")]
struct ExportOptions {
    #[command(flatten)]
    image: ImageOptions,
    /// Where they go.
    #[arg(long, value_name = "FILE", default_value = "model.safetensors")]
    out: PathBuf,
    /// One JSON object instead of text.
    #[arg(long)]
    json: bool,
}

#[derive(Args, Debug)]
struct ImageOptions {
    /// The image.
    file: PathBuf,
    /// Bytes of a slot; without it half of the image, as the trainer has it.
    #[arg(long, value_name = "BYTES")]
    slot: Option<u32>,
}

/// Runs the command.
pub fn run(options: &Options) -> Result<ExitCode> {
    match &options.command {
        Command::Show(options) => show(options, false),
        Command::Verify(options) => show(options, true),
        Command::Export(options) => export(options),
    }
}

/// An image in the place of flash memory.
struct Bytes(Vec<u8>);

impl ErrorType for Bytes {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for Bytes {
    const READ_SIZE: usize = 1;

    fn read(&mut self, at: u32, into: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        let from = self.0.get(at as usize..).and_then(|from| from.get(..into.len()));
        into.copy_from_slice(from.ok_or(NorFlashErrorKind::OutOfBounds)?);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.0.len()
    }
}

impl NorFlash for Bytes {
    const WRITE_SIZE: usize = 1;
    const ERASE_SIZE: usize = 32;

    fn erase(&mut self, _: u32, _: u32) -> Result<(), NorFlashErrorKind> {
        Err(NorFlashErrorKind::Other)
    }

    fn write(&mut self, _: u32, _: &[u8]) -> Result<(), NorFlashErrorKind> {
        Err(NorFlashErrorKind::Other)
    }
}

/// A checkpoint that was found.
struct Checkpoint {
    found: Found,
    description: Vec<u8>,
    state: Vec<u8>,
}

impl Checkpoint {
    /// The training, if it is one.
    fn configuration(&self) -> Option<Configuration> {
        match self.job() {
            Some(Job::Train(configuration)) => Some(configuration),
            _ => None,
        }
    }

    /// What the device was at, if its program has saved it.
    fn job(&self) -> Option<Job> {
        postcard::from_bytes(&self.description).ok()
    }

    /// In words.
    fn training(&self) -> String {
        match self.job() {
            Some(Job::Select(selection)) => {
                let (inputs, samples) = (selection.task.inputs, selection.settings.samples);
                format!("selection of {inputs} inputs, {} samples", thousands(samples))
            }
            Some(Job::Train(Configuration { training, .. })) => {
                let plan = &training.plan;
                let (layers, loss) = (&training.layers, training.loss.name());
                format!("{layers}, {loss}, batch {}, {} updates", plan.batch, thousands(plan.updates))
            }
            None => format!("{:?}", String::from_utf8_lossy(&self.description)),
        }
    }
}

impl ImageOptions {
    /// All whole checkpoints, by slot.
    fn checkpoints(&self) -> Result<Vec<Checkpoint>> {
        let place = || self.file.display().to_string();
        let bytes = Bytes(fs::read(&self.file).with_context(place)?);
        let checkpoints = match self.slot {
            Some(slot) => Checkpoints::new(bytes, slot),
            None => Checkpoints::halves(bytes),
        };
        let mut checkpoints = checkpoints.with_context(place)?;
        let mut all = Vec::new();
        for slot in 0..checkpoints.slots() {
            let Some(found) = checkpoints.look(slot)? else { continue };
            let mut description = vec![0; found.description as usize];
            checkpoints.description(&found, &mut description)?;
            let mut state = vec![0; 4 * found.words as usize];
            checkpoints.state(&found, &mut state)?;
            all.push(Checkpoint { found, description, state });
        }
        Ok(all)
    }
}

fn newest(checkpoints: &[Checkpoint]) -> Option<&Checkpoint> {
    checkpoints.iter().max_by_key(|checkpoint| checkpoint.found.sequence)
}

fn show(options: &ShowOptions, is_verdict: bool) -> Result<ExitCode> {
    let checkpoints = options.image.checkpoints()?;
    let newest = newest(&checkpoints);
    let is_good = newest.is_some_and(|newest| newest.found.arithmetic == tamis::ARITHMETIC_VERSION);
    let is_newest =
        |checkpoint: &Checkpoint| newest.is_some_and(|newest| newest.found.slot == checkpoint.found.slot);
    if options.json {
        let objects: Vec<Value> = checkpoints
            .iter()
            .map(|checkpoint| {
                let Found { slot, arithmetic, sequence, updates, digest, words, .. } = checkpoint.found;
                json!({
                    "slot": slot, "sequence": sequence, "updates": updates, "digest": format!("{digest:08x}"),
                    "words": words, "arithmetic": arithmetic, "newest": is_newest(checkpoint),
                    "training": checkpoint.training(),
                })
            })
            .collect();
        println!("{}", serde_json::to_string_pretty(&json!({ "checkpoints": objects, "good": is_good }))?);
    } else if checkpoints.is_empty() {
        println!("no whole checkpoint");
    } else {
        let rows = checkpoints.iter().map(|checkpoint| {
            let Found { slot, arithmetic, sequence, updates, digest, .. } = checkpoint.found;
            vec![
                format!("{slot}{}", if is_newest(checkpoint) { ", newest" } else { "" }),
                sequence.to_string(),
                thousands(updates),
                format!("{digest:08x}"),
                arithmetic.to_string(),
                checkpoint.training(),
            ]
        });
        println!(
            "{}",
            report::table(&["slot", "sequence", "updates", "digest", "arithmetic", "training"], 1, rows)
        );
    }
    Ok(ExitCode::from(u8::from(is_verdict && !is_good)))
}

fn export(options: &ExportOptions) -> Result<ExitCode> {
    let image = parameters(&options.image)?;
    whole::write(&[(options.out.clone(), tensors::write(&image)?)])?;
    let digest = exchange::digest(&image.params);
    let (shape, out) = (image.layers.to_string(), options.out.display());
    if options.json {
        let object = json!({ "file": options.out, "shape": shape, "parameters": image.params.len(), "digest": digest });
        println!("{}", serde_json::to_string_pretty(&object)?);
    } else {
        println!("{out}: {shape}, {} parameters with digest {digest}", image.params.len());
    }
    Ok(ExitCode::SUCCESS)
}

/// The network of the newest checkpoint, its inputs without names.
fn parameters(options: &ImageOptions) -> Result<Image> {
    let place = || options.file.display().to_string();
    let checkpoints = options.checkpoints()?;
    let newest = newest(&checkpoints).context("no whole checkpoint").with_context(place)?;
    let Some(Configuration { training, .. }) = newest.configuration() else {
        bail!("{}: the newest checkpoint is not the trainer's: its network is unknown", place());
    };
    let layers = training.layers;
    // The state begins with the parameters.
    let (words, _) = newest.state.as_chunks::<4>();
    let params: Vec<f32> = words.iter().take(layers.params()).map(|&word| f32::from_le_bytes(word)).collect();
    let encoder = exchange::plain(layers.inputs(), layers.outputs());
    exchange::checked(Image { encoder, layers, params }).with_context(place)
}
