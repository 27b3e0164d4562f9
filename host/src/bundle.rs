//! Many trainings at once, in lanes, each with the bits it has alone.
//!
//! The trainings of a bundle share shape, loss, batch length, kind of data and the options in use; seed, samples,
//! step size and penalties are each one's own. Samples are drawn, scaled and made noisy for each lane by itself, by
//! the same code as ever; what follows goes through the kernel in lanes.
//!
//! A lane that fails leaves the bundle: the scalar run of its training tells the rest. Its place goes on with zeros.

use std::array;

use anyhow::{Context, Result, anyhow, ensure};
use tamis::feed::Feed;
use tamis::lanes::{self, Lanes};
use tamis::model::Model;
use tamis::momentum::{Method, Momentum};
use tamis::support::CHECKS;
use tamis::trainer::{CHECK_EVERY, test_loss};
use tamis::wire::{Report, Training};
use tamis::{AnyLoss, Batch, Digest, Layers, Loss, Network, Norms, StepError, Task};
use tamis_speed::simd::{self, Level};

use crate::replica::{self, Outcome, bits};

/// Whether two trainings may share a bundle.
pub fn go_together(a: &Training, b: &Training) -> bool {
    let of = |training: &Training| {
        let plan = &training.plan;
        let options = plan.sgd.map(|_| 0.0);
        let growing = plan.pressed.map(|pressed| pressed.growing);
        (plan.data, plan.batch, plan.updates, plan.standardise, options, plan.momentum.is_some(), growing)
    };
    a.layers == b.layers && a.loss == b.loss && of(a) == of(b)
}

/// Carries out `trainings`; each outcome is what [`replica::run`] gives.
pub fn run<const L: usize>(trainings: &[Training; L], report: Report) -> Result<[Result<Outcome>; L]> {
    let mut rest = trainings.iter();
    let first = rest.next().context("a bundle has at least one training")?;
    ensure!(rest.all(|other| go_together(first, other)), "the trainings must differ in numbers only");
    let mut memory = trainings.iter().map(LaneMemory::of).collect::<Vec<_>>();
    let lanes = trainings.iter().zip(&mut memory).map(|(training, memory)| Lane::start(training, memory));
    let mut lanes = lanes.collect::<Result<Vec<_>>>()?;
    let mut numbers = Numbers::<L>::of(&lanes);
    Level::widest().run(Drive { lanes: &mut lanes, numbers: &mut numbers, report })?;
    let mut outcomes = lanes.into_iter().map(|lane| match lane.outcome {
        Some(outcome) => Ok(outcome),
        None => replica::run(lane.training, report, |_| {}),
    });
    Ok(array::from_fn(|_| outcomes.next().unwrap_or_else(|| Err(anyhow!("a lane is missing")))))
}

/// What one lane keeps for itself.
struct LaneMemory {
    scale: Vec<f32>,
    indices: Vec<u16>,
    norms: Vec<f32>,
}

impl LaneMemory {
    fn of(Training { layers, plan, .. }: &Training) -> Self {
        let inputs = layers.inputs();
        Self {
            scale: vec![0.0; 2 * inputs],
            indices: vec![0; plan.data.stored().into()],
            norms: vec![0.0; CHECKS * inputs],
        }
    }
}

/// One training of a bundle.
struct Lane<'a> {
    training: &'a Training,
    feed: Feed<'a, Task>,
    norms: Norms<'a>,
    digest: Digest,
    /// Inputs, then targets, of the sample in hand.
    sample: Vec<f32>,
    /// The parameters, as far as they have been taken out.
    params: Vec<f32>,
    /// Nothing once the lane has failed.
    outcome: Option<Outcome>,
}

impl<'a> Lane<'a> {
    /// Before the first update, its weights drawn.
    fn start(training: &'a Training, memory: &'a mut LaneMemory) -> Result<Self> {
        let Training { layers, loss, plan } = training;
        let inputs = layers.inputs();
        let mut start = replica::Memory::of(training);
        let mut trainer = plan.start_layers(layers.clone(), *loss, start.lent(), plan.task)?;
        Ok(Self {
            training,
            feed: plan.feed(inputs, &mut memory.scale, &mut memory.indices, plan.task)?,
            norms: Norms::new(&mut memory.norms, inputs)?,
            digest: Digest::new(),
            sample: vec![0.0; inputs + loss.targets(layers.outputs())],
            params: trainer.model().params().to_vec(),
            outcome: Some(Outcome::default()),
        })
    }

