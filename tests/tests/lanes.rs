//! Lanes: each training of a bundle has the bits that it has alone, over every option, whatever the others do.

use anyhow::Result;
use tamis::wire::Training;
use tamis::{Plan, Pressed, Seed, Task};
use tamis_host::experiments::Experiment;
use tamis_host::replica::Outcome;
use tamis_host::replica::Report;
use tamis_host::{bundle, configurations, pool, replica};

const EVERY_STEP: Report = Report { digest_every: 1, params: None };

/// `training` with numbers of its own in each of eight lanes: seeds, step size, and whatever else is a number.
fn varied(training: &Training) -> Result<[Training; 8]> {
    let variant = |lane: u64| -> Result<Training> {
        let stretch = 1.0 + 0.1 * lane as f32;
        let mut plan = training.plan;
        // Every number of the settings, the order of the fields deciding nothing.
        let sgd = plan.sgd.map(|number| number * stretch);
        plan = Plan {
            seed: Seed(plan.seed.0 ^ lane),
            task: Task { seed: Seed(plan.task.seed.0 + lane), noise: plan.task.noise * stretch, ..plan.task },
            sgd: sgd.checked()?,
            momentum: plan.momentum.map(|mu| mu / stretch),
            label_noise: plan.label_noise.map(|sigma| sigma * stretch),
            pressed: plan.pressed.map(|pressed| Pressed { rate: pressed.rate * stretch, ..pressed }),
            ..plan
        };
        Ok(Training { plan, ..training.clone() })
    };
    let all = (0..8).map(variant).collect::<Result<Vec<_>>>()?;
    Ok(all.try_into().expect("eight"))
}

/// Two outcomes are one, or fail at one place for one reason.
fn assert_same(name: &str, lane: usize, together: &Result<Outcome>, alone: &Result<Outcome>) {
    match (together, alone) {
        (Ok(together), Ok(alone)) => {
            assert_eq!(together.digests, alone.digests, "lane {lane} of {name}");
            assert_eq!(together.norms, alone.norms, "lane {lane} of {name}");
            assert_eq!(together.test_loss, alone.test_loss, "lane {lane} of {name}");
        }
        (Err(together), Err(alone)) => assert_eq!(together.to_string(), alone.to_string()),
        _ => panic!("lane {lane} of {name}: {together:?} together, {alone:?} alone"),
    }
}

#[test]
fn every_lane_has_the_bits_that_its_training_has_alone() -> Result<()> {
    let experiments = configurations::all(5, 120)?;
    let checked = pool::map(&experiments, |Experiment { name, training }| -> Result<()> {
        let trainings = varied(training)?;
        let together = bundle::run(&trainings, EVERY_STEP)?;
        for (lane, (training, together)) in trainings.iter().zip(&together).enumerate() {
            let alone = replica::run(training, EVERY_STEP, |_| {});
            assert!(alone.is_ok(), "lane {lane} of {name}: {alone:?}");
            assert_same(name, lane, together, &alone);
        }
        Ok(())
    });
    assert!(checked.len() >= 80);
    checked.into_iter().collect()
}

/// One lane is given an absurd step size, in each place in turn: where it diverges it ends as it would have alone,
/// and the others do not feel it.
#[test]
fn a_lane_that_diverges_leaves_the_others_alone() -> Result<()> {
    let experiments = configurations::all(6, 60)?;
    let numbered: Vec<_> = experiments.iter().enumerate().collect();
    let places = pool::map(&numbered, |&(index, Experiment { name, training })| -> Result<Option<usize>> {
        let place = index % 8;
        let mut trainings = varied(training)?;
        let plan = &mut trainings[place].plan;
        let mut is_step_size = true; // the first number of the settings
        plan.sgd = plan.sgd.map(|number| if std::mem::take(&mut is_step_size) { 1e9 } else { number });
        let together = bundle::run(&trainings, EVERY_STEP)?;
        let mut diverged = None;
        for (lane, (training, together)) in trainings.iter().zip(&together).enumerate() {
            let alone = replica::run(training, EVERY_STEP, |_| {});
            assert_same(name, lane, together, &alone);
            if alone.is_err() && lane == place {
                diverged = Some(place);
            }
        }
        Ok(diverged)
    });
    let places: Vec<_> = places.into_iter().collect::<Result<Vec<_>>>()?.into_iter().flatten().collect();
    assert!(places.len() >= 30, "{} lanes have diverged", places.len());
    assert!((0..8).all(|place| places.contains(&place)), "{places:?}");
    Ok(())
}

#[test]
fn trainings_that_differ_in_more_than_numbers_are_refused() -> Result<()> {
    let mut trainings = varied(&configurations::all(1, 20)?[0].training)?;
    assert!(bundle::run(&trainings, EVERY_STEP).is_ok());
    trainings[3].plan.batch += 1;
    let error = bundle::run(&trainings, EVERY_STEP).expect_err("other batch lengths");
    assert!(error.to_string().contains("must differ in numbers only"), "{error}");
    Ok(())
}
