//! The memory of a training, counted buffer by buffer.

use tamis::{Chain, Data, Dense, Growing, Identity, Plan, Pressed, Ram, Shape as _, Tanh};
use tamis_test_kit::trainings::training;

type Net = Chain<Dense<10, 6, Tanh>, Dense<6, 1, Identity>>;

/// 10 x 6 weights and 6 biases, 6 x 1 and 1.
const PARAMS: usize = 73;
/// Outputs and deltas of 6 + 1 units.
const SCRATCH: usize = 14;

/// From a stream of eight real inputs and two probes, a batch of one.
fn plan() -> Plan {
    Plan { momentum: None, ..training(Data::Stream, 1, None, 10).plan }
}

#[test]
fn a_plan_pays_for_what_it_uses() {
    assert_eq!((Net::PARAMS, Net::SCRATCH), (PARAMS, SCRATCH));
    let bytes = |numbers: usize| 4 * numbers;
    // Eight checks of ten norms.
    let least = Ram {
        params: bytes(PARAMS),
        scratch: bytes(SCRATCH),
        gradient: 0,
        velocity: 0,
        rates: 0,
        sample: bytes(10 + 1),
        indices: 0,
        samples: 0,
        norms: bytes(8 * 10),
        standardise: 0,
    };
    // A stored sample is eight inputs and a target; the probes are drawn again.
    let samples = bytes(10 * 9);
    let pressed = Some(Pressed { growing: Growing::new(3, 2).unwrap(), first: 0, count: 1, rate: 0.1 });
    let with = |data| Plan { data, ..plan() };
    for (plan, ram) in [
        (plan(), least),
        (Plan { batch: 2, ..plan() }, Ram { gradient: bytes(PARAMS), ..least }),
        (Plan { momentum: Some(0.5), ..plan() }, Ram { velocity: bytes(PARAMS), ..least }),
        (Plan { standardise: Some(3), ..plan() }, Ram { standardise: bytes(2 * 10), ..least }),
        (Plan { pressed, ..plan() }, Ram { rates: bytes(10), ..least }),
        (with(Data::Sequential(10)), Ram { samples, ..least }),
        (with(Data::Keyed(10)), Ram { samples, ..least }),
        (with(Data::WithReplacement(10)), Ram { samples, ..least }),
        (with(Data::Ring { capacity: 10, visits: 3 }), Ram { samples, ..least }),
        (with(Data::Shuffled(10)), Ram { samples, indices: 2 * 10, ..least }),
    ] {
        assert_eq!(plan.ram::<Net>(), ram);
        let arena =
            PARAMS + SCRATCH + 11 + 80 + (ram.gradient + ram.velocity + ram.rates + ram.standardise) / 4;
        assert_eq!(ram.arena_len(), arena, "no order and no stored samples");
        assert_eq!(ram.total(), bytes(arena) + ram.indices + ram.samples);
    }
}