    /// Draws the next sample: whether it ends an epoch.
    fn draw(&mut self) -> bool {
        let (x, target) = self.sample.split_at_mut(self.training.layers.inputs());
        // A task has every sample, and all of them are finite.
        let (_, ends_epoch) = self.feed.next(x, target);
        if self.outcome.is_none() {
            self.sample.fill(0.0);
        }
        ends_epoch
    }

    /// After `update`, with the parameters taken out.
    fn record(&mut self, update: u32, report: Report) {
        let Some(outcome) = &mut self.outcome else { return };
        self.digest.update(&self.params);
        if report.wants_digest(update, self.training.plan.updates) {
            outcome.digests.push((update, self.digest.value()));
        }
        if report.wants_params(update) {
            outcome.params.push((update, bits(&self.params)));
        }
        let checked = !update.is_multiple_of(CHECK_EVERY)
            || self.norms.check(&self.training.layers, &self.params).is_ok();
        if !checked {
            self.outcome = None;
        }
    }

    /// A scalar model of this lane, for what is done once and not in every step.
    fn with_model<R>(
        &mut self,
        work: impl FnOnce(&mut Model<'_, Layers, AnyLoss>, &mut Feed<'a, Task>, &mut [f32]) -> R,
    ) -> Result<R> {
        let Training { layers, loss, .. } = self.training;
        let (mut params, mut scratch) = (self.params.clone(), vec![0.0; 2 * layers.units()]);
        let mut model = Model::of_layers(layers.clone(), *loss, &mut params, &mut scratch)?;
        Ok(work(&mut model, &mut self.feed, &mut self.sample))
    }

    /// Whether the sample in hand fails on the parameters that were taken out.
    fn fails(&mut self) -> Result<bool> {
        let inputs = self.training.layers.inputs();
        self.with_model(|model, _, sample| {
            let (x, target) = sample.split_at(inputs);
            model.evaluate_slices(x, target).is_err()
        })
    }

    /// Norms, verdicts and test loss at the end.
    fn finish(&mut self) -> Result<()> {
        let plan = &self.training.plan;
        let loss = self.with_model(|model, feed, sample| {
            test_loss(model, |row, x| plan.task.test_row(row, x), feed.standardise.as_ref(), sample)
        })?;
        let (Some(outcome), Ok(loss)) = (&mut self.outcome, loss) else {
            self.outcome = None;
            return Ok(());
        };
        let mut norms = vec![0.0; self.training.layers.inputs()];
        let norms = if self.norms.mean(&mut norms) { &norms[..] } else { &[] };
        outcome.finish(self.training, norms, &self.params, loss);
        Ok(())
    }
}

/// The numbers of all lanes.
struct Numbers<const L: usize> {
    params: Vec<Lanes<L>>,
    scratch: Vec<Lanes<L>>,
    gradient: Vec<Lanes<L>>,
    velocity: Vec<Lanes<L>>,
    rates: Vec<Lanes<L>>,
    sample: Vec<Lanes<L>>,
}

impl<const L: usize> Numbers<L> {
    /// As many as `lanes` need, with their initial weights and rates.
    fn of(lanes: &[Lane<'_>]) -> Self {
        let zeros = |n: usize| vec![Lanes([0.0; L]); n];
        let (layers, sample) = (&lanes[0].training.layers, lanes[0].sample.len());
        let (params, inputs) = (layers.params(), layers.inputs());
        let mut numbers = Self {
            params: zeros(params),
            scratch: zeros(2 * layers.units()),
            gradient: zeros(params),
            velocity: zeros(params),
            rates: zeros(inputs),
            sample: zeros(sample),
        };
        for (place, lane) in lanes.iter().enumerate() {
            lanes::pack(&lane.params, place, &mut numbers.params);
            if let Some(pressed) = lane.training.plan.pressed {
                let mut rates = vec![0.0; inputs];
                pressed.fill(&mut rates);
                lanes::pack(&rates, place, &mut numbers.rates);
            }
        }
        numbers
    }
}

/// All updates of all lanes, for vectors as wide as the core has them.
struct Drive<'d, 'a, const L: usize> {
    lanes: &'d mut [Lane<'a>],
    numbers: &'d mut Numbers<L>,
    report: Report,
}

