//! The memory of a training, counted buffer by buffer.

use tamis::{
    Chain, Data, Dense, Growing, Identity, Init, Plan, Pressed, Ram, Rule, Seed, Sgd, Shape as _, Tanh,
    Target, Task,
};

type Net = Chain<Dense<5, 7, Tanh>, Dense<7, 2, Identity>>;

/// 5 x 7 weights and 7 biases, 7 x 2 and 2.
const PARAMS: usize = 58;
/// Outputs and deltas of 7 + 2 units.
const SCRATCH: usize = 18;

/// From a stream of three real inputs and two probes, a batch of one.
fn plan() -> Plan {
    Plan {
        seed: Seed(1),
        task: Task::plain(Target::Linear, 3, 2, 0.5, Seed(1)),
        data: Data::Stream,
        standardise: None,
        label_noise: None,
        init: Init::he(),
        batch: 1,
        sgd: Sgd::new(0.01).unwrap(),
        momentum: None,
        pressed: None,
        updates: 10,
        rule: Rule::Gap { least: 3.0 },
    }
}

#[test]
fn a_plan_pays_for_what_it_uses() {
    assert_eq!((Net::PARAMS, Net::SCRATCH), (PARAMS, SCRATCH));
    let bytes = |numbers: usize| 4 * numbers;
    // Eight checks of five norms.
    let least = Ram {
        params: bytes(PARAMS),
        scratch: bytes(SCRATCH),
        gradient: 0,
        velocity: 0,
        rates: 0,
        sample: bytes(5 + 2),
        indices: 0,
        samples: 0,
        norms: bytes(8 * 5),
        standardise: 0,
    };
    // A stored sample is three inputs and a target; the probes are drawn again.
    let samples = bytes(10 * 4);
    let pressed = Some(Pressed { growing: Growing::new(3, 2).unwrap(), first: 0, count: 1, rate: 0.1 });
    let with = |data| Plan { data, ..plan() };
    for (plan, ram) in [
        (plan(), least),
        (Plan { batch: 2, ..plan() }, Ram { gradient: bytes(PARAMS), ..least }),
        (Plan { momentum: Some(0.5), ..plan() }, Ram { velocity: bytes(PARAMS), ..least }),
        (Plan { standardise: Some(3), ..plan() }, Ram { standardise: bytes(2 * 5), ..least }),
        (Plan { pressed, ..plan() }, Ram { rates: bytes(5), ..least }),
        (with(Data::Sequential(10)), Ram { samples, ..least }),
        (with(Data::Keyed(10)), Ram { samples, ..least }),
        (with(Data::WithReplacement(10)), Ram { samples, ..least }),
        (with(Data::Ring { capacity: 10, visits: 3 }), Ram { samples, ..least }),
        (with(Data::Shuffled(10)), Ram { samples, indices: 2 * 10, ..least }),
    ] {
        assert_eq!(plan.ram::<Net>(), ram);
        let arena =
            PARAMS + SCRATCH + 7 + 40 + (ram.gradient + ram.velocity + ram.rates + ram.standardise) / 4;
        assert_eq!(ram.arena_len(), arena, "no order and no stored samples");
        assert_eq!(ram.total(), bytes(arena) + ram.indices + ram.samples);
    }
}
