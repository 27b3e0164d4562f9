//! `tamis device`: a board that trains what it is sent.

use std::io::IsTerminal;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;
use tamis::Network;
use tamis::wire::{Configuration, Hello, Origin, Progress, Request, Training};

use super::monitor::{self, MonitorOptions};
use super::motor::{self, MotorOptions};
use super::relay::{Noise, Relay};
use super::select::{self, SelectOptions};
use super::twin::Twin;
use super::view::{self, Scene, Screen};
use super::{MOMENT, feed, params, progress_of, request, status, support};
use crate::emulator::{Clock, Emulator};
use crate::exchange::{self, Hints};
use crate::machine::Machine;
use crate::port::At;
use crate::replica::{Memory, bits};
use crate::select::image::Image;
use crate::svg::thousands;
use crate::tools;
use crate::trace::Trace;
use crate::training::TrainingOptions;
use crate::{report, whole};

/// Trains on a device over its serial line, and asks it what it has learned.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n    tamis device train --machine mps2-an386 --task sine --shape 8-16-1 --updates 5000"
)]
pub struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    List(ListOptions),
    Info(InfoOptions),
    Train(Box<TrainOptions>),
    Select(SelectOptions),
    Support(InfoOptions),
    Monitor(MonitorOptions),
    Motor(MotorOptions),
    Pull(PullOptions),
    Push(PushOptions),
    Emulate(EmulateOptions),
}

/// Lists the serial ports of this computer, and the boards that can be emulated.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n    tamis device list")]
struct ListOptions {
    /// One JSON object instead of text.
    #[arg(long)]
    json: bool,
}

/// Tells what a device is and how far it has come (info), or which inputs matter to it (support).
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n    tamis device info --port /dev/ttyACM0\n    tamis device support --port /dev/ttyACM0"
)]
struct InfoOptions {
    #[command(flatten)]
    at: At,
    /// One JSON object instead of text.
    #[arg(long)]
    json: bool,
}

/// Trains on a device, sample by sample over the line or by itself, and compares every answer with a twin on this host.
///
/// If the device has this very training already, because it or this program was interrupted, the training goes on.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n    tamis device train --machine mps2-an386 --task sine --inputs 8 --relevant 2 --shape 8-16-1 \\\n        --updates 20000 --checkpoint-every 1000"
)]
struct TrainOptions {
    #[command(flatten)]
    at: At,
    #[command(flatten)]
    training: TrainingOptions,
    /// The device trains by itself, on its own sensor, which delivers the rows of the task: it goes on if this program ends.
    #[arg(long, help_heading = "Run")]
    standalone: bool,
    /// A checkpoint on the device after every N updates; see docs/CHECKPOINTS.md for what that does to flash memory.
    #[arg(long, value_name = "N", help_heading = "Run", value_parser = clap::value_parser!(u32).range(1..))]
    checkpoint_every: Option<u32>,
    /// For --machine, another program than the one that is built here.
    #[arg(long, value_name = "FILE", requires = "machine", help_heading = "Device")]
    elf: Option<PathBuf>,
    /// Take the life of the training down in this file, for tamis replay.
    #[arg(long, value_name = "FILE", help_heading = "Run")]
    trace: Option<PathBuf>,
    /// Begin again, even if the device has a part of this training.
    #[arg(long, help_heading = "Run")]
    fresh: bool,
    /// One JSON object instead of text.
    #[arg(long, help_heading = "Run")]
    json: bool,
}

/// Takes the parameters from a device into a file of safetensors.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n    tamis device pull --port /dev/ttyACM0 --like model.safetensors trained.safetensors"
)]
struct PullOptions {
    #[command(flatten)]
    at: At,
    /// A network of the same shape, .safetensors, .onnx or .json, which says what the parameters stand for.
    #[arg(long, value_name = "FILE")]
    like: PathBuf,
    /// The activation of its hidden layers, where that file does not say it.
    #[arg(long, value_parser = crate::training::activation_parser())]
    activation: Option<tamis::AnyActivation>,
    /// Where they go, .safetensors or .json.
    file: PathBuf,
    /// One JSON object instead of text.
    #[arg(long)]
    json: bool,
}

/// Gives a device the parameters of a network, before the first update of its training.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n    tamis device push --port /dev/ttyACM0 model.safetensors --activation tanh"
)]
struct PushOptions {
    #[command(flatten)]
    at: At,
    /// The network, .safetensors, .onnx or .json.
    file: PathBuf,
    /// The activation of its hidden layers, where the file does not say it.
    #[arg(long, value_parser = crate::training::activation_parser())]
    activation: Option<tamis::AnyActivation>,
    /// One JSON object instead of text.
    #[arg(long)]
    json: bool,
}

