//! Any synthetic training as options of a command line.
//!
//! An option that is not given is off, or what the demonstration's part C has. What contradicts itself is refused here
//! or by the kernel, and the message names the option.

use std::fmt::Display;
use std::str::FromStr;

use anyhow::{Result, anyhow, bail, ensure};
use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use tamis::layers::MAX_LAYERS;
use tamis::support::column_norms;
use tamis::wire::Training;
use tamis::{
    AnyActivation, AnyLoss, Base, Clip, Data, Growing, Huber, Init, InitError, Labels, LayerSpec, Layers,
    LayersError, Loss, Network, Plan, PlanError, Pressed, Proximal, Rule, RuleError, Seed, Sgd, Target, Task,
    TaskError, WeightDecay,
};

use crate::curves::Mark;
use crate::friedman::{self, Friedman};
use crate::replica;
use crate::svg::thousands;

/// What to train, on what, and how.
#[derive(Args, Clone, Debug)]
pub struct TrainingOptions {
    #[command(flatten)]
    task: TaskOptions,
    #[command(flatten)]
    network: NetworkOptions,
    #[command(flatten)]
    data: DataOptions,
    #[command(flatten)]
    update: UpdateOptions,
    #[command(flatten)]
    penalties: PenaltyOptions,
    #[command(flatten)]
    verdict: VerdictOptions,
}

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Task")]
struct TaskOptions {
    /// How the target depends on the relevant inputs.
    #[arg(long, default_value = "sine", value_parser = task_parser())]
    task: Problem,
    /// Inputs before the probes; without it the first number of the shape, else 8, or 10 for friedman1.
    #[arg(long, value_name = "N")]
    inputs: Option<u16>,
    /// How many of the inputs, the first, are relevant; without it 2, 5 for friedman1, 0 for noise.
    #[arg(long, value_name = "N")]
    relevant: Option<u16>,
    /// The standard deviation of the noise on the target.
    #[arg(long, value_name = "SIGMA", default_value_t = 0.3, allow_negative_numbers = true)]
    noise: f32,
    /// Rows come in pairs, N rows apart, of opposite noise.
    #[arg(long, value_name = "N", conflicts_with = "classes")]
    mirrored: Option<u32>,
    /// The target in N classes; without it 2 for the binary loss, as many as outputs for softmax.
    #[arg(long, value_name = "N")]
    classes: Option<u16>,
    /// Decides weights, samples and their order.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Network")]
struct NetworkOptions {
    /// Widths: inputs with probes, hidden layers, outputs. Inputs beyond --inputs are probes, noise that is related to
    /// nothing. Without it the inputs, 16, 1.
    #[arg(long, value_name = "8-16-1", value_parser = shape)]
    shape: Option<Widths>,
    /// What hidden units do.
    #[arg(long, default_value = "tanh", value_parser = activation_parser())]
    activation: AnyActivation,
    /// What outputs do.
    #[arg(long, default_value = "identity", value_parser = activation_parser())]
    output_activation: AnyActivation,
    /// No layer has biases.
    #[arg(long)]
    no_bias: bool,
    /// mse, huber[:BOUND], binary or softmax.
    #[arg(long, default_value = "mse", value_parser = loss)]
    loss: AnyLoss,
    /// Initial weights: he, xavier or scaled:GAIN.
    #[arg(long, default_value = "scaled:1", value_parser = init)]
    init: Init,
    /// Initial weights uniform instead of normal.
    #[arg(long)]
    uniform: bool,
    /// Normal initial biases of this standard deviation, instead of zeros.
    #[arg(long, value_name = "D", allow_negative_numbers = true)]
    init_biases: Option<f32>,
}

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Samples")]
struct DataOptions {
    /// stream, or sequential:N, shuffled:N, keyed:N, replacement:N (the first N rows, stored), or ring:N:VISITS (the
    /// last N of a stream, so many visits for each new row).
    #[arg(long, default_value = "stream", value_parser = data)]
    data: Data,
    /// Samples per update.
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    batch: u32,
    /// Inputs are scaled to mean 0 and deviation 1, by the first N samples.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    standardise: Option<u32>,
    /// Fresh noise of this standard deviation on the target at every visit.
    #[arg(long, value_name = "SIGMA", allow_negative_numbers = true)]
    label_noise: Option<f32>,
}

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Update")]
struct UpdateOptions {
    /// How many updates.
    #[arg(long, default_value_t = 50_000, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    updates: u32,
    /// The step size.
    #[arg(long, default_value_t = 0.05, value_name = "ETA", allow_negative_numbers = true)]
    step_size: f32,
    /// The step size grows to its full length over N updates.
    #[arg(long, value_name = "N")]
    warm_up: Option<u32>,
    /// Every so many updates the step size is multiplied by a factor.
    #[arg(long, value_name = "EVERY:FACTOR", value_parser = count_and_number, conflicts_with = "cosine")]
    step_decay: Option<(u32, f32)>,
    /// The step size falls to zero over N updates along half a cosine.
    #[arg(long, value_name = "N")]
    cosine: Option<u32>,
    /// From update AT on the step size is multiplied by a factor.
    #[arg(long, value_name = "AT:FACTOR", value_parser = count_and_number)]
    final_drop: Option<(u32, f32)>,
    /// The norm of the gradient is at most B.
    #[arg(long, value_name = "B", conflicts_with = "clip_value", allow_negative_numbers = true)]
    clip_norm: Option<f32>,
    /// Each number of the gradient is at most B, and at least -B.
    #[arg(long, value_name = "B", allow_negative_numbers = true)]
    clip_value: Option<f32>,
    /// The momentum.
    #[arg(long, value_name = "MU", allow_negative_numbers = true)]
    momentum: Option<f32>,
}

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Penalties")]
struct PenaltyOptions {
    /// Weight decay that is part of the gradient.
    #[arg(long, value_name = "LAMBDA", group = "decay", allow_negative_numbers = true)]
    weight_decay: Option<f32>,
    /// Weight decay that acts on the weight, whatever the gradient is.
    #[arg(long, value_name = "LAMBDA", group = "decay", allow_negative_numbers = true)]
    decoupled_decay: Option<f32>,
    /// Another decay for the weights of the first layer.
    #[arg(long, value_name = "LAMBDA", requires = "decay", allow_negative_numbers = true)]
    decay_first: Option<f32>,
    /// Another decay for the weights of the layers between.
    #[arg(long, value_name = "LAMBDA", requires = "decay", allow_negative_numbers = true)]
    decay_hidden: Option<f32>,
    /// Another decay for the weights of the last layer.
    #[arg(long, value_name = "LAMBDA", requires = "decay", allow_negative_numbers = true)]
    decay_output: Option<f32>,
    /// A decay for the biases, which else do not decay.
    #[arg(long, value_name = "LAMBDA", requires = "decay", allow_negative_numbers = true)]
    decay_biases: Option<f32>,
    /// An L1 penalty on the first layer, applied every so many updates.
    #[arg(long, value_name = "LAMBDA[:EVERY]", value_parser = penalty, allow_negative_numbers = true, conflicts_with = "group_lasso")]
    l1: Option<(f32, u32)>,
    /// A penalty on the column norms of the first layer, applied every so many updates.
    #[arg(long, value_name = "LAMBDA[:EVERY]", value_parser = penalty, allow_negative_numbers = true)]
    group_lasso: Option<(f32, u32)>,
    /// A growing penalty on COUNT inputs from number FIRST on (x1 is 1), from update FROM on.
    #[arg(long, value_name = "FIRST:COUNT:RATE:FROM:EVERY", value_parser = press)]
    press: Option<Pressing>,
}

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Verdict")]
struct VerdictOptions {
    /// Relevant is what exceeds the largest probe so many times; the rule where there are probes, with 3.
    #[arg(long, value_name = "FACTOR", conflicts_with = "least_gap", allow_negative_numbers = true)]
    probe_factor: Option<f32>,
    /// Inputs are cut at the widest gap if it is at least this; the rule where there are no probes, with 3.
    #[arg(long, value_name = "RATIO", allow_negative_numbers = true)]
    least_gap: Option<f32>,
}

/// What is learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Problem {
    Target(Target),
    Friedman1,
}

