//! The hot loop of many trainings at once, in lanes, each with the bits it has alone.
//!
//! The trainings of a bundle share shape, loss, batch length, kind of data and the options in use; seed, samples,
//! step size and penalties are each one's own. Lanes of the same seed, task and noise are fed together: a sample is drawn
//! once for all of them. A stored sample is made once, for it is the same at every visit.
//!
//! The loop stands in this crate, which is compiled for speed wherever it is used: a loop is compiled where its types
//! are known.

use std::array;

use anyhow::{Context, Result, ensure};
use tamis::feed::Feed;
use tamis::lanes;
use tamis::momentum::{Method, Momentum};
use tamis::support::CHECKS;
use tamis::task::TEST_ROWS;
use tamis::trainer::{CHECK_EVERY, test_loss};
use tamis::wire::Training;
use tamis::{
    AnyLoss, Batch, Data, Digest, Layers, Lent, Loss, Model, Network, NoSample, Norms, Number, Samples,
    StepError, Task,
};

use crate::curve::{Curve, is_moment};
use crate::report::Report;
use crate::simd::{Bundle, LANES};

/// What is told of the trainings.
#[derive(Clone, Copy, Debug)]
pub enum Watch {
    /// The chained digest of every update, and what is reported of it.
    Every(Report),
    /// The parameters after the last update, and no digest: a chain takes longer than the training.
    End,
    /// The same, and the curve.
    Curve,
}

impl Watch {
    fn wants_params(&self, update: u32, last: u32) -> bool {
        match self {
            Self::Every(report) => report.wants_params(update),
            Self::End | Self::Curve => update == last,
        }
    }

    /// Whether the parameters after `update` are taken out.
    fn sees(&self, update: u32, last: u32) -> bool {
        match self {
            Self::Every(report) => report.wants_digest(update, last) || report.wants_params(update),
            Self::End => update == last,
            Self::Curve => is_moment(update, last),
        }
    }
}

/// A training that has come to its end.
#[derive(Clone, Debug, Default)]
pub struct Ended {
    /// (update, chained digest), as reported.
    pub digests: Vec<(u32, u32)>,
    /// (update, bits of all parameters), as reported.
    pub reported: Vec<(u32, Vec<u32>)>,
    /// The curve, if it is watched.
    pub curve: Curve,
    /// Mean column norms of all inputs; none before the first check.
    pub norms: Vec<f32>,
    /// The parameters.
    pub params: Vec<f32>,
    /// The mean loss over the test set.
    pub test_loss: f32,
}

/// Whether two trainings may share a bundle.
pub fn go_together(a: &Training, b: &Training) -> bool {
    let of = |training: &Training| {
        let plan = &training.plan;
        let options = plan.sgd.map(|_| 0.0);
        let growing = plan.pressed.map(|pressed| pressed.growing);
        let noise = plan.label_noise.is_some();
        (
            plan.data,
            plan.batch,
            plan.updates,
            plan.standardise,
            noise,
            options,
            plan.momentum.is_some(),
            growing,
        )
    };
    a.layers == b.layers && a.loss == b.loss && of(a) == of(b)
}

