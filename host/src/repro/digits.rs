//! The image experiment of the paper at the size of a device: handwritten digits of 8x8 pixels, 64-32-10 with ReLU and
//! biases, softmax cross-entropy, step size 0.05, He's initial weights, trained by the kernel.
//!
//! What is asked is whether small batches empty the columns of W1 at pixels that do not matter. Every fifth image is kept
//! for the test. By what the 1,438 others show of them, pixels fall in three groups:
//!
//! ```text
//! dark    never lit: no gradient ever reaches the column, whatever the batch
//! rare    mean square under 0.01
//! used    the others
//! ```
//!
//! A small batch makes many updates in an epoch. So the large batch is trained twice: for as many epochs, and for as many
//! updates. Noisy labels are drawn anew at every visit: one in five is replaced by any of the ten. In a noisy border dark
//! and rare pixels are lit at random, 0.75 or 0, in every image shown: then they vary, and still tell nothing.
//!
//! The data are in `assets/digits.csv`, their source in `assets/README.md`.

mod images;
mod picture;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tamis::support::column_norms;
use tamis::task::TEST_SET;
use tamis::wire::Training;
use tamis::{
    AnyActivation, AnyLoss, Data, Init, LayerSpec, Layers, Plan, Rule, Seed, Sgd, Target, Task, WeightDecay,
};

use self::images::{Border, CLASSES, Shown};
pub use self::images::{Group, PIXELS, Set};
use super::{Options, Outcome, Verdict};
use crate::quantile::median;
use crate::replica::{Memory, bits};
use crate::{pool, report, svg};

const HIDDEN: usize = 32;
const STEP_SIZE: f32 = 0.05;
/// An epoch of batches of 8, and how many epochs.
const UPDATES: u32 = 180 * 40;
const SEEDS: [u64; 3] = [1, 2, 3];
const TORCH: &str = "PyTorch, 8 seeds";

/// How a network is trained.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Setting {
    /// In reports.
    pub name: &'static str,
    /// Images an update.
    pub batch: u32,
    /// How many updates.
    pub updates: u32,
    /// The share of labels that are drawn anew.
    pub relabelled: f32,
    /// Decoupled weight decay, of weights and not of biases.
    pub decay: f32,
    /// Whether dark and rare pixels are lit at random.
    pub is_border_noisy: bool,
    /// PyTorch's smallest and largest test accuracy, and growth of rare and used columns.
    pub torch: [[f64; 2]; 3],
}

const SMALL: Setting = Setting {
    name: "batch 8",
    batch: 8,
    updates: UPDATES,
    relabelled: 0.0,
    decay: 0.0,
    is_border_noisy: false,
    torch: [[0.961, 0.97214], [1.00664, 1.02869], [1.68793, 1.76822]],
};
const LARGE: Setting = Setting { batch: 512, ..SMALL };

/// What is compared. The figures of PyTorch are those of `tests/reference/torch_digits.json`.
pub const SETTINGS: [Setting; 8] = [
    SMALL,
    Setting {
        name: "batch 512, as many epochs",
        updates: 120,
        torch: [[0.75487, 0.85515], [0.99908, 1.00145], [1.04341, 1.05857]],
        ..LARGE
    },
    Setting {
        name: "batch 512, as many updates",
        torch: [[0.961, 0.96936], [1.0055, 1.02559], [1.66464, 1.74067]],
        ..LARGE
    },
    Setting {
        name: "batch 8, weight decay",
        decay: 0.005,
        torch: [[0.94986, 0.96657], [0.19684, 0.20952], [0.97998, 1.04285]],
        ..SMALL
    },
    Setting {
        name: "batch 8, noisy labels",
        relabelled: 0.2,
        torch: [[0.95265, 0.97493], [0.99813, 1.02875], [1.40109, 1.46143]],
        ..SMALL
    },
    Setting {
        name: "batch 512, noisy labels",
        relabelled: 0.2,
        torch: [[0.961, 0.9805], [0.99794, 1.01223], [1.28586, 1.32421]],
        ..LARGE
    },
    Setting {
        name: "batch 8, noisy border too",
        relabelled: 0.2,
        is_border_noisy: true,
        torch: [[0.94986, 0.97772], [0.61716, 0.71714], [1.46374, 1.51074]],
        ..SMALL
    },
    Setting {
        name: "batch 512, noisy border too",
        relabelled: 0.2,
        is_border_noisy: true,
        torch: [[0.96657, 0.97493], [0.63606, 0.70504], [1.30756, 1.352]],
        ..LARGE
    },
];

/// A trained network.
#[derive(Clone, Debug)]
pub struct Trained {
    /// The column norm of every pixel before training.
    pub start: [f32; PIXELS],
    /// And after.
    pub end: [f32; PIXELS],
    /// How many weights of dark pixels have other bits than before.
    pub moved: usize,
    /// The share of the test images that are told right.
    pub accuracy: f64,
    /// The mean loss over the training images and their true labels.
    pub training_loss: f64,
    /// Of all updates.
    pub digest: u32,
}

