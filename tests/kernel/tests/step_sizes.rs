//! The step size of every update is that of its formula, in f64.

use std::f64::consts::PI;

use tamis::{Base, Clip, Sgd};

const ETA: f32 = 0.3;
const UPDATES: u32 = 60;

#[test]
fn step_sizes_are_those_of_their_formulas() {
    let plain = Sgd::new(ETA).unwrap();
    let with = |base| plain.base(base).unwrap();
    let (decay, cosine) = (with(Base::StepDecay { every: 7, factor: 0.5 }), with(Base::Cosine { over: 30 }));
    type Formula = fn(u32) -> f64;
    let schedules: [(Sgd, Formula); 6] = [
        (plain, |_| 1.0),
        (plain.warm_up(10).unwrap(), |t| (f64::from(t + 1) / 10.0).min(1.0)),
        (decay, |t| 0.5_f64.powi((t / 7) as i32)),
        (cosine, |t| (1.0 + (PI * f64::from(t.min(30)) / 30.0).cos()) / 2.0),
        (plain.final_drop(40, 0.1).unwrap(), |t| if t < 40 { 1.0 } else { 0.1 }),
        // Time for the base begins after the warm-up; the drop is of everything.
        (decay.warm_up(10).unwrap().final_drop(40, 0.1).unwrap(), |t| match t {
            0..10 => f64::from(t + 1) / 10.0,
            10..40 => 0.5_f64.powi(((t - 10) / 7) as i32),
            _ => 0.1 * 0.5_f64.powi(((t - 10) / 7) as i32),
        }),
    ];
    for (sgd, formula) in schedules {
        for t in 0..UPDATES {
            let (found, exact) = (f64::from(sgd.step_size(t)), f64::from(ETA) * formula(t));
            assert!(
                (found - exact).abs() <= 3e-7 * f64::from(ETA),
                "{sgd:?}, update {t}: {found}, not {exact}"
            );
        }
    }
}

#[test]
fn the_bound_on_gradients_can_be_asked_for() {
    let plain = Sgd::new(ETA).unwrap();
    assert_eq!(plain.clipping(), None);
    for clip in [Clip::Norm(0.5), Clip::Value(0.25)] {
        assert_eq!(plain.clip(clip).unwrap().clipping(), Some(clip));
    }
}
