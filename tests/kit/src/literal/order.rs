//! The order of samples, epoch by epoch.

use rand_core::Rng;
use tamis::random::{Purpose, below};
use tamis::{Data, Seed};

/// The indices of epoch `epoch`; of a stream or a ring without end the next so many, as epochs of their own.
pub fn epoch(data: Data, seed: Seed, epoch: u64) -> Vec<u64> {
    let wide = |order: Vec<u32>| order.into_iter().map(u64::from).collect();
    match data {
        Data::Stream => vec![epoch],
        // "Full batch (GD) takes samples in ascending index."
        Data::Sequential(n) => (0..u64::from(n)).collect(),
        Data::Shuffled(n) => wide(shuffled(n.into(), seed, epoch)),
        Data::Keyed(n) => wide(keyed(n.into(), seed, epoch)),
        Data::WithReplacement(n) => wide(with_replacement(n.into(), seed, epoch)),
        Data::Ring { capacity, visits } => ring(capacity.into(), visits.into(), seed, epoch),
    }
}

/// Whether batches end with an epoch; a stream and a ring have none.
pub fn has_epochs(data: Data) -> bool {
    !matches!(data, Data::Stream | Data::Ring { .. })
}

/// "Fisher-Yates from the identity, i = n-1..1, each epoch seeded by (seed, epoch)"
pub fn shuffled(n: u32, seed: Seed, epoch: u64) -> Vec<u32> {
    let mut generator = seed.generator(Purpose::Order, epoch);
    let mut order: Vec<u32> = (0..n).collect();
    for i in (1..n).rev() {
        let j = below(&mut generator, (i + 1).try_into().unwrap());
        order.swap(i as usize, j as usize);
    }
    order
}

/// "a Feistel network with cycle walking, rounds and round function named": twelve rounds that take halves of k bits
/// (l, r) to (r, l xor f(r)), f the finaliser of MurmurHash3 over r xor a key, its lowest k bits. The keys are the first
/// draws of the epoch's generator.
pub fn keyed(n: u32, seed: Seed, epoch: u64) -> Vec<u32> {
    let mut generator = seed.generator(Purpose::Order, epoch);
    let mut keys = [0; 12];
    for key in &mut keys {
        *key = generator.next_u32();
    }
    let mut k = 0;
    while 4_u64.pow(k) < u64::from(n) {
        k += 1;
    }
    let half = 2_u32.pow(k);
    let network = |place: u32| {
        let (mut l, mut r) = (place / half, place % half);
        for key in keys {
            let mut h = r ^ key;
            h ^= h >> 16;
            h = h.wrapping_mul(0x85EB_CA6B);
            h ^= h >> 13;
            h = h.wrapping_mul(0xC2B2_AE35);
            h ^= h >> 16;
            let f = h % half;
            (l, r) = (r, l ^ f);
        }
        l * half + r
    };
    let mut order = Vec::new();
    for index in 0..n {
        let mut place = network(index);
        while place >= n {
            place = network(place);
        }
        order.push(place);
    }
    order
}

/// n draws of all samples, from the epoch's generator.
fn with_replacement(n: u32, seed: Seed, epoch: u64) -> Vec<u32> {
    let mut generator = seed.generator(Purpose::Order, epoch);
    let mut order = Vec::new();
    for _ in 0..n {
        order.push(below(&mut generator, n.try_into().unwrap()));
    }
    order
}

/// New sample k, then revisits of the last `capacity` samples, k among them, from the generator (seed, order, k).
fn ring(capacity: u32, visits: u32, seed: Seed, k: u64) -> Vec<u64> {
    let mut generator = seed.generator(Purpose::Order, k);
    let mut order = vec![k];
    let kept = (k + 1).min(u64::from(capacity)) as u32;
    for _ in 1..visits {
        // Open: which sample a draw of d names. The d-th before the newest.
        let back = below(&mut generator, kept.try_into().unwrap());
        order.push(k - u64::from(back));
    }
    order
}