impl Problem {
    fn name(self) -> &'static str {
        match self {
            Self::Target(target) => target.name(),
            Self::Friedman1 => "friedman1",
        }
    }
}

/// Inputs, then outputs of each layer.
#[derive(Clone, Debug)]
struct Widths(Vec<u16>);

/// A growing penalty as it is asked for.
#[derive(Clone, Copy, Debug)]
struct Pressing {
    first: u16,
    count: u16,
    rate: f32,
    from: u32,
    every: u32,
}

fn task_parser() -> impl TypedValueParser<Value = Problem> {
    let names = Target::ALL.iter().map(|target| target.name()).chain(["friedman1"]);
    PossibleValuesParser::new(names).map(|name| {
        let target = Target::ALL.into_iter().find(|target| target.name() == name);
        target.map_or(Problem::Friedman1, Problem::Target)
    })
}

fn activation_parser() -> impl TypedValueParser<Value = AnyActivation> {
    let names = AnyActivation::ALL.map(|activation| match activation {
        AnyActivation::LeakyRelu => PossibleValue::new(activation.name()).alias("leaky-relu"),
        _ => PossibleValue::new(activation.name()),
    });
    PossibleValuesParser::new(names).try_map(|name| {
        let name = name.replace('-', "_");
        let activation = AnyActivation::ALL.into_iter().find(|activation| activation.name() == name);
        activation.ok_or("there is no such activation")
    })
}

