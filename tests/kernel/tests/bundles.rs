//! Bundles of lanes, by themselves: each operation, each step, each setting acts on one lane as on a number alone.

use anyhow::{Context, Result};
use tamis::lanes::Portable;
use tamis::{
    Base, Batch, Clip, Digest, Lanes, Model, Mse, Number, Proximal, Sgd, Shape, StepError, WeightDecay,
    exponential, lanes,
};
use tamis_test_kit::bench::Bench;
use tamis_test_kit::{bits, net, numbers, rows};

/// Settings of every kind of number, all of them multiplied by `stretch`.
fn settings(stretch: f32) -> [Sgd; 4] {
    let plain = Sgd::new(0.1 * stretch).unwrap();
    let decay = WeightDecay::coupled(0.01 * stretch);
    [
        plain,
        plain.base(Base::StepDecay { every: 3, factor: 0.8 * stretch }).unwrap(),
        plain.clip(Clip::Norm(0.3 * stretch)).unwrap().weight_decay(decay).unwrap(),
        plain.proximal(Proximal::group(0.05 * stretch)).unwrap().final_drop(5, 0.5 * stretch).unwrap(),
    ]
}

/// With settings and samples of its own, by ones and in batches, of a power of two or not; outputs in blocks of 8 and less.
#[test]
fn every_lane_is_a_training() -> Result<()> {
    type Net = net!(type 3 17 Tanh Bias, 17 9 Relu NoBias, 9 1 Identity Bias);
    const LANES: usize = 4;
    let data: [_; LANES] = std::array::from_fn(|lane| rows(lane as u64, 12, 3, 1));
    let of_row = |k: usize| {
        let x: [Lanes<LANES>; 3] =
            std::array::from_fn(|j| std::array::from_fn::<f32, LANES, _>(|lane| data[lane][k].x[j]).into());
        let target: [Lanes<LANES>; 1] =
            [std::array::from_fn::<f32, LANES, _>(|lane| data[lane][k].target[0]).into()];
        (x, target)
    };
    for kind in 0..4 {
        for batch in [1, 3, 4] {
            let each: [Sgd; LANES] = std::array::from_fn(|lane| settings(1.0 + 0.1 * lane as f32)[kind]);
            let together = lanes::bundle(&each).context("one kind")?;
            let start = numbers(5, Net::PARAMS);
            let mut params = [Lanes::default(); Net::PARAMS];
            let (mut scratch, mut sum) = ([Lanes::default(); Net::SCRATCH], [Lanes::default(); Net::PARAMS]);
            (0..LANES).for_each(|lane| lanes::pack(&start, lane, &mut params));
            let mut model = Model::<Net, Mse, Lanes<LANES>>::from_slices(&mut params, &mut scratch)?;
            if batch == 1 {
                for k in 0..12 {
                    let (x, target) = of_row(k);
                    model.step(&x, &target, &together)?;
                }
            } else {
                let mut sum = Batch::from_slice(&mut sum, batch)?;
                for k in 0..12 {
                    let (x, target) = of_row(k);
                    model.accumulate(&x, &target, &mut sum)?;
                    if sum.is_complete() {
                        model.apply(&mut sum, &together)?;
                    }
                }
            }
            for (lane, sgd) in each.iter().enumerate() {
                let mut alone = Bench::<Net>::new(&start);
                alone.train(&data[lane], batch as usize, sgd, 12 / batch);
                let mut there = vec![0.0; Net::PARAMS];
                lanes::unpack(model.params(), lane, &mut there);
                assert_eq!(bits(&there), bits(&alone.params), "lane {lane}, kind {kind}, batches of {batch}");
            }
        }
    }
    Ok(())
}

#[test]
fn settings_of_other_kinds_are_no_bundle() {
    let kinds = settings(1.0);
    for (i, a) in kinds.iter().enumerate() {
        for (j, b) in kinds.iter().enumerate() {
            assert_eq!(lanes::bundle::<2, Portable>(&[*a, *b]).is_some(), i == j, "{i}, {j}");
        }
    }
    assert!(lanes::bundle::<0, Portable>(&[]).is_none());
}

/// What has no place is left out, and what it is not given stays.
#[test]
fn packing_stays_within_its_lane() {
    let mut bundle = [Lanes::<2>::splat(9.0); 3];
    lanes::pack(&[1.0, 2.0], 1, &mut bundle);
    lanes::pack(&[5.0], 2, &mut bundle); // no such lane
    assert_eq!(bundle.map(|lanes| lanes.0), [[9.0, 1.0], [9.0, 2.0], [9.0, 9.0]]);
    let mut out = [0.0; 2];
    lanes::unpack(&bundle, 1, &mut out);
    lanes::unpack(&bundle, 2, &mut out);
    assert_eq!(out, [1.0, 2.0]);
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

/// Two updates: the second goes on from the digests of the first.
#[test]
fn every_lane_has_the_digest_of_its_training() {
    let mut together = [Digest::new(); 3];
    let mut alone = together;
    for update in 0..2 {
        let each: [_; 3] = std::array::from_fn(|lane| numbers(10 * update + lane as u64, 17));
        let mut params = vec![Lanes::<3>::default(); 17];
        for (lane, (digest, numbers)) in alone.iter_mut().zip(&each).enumerate() {
            lanes::pack(numbers, lane, &mut params);
            digest.update(numbers);
        }
        lanes::update_digests(&mut together, &params);
        assert_eq!(together, alone);
    }
    assert!(alone[0] != alone[1] && alone[1] != alone[2]);
}