/// Switches a board on in an emulator, its serial line at a TCP address, until a key is pressed: a device that stays while
/// the other commands come and go. The line may be a bad one.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n    tamis device emulate --machine microbit --listen 127.0.0.1:4000 --fault-in 100\n    tamis device info --port tcp:127.0.0.1:4000"
)]
struct EmulateOptions {
    /// The board.
    #[arg(long, value_enum)]
    machine: Machine,
    /// The address.
    #[arg(long, default_value = "127.0.0.1:4000")]
    listen: String,
    /// One in N frames is damaged, one cut off, one dropped, one doubled and one held back, each way; 0 is a good line.
    #[arg(long, value_name = "N", default_value_t = 0)]
    fault_in: u32,
    /// Decides which.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// One JSON object at the end instead of text.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(options: &Options) -> Result<ExitCode> {
    let done = match &options.command {
        Command::List(options) => list(options),
        Command::Info(options) => info(options),
        Command::Train(options) => train(options),
        Command::Select(options) => select::run(options),
        Command::Support(options) => tell_support(options),
        Command::Monitor(options) => monitor::run(options),
        Command::Motor(options) => motor::run(options),
        Command::Pull(options) => pull(options),
        Command::Push(options) => push(options),
        Command::Emulate(options) => emulate(options),
    };
    match done {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(error) if error.is::<Usage>() => {
            eprintln!("error: {error}");
            Ok(ExitCode::from(2))
        }
        Err(error) => Err(error),
    }
}

/// Options that make no sense.
#[derive(Debug)]
pub(super) struct Usage(pub String);

impl std::fmt::Display for Usage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Usage {}

fn list(options: &ListOptions) -> Result<()> {
    let ports = serialport::available_ports().context("the serial ports of this computer")?;
    let ports: Vec<_> = ports.into_iter().map(|port| port.port_name).collect();
    let machines: Vec<_> = Machine::value_variants().iter().map(|machine| machine.name()).collect();
    if options.json {
        println!("{}", serde_json::to_string_pretty(&json!({ "ports": ports, "machines": machines }))?);
        return Ok(());
    }
    let none = || "none".to_owned();
    println!("--port     {}", if ports.is_empty() { none() } else { ports.join(", ") });
    println!("--machine  {}", machines.join(", "));
    Ok(())
}

fn info(options: &InfoOptions) -> Result<()> {
    let mut board = options.at.open()?;
    let progress = status(&mut board)?;
    let Hello { wire, arithmetic, board: name, numbers, indices, inputs, checkpoint } = board.hello().clone();
    if options.json {
        let training = progress.as_ref().map(|progress| {
            json!({
                "updates": progress.updates,
                "digest": format!("{:08x}", progress.digest),
                "numbers_received": progress.received,
                "durable": progress.durable,
                "rejected": progress.rejected,
            })
        });
        let object = json!({
            "board": name.as_str(), "wire": wire, "arithmetic": arithmetic, "arena_numbers": numbers,
            "indices": indices, "sensor_inputs": inputs, "checkpoint_bytes": checkpoint, "training": training,
        });
        println!("{}", serde_json::to_string_pretty(&object)?);
        return Ok(());
    }
    println!("{name}: wire {wire}, arithmetic {arithmetic}");
    println!(
        "room for {} numbers and {indices} shuffled samples; its sensor has {inputs} inputs",
        thousands(numbers)
    );
    match checkpoint {
        0 => println!("no memory for checkpoints"),
        bytes => println!("checkpoints of up to {} bytes", thousands(bytes)),
    }
    match progress {
        None => println!("no training"),
        Some(progress) => println!(
            "a training: {} updates, digest {:08x}, {}",
            thousands(progress.updates),
            progress.digest,
            durable(&progress)
        ),
    }
    Ok(())
}

/// What would be left of a training if the power went now.
pub(super) fn durable(progress: &Progress) -> String {
    match progress.durable {
        None => "no checkpoint".to_owned(),
        Some(updates) => format!("durable up to update {}", thousands(updates)),
    }
}

