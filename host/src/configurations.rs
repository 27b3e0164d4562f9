//! Trainings that cover every option: what a cross-check runs.
//!
//! Six factors decide which arithmetic a training does: activation, loss, order of samples, schedule, option of
//! the update, batch length. A *pairwise cover* has every two values of two factors together in some training;
//! most mistakes need no more than two things to meet (Kuhn, Wallace, Gallo, 2004). Task, shape and initial
//! weights are drawn by the seed, and so are a few further trainings of any combination.

use std::collections::HashSet;
use std::num::NonZeroU32;

use anyhow::Result;
use tamis::random::{self, Purpose};
use tamis::wire::Training;
use tamis::{
    AnyActivation, AnyLoss, Base, Clip, Data, Growing, Huber, Init, Labels, LayerSpec, Layers, Plan, Pressed,
    Proximal, Rule, Seed, Sgd, Target, Task, WeightDecay,
};

use crate::experiments::Experiment;

const LOSSES: [&str; 4] = ["mse", "huber", "binary", "softmax"];
const ORDERS: [&str; 6] = ["stream", "sequential", "shuffled", "keyed", "with replacement", "ring"];
const SCHEDULES: [&str; 6] = ["constant", "warm-up", "step decay", "cosine", "final drop", "whole schedule"];
const OPTIONS: [&str; 13] = [
    "plain",
    "clip by norm",
    "clip by value",
    "coupled decay",
    "decoupled decay",
    "momentum",
    "momentum, clip, decay",
    "decoupled decay, clip",
    "L1",
    "group lasso",
    "growing penalty",
    "standardised",
    "label noise",
];
const BATCHES: [u32; 3] = [1, 5, 16];

/// How many values each factor has: activation, loss, order, schedule, option, batch.
const LEVELS: [usize; 6] =
    [AnyActivation::ALL.len(), LOSSES.len(), ORDERS.len(), SCHEDULES.len(), OPTIONS.len(), BATCHES.len()];
const LOSS: usize = 1;
const OPTION: usize = 4;

/// Rows of a stored set, or of a ring: few, so that epochs end within a training.
const STORED: u16 = 23;
/// Trainings beyond the cover.
const RANDOM: usize = 12;

/// A value for each factor.
type Choice = [usize; 6];
/// Two factors, each with its value.
type Pair = [(usize, usize); 2];

/// Whether two values go together: there is no label noise on classes.
fn is_possible([a, b]: Pair) -> bool {
    let classes_and_noise = a.0 == LOSS && a.1 >= 2 && b.0 == OPTION && OPTIONS[b.1] == "label noise";
    !classes_and_noise
}

fn pairs_of(choice: &Choice) -> impl Iterator<Item = Pair> {
    let choice = *choice;
    (0..choice.len()).flat_map(move |a| (a + 1..choice.len()).map(move |b| [(a, choice[a]), (b, choice[b])]))
}

/// All pairs of values that go together.
fn all_pairs() -> HashSet<Pair> {
    let mut pairs = HashSet::new();
    for (a, &levels_a) in LEVELS.iter().enumerate() {
        for (b, &levels_b) in LEVELS.iter().enumerate().skip(a + 1) {
            let values = (0..levels_a).flat_map(|x| (0..levels_b).map(move |y| [(a, x), (b, y)]));
            pairs.extend(values.filter(|&pair| is_possible(pair)));
        }
    }
    pairs
}

/// The next draws of chance: a number below the one given.
fn dice(seed: u64, stream: u64) -> impl FnMut(usize) -> usize {
    let mut generator = Seed(seed).generator(Purpose::Order, stream);
    move |n| {
        let n = NonZeroU32::new(n as u32).unwrap_or(NonZeroU32::MIN);
        random::below(&mut generator, n) as usize
    }
}

fn any_choice(dice: &mut impl FnMut(usize) -> usize) -> Choice {
    loop {
        let choice = LEVELS.map(&mut *dice);
        if pairs_of(&choice).all(is_possible) {
            return choice;
        }
    }
}

