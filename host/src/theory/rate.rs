//! One training at one step size and batch size: the norm of its irrelevant columns, and what the formula says.

use anyhow::Result;
use tamis::wire::Training;
use tamis::{
    AnyActivation, AnyLoss, Clip, Data, Init, LayerSpec, Layers, Network, Plan, Rule, Seed, Sgd, StepError,
    Stored, Target, Task, TrainError,
};

use crate::jacobian::{Wide, square};
use crate::replica::Memory;

/// Points of a course, after the start.
pub const POINTS: usize = 50;
/// Rows that are stored, and drawn with replacement.
const ROWS: u16 = 4096;
/// Rows over which tr G is taken.
const TRACED: u64 = 256;
/// The decay is measured until so much of the norm is left.
const LEFT: f64 = 0.6;

/// What is trained.
#[derive(Clone, Copy, Debug)]
pub struct Cell {
    /// The step size.
    pub eta: f32,
    /// The batch size.
    pub batch: u32,
    /// The standard deviation of the label noise.
    pub noise: f32,
    /// The bound on the norm of the gradient.
    pub clip: Option<f32>,
    /// What hidden units do: identity, 15-15-15-15-1 on a linear target; tanh, 8-16-1 on a sine.
    pub activation: AnyActivation,
    /// Step size x updates.
    pub time: f32,
}

/// What became of it.
#[derive(Clone, Debug)]
pub struct Course {
    /// |I| at each point.
    pub norms: Vec<f64>,
    /// What the formula says of ln |I| at each point, its fall since the start.
    fall: Vec<f64>,
    /// E[e^2] over the whole course.
    pub residual: f64,
    /// tr G, the mean of all points.
    pub trace: f64,
    updates: f64,
}

impl Course {
    /// The fall of ln |I| until `LEFT` is left: measured, predicted.
    pub fn decay(&self) -> (f64, f64) {
        let end = self.end();
        ((self.norms[0] / self.norms[end]).ln(), self.fall[end])
    }

    fn end(&self) -> usize {
        let end = self.norms.iter().position(|&norm| norm < LEFT * self.norms[0]);
        end.unwrap_or(self.norms.len() - 1)
    }

    /// The mean rate per update there.
    pub fn measured(&self) -> f64 {
        self.decay().0 * POINTS as f64 / (self.updates * self.end() as f64)
    }

    /// The predicted one.
    pub fn predicted(&self) -> f64 {
        self.decay().1 * POINTS as f64 / (self.updates * self.end() as f64)
    }
}

impl Cell {
    const fn linear(eta: f32, batch: u32) -> Self {
        Self { eta, batch, noise: 0.5, clip: None, activation: AnyActivation::Identity, time: 1000.0 }
    }

    /// Those of the command.
    pub fn grid() -> Vec<Self> {
        let pairs = [
            (0.0025, 4),
            (0.005, 8),
            (0.01, 16),
            (0.02, 32),
            (0.005, 4),
            (0.01, 8),
            (0.02, 16),
            (0.0025, 1),
            (0.005, 2),
            (0.01, 4),
            (0.02, 8),
            (0.005, 1),
            (0.01, 1),
            (0.02, 1),
        ];
        let mut cells: Vec<_> = pairs.into_iter().map(|(eta, batch)| Self::linear(eta, batch)).collect();
        // What shrinks fast is looked at closely.
        cells.iter_mut().filter(|cell| cell.quotient() > 4e-3).for_each(|cell| cell.time = 200.0);
        cells.push(Self { clip: Some(0.5), ..Self::linear(0.01, 1) });
        cells.push(Self { clip: Some(1.0), noise: 0.0, time: 400.0, ..Self::linear(0.1, 128) });
        cells.push(Self { activation: AnyActivation::Tanh, noise: 0.3, ..Self::linear(0.01, 4) });
        cells
    }

    /// Whether the formula is to hold.
    pub fn is_stable(&self) -> bool {
        self.batch >= 4 && self.is_plain()
    }