fn train(options: &TrainOptions) -> Result<()> {
    let setup = options.training.setup().map_err(|error| Usage(format!("{error:#}")))?;
    if setup.friedman.is_some() {
        bail!(Usage("friedman1 is for the host only; see tamis train".to_owned()));
    }
    let training = setup.training.clone();
    let configuration = Configuration {
        training: training.clone(),
        origin: if options.standalone { Origin::Standalone } else { Origin::Host },
        checkpoint_every: options.checkpoint_every,
    };
    let mut board = At { elf: options.elf.clone(), ..options.at.clone() }.open()?;
    let trace = options
        .trace
        .as_ref()
        .map(|path| Trace::open(path, &board.hello().board, &configuration, None, false));
    let trace = trace.transpose()?;
    if options.fresh {
        request(&mut board, &Request::Forget)?;
    }
    let mut rows = feed::rows_of(training.plan.task);
    let mut memory = Memory::of(&training);
    let mut twin = Twin::start(&training, None, &mut memory, rows)?;
    let mut onlooker = Onlooker::new(options, &training)?;
    let started = Instant::now();
    let mut first = None;
    let done = feed::feed_and_trace(&mut board, &configuration, None, &mut rows, trace, |progress| {
        first.get_or_insert(progress.updates);
        twin.follow(progress.updates, progress.digest)?;
        onlooker.see(progress, &mut twin)
    })?;
    drop(onlooker);
    let seconds = started.elapsed().as_secs_f64();
    let found = support(&mut board)?;
    let (norms, verdicts) = &found;
    let same = bits(&params(&mut board)?) == bits(twin.params());
    ensure!(same, "all digests are equal, but not the parameters at the end");
    let counts = board.counts();
    let first = first.unwrap_or_default();
    let made = done.updates - first.min(done.updates);
    let samples_per_second = f64::from(made) * f64::from(training.plan.batch) / seconds;
    if options.json {
        let object = json!({
            "device": options.at.name(),
            "board": board.hello().board.as_str(),
            "from_update": first,
            "updates": done.updates,
            "digest": format!("{:08x}", done.digest),
            "digests_compared": twin.equal,
            "durable": done.durable,
            "rejected": done.rejected,
            "norms": norms.iter().map(|&bits| f32::from_bits(bits)).collect::<Vec<_>>(),
            "verdicts": verdicts.iter().map(report::verdict).collect::<Vec<_>>(),
            "samples_per_second": samples_per_second,
            "line": counts,
        });
        println!("{}", serde_json::to_string_pretty(&object)?);
        return Ok(());
    }
    println!("{}\n{}\n", setup.title(), setup.how());
    println!("{}", view::table(&monitor::inputs(&found), "verdict"));
    if first > 0 {
        println!("\nwent on from update {}", thousands(first));
    }
    println!(
        "\n{} updates, digest {:08x}, {}; {} digests compared with this host, all equal",
        thousands(done.updates),
        done.digest,
        durable(&done),
        thousands(u32::try_from(twin.equal).unwrap_or(u32::MAX)),
    );
    println!(
        "{samples_per_second:.0} samples per second; {} frames sent, {} of them again, {} came damaged, {} rejected samples",
        counts.sent,
        counts.sent.saturating_sub(counts.requests),
        counts.damaged + counts.damaged_there,
        done.rejected
    );
    Ok(())
}

/// Shows how a training goes: on a terminal all of it, else in a bar.
enum Onlooker {
    Screen(Box<(Screen, Scene)>, Instant),
    Bar(indicatif::ProgressBar),
}

impl Onlooker {
    fn new(options: &TrainOptions, training: &Training) -> Result<Self> {
        let (name, last) = (options.at.name(), training.plan.updates);
        let screen = if options.json { None } else { Screen::take()? };
        Ok(match screen {
            Some(screen) => {
                let scene = Scene { name, last: Some(last), ..Scene::default() };
                Self::Screen(Box::new((screen, scene)), Instant::now())
            }
            None => {
                let bar = report::progress(last as usize);
                bar.set_message(name);
                Self::Bar(bar)
            }
        })
    }

    /// Hears how far the device is; the twin has come as far.
    fn see(&mut self, progress: &Progress, twin: &mut Twin<'_, impl feed::Rows>) -> Result<()> {
        match self {
            Self::Bar(bar) => bar.set_position(progress.updates.into()),
            Self::Screen(shown, due) => {
                let (screen, scene) = &mut **shown;
                if let Some(loss) = progress.loss.filter(|_| progress.updates != scene.now.updates) {
                    scene.losses.push(progress.updates, loss);
                }
                scene.now = progress.clone();
                if *due <= Instant::now() {
                    *due = Instant::now() + MOMENT;
                    scene.inputs = monitor::inputs(&twin.support());
                    scene.weights = twin.first_layer().to_vec();
                    ensure!(!screen.show(scene)?, "stopped; the same command goes on");
                }
            }
        }
        Ok(())
    }
}

