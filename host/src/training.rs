//! Any synthetic training as options of a command line.
//!
//! An option that is not given is off, or what the demonstration's part C has. What contradicts itself is refused here
//! or by the kernel, and the message names the option.

use std::fmt::Display;

use anyhow::{Result, anyhow, bail, ensure};
use clap::Args;
use tamis::support::column_norms;
use tamis::wire::Training;
use tamis::{
    AnyActivation, AnyLoss, Base, Clip, Data, Growing, Init, InitError, Labels, LayerSpec, Layers,
    LayersError, Loss, Network, Plan, PlanError, Pressed, Proximal, Rule, RuleError, Seed, Sgd, Target, Task,
    TaskError, WeightDecay,
};

use crate::curves::Mark;
use crate::friedman::{self, Friedman};
use crate::replica;
use crate::svg::thousands;

mod values;

use values::{Pressing, Problem, count_and_number, data, init, loss, penalty, press, task_parser};
pub(crate) use values::{Widths, activation_parser, shape};

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
mod tests;
