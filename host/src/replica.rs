//! The host's half: the same plan, carried out by the same kernel.

use std::fmt;

use anyhow::Result;
use tamis::support::{Contrast, column_norms};
use tamis::task::TEST_ROWS;
use tamis::trainer::CHECK_EVERY;
use tamis::verdict::{self, Verdict};
use tamis::wire::Training;
use tamis::{AnyLoss, Layers, Lent, Loss, Network, Plan, Ram, Samples, StepError, Task, TrainError, Trainer};
pub use tamis_speed::report::Report;

/// Everything that a training leaves behind.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// (update, digest), as reported.
    pub digests: Vec<(u32, u32)>,
    /// (update, bits of all parameters), as reported.
    pub params: Vec<(u32, Vec<u32>)>,
    /// Mean column norms of all inputs, as bits.
    pub norms: Vec<u32>,
    /// Verdicts on the inputs that are not probes.
    pub verdicts: Vec<Verdict>,
    /// The mean loss over the test set, as bits.
    pub test_loss: u32,
    /// |w| of the first layer at the end, input-major; the host's half only.
    pub first_layer: Vec<f32>,
}

impl Outcome {
    /// The final digest.
    pub fn digest(&self) -> Option<u32> {
        self.digests.last().map(|&(_, digest)| digest)
    }

    /// What is known at the end: mean norms, parameters, test loss.
    pub fn finish(&mut self, training: &Training, norms: &[f32], params: &[f32], test_loss: f32) {
        let Training { layers, plan, .. } = training;
        self.verdicts = vec![Verdict::Undecided; plan.task.inputs.into()];
        plan.rule.judge(norms, &mut self.verdicts);
        self.norms = bits(norms);
        self.test_loss = test_loss.to_bits();
        let first = layers.layers().next().map_or(0, |layer| layer.weights());
        self.first_layer = params.iter().take(first).map(|w| w.abs()).collect();
    }

    /// Norms as numbers, probes left out.
    pub fn input_norms(&self) -> Vec<f32> {
        self.norms.iter().take(self.verdicts.len()).map(|&bits| f32::from_bits(bits)).collect()
    }

    /// The inputs found relevant, by name.
    pub fn found(&self) -> String {
        let verdicts = self.verdicts.iter().enumerate();
        let relevant = verdicts.filter(|&(_, &verdict)| verdict == Verdict::Relevant);
        let names: Vec<_> = relevant.map(|(input, _)| format!("x{}", input + 1)).collect();
        if names.is_empty() { "none".to_owned() } else { names.join(" ") }
    }

    /// Ratio, gap and the norms behind them.
    pub fn contrast(&self, plan: &Plan) -> Contrast {
        Contrast::of(&self.input_norms(), plan.task.relevant.into())
    }

    /// Whether exactly the relevant inputs were found.
    pub fn is_exact(&self, plan: &Plan) -> bool {
        verdict::is_exact(&self.verdicts, plan.task.relevant.into())
    }
}

/// Samples, and a test set beside them.
pub trait Source: Samples {
    /// Fills `x` with the inputs of row `index` of the test set, the first of which is 0, and gives the target.
    fn test_row(&self, index: u64, x: &mut [f32]) -> f32;
}

impl Source for Task {
    fn test_row(&self, index: u64, x: &mut [f32]) -> f32 {
        Task::test_row(self, index, x)
    }
}

/// What a watcher hears after an update.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// How many updates have been made.
    pub update: u32,
    /// The mean loss of the batch before the update.
    pub loss: f32,
    /// The column norms of all inputs: after every [`CHECK_EVERY`] updates, and after the last.
    pub norms: Option<&'a [f32]>,
    /// All parameters after the update.
    pub params: &'a [f32],
}

/// A training that ended early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failed {
    /// In this update.
    pub update: u32,
    /// Why.
    pub error: TrainError,
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "update {}: {}", self.update, self.error)
    }
}

impl std::error::Error for Failed {}

/// What the network makes of the test set.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Test {
    /// The mean squared error.
    pub squared_error: f64,
    /// The variance of the targets.
    pub variance: f64,
    /// The share of the classes that are right, where the loss is one of classes.
    pub accuracy: Option<f64>,
}

impl Test {
    /// The squared error as a share of the variance; not a finite number where the targets do not vary.
    pub fn error(&self) -> f64 {
        self.squared_error / self.variance
    }
}

/// Carries out `training`; `progress` hears of every update.
pub fn run(training: &Training, report: Report, mut progress: impl FnMut(u32)) -> Result<Outcome> {
    let watch = |seen: Seen<'_>| progress(seen.update);
    carry_out(training, training.plan.task, report, watch, |_| Ok(())).map(|(outcome, ())| outcome)
}