impl Drop for Onlooker {
    fn drop(&mut self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}

fn tell_support(options: &InfoOptions) -> Result<()> {
    let mut board = options.at.open()?;
    let progress = status(&mut board)?.context("there is no training on the device")?;
    if let Some(found) = select::found(&mut board)? {
        return found.tell(options.json, &progress);
    }
    let found = support(&mut board)?;
    let (norms, verdicts) = &found;
    if options.json {
        let object = json!({
            "updates": progress.updates,
            "norms": norms.iter().map(|&bits| f32::from_bits(bits)).collect::<Vec<_>>(),
            "verdicts": verdicts.iter().map(report::verdict).collect::<Vec<_>>(),
        });
        println!("{}", serde_json::to_string_pretty(&object)?);
    } else if norms.is_empty() {
        println!("no norms yet: they are looked at every {} updates", tamis::trainer::CHECK_EVERY);
    } else {
        println!(
            "after {} updates\n{}",
            thousands(progress.updates),
            view::table(&monitor::inputs(&found), "verdict")
        );
    }
    Ok(())
}

/// A network from a file.
fn network(path: &std::path::Path, activation: Option<tamis::AnyActivation>) -> Result<Image> {
    let hints = Hints { activation, ..Hints::default() };
    Ok(exchange::read(path, hints)?.image)
}

fn pull(options: &PullOptions) -> Result<()> {
    let like = network(&options.like, options.activation)?;
    let mut board = options.at.open()?;
    let progress = status(&mut board)?.context("there is no training on the device")?;
    let image = exchange::checked(Image { params: params(&mut board)?, ..like })
        .with_context(|| format!("{} is not of the device's network", options.like.display()))?;
    match options.file.extension().and_then(|extension| extension.to_str()) {
        Some("safetensors") => whole::write(&[(options.file.clone(), exchange::tensors::write(&image)?)])?,
        Some("json") => exchange::save_image(&image, &options.file)?,
        _ => bail!(Usage(format!("{}: .safetensors or .json", options.file.display()))),
    }
    told(options.json, &options.file, &image, progress.updates)
}

fn push(options: &PushOptions) -> Result<()> {
    let image = network(&options.file, options.activation)?;
    let mut board = options.at.open()?;
    let progress = status(&mut board)?.context("there is no training on the device to have them")?;
    let there = params(&mut board)?.len();
    let here = image.layers.params();
    ensure!(there == here, "{} has {here} parameters, the device {there}", options.file.display());
    feed::set_params(&mut board, &image.params)?;
    if progress.durable.is_some() {
        progress_of(request(&mut board, &Request::Checkpoint)?)?;
    }
    told(options.json, &options.file, &image, progress.updates)
}

fn told(as_json: bool, file: &std::path::Path, image: &Image, updates: u32) -> Result<()> {
    let digest = exchange::digest(&image.params);
    if as_json {
        let object = json!({
            "file": file, "shape": image.layers.to_string(), "parameters": image.params.len(),
            "digest": digest, "updates": updates,
        });
        println!("{}", serde_json::to_string_pretty(&object)?);
    } else {
        println!(
            "{}: {}, {} parameters with digest {digest}, after {} updates",
            file.display(),
            image.layers,
            image.params.len(),
            thousands(updates)
        );
    }
    Ok(())
}

fn emulate(options: &EmulateOptions) -> Result<()> {
    let elf = tools::firmware(options.machine)?;
    let listener = TcpListener::bind(&options.listen).with_context(|| options.listen.clone())?;
    let address = listener.local_addr()?;
    let (emulator, line) = Emulator::switch_on(options.machine, &elf, Clock::Free)?;
    let noise =
        [0, 1].map(|way| Noise::new(options.seed.wrapping_mul(2).wrapping_add(way), options.fault_in));
    let relay = Relay::start(line, listener, noise)?;
    eprintln!("{} at --port tcp:{address}", options.machine);
    eprintln!("Enter, or the end of the input, switches it off.");
    if std::io::stdin().is_terminal() {
        std::io::stdin().read_line(&mut String::new())?;
    } else {
        std::io::copy(&mut std::io::stdin(), &mut std::io::sink())?;
    }
    let [to_device, from_device] = relay.faults();
    drop((relay, emulator));
    if options.json {
        let object = json!({ "to_device": to_device, "from_device": from_device });
        println!("{}", serde_json::to_string_pretty(&object)?);
    } else {
        println!(
            "{} frames to the device, {} with a fault; {} from it, {} with a fault",
            to_device.frames,
            to_device.total(),
            from_device.frames,
            from_device.total()
        );
    }
    Ok(())
}