/// A part of a value: "what" is named if it cannot be read.
fn part<T: FromStr>(text: &str, what: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("'{text}' is not {what}"))
}

fn shape(text: &str) -> Result<Widths, String> {
    let widths = text.split('-').map(|width| match part(width, "a width")? {
        0 => Err("every layer has at least one unit".to_owned()),
        width => Ok(width),
    });
    let widths = widths.collect::<Result<Vec<u16>, String>>()?;
    match widths.len() {
        2.. if widths.len() <= MAX_LAYERS + 1 => Ok(Widths(widths)),
        ..2 => Err("inputs and outputs are needed, as in 8-1 or 8-16-1".to_owned()),
        _ => Err(format!("a network has at most {MAX_LAYERS} layers")),
    }
}

fn loss(text: &str) -> Result<AnyLoss, String> {
    match text.split_once(':') {
        None if text == "mse" => Ok(AnyLoss::Mse),
        None if text == "huber" => Ok(AnyLoss::Huber(Huber::default())),
        None if text == "binary" => Ok(AnyLoss::BinaryCrossEntropy),
        None if text == "softmax" => Ok(AnyLoss::SoftmaxCrossEntropy),
        Some(("huber", bound)) => {
            let huber = Huber::new(part(bound, "a bound")?);
            huber.map(AnyLoss::Huber).map_err(|error| error.to_string())
        }
        _ => Err("there are mse, huber[:BOUND], binary, softmax".to_owned()),
    }
}

fn init(text: &str) -> Result<Init, String> {
    match text.split_once(':') {
        None if text == "he" => Ok(Init::he()),
        None if text == "xavier" => Ok(Init::xavier()),
        Some(("scaled", gain)) => Ok(Init::scaled(part(gain, "a gain")?)),
        _ => Err("there are he, xavier, scaled:GAIN".to_owned()),
    }
}

fn data(text: &str) -> Result<Data, String> {
    let rows = |text| part(text, "a number of rows up to 65535");
    let parts: Vec<&str> = text.split(':').collect();
    match parts[..] {
        ["stream"] => Ok(Data::Stream),
        ["sequential", samples] => Ok(Data::Sequential(rows(samples)?)),
        ["shuffled", samples] => Ok(Data::Shuffled(rows(samples)?)),
        ["keyed", samples] => Ok(Data::Keyed(rows(samples)?)),
        ["replacement", samples] => Ok(Data::WithReplacement(rows(samples)?)),
        ["ring", capacity, visits] => {
            Ok(Data::Ring { capacity: rows(capacity)?, visits: part(visits, "a number of visits")? })
        }
        _ => {
            Err("there are stream, sequential:N, shuffled:N, keyed:N, replacement:N, ring:N:VISITS"
                .to_owned())
        }
    }
}

fn count_and_number(text: &str) -> Result<(u32, f32), String> {
    let (count, number) =
        text.split_once(':').ok_or("a number of updates and a factor are needed, as in 40000:0.2")?;
    Ok((part(count, "a number of updates")?, part(number, "a factor")?))
}

fn penalty(text: &str) -> Result<(f32, u32), String> {
    let (lambda, every) = text.split_once(':').unwrap_or((text, "1"));
    Ok((part(lambda, "a strength")?, part(every, "a number of updates")?))
}

fn press(text: &str) -> Result<Pressing, String> {
    let parts: Vec<&str> = text.split(':').collect();
    let [first, count, rate, from, every] = parts[..] else {
        return Err("FIRST:COUNT:RATE:FROM:EVERY is needed, as in 3:6:0.05:30000:100".to_owned());
    };
    let first: u16 = part(first, "the number of an input")?;
    Ok(Pressing {
        first: first.checked_sub(1).ok_or("the first input is number 1")?,
        count: part(count, "a number of inputs")?,
        rate: part(rate, "a rate")?,
        from: part(from, "a number of updates")?,
        every: part(every, "a number of updates")?,
    })
}

/// A training that makes sense.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The training. Of the plan's task only the numbers count if the task is Friedman's.
    pub training: Training,
    /// The task, if it is Friedman's.
    pub friedman: Option<Friedman>,
    /// "sine".
    pub task: &'static str,
    /// The step size that is asked for.
    pub step_size: f32,
    /// The parameters before the first update.
    pub start: Vec<f32>,
    /// What happens when.
    pub marks: Vec<Mark>,
}

/// More than the host lends to a training.
const TOO_LARGE: usize = 1 << 30;

/// Sets another lambda for a group of parameters.
type Another = fn(WeightDecay, f32) -> WeightDecay;

/// The error of an option.
fn named<T, E: Display>(option: &str, result: Result<T, E>) -> Result<T> {
    result.map_err(|error| anyhow!("--{option}: {error}"))
}