/// Trains a network.
pub fn train(set: &Set, setting: &Setting, seed: u64) -> Result<Trained> {
    let seed = Seed(seed);
    let training = training(set, setting, seed)?;
    let border = setting.is_border_noisy.then(|| Border { groups: set.groups(), seed });
    let source = Shown { images: &set.train, relabelled: setting.relabelled, border, seed, visits: 0 };
    let mut memory = Memory::of(&training);
    let Training { layers, loss, plan } = training;
    let mut trainer = plan.start_layers(layers.clone(), loss, memory.lent(), source)?;
    let (mut start, mut end) = ([0.0; PIXELS], [0.0; PIXELS]);
    let initial = trainer.model().params().to_vec();
    column_norms(&layers, &initial, &mut start);
    for update in 1..=plan.updates {
        trainer.update().with_context(|| format!("{}, update {update}", setting.name))?;
    }
    let digest = trainer.digest();
    let model = trainer.model();
    column_norms(&layers, model.params(), &mut end);
    let (before, after) = (bits(&initial), bits(model.params()));
    let is_dark = set.groups().map(|group| group == Group::Dark);
    let weights = before.iter().zip(&after).take(PIXELS * HIDDEN).enumerate();
    let moved =
        weights.filter(|(weight, (before, after))| is_dark[weight / HIDDEN] && before != after).count();
    let (mut losses, mut right, mut logits, mut visit) = (0.0, 0, [0.0; CLASSES as usize], TEST_SET);
    let mut shown = |image: &[f32; PIXELS]| {
        let mut x = *image;
        visit += 1;
        border.inspect(|border| border.light(visit, &mut x));
        x
    };
    for (x, &class) in set.train.x.iter().zip(&set.train.class) {
        losses += f64::from(model.evaluate_slices(&shown(x), &[class.into()])?);
    }
    for (x, &class) in set.test.x.iter().zip(&set.test.class) {
        model.predict_slices(&shown(x), &mut logits)?;
        let told = (0..logits.len()).reduce(|best, o| if logits[o] > logits[best] { o } else { best });
        right += usize::from(told == Some(class.into()));
    }
    Ok(Trained {
        start,
        end,
        moved,
        accuracy: right as f64 / set.test.x.len() as f64,
        training_loss: losses / set.train.x.len() as f64,
        digest,
    })
}

fn training(set: &Set, setting: &Setting, seed: Seed) -> Result<Training> {
    let specs = [
        LayerSpec::new(HIDDEN as u16, AnyActivation::Relu),
        LayerSpec::new(CLASSES, AnyActivation::Identity),
    ];
    let sgd = Sgd::new(STEP_SIZE)?;
    let sgd =
        if setting.decay > 0.0 { sgd.weight_decay(WeightDecay::decoupled(setting.decay))? } else { sgd };
    let plan = Plan {
        seed,
        // Of the task only the number of inputs counts.
        task: Task::plain(Target::Noise, PIXELS as u16, 0, 0.0, seed),
        data: Data::Shuffled(set.train.x.len() as u16),
        standardise: None,
        label_noise: None,
        init: Init::he(),
        batch: setting.batch,
        sgd,
        momentum: None,
        pressed: None,
        updates: setting.updates,
        rule: Rule::Gap { least: 3.0 },
    };
    let layers = Layers::new(PIXELS as u16, &specs)?;
    Ok(Training { layers, loss: AnyLoss::SoftmaxCrossEntropy, plan })
}

impl Trained {
    /// The rms column norm of a group, as a multiple of what it was before training.
    pub fn growth(&self, groups: &[Group; PIXELS], group: Group) -> f64 {
        let squares = |norms: &[f32; PIXELS]| -> f64 {
            let of_group = norms.iter().zip(groups).filter(|(_, of)| **of == group);
            of_group.map(|(norm, _)| f64::from(*norm).powi(2)).sum()
        };
        (squares(&self.end) / squares(&self.start)).sqrt()
    }
}

/// A setting, and what it comes to from each seed.
pub struct Row {
    /// How it was trained.
    pub setting: Setting,
    /// One a seed.
    pub trained: Vec<Trained>,
}

impl Row {
    /// The median over the seeds.
    pub fn median(&self, of: impl Fn(&Trained) -> f64) -> f64 {
        median(self.trained.iter().map(of))
    }
}

/// Runs the target.
pub fn run(options: &Options) -> Result<Outcome> {
    let set = Set::read()?;
    let groups = set.groups();
    let mut jobs: Vec<_> = SETTINGS.iter().flat_map(|setting| SEEDS.map(|seed| (setting, seed))).collect();
    // The longest first, so that no core is idle at the end; the sort keeps the order of the rest.
    jobs.sort_by_key(|(setting, _)| std::cmp::Reverse(setting.batch * setting.updates));
    let bar = report::progress(jobs.len());
    bar.set_message("digits");
    let trained = pool::map(&jobs, |(setting, seed)| {
        let trained = train(&set, setting, *seed);
        bar.inc(1);
        trained.map(|trained| (setting.name, trained))
    });
    bar.finish_and_clear();
    let trained = trained.into_iter().collect::<Result<Vec<_>>>()?;
    let rows = SETTINGS.map(|setting| {
        let of_setting = trained.iter().filter(|(name, _)| *name == setting.name);
        Row { setting, trained: of_setting.map(|(_, trained)| trained.clone()).collect() }
    });
    Ok(Outcome {
        target: "digits",
        text: vec![text(&rows, &set)],
        verdicts: verdicts(&rows, &groups),
        pictures: vec![svg::save(&picture::svg(&rows, &set), &options.out, "digits")?],
        runs: rows.iter().flat_map(|row| to_json(row, &groups)).collect(),
    })
}