    fn is_plain(&self) -> bool {
        self.eta <= 0.01 && self.clip.is_none() && self.is_linear()
    }

    /// Whether the formula is defined. Beyond that a minimum may depend on the irrelevant inputs.
    pub fn is_linear(&self) -> bool {
        self.activation == AnyActivation::Identity
    }

    /// Step size / batch size, to four digits: what cells of a group share.
    pub fn quotient(&self) -> f64 {
        (f64::from(self.eta) / f64::from(self.batch) * 1e8).round() / 1e8
    }

    /// Whether its curve is one of those that are to collapse at this step size / batch size.
    pub fn collapses(&self, quotient: f64) -> bool {
        self.is_plain() && self.quotient() == quotient
    }

    /// How many samples it takes.
    pub fn samples(&self) -> u64 {
        self.updates() as u64 * u64::from(self.batch)
    }

    fn updates(&self) -> u32 {
        (self.time / self.eta / POINTS as f32).round() as u32 * POINTS as u32
    }

    /// "eta 0.01, b 4".
    pub fn name(&self) -> String {
        let clip = self.clip.map_or_else(String::new, |bound| format!(", clip {bound}"));
        let quiet = if self.noise > 0.0 { "" } else { ", no label noise" };
        let tanh = if self.activation == AnyActivation::Tanh { ", tanh" } else { "" };
        format!("eta {}, b {}{clip}{quiet}{tanh}", self.eta, self.batch)
    }

    fn training(&self, seed: u64) -> Result<Training> {
        let seed = Seed(seed);
        let (inputs, relevant, target, specs) = match self.activation {
            AnyActivation::Identity => {
                let hidden = LayerSpec::new(15, AnyActivation::Identity).without_bias();
                (15, 5, Target::Linear, vec![hidden, hidden, hidden, LayerSpec { outputs: 1, ..hidden }])
            }
            hidden => {
                let last = LayerSpec::new(1, AnyActivation::Identity);
                (8, 2, Target::Sine, vec![LayerSpec::new(16, hidden), last])
            }
        };
        // The paper's weights, He's, times 0.6; without clipping larger ones diverge at batch 1.
        let init = Init::scaled(if self.clip == Some(1.0) { 1.414 } else { 0.85 });
        let mut sgd = Sgd::new(self.eta)?;
        if let Some(bound) = self.clip {
            sgd = sgd.clip(Clip::Norm(bound))?;
        }
        let plan = Plan {
            seed,
            task: Task::plain(target, inputs, relevant, 0.0, seed),
            data: Data::WithReplacement(ROWS),
            standardise: None,
            label_noise: (self.noise > 0.0).then_some(self.noise),
            init,
            batch: self.batch,
            sgd,
            momentum: None,
            pressed: None,
            updates: self.updates(),
            rule: Rule::Gap { least: 3.0 },
        };
        Ok(Training { layers: Layers::new(inputs, &specs)?, loss: AnyLoss::Mse, plan })
    }
}

/// The training of `cell` with this seed; nothing if it diverges.
pub fn follow(cell: &Cell, seed: u64) -> Result<Option<Course>> {
    let training = cell.training(seed)?;
    let start = settle(&training)?;
    match course(&training, &start) {
        Ok(course) => Ok(Some(course)),
        Err(error) => match error.downcast_ref() {
            Some(TrainError::Rejected(StepError::Loss) | TrainError::Overflow(_)) => Ok(None),
            _ => Err(error),
        },
    }
}

/// The rows of `task`, as the kernel stores them.
fn rows(task: &Task) -> Vec<f32> {
    let width = usize::from(task.inputs);
    let mut rows = vec![0.0; (width + 1) * usize::from(ROWS)];
    for (index, row) in (0..).zip(rows.chunks_exact_mut(width + 1)) {
        let (x, target) = row.split_at_mut(width);
        target[0] = task.row(index, x);
    }
    rows
}