impl Setup {
    /// The task and the network: "sine, 2 of 8 inputs relevant, network 8-16-1, tanh".
    pub fn title(&self) -> String {
        let Training { layers, plan: Plan { task, .. }, .. } = &self.training;
        let probes = match layers.inputs().saturating_sub(task.inputs.into()) {
            0 => String::new(),
            probes => format!(", {probes} probes"),
        };
        let (task, relevant, inputs) = (self.task, task.relevant, task.inputs);
        let activation = layers.specs().first().map_or("", |spec| spec.activation.name());
        format!("{task}, {relevant} of {inputs} inputs relevant{probes}, network {layers}, {activation}")
    }

    /// The column norms before the first update.
    pub fn norms(&self) -> Vec<f32> {
        let layers = &self.training.layers;
        let mut norms = vec![0.0; layers.inputs()];
        column_norms(layers, &self.start, &mut norms);
        norms
    }

    /// How it is trained: "SGD, batch 1, step size 0.05, stream, 50,000 updates, seed 1".
    pub fn how(&self) -> String {
        let Plan { seed, batch, data, updates, .. } = self.training.plan;
        let data = match data {
            Data::Stream => "stream".to_owned(),
            Data::Sequential(samples) => format!("{samples} in sequence"),
            Data::Shuffled(samples) => format!("{samples} shuffled"),
            Data::Keyed(samples) => format!("{samples} in keyed order"),
            Data::WithReplacement(samples) => format!("{samples} with replacement"),
            Data::Ring { capacity, visits } => format!("ring of {capacity}, {visits} visits"),
        };
        let (eta, updates) = (self.step_size, thousands(updates));
        format!("SGD, batch {batch}, step size {eta}, {data}, {updates} updates, seed {}", seed.0)
    }
}

impl TrainingOptions {
    /// The training that is asked for; the error names the option that makes no sense.
    pub fn setup(&self) -> Result<Setup> {
        let (layers, task) = self.layers_and_task()?;
        let DataOptions { data, batch, standardise, label_noise } = self.data;
        let seed = Seed(self.task.seed);
        let plan = Plan {
            seed,
            task,
            data,
            standardise,
            label_noise,
            init: self.init(),
            batch,
            sgd: self.sgd()?,
            momentum: self.update.momentum,
            pressed: self.pressed()?,
            updates: self.update.updates,
            rule: self.rule(&layers, &task)?,
        };
        let training = Training { layers, loss: self.network.loss, plan };
        let start = start(&training)?;
        let friedman = match self.task.task {
            Problem::Target(_) => None,
            Problem::Friedman1 => Some(Friedman { seed, inputs: task.inputs, noise: task.noise }),
        };
        let (task, step_size) = (self.task.task.name(), self.update.step_size);
        Ok(Setup { training, friedman, task, step_size, start, marks: self.marks() })
    }

    fn layers_and_task(&self) -> Result<(Layers, Task)> {
        let TaskOptions { task: problem, noise, seed, .. } = self.task;
        let NetworkOptions { activation, output_activation, no_bias, .. } = self.network;
        let usual = if problem == Problem::Friedman1 { 10 } else { 8 };
        let first = self.network.shape.as_ref().and_then(|Widths(widths)| widths.first().copied());
        let inputs = self.task.inputs.or(first).unwrap_or(usual);
        let widths = self.network.shape.clone().map_or_else(|| vec![inputs, 16, 1], |Widths(widths)| widths);
        let spec = |(layer, &outputs): (usize, &u16)| {
            let is_last = layer + 2 == widths.len();
            let spec = LayerSpec::new(outputs, if is_last { output_activation } else { activation });
            if no_bias { spec.without_bias() } else { spec }
        };
        let specs: Vec<_> = widths[1..].iter().enumerate().map(spec).collect();
        // A shape of no inputs is only here if the task has none.
        let layers = named("inputs", Layers::new(widths[0], &specs))?;

        let (target, relevant) = match problem {
            Problem::Target(Target::Noise) => (Target::Noise, 0),
            Problem::Target(target) => (target, inputs.min(2)),
            Problem::Friedman1 => (Target::Linear, friedman::RELEVANT),
        };
        if problem == Problem::Friedman1 {
            ensure!(inputs >= relevant, "--inputs: friedman1 needs at least {relevant}");
            let asked = self.task.relevant.unwrap_or(relevant);
            ensure!(asked == relevant, "--relevant: the first {relevant} inputs of friedman1 are relevant");
        }
        let relevant = self.task.relevant.unwrap_or(relevant);
        let labels = self.labels(*widths.last().unwrap_or(&1))?;
        Ok((layers, Task { seed: Seed(seed), target, inputs, relevant, noise, labels }))
    }