/// Carries out up to [`LANES`] trainings; nothing for one that has failed.
pub fn run(trainings: &[Training], watch: Watch) -> Result<Vec<Option<Ended>>> {
    let first = trainings.first().context("a bundle has at least one training")?;
    ensure!(trainings.len() <= LANES, "a bundle has at most {LANES} trainings");
    ensure!(
        trainings.iter().all(|other| go_together(first, other)),
        "the trainings must differ in numbers only"
    );
    let mut memory: Vec<_> = trainings.iter().map(LaneMemory::of).collect();
    let (mut lanes, mut feeders) = (Vec::new(), Vec::<Feeder<'_>>::new());
    for (training, LaneMemory { scale, indices, norms }) in trainings.iter().zip(&mut memory) {
        let feeder = match feeders.iter().position(|feeder| feeds_alike(feeder.training, training)) {
            Some(feeder) => feeder,
            None => {
                feeders.push(Feeder::new(training, scale, indices)?);
                feeders.len() - 1
            }
        };
        lanes.push(Lane::start(training, feeder, norms)?);
    }
    let mut numbers = Numbers::of(&lanes);
    Bundle::pass(
        #[inline(always)]
        || train(&mut lanes, &mut feeders, &mut numbers, watch),
    )?;
    Ok(lanes.into_iter().map(|lane| lane.ended).collect())
}

/// Whether two trainings that go together see the same samples and the same noise on them.
fn feeds_alike(a: &Training, b: &Training) -> bool {
    let of = |training: &Training| (training.plan.seed, training.plan.task, training.plan.label_noise);
    of(a) == of(b)
}

/// The rows of a task: made anew at each visit, or once and kept.
enum Rows {
    Made(Task),
    /// Inputs, then the target, of one row after the other.
    Kept {
        rows: Vec<f32>,
        width: usize,
    },
}

impl Rows {
    fn of(Training { layers, plan, .. }: &Training) -> Self {
        let (stored, width) = (plan.data.stored(), layers.inputs() + 1);
        let visits = u64::from(plan.updates) * u64::from(plan.batch);
        if stored == 0 || matches!(plan.data, Data::Ring { .. }) || visits <= stored.into() {
            return Self::Made(plan.task);
        }
        let mut rows = vec![0.0; usize::from(stored) * width];
        for (index, row) in (0..).zip(rows.chunks_exact_mut(width)) {
            let (x, target) = row.split_at_mut(width - 1);
            target.fill(plan.task.row(index, x));
        }
        Self::Kept { rows, width }
    }
}

impl Samples for Rows {
    fn sample(&mut self, index: u64, x: &mut [f32], target: &mut [f32]) -> Result<(), NoSample> {
        match self {
            Self::Made(task) => task.sample(index, x, target),
            Self::Kept { rows, width } => {
                let row = rows.chunks_exact(*width).nth(index as usize).ok_or(NoSample(index))?;
                let (inputs, label) = row.split_at(*width - 1);
                x.copy_from_slice(inputs);
                target.fill(label[0]);
                Ok(())
            }
        }
    }
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

/// The samples of one or more lanes.
struct Feeder<'a> {
    training: &'a Training,
    feed: Feed<'a, Rows>,
    /// Inputs, then targets, of the sample in hand.
    sample: Vec<f32>,
}

impl<'a> Feeder<'a> {
    fn new(training: &'a Training, scale: &'a mut [f32], indices: &'a mut [u16]) -> Result<Self> {
        let Training { layers, loss, plan } = training;
        let inputs = layers.inputs();
        let feed = plan.feed(inputs, scale, indices, Rows::of(training))?;
        Ok(Self { training, feed, sample: vec![0.0; inputs + loss.targets(layers.outputs())] })
    }

    /// Draws the next sample: whether it ends an epoch.
    fn draw(&mut self) -> bool {
        let (x, target) = self.sample.split_at_mut(self.training.layers.inputs());
        // A task has every sample, and all of them are finite.
        let (_, ends_epoch) = self.feed.next(x, target);
        ends_epoch
    }

    /// Makes row `index` of the test set.
    fn test(&mut self, index: u64) {
        let (x, target) = self.sample.split_at_mut(self.training.layers.inputs());
        target.fill(self.training.plan.task.test_row(index, x));
        // Not yet settled, it leaves the inputs as they are.
        let _ = self.feed.standardise.as_ref().is_some_and(|scale| scale.apply(x));
    }
}

/// One training of a bundle.
struct Lane<'a> {
    training: &'a Training,
    /// Which of the feeders.
    feeder: usize,
    norms: Norms<'a>,
    /// The parameters, as far as they have been taken out.
    params: Vec<f32>,
    /// Nothing once the lane has failed.
    ended: Option<Ended>,
}

impl<'a> Lane<'a> {
    /// Before the first update, its weights drawn.
    fn start(training: &'a Training, feeder: usize, norms: &'a mut [f32]) -> Result<Self> {
        let Training { layers, loss, plan } = training;
        let ram = plan.ram_of_layers(layers, loss);
        let (mut arena, mut indices) = (vec![0.0; ram.arena_len()], vec![0; plan.data.stored().into()]);
        let lent = Lent { arena: &mut arena, indices: &mut indices };
        let mut trainer = plan.start_layers(layers.clone(), *loss, lent, plan.task)?;
        Ok(Self {
            training,
            feeder,
            norms: Norms::new(norms, layers.inputs())?,
            params: trainer.model().params().to_vec(),
            ended: Some(Ended::default()),
        })
    }

    /// After `update`, with the parameters taken out; `digest` is that of all updates, where they are watched.
    fn record(&mut self, update: u32, watch: Watch, digest: Digest) {
        let Some(ended) = &mut self.ended else { return };
        let last = self.training.plan.updates;
        if let Watch::Every(report) = watch
            && report.wants_digest(update, last)
        {
            ended.digests.push((update, digest.value()));
        }
        if watch.wants_params(update, last) {
            ended.reported.push((update, self.params.iter().map(|param| param.to_bits()).collect()));
        }
        if matches!(watch, Watch::Curve) && is_moment(update, last) {
            ended.curve.look(update, &self.training.layers, &self.params);
        }
        let is_check = update.is_multiple_of(CHECK_EVERY);
        if is_check && self.norms.check(&self.training.layers, &self.params).is_err() {
            self.ended = None;
        }
    }