/// A pairwise cover: each row is the best of some, which begin with a pair that is missing.
fn cover(seed: u64) -> Vec<Choice> {
    let mut dice = dice(seed, 0);
    let mut missing = all_pairs();
    let mut rows = Vec::new();
    // In the order of the factors: a set has none of its own that would repeat.
    while let Some(&[a, b]) = missing.iter().min() {
        let candidates = (0..30).map(|_| {
            let mut row = any_choice(&mut dice);
            (row[a.0], row[b.0]) = (a.1, b.1);
            row
        });
        let possible = candidates.filter(|row| pairs_of(row).all(is_possible));
        let gain = |row: &Choice| pairs_of(row).filter(|pair| missing.contains(pair)).count();
        let Some(best) = possible.max_by_key(gain) else { continue };
        pairs_of(&best).for_each(|pair| _ = missing.remove(&pair));
        rows.push(best);
    }
    rows
}

/// The trainings: a pairwise cover, then others at random.
pub fn all(seed: u64, updates: u32) -> Result<Vec<Experiment>> {
    let mut choices = cover(seed);
    let mut dice = dice(seed, 1);
    choices.extend((0..RANDOM).map(|_| any_choice(&mut dice)));
    (0..).zip(&choices).map(|(index, choice)| experiment(seed, index, choice, updates)).collect()
}

fn experiment(seed: u64, index: u64, choice: &Choice, updates: u32) -> Result<Experiment> {
    let [activation, loss, order, schedule, option, batch] = *choice;
    let mut dice = dice(seed, 2 + index);
    let (layers, inputs) = layers(AnyActivation::ALL[activation], LOSSES[loss], &mut dice)?;
    let probes = 2;
    let target = Target::ALL[dice(Target::ALL.len())];
    let labels = match LOSSES[loss] {
        "binary" => Labels::Classes(2),
        "softmax" => Labels::Classes(3),
        _ if dice(3) == 0 => Labels::Mirrored(STORED.into()),
        _ => Labels::Plain,
    };
    let relevant = if target == Target::Noise { 0 } else { 2 };
    let init =
        [Init::he(), Init::xavier(), Init::scaled(1.0), Init::he().uniform(), Init::xavier().uniform()];
    let init = init[dice(init.len())];
    let options = Options::of(OPTIONS[option], inputs)?;
    let plan = Plan {
        seed: Seed(seed.wrapping_add(index)),
        task: Task { seed: Seed(seed), target, inputs: inputs - probes, relevant, noise: 0.3, labels },
        data: match ORDERS[order] {
            "stream" => Data::Stream,
            "sequential" => Data::Sequential(STORED),
            "shuffled" => Data::Shuffled(STORED),
            "keyed" => Data::Keyed(STORED),
            "with replacement" => Data::WithReplacement(STORED),
            _ => Data::Ring { capacity: STORED, visits: 3 },
        },
        standardise: options.standardise,
        label_noise: options.label_noise,
        init: if dice(2) == 0 { init } else { init.with_biases(0.1) },
        batch: BATCHES[batch],
        sgd: scheduled(options.sgd, SCHEDULES[schedule], updates)?,
        momentum: options.momentum,
        pressed: options.pressed,
        updates,
        rule: Rule::Probes { count: probes, factor: 3.0 },
    };
    let loss_of = [
        AnyLoss::Mse,
        AnyLoss::Huber(Huber::new(0.7)?),
        AnyLoss::BinaryCrossEntropy,
        AnyLoss::SoftmaxCrossEntropy,
    ];
    let name = format!(
        "{}, {}, {}, {}, {}, {}, batch {}",
        AnyActivation::ALL[activation].name(),
        LOSSES[loss],
        target.name(),
        ORDERS[order],
        SCHEDULES[schedule],
        OPTIONS[option],
        BATCHES[batch]
    );
    Ok(Experiment { name, training: Training { layers, loss: loss_of[loss], plan } })
}