    /// The labels, which must go with loss and task.
    fn labels(&self, outputs: u16) -> Result<Labels> {
        let TaskOptions { task, mirrored, classes, .. } = self.task;
        let loss = self.network.loss;
        if task == Problem::Friedman1 {
            ensure!(mirrored.is_none(), "--mirrored: friedman1 has no mirrored rows");
            ensure!(classes.is_none() && loss.is_regression(), "--task: friedman1 has no classes");
        }
        ensure!(mirrored.is_none() || loss.is_regression(), "--mirrored: the loss takes classes");
        Ok(match (loss, mirrored, classes) {
            (AnyLoss::BinaryCrossEntropy, _, Some(classes)) if classes != 2 => {
                bail!("--classes: the binary loss takes 2")
            }
            (AnyLoss::BinaryCrossEntropy, ..) => Labels::Classes(2),
            (AnyLoss::SoftmaxCrossEntropy, _, classes) => {
                ensure!(outputs >= 2, "--shape: softmax takes an output for each class, two or more");
                let classes = classes.unwrap_or(outputs);
                ensure!(
                    classes <= outputs,
                    "--classes: softmax takes an output for each class, of {outputs}"
                );
                Labels::Classes(classes)
            }
            (_, Some(apart), _) => Labels::Mirrored(apart),
            (_, _, Some(classes)) => Labels::Classes(classes),
            _ => Labels::Plain,
        })
    }

    fn init(&self) -> Init {
        let NetworkOptions { init, uniform, init_biases, .. } = self.network;
        let init = if uniform { init.uniform() } else { init };
        init_biases.map_or(init, |deviation| init.with_biases(deviation))
    }

    fn sgd(&self) -> Result<Sgd> {
        let update = &self.update;
        let mut sgd = named("step-size", Sgd::new(update.step_size))?;
        if let Some(updates) = update.warm_up {
            sgd = named("warm-up", sgd.warm_up(updates))?;
        }
        if let Some((every, factor)) = update.step_decay {
            sgd = named("step-decay", sgd.base(Base::StepDecay { every, factor }))?;
        }
        if let Some(over) = update.cosine {
            sgd = named("cosine", sgd.base(Base::Cosine { over }))?;
        }
        if let Some((at, factor)) = update.final_drop {
            let last = update.updates;
            ensure!(at < last, "--final-drop: it must be before the last update, which is {last}");
            sgd = named("final-drop", sgd.final_drop(at, factor))?;
        }
        if let Some(bound) = update.clip_norm {
            sgd = named("clip-norm", sgd.clip(Clip::Norm(bound)))?;
        }
        if let Some(bound) = update.clip_value {
            sgd = named("clip-value", sgd.clip(Clip::Value(bound)))?;
        }
        self.penalised(sgd)
    }

    /// With weight decay and proximal steps.
    fn penalised(&self, mut sgd: Sgd) -> Result<Sgd> {
        let penalties = &self.penalties;
        let coupled = penalties.weight_decay.map(|lambda| ("weight-decay", WeightDecay::coupled(lambda)));
        let decoupled =
            penalties.decoupled_decay.map(|lambda| ("decoupled-decay", WeightDecay::decoupled(lambda)));
        if let Some((option, mut decay)) = coupled.or(decoupled) {
            sgd = named(option, sgd.weight_decay(decay))?;
            let groups: [(&str, Option<f32>, Another); 4] = [
                ("decay-first", penalties.decay_first, WeightDecay::first),
                ("decay-hidden", penalties.decay_hidden, WeightDecay::hidden),
                ("decay-output", penalties.decay_output, WeightDecay::output),
                ("decay-biases", penalties.decay_biases, WeightDecay::biases),
            ];
            for (option, lambda, set) in groups {
                let Some(lambda) = lambda else { continue };
                decay = set(decay, lambda);
                sgd = named(option, sgd.weight_decay(decay))?;
            }
        }
        if let Some((lambda, every)) = penalties.l1 {
            sgd = named("l1", sgd.proximal(Proximal::l1(lambda).every(every)))?;
        }
        if let Some((lambda, every)) = penalties.group_lasso {
            sgd = named("group-lasso", sgd.proximal(Proximal::group(lambda).every(every)))?;
        }
        Ok(sgd)
    }

    fn pressed(&self) -> Result<Option<Pressed>> {
        let Some(Pressing { first, count, rate, from, every }) = self.penalties.press else {
            return Ok(None);
        };
        let growing = named("press", Growing::new(from, every))?;
        Ok(Some(Pressed { growing, first, count, rate }))
    }

    fn rule(&self, layers: &Layers, task: &Task) -> Result<Rule> {
        let VerdictOptions { probe_factor, least_gap } = self.verdict;
        let width = self.network.shape.as_ref().map_or(task.inputs, |Widths(widths)| widths[0]);
        let probes = width.saturating_sub(task.inputs);
        if probe_factor.is_some() && probes == 0 {
            bail!("--probe-factor: {layers} has no probes beside {} inputs", task.inputs);
        }
        Ok(match (probes, least_gap) {
            (1.., None) => Rule::Probes { count: probes, factor: probe_factor.unwrap_or(3.0) },
            _ => Rule::Gap { least: least_gap.unwrap_or(3.0) },
        })
    }

