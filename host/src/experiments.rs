//! The trainings of the demonstration, as plans.

use anyhow::Result;
use tamis::wire::Training;
use tamis::{
    AnyActivation, AnyLoss, Data, Init, Labels, LayerSpec, Layers, Plan, Rule, Seed, Sgd, SgdError, Target,
    Task, WeightDecay,
};

/// Samples of a stored set.
const STORED: u16 = 256;

/// A training with a name.
#[derive(Clone, Debug)]
pub struct Experiment {
    /// For tables and JSON.
    pub name: String,
    /// What is trained.
    pub training: Training,
}

/// What the demonstration expects of the verdicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expectation {
    /// Exactly the relevant inputs are found.
    Exact,
    /// They are not.
    NotExact,
    /// No claim.
    None,
}

/// A part of the demonstration: rows that share a task.
#[derive(Debug, PartialEq, Eq)]
pub struct Part {
    /// Its name.
    pub letter: char,
    /// What is learned, by what.
    pub heading: &'static str,
}

/// The parts of the demonstration.
pub const PARTS: [Part; 2] = [
    Part { letter: 'A', heading: "A · y = x1 + x2 + noise, 6 inputs and 8 probes, network 14-8-1, linear" },
    Part { letter: 'C', heading: "C · y = sin(x1 + x2) + noise, 8 inputs, network 8-16-1, tanh" },
];

/// A row of the demonstration.
#[derive(Clone, Debug)]
pub struct Row {
    /// The part it belongs to.
    pub part: &'static Part,
    /// What is trained.
    pub experiment: Experiment,
    /// How many of its updates the device makes; the host makes all.
    pub device_updates: u32,
    /// What the verdicts should be.
    pub expectation: Expectation,
}

/// 14-8-1, linear, without biases: six inputs, and eight probes beside them.
fn layers_a() -> Result<Layers> {
    let linear = |outputs| LayerSpec::new(outputs, AnyActivation::Identity).without_bias();
    Ok(Layers::new(14, &[linear(8), linear(1)])?)
}

/// 8-16-1, tanh.
fn layers_c() -> Result<Layers> {
    let output = LayerSpec::new(1, AnyActivation::Identity);
    Ok(Layers::new(8, &[LayerSpec::new(16, AnyActivation::Tanh), output])?)
}

/// Demo A: a linear target of 2 of 6 inputs, eight probes beside them, 256 stored samples.
fn linear(seed: Seed) -> Result<Plan, SgdError> {
    Ok(Plan {
        seed,
        task: Task {
            seed,
            target: Target::Linear,
            inputs: 6,
            relevant: 2,
            noise: 0.6,
            labels: Labels::Plain,
        },
        data: Data::Shuffled(STORED),
        standardise: None,
        label_noise: None,
        init: Init::scaled(1.0),
        batch: 1,
        sgd: Sgd::new(0.02)?,
        momentum: None,
        pressed: None,
        updates: 20_000,
        rule: Rule::Probes { count: 8, factor: 3.0 },
    })
}

/// Demo C: the sine of the sum of 2 of 8 inputs, from a stream.
fn sine(seed: Seed) -> Result<Plan, SgdError> {
    Ok(Plan {
        seed,
        task: Task { seed, target: Target::Sine, inputs: 8, relevant: 2, noise: 0.3, labels: Labels::Plain },
        data: Data::Stream,
        standardise: None,
        label_noise: None,
        init: Init::scaled(1.0),
        batch: 1,
        sgd: Sgd::new(0.05)?,
        momentum: None,
        pressed: None,
        updates: 50_000,
        rule: Rule::Gap { least: 3.0 },
    })
}

/// The last fifth at a fifth of the step size.
fn with_final_drop(plan: Plan) -> Result<Plan, SgdError> {
    Ok(Plan { sgd: plan.sgd.final_drop(plan.updates / 5 * 4, 0.2)?, ..plan })
}

/// Gradient descent on all samples.
fn full_batch(plan: Plan) -> Plan {
    Plan { data: Data::Sequential(STORED), batch: u32::from(STORED), ..plan }
}

/// All rows of the demonstration.
pub fn demonstration(seed: u64) -> Result<Vec<Row>> {
    let (a, c) = (linear(Seed(seed))?, sine(Seed(seed))?);
    let a_decay = Plan { sgd: a.sgd.weight_decay(WeightDecay::coupled(0.01))?, ..full_batch(a) };
    let c_stored = Plan { data: Data::Shuffled(STORED), ..with_final_drop(c)? };
    let c_gd = Plan { updates: 4_000, ..full_batch(c) };
    let row = |part, layers, name: &str, plan: Plan, expectation| Row {
        part,
        experiment: Experiment {
            name: name.to_owned(),
            training: Training { layers, loss: AnyLoss::Mse, plan },
        },
        device_updates: plan.updates,
        expectation,
    };
    let (net_a, net_c) = (layers_a()?, layers_c()?);
    let row_a = |name, plan, expectation| row(&PARTS[0], net_a.clone(), name, plan, expectation);
    let row_c = |name, plan, expectation| row(&PARTS[1], net_c.clone(), name, plan, expectation);
    Ok(vec![
        row_a("SGD, batch 1", a, Expectation::None),
        row_a("SGD, batch 1, final drop", with_final_drop(a)?, Expectation::Exact),
        row_a("SGD, batch 32", Plan { batch: 32, ..a }, Expectation::NotExact),
        row_a("GD", full_batch(a), Expectation::NotExact),
        row_a("GD, weight decay", a_decay, Expectation::Exact),
        row_c("SGD, batch 1, final drop", with_final_drop(c)?, Expectation::Exact),
        row_c("the same on 256 stored", c_stored, Expectation::NotExact),
        Row { device_updates: 500, ..row_c("GD on 256 stored", c_gd, Expectation::NotExact) },
    ])
}
