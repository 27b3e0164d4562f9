//! The host's half: the same plan, carried out by the same kernel.

use tamis::support::Contrast;
use tamis::verdict::{self, Verdict};
use tamis::wire::{Report, Training};
use tamis::{Lent, Network, Plan, Ram};

use anyhow::{Result, anyhow};

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

    /// Ratio, gap and the norms behind them.
    pub fn contrast(&self, plan: &Plan) -> Contrast {
        Contrast::of(&self.input_norms(), plan.task.relevant.into())
    }

    /// Whether exactly the relevant inputs were found.
    pub fn is_exact(&self, plan: &Plan) -> bool {
        verdict::is_exact(&self.verdicts, plan.task.relevant.into())
    }
}

/// Carries out `training`; `progress` hears of every update.
pub fn run(training: &Training, report: Report, mut progress: impl FnMut(u32)) -> Result<Outcome> {
    let Training { layers, loss, plan } = training;
    let mut memory = Memory::of(training);
    let mut trainer = plan.start_layers(layers.clone(), *loss, memory.lent(), plan.task)?;
    let mut outcome = Outcome::default();
    for update in 1..=plan.updates {
        trainer.update().map_err(|error| anyhow!("update {update}: {error}"))?;
        if report.wants_digest(update, plan.updates) {
            outcome.digests.push((update, trainer.digest()));
        }
        if report.wants_params(update) {
            outcome.params.push((update, bits(trainer.model().params())));
        }
        progress(update);
    }
    let test_loss = trainer.test_loss(&plan.task)?;
    let norms = trainer.norms().unwrap_or_default().to_vec();
    outcome.finish(training, &norms, trainer.model().params(), test_loss);
    Ok(outcome)
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