    fn marks(&self) -> Vec<Mark> {
        let UpdateOptions { warm_up, final_drop, .. } = self.update;
        let mark = |update, name: String| Mark { update, name };
        let ends = warm_up.map(|update| mark(update, "warm-up ends".to_owned()));
        let drop = final_drop.map(|(at, factor)| mark(at, format!("step size times {factor}")));
        let press = self.penalties.press.map(|press| mark(press.from, "growing penalty begins".to_owned()));
        let marks = [ends, press, drop].into_iter().flatten();
        marks.filter(|mark| mark.update <= self.update.updates).collect()
    }
}

/// What the kernel begins with, if it would and the host has the memory.
fn start(training: &Training) -> Result<Vec<f32>> {
    let Training { layers, loss, plan } = training;
    let bytes = replica::ram(training).arena_len().saturating_mul(size_of::<f32>());
    ensure!(bytes <= TOO_LARGE, "--shape: {layers} takes {bytes} bytes, and the host lends {TOO_LARGE}");
    let mut memory = replica::Memory::of(training);
    let started = plan.start_layers(layers.clone(), *loss, memory.lent(), plan.task);
    let started = started.map(|mut trainer| trainer.model().params().to_vec());
    started.map_err(|error| anyhow!("--{}: {error}", option_of(&error, plan)))
}