/// Carries out `training` on samples of your choice. Of the plan's task the number of inputs and of relevant ones
/// count, and nothing else. `watch` hears of every update.
pub fn run_on<S: Source + Copy>(
    training: &Training,
    source: S,
    report: Report,
    watch: impl FnMut(Seen<'_>),
) -> Result<(Outcome, Test)> {
    carry_out(training, source, report, watch, |trainer| test(trainer, source, &training.loss))
}

/// [`run_on`], with what `finish` makes of the trainer at the end.
fn carry_out<S: Source + Copy, R>(
    training: &Training,
    source: S,
    report: Report,
    mut watch: impl FnMut(Seen<'_>),
    finish: impl FnOnce(&mut Trainer<'_, Layers, AnyLoss, S>) -> Result<R, StepError>,
) -> Result<(Outcome, R)> {
    let Training { layers, loss, plan } = training;
    let mut memory = Memory::of(training);
    let mut trainer = plan.start_layers(layers.clone(), *loss, memory.lent(), source)?;
    let mut outcome = Outcome::default();
    let mut norms = vec![0.0; layers.inputs()];
    for update in 1..=plan.updates {
        let seen = trainer.update().map_err(|error| Failed { update, error })?;
        if report.wants_digest(update, plan.updates) {
            outcome.digests.push((update, trainer.digest()));
        }
        if report.wants_params(update) {
            outcome.params.push((update, bits(trainer.model().params())));
        }
        let is_check = update.is_multiple_of(CHECK_EVERY) || update == plan.updates;
        if is_check {
            column_norms(layers, trainer.model().params(), &mut norms);
        }
        let params = trainer.model().params();
        watch(Seen { update, loss: seen.loss, norms: is_check.then_some(&norms), params });
    }
    let failed = |error| Failed { update: plan.updates, error: TrainError::Rejected(error) };
    let test_loss = trainer.test_loss_on(|row, x| source.test_row(row, x)).map_err(failed)?;
    let norms = trainer.norms().unwrap_or_default().to_vec();
    outcome.finish(training, &norms, trainer.model().params(), test_loss);
    let finished = finish(&mut trainer).map_err(failed)?;
    Ok((outcome, finished))
}

/// The test set once more, as numbers that can be told.
fn test<S: Source>(
    trainer: &mut Trainer<'_, Layers, AnyLoss, S>,
    source: impl Source,
    loss: &AnyLoss,
) -> Result<Test, StepError> {
    let net = trainer.model().net();
    let (mut x, mut y) = (vec![0.0; net.inputs()], vec![0.0; net.outputs()]);
    let (mut targets, mut squares, mut right) = (Vec::new(), 0.0, 0.0);
    for row in 0..TEST_ROWS {
        let target = source.test_row(row, &mut x);
        if let Some(scale) = trainer.standardise() {
            // Not yet settled, it leaves the inputs as they are.
            let _ = scale.apply(&mut x);
        }
        trainer.model().predict_slices(&x, &mut y)?;
        let mean = |each: &dyn Fn(f32) -> f64| y.iter().map(|&y| each(y)).sum::<f64>() / y.len() as f64;
        squares += mean(&|y| (f64::from(y) - f64::from(target)).powi(2));
        right += match loss {
            AnyLoss::SoftmaxCrossEntropy => {
                let class = (0..y.len()).reduce(|best, o| if y[o] > y[best] { o } else { best });
                f64::from(class.is_some_and(|class| class as f32 == target))
            }
            _ => mean(&|y| f64::from((y > 0.0) == (target > 0.5))),
        };
        targets.push(f64::from(target));
    }
    let rows = TEST_ROWS as f64;
    let mean = targets.iter().sum::<f64>() / rows;
    Ok(Test {
        squared_error: squares / rows,
        variance: targets.iter().map(|target| (target - mean).powi(2)).sum::<f64>() / rows,
        accuracy: (!loss.is_regression()).then_some(right / rows),
    })
}

/// The memory of a training on the host.
pub struct Memory {
    arena: Vec<f32>,
    indices: Vec<u16>,
}

impl Memory {
    /// As much as `training` needs.
    pub fn of(training: &Training) -> Self {
        let ram = ram(training);
        // The host's samples are made anew, not stored.
        Self { arena: vec![0.0; ram.arena_len()], indices: vec![0; ram.indices / size_of::<u16>()] }
    }

    /// To be lent to a plan.
    pub fn lent(&mut self) -> Lent<'_> {
        Lent { arena: &mut self.arena, indices: &mut self.indices }
    }
}

/// The bits of every number.
pub fn bits(numbers: &[f32]) -> Vec<u32> {
    numbers.iter().map(|number| number.to_bits()).collect()
}

/// The RAM of a training on a device.
pub fn ram(Training { layers, loss, plan }: &Training) -> Ram {
    plan.ram_of_layers(layers, loss)
}
