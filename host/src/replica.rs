//! The host's half: the same plan, carried out by the same kernel.

use tamis::showcase::{Net, NetA, NetC, NetMixed};
use tamis::support::{CHECKS, Contrast};
use tamis::verdict::{self, Verdict};
use tamis::wire::Report;
use tamis::{Layer, Lent, Network, Plan, Ram, Shape, Trainer, Vector};

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

/// Carries out `plan`; `progress` hears of every update.
pub fn run(net: Net, plan: &Plan, report: Report, progress: impl FnMut(u32)) -> Result<Outcome> {
    match net {
        Net::A => run_typed::<NetA>(plan, report, progress),
        Net::C => run_typed::<NetC>(plan, report, progress),
        Net::Mixed => run_typed::<NetMixed>(plan, report, progress),
    }
}

fn run_typed<N: Shape>(plan: &Plan, report: Report, mut progress: impl FnMut(u32)) -> Result<Outcome> {
    let numbers = |n: usize| vec![0.0; n];
    let (mut params, mut scratch, mut gradient) =
        (numbers(N::PARAMS), numbers(N::SCRATCH), numbers(N::PARAMS));
    let (mut norms, mut standardise) = (numbers(CHECKS * N::In::LEN), numbers(2 * N::In::LEN));
    let mut indices = vec![0; plan.data.stored().into()];
    let lent = Lent {
        params: &mut params,
        scratch: &mut scratch,
        gradient: &mut gradient,
        indices: &mut indices,
        norms: &mut norms,
        standardise: &mut standardise,
    };
    let mut trainer: Trainer<'_, N, _> = plan.start(lent, plan.task)?;
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
    let norms = trainer.norms();
    let norms = norms.as_ref().map_or(&[][..], |norms| norms.as_ref());
    let mut verdicts = vec![Verdict::Undecided; plan.task.inputs.into()];
    plan.rule.judge(norms, &mut verdicts);
    outcome.norms = bits(norms);
    outcome.verdicts = verdicts;
    outcome.test_loss = trainer.test_loss(&plan.task)?.to_bits();
    let first = N::default().layers().next().map_or(0, |layer| layer.weights());
    outcome.first_layer = trainer.model().params().iter().take(first).map(|w| w.abs()).collect();
    Ok(outcome)
}

fn bits(numbers: &[f32]) -> Vec<u32> {
    numbers.iter().map(|number| number.to_bits()).collect()
}

/// The layers of a network of the demonstration.
pub fn layers(net: Net) -> Vec<Layer> {
    match net {
        Net::A => NetA::default().layers().collect(),
        Net::C => NetC::default().layers().collect(),
        Net::Mixed => NetMixed::default().layers().collect(),
    }
}

/// The RAM of `plan` on a network of the demonstration.
pub fn ram(net: Net, plan: &Plan) -> Ram {
    match net {
        Net::A => plan.ram::<NetA>(),
        Net::C => plan.ram::<NetC>(),
        Net::Mixed => plan.ram::<NetMixed>(),
    }
}
