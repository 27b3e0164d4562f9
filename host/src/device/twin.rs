//! The host's twin of a device: the same training on the same samples, a digest for every update.

use anyhow::{Result, ensure};
use tamis::wire::Training;
use tamis::{AnyLoss, Layers, Network, NoSample, Rule, Samples, TrainError, Trainer, Verdict, task};

use super::Support;
use super::feed::Rows;
use crate::replica::{Memory, bits};

/// Rows as samples: with probes, which do not travel.
pub struct Source<R> {
    rows: R,
    inputs: usize,
    probes: tamis::Seed,
    row: Vec<f32>,
}

impl<R: Rows> Source<R> {
    /// The rows that go to a device that carries out `training`.
    pub fn new(rows: R, training: &Training) -> Self {
        let task = &training.plan.task;
        Self { rows, inputs: task.inputs.into(), probes: task.seed, row: Vec::new() }
    }
}

impl<R: Rows> Samples for Source<R> {
    fn sample(&mut self, index: u64, x: &mut [f32], target: &mut [f32]) -> Result<(), NoSample> {
        self.row.resize(self.inputs + target.len(), 0.0);
        self.rows.row(index, &mut self.row);
        let (inputs, targets) = self.row.split_at(self.inputs);
        let (real, probes) = x.split_at_mut(self.inputs);
        real.copy_from_slice(inputs);
        task::probes(self.probes, index, probes);
        target.copy_from_slice(targets);
        Ok(())
    }
}

/// The twin.
pub struct Twin<'m, R> {
    trainer: Trainer<'m, Layers, AnyLoss, Source<R>>,
    rule: Rule,
    inputs: usize,
    /// After each update, the first of which is 1.
    digests: Vec<u32>,
    /// How many digests of the device were equal.
    pub equal: u64,
}

impl<'m, R: Rows> Twin<'m, R> {
    /// At the start, with `params` from outside if there are any.
    pub fn start(
        training: &Training,
        params: Option<&[f32]>,
        memory: &'m mut Memory,
        rows: R,
    ) -> Result<Self> {
        let Training { layers, loss, plan } = training;
        let source = Source::new(rows, training);
        let mut trainer = plan.start_layers(layers.clone(), *loss, memory.lent(), source)?;
        if let Some(params) = params {
            trainer.model().params_mut().copy_from_slice(params);
        }
        let inputs = plan.task.inputs.into();
        Ok(Self { trainer, rule: plan.rule, inputs, digests: Vec::new(), equal: 0 })
    }

    /// The digest after so many updates, at least one.
    pub fn digest_after(&mut self, updates: u32) -> Result<u32> {
        let place = (updates as usize).saturating_sub(1);
        while self.digests.len() <= place {
            match self.trainer.update() {
                Ok(_) => self.digests.push(self.trainer.digest()),
                Err(TrainError::Rejected(_)) => {} // as on the device
                Err(error) => return Err(error.into()),
            }
        }
        Ok(self.digests[place])
    }

    /// Goes as far as the device, and compares digests.
    pub fn follow(&mut self, updates: u32, digest: u32) -> Result<()> {
        if updates == 0 {
            return Ok(());
        }
        let own = self.digest_after(updates)?;
        ensure!(
            own == digest,
            "after update {updates} the device has digest {digest:08x}, this host {own:08x}"
        );
        self.equal += 1;
        Ok(())
    }

    /// The parameters after the last update that was followed.
    pub fn params(&mut self) -> &[f32] {
        self.trainer.model().params()
    }

    /// What it has come to.
    pub fn support(&mut self) -> Support {
        let norms = self.trainer.norms().unwrap_or_default();
        let mut verdicts = vec![Verdict::Undecided; self.inputs];
        self.rule.judge(norms, &mut verdicts);
        (bits(norms), if norms.is_empty() { Vec::new() } else { verdicts })
    }

    /// The weights of the first layer, input after input.
    pub fn first_layer(&mut self) -> &[f32] {
        let model = self.trainer.model();
        let layers = model.net();
        let units = layers.specs().first().map_or(0, |spec| usize::from(spec.outputs));
        let weights = layers.inputs() * units;
        &model.params()[..weights]
    }
}
