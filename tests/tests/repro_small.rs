//! The small experiments of `tamis repro`: toy, diagonal, digits.

use std::path::PathBuf;

use anyhow::Result;
use serde_json::Value;
use tamis_host::repro::diagonal::{self, Problem};
use tamis_host::repro::digits::{self, Group, PIXELS, Set};
use tamis_host::repro::{Options, Target, toy};

/// The path in f64, from the gradient written down: the loss is (a b x - y)^2.
fn toy_in_f64(data: &toy::Pair, is_sgd: bool, updates: usize) -> (f64, f64) {
    let (mut a, mut b) = (f64::from(toy::START.0), f64::from(toy::START.1));
    let eta = f64::from(toy::STEP_SIZE);
    for update in 0..updates {
        let pull = |(x, y): (f32, f32)| {
            let (x, y) = (f64::from(x), f64::from(y));
            2.0 * (a * b * x - y) * x
        };
        let pull = if is_sgd { pull(data[update % 2]) } else { (pull(data[0]) + pull(data[1])) / 2.0 };
        (a, b) = (a - eta * pull * b, b - eta * pull * a);
    }
    (a, b)
}

#[test]
fn the_kernel_walks_the_path_of_the_formula() -> Result<()> {
    for (data, is_sgd, updates) in
        [(toy::D1, false, 500), (toy::D1, true, 500), (toy::D1, true, 5_000), (toy::D2, true, 100)]
    {
        let (a, b) = toy::path(&data, is_sgd, updates)?.points[updates];
        let exact = toy_in_f64(&data, is_sgd, updates);
        let distance = (f64::from(a) - exact.0).abs() + (f64::from(b) - exact.1).abs();
        assert!(distance < 2e-4, "{data:?} {is_sgd} {updates}: ({a}, {b}) and not {exact:?}");
    }
    Ok(())
}

#[test]
fn the_toy_ends_where_the_paper_says() -> Result<()> {
    let out = std::env::temp_dir().join(format!("tamis-test-{}-toy", std::process::id()));
    std::fs::create_dir_all(&out)?;
    let outcome = toy::run(&options(out.clone()))?;
    assert_eq!(outcome.verdicts.len(), 11);
    for verdict in &outcome.verdicts {
        assert!(verdict.passes(), "{verdict:?}");
    }
    assert!(std::fs::read(&outcome.pictures[0])?.starts_with(b"\x89PNG"));
    std::fs::remove_dir_all(out)?;
    Ok(())
}

/// What the published ends tell of loss and order: see the head of `toy.rs`.
#[test]
fn another_order_ends_elsewhere() -> Result<()> {
    let turned = |[first, second]: toy::Pair| [second, first];
    let (a, b) = toy::path(&turned(toy::D1), true, 500)?.points[500];
    assert!((a - 3.557).abs() < 5e-4 && (b + 0.032).abs() < 5e-4, "({a}, {b})");
    let (a, _) = toy::path(&turned(toy::D2), true, 500)?.points[500];
    assert!((a - 2.334).abs() < 5e-4, "{a}");
    Ok(())
}

fn options(out: PathBuf) -> Options {
    Options { target: Target::Toy, out, json: true, synthetic: Default::default() }
}

/// What the notebook printed, and what its program comes to when it is run again.
#[test]
fn the_diagonal_network_is_that_of_the_notebook() {
    let problem = Problem::published();
    let [gd, small, constant] = [0, 1, 2].map(|schedule| {
        let trained = diagonal::train(&problem, &diagonal::SCHEDULES[schedule], 1);
        assert_eq!(trained.diverged, None);
        trained
    });
    assert!((gd.test - 9.4e-2).abs() < 1e-3 && (gd.off_support - 2.12).abs() < 0.01, "{gd:?}");
    assert!(small.train < 1e-20 && (small.test - 7.8e-2).abs() < 1e-3, "{small:?}");
    assert!((constant.test - 3.53e-3).abs() < 2e-4, "{constant:?}");
    assert!(
        (constant.off_support - 0.308).abs() < 5e-3 && constant.entries.abs_diff(74) <= 1,
        "{constant:?}"
    );
}

#[test]
fn a_step_size_that_is_too_large_is_reported() {
    let problem = Problem::published();
    let schedule = diagonal::Schedule { step_size: 0.5, ..diagonal::SCHEDULES[2] };
    let trained = diagonal::train(&problem, &schedule, 1);
    assert!(trained.diverged.is_some_and(|step| step < diagonal::STEPS), "{:?}", trained.diverged);
}

/// The counts are those of scikit-learn's documentation; `reference/torch_digits.py` compares every number.
#[test]
fn the_digits_are_those_of_scikit_learn() -> Result<()> {
    let set = Set::read()?;
    assert_eq!([set.train.x.len(), set.test.x.len()], [1438, 359]);
    let count =
        |class| [&set.train, &set.test].iter().flat_map(|part| &part.class).filter(|&&c| c == class).count();
    let counts: Vec<_> = (0..10).map(count).collect();
    assert_eq!(counts, [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
    let groups = set.groups();
    let of = |group| (0..PIXELS).filter(|&pixel| groups[pixel] == group).collect::<Vec<_>>();
    assert_eq!(of(Group::Dark), [0, 32, 39]);
    assert_eq!(of(Group::Rare).len(), 14);
    Ok(())
}

#[test]
fn the_expected_values_are_those_of_torch() -> Result<()> {
    let reference: Value = serde_json::from_str(include_str!("../reference/torch_digits.json"))?;
    for (setting, run) in digits::SETTINGS.iter().zip(reference["runs"].as_array().unwrap()) {
        assert_eq!(setting.name, run["name"]);
        assert_eq!(
            [setting.batch, setting.updates].map(Value::from),
            [run["batch"].clone(), run["updates"].clone()]
        );
        for (key, range) in ["accuracy", "rare", "used"].iter().zip(setting.torch) {
            assert_eq!(run[key], Value::from(range.to_vec()), "{}, {key}", setting.name);
        }
    }
    Ok(())
}

#[test]
fn small_batches_learn_the_digits_and_leave_dark_weights_alone() -> Result<()> {
    let (set, setting) = (Set::read()?, &digits::SETTINGS[0]);
    let trained = digits::train(&set, setting, 7)?;
    assert_eq!(trained.moved, 0);
    assert_eq!(trained.start[32].to_bits(), trained.end[32].to_bits());
    let groups = set.groups();
    let values =
        [trained.accuracy, trained.growth(&groups, Group::Rare), trained.growth(&groups, Group::Used)];
    for (value, range) in values.into_iter().zip(setting.torch) {
        let [least, most] = digits::wider(range);
        assert!((least..=most).contains(&value), "{value}, {range:?}");
    }
    assert!(trained.training_loss < 0.04, "{}", trained.training_loss);
    Ok(())
}

#[test]
fn noise_reaches_what_it_should() -> Result<()> {
    let set = Set::read()?;
    let short = |index: usize| digits::Setting { updates: 200, ..digits::SETTINGS[index] };
    let [clean, noisy, border] = [0, 4, 6].map(|index| digits::train(&set, &short(index), 1));
    let [clean, noisy, border] = [clean?, noisy?, border?];
    assert_eq!([clean.moved, noisy.moved], [0, 0]);
    // Three dark pixels, 32 weights each; those to hidden units that are never active may stay.
    assert!(border.moved > 80, "{}", border.moved);
    assert!(
        noisy.training_loss > 1.2 * clean.training_loss,
        "{} {}",
        noisy.training_loss,
        clean.training_loss
    );
    assert_eq!(noisy.start, clean.start);
    Ok(())
}