    /// A scalar model of this lane, for what is done once and not in every step.
    fn with_model<R>(&self, work: impl FnOnce(&mut Model<'_, Layers, AnyLoss>) -> R) -> Result<R> {
        let Training { layers, loss, .. } = self.training;
        let (mut params, mut scratch) = (self.params.clone(), vec![0.0; 2 * layers.units()]);
        Ok(work(&mut Model::of_layers(layers.clone(), *loss, &mut params, &mut scratch)?))
    }

    /// Whether `sample` fails on the parameters that were taken out.
    fn fails(&self, sample: &[f32]) -> Result<bool> {
        let (x, target) = sample.split_at(self.training.layers.inputs());
        self.with_model(|model| model.evaluate_slices(x, target).is_err())
    }

    /// The mean loss over the test set, of this lane alone.
    fn test_loss(&self, feeder: &mut Feeder<'_>) -> Result<Result<f32, StepError>> {
        let (task, scale) = (self.training.plan.task, feeder.feed.standardise.as_ref());
        self.with_model(|model| test_loss(model, |row, x| task.test_row(row, x), scale, &mut feeder.sample))
    }

    /// What is known at the end.
    fn finish(&mut self, test_loss: Result<f32, StepError>) {
        let (Some(ended), Ok(loss)) = (&mut self.ended, test_loss) else {
            self.ended = None;
            return;
        };
        let mut norms = vec![0.0; self.training.layers.inputs()];
        if self.norms.mean(&mut norms) {
            ended.norms = norms;
        }
        ended.params.clone_from(&self.params);
        ended.test_loss = loss;
    }
}

/// The numbers of all lanes.
struct Numbers {
    params: Vec<Bundle>,
    scratch: Vec<Bundle>,
    gradient: Vec<Bundle>,
    velocity: Vec<Bundle>,
    rates: Vec<Bundle>,
    sample: Vec<Bundle>,
}

impl Numbers {
    /// As many as `lanes` need, with their initial weights and rates. Places without a lane stay zeros.
    fn of(lanes: &[Lane<'_>]) -> Self {
        let zeros = |n: usize| vec![Bundle::default(); n];
        let Training { layers, loss, .. } = &lanes[0].training;
        let (params, inputs) = (layers.params(), layers.inputs());
        let mut numbers = Self {
            params: zeros(params),
            scratch: zeros(2 * layers.units()),
            gradient: zeros(params),
            velocity: zeros(params),
            rates: zeros(inputs),
            sample: zeros(inputs + loss.targets(layers.outputs())),
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

/// The samples in hand, each in its lanes; zeros where a lane has failed or there is none.
fn gather(feeders: &[Feeder<'_>], lanes: &[Lane<'_>], into: &mut [Bundle]) {
    if let [feeder] = feeders
        && lanes.len() == LANES
        && lanes.iter().all(|lane| lane.ended.is_some())
    {
        into.iter_mut().zip(&feeder.sample).for_each(|(into, &number)| *into = Bundle::splat(number));
        return;
    }
    for (place, lane) in lanes.iter().enumerate() {
        let sample = &feeders[lane.feeder].sample;
        if lane.ended.is_some() {
            lanes::pack(sample, place, into);
        } else {
            into.iter_mut().for_each(|number| number.0[place] = 0.0);
        }
    }
}

/// All updates of all lanes, then the test set.
#[inline(always)]
fn train(
    lanes: &mut [Lane<'_>],
    feeders: &mut [Feeder<'_>],
    numbers: &mut Numbers,
    watch: Watch,
) -> Result<()> {
    let Training { layers, loss: kind, plan } = lanes[0].training;
    // A place without a lane has the settings of the first, and computes on zeros.
    let plan_of = |place: usize| lanes.get(place).unwrap_or(&lanes[0]).training.plan;
    let sgd = lanes::bundle(&array::from_fn::<_, LANES, _>(|place| plan_of(place).sgd))
        .context("the trainings must differ in numbers only")?;
    let mu = array::from_fn(|place| plan_of(place).momentum.unwrap_or_default()).into();
    let mut method = match plan.momentum {
        None => Method::Plain(sgd),
        Some(_) => Method::Momentum(Momentum::over(layers, sgd, mu, &mut numbers.velocity)?),
    };
    let mut batch = match plan.batch {
        1 => None,
        length => Some(Batch::over(layers, &mut numbers.gradient, length)?),
    };
    let mut model = Model::of_layers(layers.clone(), *kind, &mut numbers.params, &mut numbers.scratch)?;
    let sample = &mut numbers.sample[..];
    let mut digests = [Digest::new(); LANES];
    for update in 1..=plan.updates {
        let mut accepted = 0;
        let mut loss;
        loop {
            let ends_epoch = feeders.iter_mut().fold(false, |_, feeder| feeder.draw());
            gather(feeders, lanes, sample);
            loop {
                let (x, target) = sample.split_at(layers.inputs());
                let result = match &mut batch {
                    None => model.step_slices(x, target, &mut method),
                    Some(batch) => model.accumulate_slices(x, target, batch),
                };
                match result {
                    Ok(of_sample) => {
                        loss = of_sample;
                        break;
                    }
                    Err(error) => {
                        retire(lanes, feeders, &mut model, &mut method, error)?;
                        gather(feeders, lanes, sample);
                    }
                }
            }
            accepted += 1;
            if accepted == plan.batch || ends_epoch {
                break;
            }
        }
        if let Some(batch) = &mut batch {
            loss = model.apply(batch, &mut method)?;
        }
        if let Some(pressed) = &plan.pressed {
            model.shrink(&pressed.growing, &numbers.rates);
        }
        if matches!(watch, Watch::Curve) {
            add(lanes, loss);
        }
        if matches!(watch, Watch::Every(_)) {
            lanes::update_digests(&mut digests, model.params());
        }
        if watch.sees(update, plan.updates) || update.is_multiple_of(CHECK_EVERY) {
            for (place, (lane, &digest)) in lanes.iter_mut().zip(&digests).enumerate() {
                lanes::unpack(model.params(), place, &mut lane.params);
                lane.record(update, watch, digest);
            }
        }
    }
    test(lanes, feeders, &mut model, sample)
}

/// Takes the loss of an update into the curves.
fn add(lanes: &mut [Lane<'_>], loss: Bundle) {
    for (place, lane) in lanes.iter_mut().enumerate() {
        let mut own = [0.0];
        lanes::unpack(&[loss], place, &mut own);
        if let Some(ended) = &mut lane.ended {
            ended.curve.add(own[0]);
        }
    }
}

/// The test set, in lanes; one lane after the other where one of them fails.
#[inline(always)]
fn test(
    lanes: &mut [Lane<'_>],
    feeders: &mut [Feeder<'_>],
    model: &mut Model<'_, Layers, AnyLoss, Bundle>,
    sample: &mut [Bundle],
) -> Result<()> {
    let inputs = lanes[0].training.layers.inputs();
    let mut sum = Bundle::default();
    for row in 0..TEST_ROWS {
        feeders.iter_mut().for_each(|feeder| feeder.test(row));
        gather(feeders, lanes, sample);
        let (x, target) = sample.split_at(inputs);
        match model.evaluate_slices(x, target) {
            Ok(loss) => sum = sum + loss,
            Err(_) => {
                for lane in lanes {
                    let loss = lane.test_loss(&mut feeders[lane.feeder])?;
                    lane.finish(loss);
                }
                return Ok(());
            }
        }
    }
    for (lane, sum) in lanes.iter_mut().zip(sum.0) {
        lane.finish(Ok(sum / TEST_ROWS as f32));
    }
    Ok(())
}

/// Takes the lanes out in which the sample in hand fails: from here on they are zeros, which move nobody.
#[cold]
fn retire(
    lanes: &mut [Lane<'_>],
    feeders: &[Feeder<'_>],
    model: &mut Model<'_, Layers, AnyLoss, Bundle>,
    method: &mut Method<'_, Layers, Bundle>,
    error: StepError,
) -> Result<()> {
    let mut found = false;
    for (place, lane) in lanes.iter_mut().enumerate() {
        lanes::unpack(model.params(), place, &mut lane.params);
        let sample = &feeders[lane.feeder].sample;
        // A lane that has failed a check of norms still has the parameters that failed, and zeros for samples.
        let fails =
            if lane.ended.is_some() { lane.fails(sample)? } else { lane.fails(&vec![0.0; sample.len()])? };
        if fails {
            found = true;
            lane.ended = None;
            lane.params.fill(0.0);
            lanes::pack(&lane.params, place, model.params_mut());
            if let Method::Momentum(momentum) = method {
                lanes::pack(&lane.params, place, momentum.velocity_mut());
            }
        }
    }
    ensure!(found, "a step failed in no lane: {error}");
    Ok(())
}
