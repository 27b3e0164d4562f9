//! A training of the host, once more on a device: the same rows in the same order, and the same parameters at the end.

use std::fmt;

use anyhow::{Result, ensure};
use serde::Serialize;
use tamis::wire::{Configuration, Origin, Request, Training};
use tamis::{AnyLoss, Data, Init, Layers, Loss, Network, Plan, Rule, Seed, Sgd, Target, Task};

use super::twin::Twin;
use super::{feed, params, request};
use crate::port::At;
use crate::replica::{Memory, bits};
use crate::report;

/// A training that can be repeated.
#[derive(Clone, Debug, PartialEq)]
pub struct Repeat {
    training: Training,
    /// The parameters that it begins with.
    params: Vec<f32>,
    /// Inputs and targets of its rows, in the order of the visits.
    rows: Vec<f32>,
}

/// What a device has repeated.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Repeated {
    /// Where.
    pub device: String,
    /// How many updates it made.
    pub updates: u32,
    /// How many digests on the way were compared and equal.
    pub digests_compared: u64,
}

impl fmt::Display for Repeated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { device, updates, digests_compared } = self;
        write!(
            f,
            "{device}: {updates} updates, {digests_compared} digests and all parameters compared, all equal"
        )
    }
}

impl Repeat {
    /// Plain SGD over `rows`, each once, from `params` on.
    pub fn new(
        layers: Layers,
        loss: AnyLoss,
        sgd: Sgd,
        batch: u32,
        params: Vec<f32>,
        rows: Vec<f32>,
    ) -> Result<Self> {
        let inputs = layers.inputs();
        let width = inputs + loss.targets(layers.outputs());
        let plan = Plan {
            seed: Seed(0),
            task: Task::plain(Target::Noise, u16::try_from(inputs)?, 0, 0.0, Seed(0)),
            data: Data::Stream,
            standardise: None,
            label_noise: None,
            init: Init::scaled(1.0),
            batch,
            sgd,
            momentum: None,
            pressed: None,
            updates: u32::try_from(rows.len() / width)? / batch,
            rule: Rule::Gap { least: 3.0 },
        };
        Ok(Self { training: Training { layers, loss, plan }, params, rows })
    }

    /// Repeats it on the device there; it must end in `expected`.
    pub fn on(&self, at: &At, expected: &[f32]) -> Result<Repeated> {
        let mut board = at.open()?;
        request(&mut board, &Request::Forget)?;
        let mut memory = Memory::of(&self.training);
        let mut twin = Twin::start(&self.training, Some(&self.params), &mut memory, self.rows())?;
        let configuration =
            Configuration { training: self.training.clone(), origin: Origin::Host, checkpoint_every: None };
        let bar = report::progress(self.training.plan.updates as usize);
        bar.set_message(at.name());
        let done =
            feed::feed(&mut board, &configuration, Some(&self.params), &mut self.rows(), |progress| {
                bar.set_position(progress.updates.into());
                twin.follow(progress.updates, progress.digest)
            })?;
        bar.finish_and_clear();
        let same = bits(&params(&mut board)?) == bits(expected);
        ensure!(same, "{} ends in other parameters than this host", at.name());
        Ok(Repeated { device: at.name(), updates: done.updates, digests_compared: twin.equal })
    }

    fn rows(&self) -> impl FnMut(u64, &mut [f32]) + '_ {
        |index, row| {
            let from = index as usize * row.len();
            // Behind the last row a batch may still be filled; nothing is learned from it.
            match self.rows.get(from..from + row.len()) {
                Some(there) => row.copy_from_slice(there),
                None => row.fill(0.0),
            }
        }
    }
}