/// The option that an error is about.
fn option_of(error: &PlanError, plan: &Plan) -> &'static str {
    match error {
        PlanError::Layers(LayersError::Logits) => "output-activation",
        PlanError::Layers(LayersError::Huber(_)) => "loss",
        PlanError::Layers(_) | PlanError::Arena(_) => "shape",
        PlanError::Task(TaskError::Inputs) => "inputs",
        PlanError::Task(TaskError::Relevant) => "relevant",
        PlanError::Task(TaskError::Noise) => "noise",
        PlanError::Task(TaskError::Labels) => match plan.task.labels {
            Labels::Mirrored(_) => "mirrored",
            _ => "classes",
        },
        PlanError::Rule(RuleError::Probes) => "shape",
        PlanError::Rule(RuleError::Factor) => match plan.rule {
            Rule::Probes { .. } => "probe-factor",
            Rule::Gap { .. } => "least-gap",
        },
        PlanError::Sgd(_) => "step-size",
        PlanError::WarmUp => "warm-up",
        PlanError::Momentum(_) => "momentum",
        PlanError::LabelNoise(_) => "label-noise",
        PlanError::Growing(_) => "press",
        PlanError::Batch(_) => "batch",
        PlanError::Sampler(_) | PlanError::Indices(_) => "data",
        PlanError::Init(InitError::Biases) => "init-biases",
        PlanError::Init(_) => "init",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiments;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        options: TrainingOptions,
    }

    fn setup(line: &str) -> Result<Setup> {
        Line::try_parse_from(["train"].into_iter().chain(line.split_whitespace()))?.options.setup()
    }

    fn training(line: &str) -> Training {
        setup(line).unwrap_or_else(|error| panic!("{line}: {error}")).training
    }

    #[test]
    fn the_demonstration_can_be_asked_for() -> Result<()> {
        let rows = experiments::demonstration(3)?;
        let a = "--seed 3 --task linear --inputs 6 --shape 14-8-1 --activation identity --no-bias --noise 0.6 \
                 --step-size 0.02 --updates 20000";
        let lines = [
            format!("{a} --data shuffled:256"),
            format!("{a} --data shuffled:256 --final-drop 16000:0.2"),
            format!("{a} --data shuffled:256 --batch 32"),
            format!("{a} --data sequential:256 --batch 256"),
            format!("{a} --data sequential:256 --batch 256 --weight-decay 0.01"),
            "--seed 3 --final-drop 40000:0.2".to_owned(),
            "--seed 3 --final-drop 40000:0.2 --data shuffled:256".to_owned(),
            "--seed 3 --updates 4000 --data sequential:256 --batch 256".to_owned(),
        ];
        assert_eq!(rows.len(), lines.len());
        for (row, line) in rows.iter().zip(lines) {
            assert_eq!(training(&line), row.experiment.training, "{line}");
        }
        Ok(())
    }

    #[test]
    fn every_option_sets_what_it_says() -> Result<()> {
        let default = training("");
        let sgd = default.plan.sgd;
        let plan = |plan: Plan| Training { plan, ..default.clone() };
        let task = |task: Task| plan(Plan { task, ..default.plan });
        let with = |sgd: Sgd| plan(Plan { sgd, ..default.plan });
        let data = |data: Data| plan(Plan { data, ..default.plan });
        let init = |init: Init| plan(Plan { init, ..default.plan });
        let loss = |loss: AnyLoss| Training { loss, ..default.clone() };
        let plain = default.plan.task;
        let coupled = WeightDecay::coupled(0.1);
        let groups = WeightDecay::decoupled(0.1).first(0.2).hidden(0.3).output(0.4).biases(0.5);
        let pressed = Pressed { growing: Growing::new(30, 4)?, first: 2, count: 6, rate: 0.05 };
        let shape = |inputs, specs: &[LayerSpec]| Layers::new(inputs, specs);
        let identity = AnyActivation::Identity;
        let narrow = shape(8, &[LayerSpec::new(4, AnyActivation::LeakyRelu), LayerSpec::new(1, identity)])?;
        let sigmoid =
            shape(8, &[LayerSpec::new(16, AnyActivation::Relu), LayerSpec::new(1, AnyActivation::Sigmoid)])?;
        let probes = shape(10, &[LayerSpec::new(16, AnyActivation::Tanh), LayerSpec::new(1, identity)])?;
        let rule = |rule: Rule| plan(Plan { rule, ..default.plan });
        let of_probes =
            |factor| Training { layers: probes.clone(), ..rule(Rule::Probes { count: 2, factor }) };
        let cases = [
            ("--noise 0.5", task(Task { noise: 0.5, ..plain })),
            ("--relevant 3", task(Task { relevant: 3, ..plain })),
            ("--task xor", task(Task { target: Target::Xor, ..plain })),
            ("--task noise", task(Task { target: Target::Noise, relevant: 0, ..plain })),
            ("--mirrored 9", task(Task { labels: Labels::Mirrored(9), ..plain })),
            ("--classes 4", task(Task { labels: Labels::Classes(4), ..plain })),
            ("--shape 8-4-1 --activation leaky-relu", Training { layers: narrow.clone(), ..default.clone() }),
            ("--shape 8-4-1 --activation leaky_relu", Training { layers: narrow, ..default.clone() }),
            (
                "--activation relu --output-activation sigmoid",
                Training { layers: sigmoid, ..default.clone() },
            ),
            ("--loss huber", loss(AnyLoss::Huber(Huber::default()))),
            ("--loss huber:0.5", loss(AnyLoss::Huber(Huber::new(0.5)?))),
            ("--init he --uniform", init(Init::he().uniform())),
            ("--init xavier --init-biases 0.1", init(Init::xavier().with_biases(0.1))),
            ("--init scaled:2", init(Init::scaled(2.0))),
            ("--data keyed:9", data(Data::Keyed(9))),
            ("--data replacement:9", data(Data::WithReplacement(9))),
            ("--data ring:9:3", data(Data::Ring { capacity: 9, visits: 3 })),
            ("--batch 7", plan(Plan { batch: 7, ..default.plan })),
            ("--standardise 7", plan(Plan { standardise: Some(7), ..default.plan })),
            ("--label-noise 0.7", plan(Plan { label_noise: Some(0.7), ..default.plan })),
            ("--momentum 0.7", plan(Plan { momentum: Some(0.7), ..default.plan })),
            ("--updates 7", plan(Plan { updates: 7, ..default.plan })),
            ("--warm-up 7", with(sgd.warm_up(7)?)),
            ("--step-decay 7:0.5", with(sgd.base(Base::StepDecay { every: 7, factor: 0.5 })?)),
            ("--cosine 7", with(sgd.base(Base::Cosine { over: 7 })?)),
            ("--clip-norm 0.7", with(sgd.clip(Clip::Norm(0.7))?)),
            ("--clip-value 0.7", with(sgd.clip(Clip::Value(0.7))?)),
            ("--weight-decay 0.1", with(sgd.weight_decay(coupled)?)),
            (
                "--decoupled-decay 0.1 --decay-first 0.2 --decay-hidden 0.3 --decay-output 0.4 --decay-biases 0.5",
                with(sgd.weight_decay(groups)?),
            ),
            ("--l1 0.1", with(sgd.proximal(Proximal::l1(0.1))?)),
            ("--group-lasso 0.1:4", with(sgd.proximal(Proximal::group(0.1).every(4))?)),
            ("--press 3:6:0.05:30:4", plan(Plan { pressed: Some(pressed), ..default.plan })),
            ("--inputs 8 --shape 10-16-1", of_probes(3.0)),
            ("--inputs 8 --shape 10-16-1 --probe-factor 2", of_probes(2.0)),
            (
                "--inputs 8 --shape 10-16-1 --least-gap 2",
                Training { layers: probes.clone(), ..rule(Rule::Gap { least: 2.0 }) },
            ),
            ("--least-gap 2", rule(Rule::Gap { least: 2.0 })),
        ];
        for (line, wanted) in cases {
            assert_eq!(training(line), wanted, "{line}");
        }
        Ok(())
    }

    #[test]
    fn what_is_not_said_fits_the_rest() {
        assert_eq!(training("--inputs 5").layers.to_string(), "5-16-1");
        assert_eq!(training("--shape 5-1").plan.task.inputs, 5);
        assert_eq!(training("--inputs 1").plan.task.relevant, 1);
        assert_eq!(training("--loss binary").plan.task.labels, Labels::Classes(2));
        assert_eq!(training("--loss softmax --shape 8-4-3").plan.task.labels, Labels::Classes(3));
        let friedman = setup("--task friedman1").map(|setup| setup.friedman);
        assert_eq!(friedman.ok(), Some(Some(Friedman { seed: Seed(1), inputs: 10, noise: 0.3 })));
    }

    #[test]
    fn what_makes_no_sense_names_its_option() {
        for (line, option) in [
            ("--inputs 0", "--inputs"),
            ("--inputs 9 --shape 8-1", "--inputs"),
            ("--relevant 9", "--relevant"),
            ("--task noise --relevant 1", "--relevant"),
            ("--task friedman1 --relevant 4", "--relevant"),
            ("--task friedman1 --inputs 4", "--inputs"),
            ("--task friedman1 --classes 2", "--task"),
            ("--task friedman1 --loss binary", "--task"),
            ("--task friedman1 --mirrored 2", "--mirrored"),
            ("--noise -1", "--noise"),
            ("--mirrored 0", "--mirrored"),
            ("--mirrored 4 --loss binary", "--mirrored"),
            ("--classes 1", "--classes"),
            ("--classes 3 --loss binary", "--classes"),
            ("--classes 4 --loss softmax --shape 8-4-3", "--classes"),
            ("--loss softmax", "--shape"),
            ("--loss binary --output-activation tanh", "--output-activation"),
            ("--shape 8", "--shape"),
            ("--shape 8-0-1", "--shape"),
            ("--shape 8-x-1", "--shape"),
            ("--shape 8-1-1-1-1-1-1-1-1-1", "--shape"),
            ("--shape 8-65535-65535-1", "--shape"),
            ("--loss huber:0", "--loss"),
            ("--loss mse:1", "--loss"),
            ("--init scaled:0", "--init"),
            ("--init-biases -1", "--init-biases"),
            ("--data shuffled:0", "--data"),
            ("--data shuffled:70000", "--data"),
            ("--data ring:4:0", "--data"),
            ("--data ring:4", "--data"),
            ("--batch 0", "--batch"),
            ("--standardise 0", "--standardise"),
            ("--label-noise -1", "--label-noise"),
            ("--label-noise 1 --loss binary", "--label-noise"),
            ("--updates 0", "--updates"),
            ("--step-size 0", "--step-size"),
            ("--step-size -1", "--step-size"),
            ("--step-size nan", "--step-size"),
            ("--warm-up 0", "--warm-up"),
            ("--warm-up 9 --updates 8", "--warm-up"),
            ("--step-decay 0:0.5", "--step-decay"),
            ("--step-decay 5", "--step-decay"),
            ("--step-decay 5:0.5 --cosine 5", "--cosine"),
            ("--cosine 0", "--cosine"),
            ("--final-drop 5:0", "--final-drop"),
            ("--final-drop 50000:0.2", "--final-drop"),
            ("--clip-norm 0", "--clip-norm"),
            ("--clip-value -1", "--clip-value"),
            ("--clip-norm 1 --clip-value 1", "--clip-value"),
            ("--momentum 1", "--momentum"),
            ("--weight-decay -1", "--weight-decay"),
            ("--decoupled-decay inf", "--decoupled-decay"),
            ("--weight-decay 1 --decoupled-decay 1", "--decoupled-decay"),
            ("--decay-first 1", "--weight-decay"),
            ("--weight-decay 1 --decay-hidden -1", "--decay-hidden"),
            ("--l1 -1", "--l1"),
            ("--l1 1:0", "--l1"),
            ("--l1 1 --group-lasso 1", "--group-lasso"),
            ("--group-lasso x", "--group-lasso"),
            ("--press 0:1:0.1:0:1", "--press"),
            ("--press 8:2:0.1:0:1", "--press"),
            ("--press 1:1:-1:0:1", "--press"),
            ("--press 1:1:1:0:0", "--press"),
            ("--press 1:1", "--press"),
            ("--probe-factor 2", "--probe-factor"),
            ("--inputs 6 --shape 8-1 --probe-factor 0.5", "--probe-factor"),
            ("--least-gap 0", "--least-gap"),
            ("--probe-factor 2 --least-gap 2", "--least-gap"),
            ("--task cosine", "--task"),
            ("--activation gelu", "--activation"),
        ] {
            match setup(line) {
                Ok(_) => panic!("{line} is taken"),
                Err(error) => assert!(error.to_string().contains(option), "{line}: {error}"),
            }
        }
    }
}