fn verdicts(rows: &[Row; 8], groups: &[Group; PIXELS]) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    for row in rows {
        let Setting { name, torch: [accuracy, rare, used], .. } = row.setting;
        let growth = |group| row.median(|trained| trained.growth(groups, group));
        let values = [
            ("accuracy", row.median(|trained| trained.accuracy), accuracy),
            ("rare columns", growth(Group::Rare), rare),
            ("used columns", growth(Group::Used), used),
        ];
        verdicts.extend(values.map(|(what, value, range)| {
            Verdict::between(format!("{name}: {what}"), value, wider(range), TORCH)
        }));
        verdicts.extend(dark(row, growth(Group::Dark)));
    }
    let rare = |row: usize| rows[row].median(|trained| trained.growth(groups, Group::Rare));
    for (what, small, large) in [("", 0, 2), (", noisy labels", 4, 5), (", noisy border too", 6, 7)] {
        let what = format!("rare columns, batch 8 over 512{what}");
        verdicts.push(Verdict::near(what, rare(small) / rare(large), 1.0, 0.05, TORCH));
    }
    verdicts
}

/// The range of eight runs, half its width wider at both ends: nearly three standard deviations to each side.
pub fn wider([least, most]: [f64; 2]) -> [f64; 2] {
    let half = (most - least) / 2.0;
    [least - half, most + half]
}

/// Dark columns stay as they are, but for decay, which is known; a border lit at random has none.
fn dark(row: &Row, growth: f64) -> Option<Verdict> {
    let Setting { name, updates, decay, is_border_noisy, .. } = row.setting;
    if is_border_noisy {
        return None;
    }
    Some(if decay > 0.0 {
        let kept = (1.0 - f64::from(STEP_SIZE) * f64::from(decay)).powf(updates.into());
        Verdict::near(format!("{name}: dark columns"), growth, kept, 1e-3, "(1 - eta lambda)^t")
    } else {
        let moved = row.trained.iter().map(|trained| trained.moved).sum::<usize>() as f64;
        Verdict::near(format!("{name}: dark weights moved"), moved, 0.0, 0.0, "no gradient")
    })
}

fn text(rows: &[Row; 8], set: &Set) -> String {
    let groups = set.groups();
    let squares = set.mean_square();
    let of = |group: Group| {
        squares.iter().zip(groups).filter(move |(_, of)| *of == group).map(|(square, _)| *square)
    };
    let count = |group| of(group).count();
    let mean = |group| of(group).sum::<f64>() / count(group) as f64;
    let lines = rows.iter().map(|row| {
        let growth = |group| format!("{:.3}", row.median(|trained| trained.growth(&groups, group)));
        vec![
            row.setting.name.to_owned(),
            row.setting.updates.to_string(),
            format!("{:.4}", row.median(|trained| trained.training_loss)),
            report::percent(row.median(|trained| trained.accuracy)),
            growth(Group::Dark),
            growth(Group::Rare),
            growth(Group::Used),
        ]
    });
    let header = ["", "updates", "training loss", "accuracy", "dark", "rare", "used"];
    format!(
        "digits, 64-32-10, step size {STEP_SIZE}, medians of {} seeds; dark, rare, used: rms column norm over the initial one\n\
         \n{}\n\nMean square of a pixel: {:.4} for the {} rare ones, {:.4} for the {} used ones; {} are dark. A \
         column's gradient, and so the noise of it, is the pixel times what comes from above.",
        SEEDS.len(),
        report::table(&header, 1, lines),
        mean(Group::Rare),
        count(Group::Rare),
        mean(Group::Used),
        count(Group::Used),
        count(Group::Dark),
    )
}

fn to_json(row: &Row, groups: &[Group; PIXELS]) -> Vec<Value> {
    let each = row.trained.iter().zip(SEEDS).map(|(trained, seed)| {
        json!({
            "name": row.setting.name, "batch": row.setting.batch, "updates": row.setting.updates, "seed": seed,
            "relabelled": row.setting.relabelled, "weight_decay": row.setting.decay,
            "accuracy": trained.accuracy, "training_loss": trained.training_loss,
            "dark_weights_moved": trained.moved, "dark": trained.growth(groups, Group::Dark),
            "rare": trained.growth(groups, Group::Rare), "used": trained.growth(groups, Group::Used),
            "column_norms": trained.end.as_slice(), "digest": format!("{:08x}", trained.digest),
        })
    });
    each.collect()
}
