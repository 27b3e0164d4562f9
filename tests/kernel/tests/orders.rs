//! Random orders in constant memory: a permutation whatever the length, no pair of places favoured; and draws
//! with replacement, every sample as likely as another. Against counting.

use std::num::NonZeroU32;

use tamis::permutation::Permutation;
use tamis::random::Purpose;
use tamis::{Sampler, SamplerError, Seed};

fn epoch(sampler: &mut Sampler<'_>) -> Vec<u64> {
    let mut epoch = Vec::new();
    loop {
        let draw = sampler.draw();
        epoch.push(draw.index);
        if draw.ends_epoch {
            return epoch;
        }
    }
}

#[test]
fn it_is_a_permutation_for_every_length_up_to_4096() {
    for n in 1..=4096 {
        let length = NonZeroU32::new(n).unwrap();
        let permutation = Permutation::new(length, &mut Seed(n.into()).generator(Purpose::Order, 0));
        let mut seen = vec![false; n as usize];
        for index in 0..n {
            let place = &mut seen[permutation.at(index) as usize];
            assert!(!*place, "two indices go to one place of {n}");
            *place = true;
        }
        assert_eq!(permutation.at(n), n);
    }
}

/// Over 200,000 keys the pair of places of indices 0 and 1 is uniform over all ordered pairs: chi squared with m - 1
/// degrees of freedom, m = n (n - 1), within five standard deviations of its mean.
#[test]
fn pairs_of_places_are_uniform() {
    const KEYS: u64 = 200_000;
    for n in [2, 3, 5, 8, 13, 16] {
        let length = NonZeroU32::new(n).unwrap();
        let mut counts = vec![0_u32; (n * n) as usize];
        for key in 0..KEYS {
            let permutation = Permutation::new(length, &mut Seed(key).generator(Purpose::Order, 3));
            counts[(permutation.at(0) * n + permutation.at(1)) as usize] += 1;
        }
        let pairs = f64::from(n * (n - 1));
        let expected = KEYS as f64 / pairs;
        let cells = (0..n).flat_map(|a| (0..n).map(move |b| (a, b))).filter(|(a, b)| a != b);
        let chi: f64 =
            cells.map(|(a, b)| (f64::from(counts[(a * n + b) as usize]) - expected).powi(2) / expected).sum();
        let freedom = pairs - 1.0;
        assert!(chi < freedom + 5.0 * (2.0 * freedom).sqrt(), "{n}: chi squared {chi:.1}, {freedom} degrees");
    }
}

#[test]
fn every_epoch_has_an_order_of_its_own() {
    let mut sampler = Sampler::keyed(100, Seed(4)).unwrap();
    let epochs: Vec<_> = (0..3).map(|_| epoch(&mut sampler)).collect();
    for order in &epochs {
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..100).collect::<Vec<_>>());
    }
    assert!(epochs[0] != epochs[1] && epochs[1] != epochs[2] && epochs[0] != epochs[2]);
    assert_eq!(epoch(&mut Sampler::keyed(100, Seed(4)).unwrap()), epochs[0]);
    assert_ne!(epoch(&mut Sampler::keyed(100, Seed(5)).unwrap()), epochs[0]);
}

#[test]
fn with_replacement_every_sample_is_as_likely() {
    let mut sampler = Sampler::with_replacement(10, Seed(6)).unwrap();
    let mut counts = [0_u32; 10];
    let mut repeats = 0;
    for _ in 0..10_000 {
        let epoch = epoch(&mut sampler);
        assert_eq!(epoch.len(), 10);
        epoch.iter().for_each(|&index| counts[index as usize] += 1);
        repeats += u32::from(epoch.windows(2).any(|pair| pair[0] == pair[1]));
    }
    // 100,000 draws: 10,000 each, give or take five standard deviations of 95.
    assert!(counts.iter().all(|count| count.abs_diff(10_000) < 475), "{counts:?}");
    assert!(repeats > 5_000, "1 - 0.9^9 of the epochs have a sample twice in a row: {repeats}");
}

#[test]
fn an_empty_set_has_no_order() {
    assert_eq!(Sampler::keyed(0, Seed(1)).err(), Some(SamplerError::Empty));
    assert_eq!(Sampler::with_replacement(0, Seed(1)).err(), Some(SamplerError::Empty));
}
