//! Lanes: each training of a bundle has the bits that it has alone, over every option, whatever the others do.

use anyhow::{Context, Result};
use tamis::wire::Training;
use tamis::{
    Lanes, Model, Mse, Number, Plan, Pressed, Seed, Sgd, Shape, StepError, Task, exponential, lanes,
};
use tamis_host::experiments::Experiment;
use tamis_host::replica::Outcome;
use tamis_host::replica::Report;
use tamis_host::{bundle, configurations, pool, replica};
use tamis_kernel_tests::{bits, net, numbers};

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

/// The state of a lane that fails is what its training alone holds: nothing has been written, in no lane.
#[test]
fn a_step_that_fails_in_one_lane_writes_nothing() -> Result<()> {
    type Net = net!(type 3 4 Relu Bias, 4 1 Identity Bias);
    let sgd = Sgd::new(0.1)?;
    for place in 0..4 {
        let each: [Vec<f32>; 4] = std::array::from_fn(|lane| {
            let mut params = numbers(lane as u64, Net::PARAMS);
            if lane == place {
                params[7] = f32::NAN;
            }
            params
        });
        let (mut params, mut scratch) = ([Lanes::default(); Net::PARAMS], [Lanes::default(); Net::SCRATCH]);
        each.iter().enumerate().for_each(|(lane, numbers)| lanes::pack(numbers, lane, &mut params));
        let mut model = Model::<Net, Mse, Lanes<4>>::from_slices(&mut params, &mut scratch)?;
        let sample = ([[1.0, -0.5, 0.25, 2.0].into(); 3], [Lanes::splat(0.5)]);
        let together = lanes::bundle(&[sgd; 4]).context("one setting")?;
        assert_eq!(model.step(&sample.0, &sample.1, &together), Err(StepError::Loss));
        for (lane, before) in each.iter().enumerate() {
            let mut after = vec![0.0; Net::PARAMS];
            lanes::unpack(model.params(), lane, &mut after);
            assert_eq!(bits(before), bits(&after), "lane {lane}, failed {place}");
        }
    }
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

/// Every operation of the number trait, lane by lane, specials included.
#[test]
fn every_operation_acts_on_each_lane_by_itself() {
    let specials = [0.0, -0.0, 1.0, -1.0, f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e-41, f32::MAX, -88.5];
    let values: Vec<f32> = specials.into_iter().chain(numbers(3, 54)).collect();
    let same = |a: f32, b: f32| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan();
    for (i, &a) in values.iter().enumerate() {
        let rotated =
            |by: usize| Lanes::<16>::from(std::array::from_fn(|k| values[(i * by + k) % values.len()]));
        let (x, y, z, w) = (rotated(1), rotated(3), rotated(5), rotated(7));
        let of = |f: &dyn Fn(f32, f32, f32, f32) -> f32| {
            Lanes::<16>::from(std::array::from_fn(|k| f(x.0[k], y.0[k], z.0[k], w.0[k])))
        };
        let pairs = [
            (x + y, of(&|x, y, _, _| x + y)),
            (x - y, of(&|x, y, _, _| x - y)),
            (x * y, of(&|x, y, _, _| x * y)),
            (x / y, of(&|x, y, _, _| x / y)),
            (-x, of(&|x, _, _, _| -x)),
            (x.if_less(y, z, w), of(&|x, y, z, w| if x < y { z } else { w })),
            (x.abs(), of(&|x, _, _, _| if x < 0.0 { 0.0 - x } else { x })),
            (x.sqrt(), of(&|x, _, _, _| Number::sqrt(x))),
            (exponential::tanh(x), of(&|x, _, _, _| exponential::tanh(x))),
            (exponential::sigmoid(x), of(&|x, _, _, _| exponential::sigmoid(x))),
            (exponential::exp(x), of(&|x, _, _, _| exponential::exp(x))),
            (x.ln(), of(&|x, _, _, _| Number::ln(x))),
            (x.ln_1p(), of(&|x, _, _, _| Number::ln_1p(x))),
            (Lanes::splat(a), [a; 16].into()),
        ];
        for (place, (lanes, scalars)) in pairs.into_iter().enumerate() {
            let all = lanes.0.iter().zip(scalars.0).all(|(&a, b)| same(a, b));
            assert!(all, "operation {place} on {x:?}, {y:?}: {lanes:?}, {scalars:?}");
        }
        assert_eq!(x.is_finite(), x.0.iter().all(|a| a.is_finite()));
    }
}
