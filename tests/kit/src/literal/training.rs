//! A whole training, from the first weight to the test loss.

use std::collections::VecDeque;

use tamis::random::{Purpose, fill_normal};
use tamis::wire::Training;
use tamis_bits::Memory;

use super::loss::mean;
use super::task::{TEST_ROWS, row, test_row};
use super::update::square_sum;
use super::{Chain, Literal, Loss, Settings, Start, Welford, order};
use crate::{Row, bits, specs_of};

/// A training as the contract has it.
pub struct Literally {
    training: Training,
    settings: Settings,
    literal: Literal,
    chain: Chain,
    /// "a reported norm is the mean over the last 8 checks"
    checks: VecDeque<Vec<f32>>,
    /// Indices to come in this epoch.
    left: VecDeque<u64>,
    epoch: u64,
    scale: Option<(Welford, u32)>,
    visits: u64,
}

/// What an update leaves.
pub struct Update {
    /// The mean loss of the batch before it.
    pub loss: f32,
    /// All parameters.
    pub params: Vec<f32>,
    /// The digest so far.
    pub digest: u32,
}

impl Literally {
    /// Before the first update.
    pub fn of(training: &Training) -> Self {
        let plan = &training.plan;
        let specs = specs_of(&training.layers);
        let inputs = specs[0].inputs;
        let mut settings = Settings::of(&plan.sgd);
        if let Some(mu) = plan.momentum {
            settings = settings.with_momentum(mu);
        }
        if let Some(pressed) = &plan.pressed {
            settings = settings.with_growing(pressed, inputs);
        }
        Self {
            settings,
            literal: Literal::drawn(&specs, Start::of(&plan.init), plan.seed)
                .with_loss(Loss::of(&training.loss)),
            chain: Chain::default(),
            checks: VecDeque::new(),
            left: VecDeque::new(),
            epoch: 0,
            scale: plan.standardise.map(|until| (Welford::new(inputs), until)),
            visits: 0,
            training: training.clone(),
        }
    }

    /// The next index, and whether it is the last of its epoch.
    fn draw(&mut self) -> (u64, bool) {
        let plan = &self.training.plan;
        if self.left.is_empty() {
            self.left = order::epoch(plan.data, plan.seed, self.epoch).into();
            self.epoch += 1;
        }
        let index = self.left.pop_front().unwrap();
        (index, self.left.is_empty() && order::has_epochs(plan.data))
    }

    fn width(&self) -> usize {
        self.training.layers.specs().last().unwrap().outputs.into()
    }

    /// One number as the target of every output.
    fn target(&self, label: f32) -> Vec<f32> {
        vec![label; Loss::of(&self.training.loss).targets(self.width())]
    }

    /// The next sample to learn from, and whether it is the last of its epoch.
    fn sample(&mut self) -> (Row, bool) {
        loop {
            let (index, ends_epoch) = self.draw();
            let plan = &self.training.plan;
            let inputs = tamis::Network::inputs(&self.training.layers);
            let (mut x, label) = row(&plan.task, index, inputs);
            if let Some((welford, until)) = &mut self.scale {
                // "frozen after a stated count". Open: whether those samples are learned from. They are not.
                if welford.seen() < *until {
                    welford.observe(&x);
                    continue;
                }
                x = welford.apply(&x);
            }
            let mut target = self.target(label);
            // "*Label noise* is fresh at each visit"; stream is the number of the visit.
            if let Some(sigma) = self.training.plan.label_noise {
                let mut noise = vec![0.0; target.len()];
                let mut generator = self.training.plan.seed.generator(Purpose::LabelNoise, self.visits);
                fill_normal(&mut generator, &mut noise);
                for o in 0..target.len() {
                    let scaled = sigma * noise[o];
                    target[o] += scaled;
                }
                self.visits += 1;
            }
            return (Row { x, target }, ends_epoch);
        }
    }

    /// The next update.
    pub fn update(&mut self) -> Update {
        let length = self.training.plan.batch;
        let loss = if length == 1 {
            let (row, _) = self.sample();
            self.literal.step(&row, &self.settings)
        } else {
            // "no batch crosses an epoch"
            let mut rows = Vec::new();
            loop {
                let (row, ends_epoch) = self.sample();
                rows.push(row);
                if rows.len() as u32 == length || ends_epoch {
                    break;
                }
            }
            self.literal.batch(&rows, &self.settings)
        };
        let params = self.literal.flat();
        self.chain.step(&params);
        // "Checks every 100 updates unless said"
        if self.literal.t.is_multiple_of(100) {
            // "Column norm of input j: sqrt of the sum over outputs, ascending, of w^2."
            let column = |column: &Vec<f32>| libm::sqrtf(square_sum(column));
            self.checks.push_back(self.literal.layers[0].w.iter().map(column).collect());
            if self.checks.len() > 8 {
                self.checks.pop_front();
            }
        }
        Update { loss, params, digest: self.chain.0 }
    }

    /// The mean column norms. Open: how the mean rounds. From the oldest check to the newest, then divided.
    pub fn norms(&self) -> Vec<f32> {
        let Some(first) = self.checks.front() else { return Vec::new() };
        let mut norms = Vec::new();
        for j in 0..first.len() {
            let column: Vec<f32> = self.checks.iter().map(|check| check[j]).collect();
            norms.push(mean(&column));
        }
        norms
    }

    /// The mean loss over the test set.
    pub fn test_loss(&self) -> f32 {
        let inputs = tamis::Network::inputs(&self.training.layers);
        let mut losses = Vec::new();
        for k in 0..TEST_ROWS {
            let (mut x, label) = test_row(&self.training.plan.task, k, inputs);
            if let Some((welford, until)) = &self.scale
                && welford.seen() >= *until
            {
                x = welford.apply(&x);
            }
            losses.push(self.literal.evaluate(&Row { x, target: self.target(label) }));
        }
        mean(&losses)
    }
}

/// Every loss, parameter and digest of a training is as the text has it, then norms and test loss.
pub fn assert_literal(name: &str, training: &Training) {
    let plan = training.plan;
    let mut literal = Literally::of(training);
    let mut memory = Memory::of(training);
    let trainer = plan.start_layers(training.layers.clone(), training.loss, memory.lent(), plan.task);
    let mut trainer = trainer.unwrap();
    for update in 1..=plan.updates {
        let expected = literal.update();
        let loss = trainer.update().unwrap().loss;
        assert_eq!(loss.to_bits(), expected.loss.to_bits(), "loss: {name}, update {update}");
        assert_eq!(bits(trainer.model().params()), bits(&expected.params), "{name}, update {update}");
        assert_eq!(trainer.digest(), expected.digest, "digest: {name}, update {update}");
    }
    let test_loss = trainer.test_loss(&plan.task).unwrap();
    assert_eq!(test_loss.to_bits(), literal.test_loss().to_bits(), "test loss: {name}");
    let norms = trainer.norms().unwrap_or_default();
    assert_eq!(bits(norms), bits(&literal.norms()), "norms: {name}");
}
