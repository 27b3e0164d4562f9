//! What each option costs on a Cortex-M4F, measured in the emulator: the table in `docs/OPTIONS.md`.

use std::fmt::Write;

use anyhow::{Context, Result};
use tamis::wire::Training;
use tamis::{
    AnyActivation, AnyLoss, Base, Clip, Growing, Huber, Labels, LayerSpec, Layers, Plan, Pressed, Proximal,
    Sgd, Task, WeightDecay,
};
use tamis_host::emulator::{Clock, Emulator};
use tamis_host::machine::Machine;
use tamis_host::{device, experiments, replica, tools};

/// The core of the table.
const MACHINE: Machine = Machine::MpsAn386;

/// 8-16-1, tanh and bias, a batch of one from a stream: part C of the demonstration, at a constant step size.
fn plain() -> Result<Training> {
    let rows = experiments::demonstration(1)?;
    let row = rows.into_iter().find(|row| row.part.letter == 'C').context("no part C")?;
    let Training { layers, loss, plan } = row.experiment.training;
    Ok(Training { layers, loss, plan: Plan { sgd: Sgd::new(0.01)?, updates: 10_000, ..plan } })
}

/// The rows: an option, and a training that has it.
fn rows() -> Result<Vec<(&'static str, Training)>> {
    let base = plain()?;
    let sgd = base.plan.sgd;
    let with = |plan: Plan| Training { plan, ..base.clone() };
    let by = |sgd: Sgd| with(Plan { sgd, ..base.plan });
    let layers = |activation, outputs| {
        Layers::new(8, &[LayerSpec::new(16, activation), LayerSpec::new(outputs, AnyActivation::Identity)])
    };
    let hidden =
        |activation| -> Result<Training> { Ok(Training { layers: layers(activation, 1)?, ..base.clone() }) };
    let classes = |loss, outputs| -> Result<Training> {
        let layers = layers(AnyActivation::Tanh, outputs)?;
        let task = Task { labels: Labels::Classes(2), ..base.plan.task };
        Ok(Training { layers, loss, plan: Plan { task, ..base.plan } })
    };
    let pressed = Pressed { growing: Growing::new(0, 1000)?, first: 2, count: 6, rate: 0.001 };
    Ok(vec![
        ("the plain update", base.clone()),
        ("identity for tanh", hidden(AnyActivation::Identity)?),
        ("ReLU", hidden(AnyActivation::Relu)?),
        ("leaky ReLU", hidden(AnyActivation::LeakyRelu)?),
        ("sigmoid", hidden(AnyActivation::Sigmoid)?),
        ("Huber for mean squared error", Training { loss: AnyLoss::Huber(Huber::default()), ..base.clone() }),
        ("binary cross-entropy", classes(AnyLoss::BinaryCrossEntropy, 1)?),
        ("softmax cross-entropy, two outputs", classes(AnyLoss::SoftmaxCrossEntropy, 2)?),
        ("warm-up", by(sgd.warm_up(5000)?)),
        ("step decay", by(sgd.base(Base::StepDecay { every: 100, factor: 0.9 })?)),
        ("cosine", by(sgd.base(Base::Cosine { over: 5000 })?)),
        ("final drop", by(sgd.final_drop(1500, 0.2)?)),
        ("clip by norm", by(sgd.clip(Clip::Norm(1.0))?)),
        ("clip by value", by(sgd.clip(Clip::Value(0.1))?)),
        ("coupled decay", by(sgd.weight_decay(WeightDecay::coupled(0.01))?)),
        ("decoupled decay", by(sgd.weight_decay(WeightDecay::decoupled(0.01))?)),
        ("momentum", with(Plan { momentum: Some(0.9), ..base.plan })),
        ("L1", by(sgd.proximal(Proximal::l1(0.001))?)),
        ("group lasso", by(sgd.proximal(Proximal::group(0.001))?)),
        ("growing penalty", with(Plan { pressed: Some(pressed), ..base.plan })),
        ("batch of 8, the whole update", with(Plan { batch: 8, ..base.plan })),
    ])
}

/// The table, in Markdown.
pub fn table() -> Result<String> {
    let elf = tools::build_firmware(MACHINE, "trainer")?;
    let mut board = Emulator::boot(MACHINE, &elf, Clock::Instructions)?;
    let mut measured = Vec::new();
    for (name, training) in rows()? {
        let instructions = device::instructions(&mut board, MACHINE, &training).context(name)?;
        measured.push((name, replica::ram(&training).total() as i64, instructions.round() as i64));
    }
    board.exit()?;
    let mut text = String::from("| option | RAM, bytes | instructions |\n|---|---|---|\n");
    let &(name, ram, instructions) = measured.first().context("no rows")?;
    writeln!(text, "| {name} | {ram} | {instructions} |")?;
    for &(name, own_ram, own_instructions) in &measured[1..] {
        writeln!(text, "| {name} | {:+} | {:+} |", own_ram - ram, own_instructions - instructions)?;
    }
    Ok(text)
}