/// One to four layers that begin with the activation, and how many inputs they have. Cross-entropies take logits.
fn layers(
    activation: AnyActivation,
    loss: &str,
    dice: &mut impl FnMut(usize) -> usize,
) -> Result<(Layers, u16)> {
    let (outputs, is_regression) = match loss {
        "binary" => (2, false),
        "softmax" => (3, false),
        _ => (1 + dice(3) as u16, true),
    };
    let inputs = 5 + dice(6) as u16;
    let mut specs: Vec<_> =
        (0..1 + dice(3)).map(|_| LayerSpec::new(2 + dice(9) as u16, activation)).collect();
    let ends_in = if is_regression && dice(2) == 0 { activation } else { AnyActivation::Identity };
    specs.push(LayerSpec::new(outputs, ends_in));
    for spec in &mut specs {
        if dice(3) == 0 {
            *spec = spec.without_bias();
        }
    }
    Ok((Layers::new(inputs, &specs)?, inputs))
}

/// What an option sets.
struct Options {
    sgd: Sgd,
    momentum: Option<f32>,
    pressed: Option<Pressed>,
    standardise: Option<u32>,
    label_noise: Option<f32>,
}

impl Options {
    fn of(option: &str, inputs: u16) -> Result<Self> {
        let plain = Self {
            sgd: Sgd::new(0.013)?,
            momentum: None,
            pressed: None,
            standardise: None,
            label_noise: None,
        };
        let sgd = plain.sgd;
        let coupled = WeightDecay::coupled(0.011).first(0.03);
        let decoupled = WeightDecay::decoupled(0.013).hidden(0.05).output(0.02).biases(0.007);
        Ok(match option {
            "clip by norm" => Self { sgd: sgd.clip(Clip::Norm(0.7))?, ..plain },
            "clip by value" => Self { sgd: sgd.clip(Clip::Value(0.06))?, ..plain },
            "coupled decay" => Self { sgd: sgd.weight_decay(coupled)?, ..plain },
            "decoupled decay" => Self { sgd: sgd.weight_decay(decoupled)?, ..plain },
            "momentum" => Self { momentum: Some(0.7), ..plain },
            "momentum, clip, decay" => {
                let sgd = sgd.clip(Clip::Norm(0.9))?.weight_decay(coupled.biases(0.002))?;
                Self { sgd, momentum: Some(0.9), ..plain }
            }
            "decoupled decay, clip" => {
                Self { sgd: sgd.clip(Clip::Norm(0.8))?.weight_decay(decoupled)?, ..plain }
            }
            "L1" => Self { sgd: sgd.proximal(Proximal::l1(0.02))?, ..plain },
            "group lasso" => Self { sgd: sgd.proximal(Proximal::group(0.05).every(4))?, ..plain },
            "growing penalty" => {
                let growing = Growing::new(20, 3)?;
                Self { pressed: Some(Pressed { growing, first: inputs - 2, count: 2, rate: 0.07 }), ..plain }
            }
            "standardised" => Self { standardise: Some(19), ..plain },
            "label noise" => Self { label_noise: Some(0.4), ..plain },
            _ => plain,
        })
    }
}

/// With a schedule that happens within so many updates.
fn scheduled(sgd: Sgd, schedule: &str, updates: u32) -> Result<Sgd> {
    let half = updates / 2;
    Ok(match schedule {
        "warm-up" => sgd.warm_up(half)?,
        "step decay" => sgd.base(Base::StepDecay { every: 1 + updates / 7, factor: 0.7 })?,
        "cosine" => sgd.base(Base::Cosine { over: half })?,
        "final drop" => sgd.final_drop(half, 0.2)?,
        "whole schedule" => {
            let sgd = sgd.warm_up(updates / 9 + 1)?.base(Base::StepDecay { every: 11, factor: 0.97 })?;
            sgd.final_drop(half, 0.3)?
        }
        _ => sgd,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_of_values_is_covered() {
        for seed in [0, 1, u64::MAX] {
            let rows = cover(seed);
            let covered: HashSet<Pair> = rows.iter().flat_map(pairs_of).collect();
            assert_eq!(covered, all_pairs(), "seed {seed}");
            assert!((78..140).contains(&rows.len()), "{} rows", rows.len());
        }
    }
}
