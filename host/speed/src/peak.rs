//! The most unfused multiplications and additions that this core makes: independent chains of both in registers.

use std::hint::black_box;
use std::time::Instant;

use tamis::{Lanes, Number};

use crate::simd::Level;

/// Operations of a chain in one measurement.
const LENGTH: u32 = 100_000;

/// Chains of each kind: enough to hide the latency of an operation, and all in 16 registers.
const CHAINS: usize = 8;

/// Pairs of a multiplication and an addition in a nanosecond, on vectors of `bits` bits: 128, 256 or 512.
pub fn pairs_per_ns(level: Level, bits: usize) -> f64 {
    match bits {
        128 => measure::<4>(level),
        256 => measure::<8>(level),
        _ => measure::<16>(level),
    }
}

/// One measurement on vectors of `L` numbers.
fn measure<const L: usize>(level: Level) -> f64 {
    level.run(
        #[inline(always)]
        || {
            let [mut p0, mut p1, mut p2, mut p3, mut p4, mut p5, mut p6, mut p7] =
                black_box([Lanes::<L>::ONE; CHAINS]);
            let [mut s0, mut s1, mut s2, mut s3, mut s4, mut s5, mut s6, mut s7] =
                black_box([Lanes::<L>::ZERO; CHAINS]);
            let start = Instant::now();
            for _ in 0..LENGTH {
                (p0, p1, p2, p3) = (p0 * p0, p1 * p1, p2 * p2, p3 * p3);
                (s0, s1, s2, s3) = (s0 + s0, s1 + s1, s2 + s2, s3 + s3);
                (p4, p5, p6, p7) = (p4 * p4, p5 * p5, p6 * p6, p7 * p7);
                (s4, s5, s6, s7) = (s4 + s4, s5 + s5, s6 + s6, s7 + s7);
            }
            let ns = start.elapsed().as_nanos() as f64;
            black_box(([p0, p1, p2, p3, p4, p5, p6, p7], [s0, s1, s2, s3, s4, s5, s6, s7]));
            (LENGTH as usize * CHAINS * L) as f64 / ns
        },
    )
}
