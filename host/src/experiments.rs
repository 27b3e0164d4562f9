//! The trainings of the demonstration and of the cross-check, as plans.

use tamis::showcase::Net;
use tamis::{Data, Init, Plan, Rule, Seed, Sgd, SgdError, Target, Task};

use crate::machine::Machine;

/// Samples of a stored set.
const STORED: u16 = 256;

/// A plan with a name.
#[derive(Clone, Debug)]
pub struct Experiment {
    /// For tables and JSON.
    pub name: &'static str,
    /// The network.
    pub net: Net,
    /// The plan.
    pub plan: Plan,
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

/// Demo A: a linear target of 2 of 6 inputs, eight probes beside them, 256 stored samples.
fn linear(seed: Seed) -> Result<Plan, SgdError> {
    Ok(Plan {
        seed,
        task: Task { seed, target: Target::Linear, inputs: 6, relevant: 2, noise: 0.6 },
        data: Data::Shuffled(STORED),
        standardise: None,
        init: Init::Scaled(1.0),
        batch: 1,
        sgd: Sgd::new(0.02)?,
        updates: 20_000,
        rule: Rule::Probes { count: 8, factor: 3.0 },
    })
}

/// Demo C: the sine of the sum of 2 of 8 inputs, from a stream.
fn sine(seed: Seed) -> Result<Plan, SgdError> {
    Ok(Plan {
        seed,
        task: Task { seed, target: Target::Sine, inputs: 8, relevant: 2, noise: 0.3 },
        data: Data::Stream,
        standardise: None,
        init: Init::Scaled(1.0),
        batch: 1,
        sgd: Sgd::new(0.05)?,
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
pub fn demonstration(seed: u64) -> Result<Vec<Row>, SgdError> {
    let (a, c) = (linear(Seed(seed))?, sine(Seed(seed))?);
    let a_decay = Plan { sgd: a.sgd.weight_decay(0.01)?, ..full_batch(a) };
    let c_stored = Plan { data: Data::Shuffled(STORED), ..with_final_drop(c)? };
    let c_gd = Plan { updates: 4_000, ..full_batch(c) };
    let row = |part, net, name, plan: Plan, expectation| Row {
        part,
        experiment: Experiment { name, net, plan },
        device_updates: plan.updates,
        expectation,
    };
    let row_a = |name, plan, expectation| row(&PARTS[0], Net::A, name, plan, expectation);
    let row_c = |name, plan, expectation| row(&PARTS[1], Net::C, name, plan, expectation);
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

/// What the cross-check runs on `machine`: every option on networks that have every kind of layer.
pub fn crosscheck(machine: Machine, seed: u64) -> Result<Vec<Experiment>, SgdError> {
    let updates = machine.crosscheck_steps();
    let (a, c) = (Plan { updates, ..linear(Seed(seed))? }, Plan { updates, ..sine(Seed(seed))? });
    let a_clipped = Plan { init: Init::HeNormal, sgd: a.sgd.clip_norm(1.0)?, ..a };
    let a_everything = Plan { sgd: a.sgd.clip_norm(1.0)?.weight_decay(0.01)?, ..with_final_drop(a)? };
    let a_batch = Plan { batch: 7, sgd: a_everything.sgd, ..a };
    let c_decay = Plan { sgd: c.sgd.weight_decay(0.01)?, data: Data::Shuffled(64), ..c };
    // Two sets of 32 stay within a minute on the slowest core.
    let few = |plan: Plan| Plan { data: Data::Sequential(32), batch: 32, ..plan };
    let drawn = |data: Data| Plan { data, ..c };
    let noise = Plan { task: Task { target: Target::Noise, relevant: 0, ..a.task }, data: Data::Stream, ..a };
    // Three outputs share one target; two of nine inputs are probes.
    let mixed = Plan {
        init: Init::HeNormal,
        rule: Rule::Probes { count: 2, factor: 3.0 },
        sgd: Sgd::new(0.01)?,
        ..a
    };
    let mixed = Plan { task: Task { inputs: 7, ..mixed.task }, ..mixed };
    let mixed_clipped =
        Plan { sgd: mixed.sgd.clip_norm(0.5)?, standardise: Some(20), data: Data::Stream, ..mixed };
    let mixed_everything = with_final_drop(Plan { sgd: mixed_clipped.sgd.weight_decay(0.02)?, ..mixed })?;
    let mixed_batch = Plan { batch: 5, standardise: Some(300), ..mixed_everything };
    let experiment = |name, net, plan| Experiment { name, net, plan };
    Ok(vec![
        experiment("linear, batch 1", Net::A, a),
        experiment("linear, batch 1, final drop", Net::A, with_final_drop(a)?),
        experiment("linear, batch 1, clipped, He", Net::A, a_clipped),
        experiment("linear, batch 1, clipped, decay, final drop", Net::A, a_everything),
        experiment("linear, batch 7, clipped, decay, final drop", Net::A, a_batch),
        experiment("linear, GD on 32", Net::A, few(a)),
        experiment("linear, GD on 32, decay", Net::A, Plan { sgd: a.sgd.weight_decay(0.01)?, ..few(a) }),
        experiment("pure noise, live", Net::A, noise),
        experiment("sine, batch 1, live", Net::C, c),
        experiment("sine, batch 1, shuffled, decay", Net::C, c_decay),
        experiment("sine, batch 1, keyed order", Net::C, drawn(Data::Keyed(50))),
        experiment("sine, batch 1, with replacement", Net::C, drawn(Data::WithReplacement(50))),
        experiment("sine, GD on 32", Net::C, few(c)),
        experiment("mixed, batch 1", Net::Mixed, mixed),
        experiment("mixed, batch 1, clipped, standardised, live", Net::Mixed, mixed_clipped),
        experiment("mixed, batch 1, clipped, decay, final drop", Net::Mixed, mixed_everything),
        experiment("mixed, batch 5, clipped, decay, final drop, standardised", Net::Mixed, mixed_batch),
    ])
}