/// What some updates without label noise leave: a point on the manifold of minima.
fn settle(training: &Training) -> Result<Vec<f32>> {
    let plan = Plan { label_noise: None, batch: 8, sgd: Sgd::new(0.005)?, ..training.plan };
    let training = Training { plan, ..training.clone() };
    let mut params = Vec::new();
    let updates = if training.layers.inputs() == 15 { 6_000 } else { 30_000 };
    train(&training, None, 1, updates, |now, _| params = now.to_vec())?;
    Ok(params)
}

/// `points` times so many updates from `start`; `watch` sees the parameters and the mean loss of each time.
fn train(
    training: &Training,
    start: Option<&[f32]>,
    points: usize,
    updates: u32,
    mut watch: impl FnMut(&[f32], f64),
) -> Result<()> {
    let Training { layers, loss, plan } = training;
    let mut memory = Memory::of(training);
    let inputs = usize::from(plan.task.inputs);
    let mut stored = vec![0.0; (inputs + 1) * usize::from(ROWS)];
    let mut samples = Stored::new(&mut stored, inputs, plan.seed);
    for row in rows(&plan.task).chunks_exact(inputs + 1) {
        samples.push(&row[..inputs], row[inputs])?;
    }
    let mut trainer = plan.start_layers(layers.clone(), *loss, memory.lent(), samples)?;
    if let Some(start) = start {
        trainer.model().params_mut().copy_from_slice(start);
    }
    for _ in 0..points {
        let mut sum = 0.0;
        for _ in 0..updates {
            sum += f64::from(trainer.learn()?.loss);
        }
        watch(trainer.model().params(), sum / f64::from(updates));
    }
    Ok(())
}

fn course(training: &Training, start: &[f32]) -> Result<Course> {
    let Training { layers, plan, .. } = training;
    let row = |index| {
        let mut x = vec![0.0; plan.task.inputs.into()];
        plan.task.test_row(index, &mut x);
        x
    };
    let rows: Vec<_> = (0..TRACED).map(row).collect();
    let irrelevant = [usize::from(plan.task.relevant), usize::from(plan.task.inputs)];
    let geometry = |params: &[f32]| geometry(&mut Wide::new(layers, params), irrelevant, &rows);
    let eta = f64::from(plan.sgd.step_size(0));
    let each = plan.updates / POINTS as u32;
    let mut before = geometry(start);
    let (mut norms, mut fall, mut residual) = (vec![before.norm], vec![0.0], 0.0);
    let mut trace = before.trace / (POINTS + 1) as f64;
    train(training, Some(start), POINTS, each, |params, loss| {
        let now = geometry(params);
        let mean = (before.shrinking + now.shrinking) / 2.0;
        let rate = 2.0 * eta * eta * loss / f64::from(plan.batch) * mean;
        fall.push(fall.last().unwrap_or(&0.0) + rate * f64::from(each));
        norms.push(now.norm);
        trace += now.trace / (POINTS + 1) as f64;
        residual += loss / POINTS as f64;
        before = now;
    })?;
    Ok(Course { norms, fall, residual, trace, updates: plan.updates.into() })
}

/// What the formula takes of a network.
#[derive(Clone, Copy, Debug)]
pub struct Geometry {
    /// |I|.
    pub norm: f64,
    /// tr G.
    pub trace: f64,
    /// d/ds tr G(s I) / (4 |I|^2) at s = 1: for a linear network tr(I^T M I) / |I|^2.
    pub shrinking: f64,
}

/// Of `net` over `rows`, I the columns from `first` to `end`.
pub fn geometry(net: &mut Wide, [first, end]: [usize; 2], rows: &[Vec<f32>]) -> Geometry {
    const STEP: f64 = 1e-3;
    let columns = net.columns(first, end).to_vec();
    let mut trace = |s: f64| {
        net.columns(first, end).iter_mut().zip(&columns).for_each(|(w, column)| *w = s * column);
        net.trace(rows)
    };
    let slope = (trace(1.0 + STEP) - trace(1.0 - STEP)) / (2.0 * STEP);
    let trace = trace(1.0);
    Geometry { norm: square(&columns).sqrt(), trace, shrinking: slope / (4.0 * square(&columns)) }
}