impl<const L: usize> simd::Task for Drive<'_, '_, L> {
    type Output = Result<()>;

    #[inline(always)]
    fn run(self) -> Result<()> {
        train(self.lanes, self.numbers, self.report)
    }
}

/// All updates of all lanes.
#[inline(always)]
fn train<const L: usize>(lanes: &mut [Lane<'_>], numbers: &mut Numbers<L>, report: Report) -> Result<()> {
    let Training { layers, loss, plan } = lanes[0].training;
    let sgd = lanes::bundle(&array::from_fn::<_, L, _>(|lane| lanes[lane].training.plan.sgd))
        .context("the trainings must differ in numbers only")?;
    let mu = array::from_fn(|lane| lanes[lane].training.plan.momentum.unwrap_or_default());
    let mut method = match plan.momentum {
        None => Method::Plain(sgd),
        Some(_) => Method::Momentum(Momentum::over(layers, sgd, Lanes(mu), &mut numbers.velocity)?),
    };
    let mut batch = match plan.batch {
        1 => None,
        length => Some(Batch::over(layers, &mut numbers.gradient, length)?),
    };
    let mut model = Model::of_layers(layers.clone(), *loss, &mut numbers.params, &mut numbers.scratch)?;
    let sample = &mut numbers.sample[..];
    for update in 1..=plan.updates {
        let mut accepted = 0;
        loop {
            let mut ends_epoch = false;
            for (place, lane) in lanes.iter_mut().enumerate() {
                ends_epoch = lane.draw();
                lanes::pack(&lane.sample, place, sample);
            }
            loop {
                let (x, target) = sample.split_at(layers.inputs());
                let result = match &mut batch {
                    None => model.step_slices(x, target, &mut method),
                    Some(batch) => model.accumulate_slices(x, target, batch),
                };
                match result {
                    Ok(_) => break,
                    Err(error) => retire(lanes, &mut model, &mut method, sample, error)?,
                }
            }
            accepted += 1;
            if accepted == plan.batch || ends_epoch {
                break;
            }
        }
        if let Some(batch) = &mut batch {
            model.apply(batch, &mut method)?;
        }
        if let Some(pressed) = &plan.pressed {
            model.shrink(&pressed.growing, &numbers.rates);
        }
        for (place, lane) in lanes.iter_mut().enumerate() {
            lanes::unpack(model.params(), place, &mut lane.params);
            lane.record(update, report);
        }
    }
    lanes.iter_mut().try_for_each(Lane::finish)
}

/// Takes the lanes out in which the sample in hand fails: from here on they are zeros, which move nobody.
fn retire<const L: usize>(
    lanes: &mut [Lane<'_>],
    model: &mut Model<'_, Layers, AnyLoss, Lanes<L>>,
    method: &mut Method<'_, Layers, Lanes<L>>,
    sample: &mut [Lanes<L>],
    error: StepError,
) -> Result<()> {
    let mut found = false;
    for (place, lane) in lanes.iter_mut().enumerate() {
        lanes::unpack(model.params(), place, &mut lane.params);
        if lane.fails()? {
            found = true;
            lane.outcome = None;
            lane.params.fill(0.0);
            lane.sample.fill(0.0);
            lanes::pack(&lane.params, place, model.params_mut());
            if let Method::Momentum(momentum) = method {
                lanes::pack(&lane.params, place, momentum.velocity_mut());
            }
            lanes::pack(&lane.sample, place, sample);
        }
    }
    ensure!(found, "a step failed in no lane: {error}");
    Ok(())
}
