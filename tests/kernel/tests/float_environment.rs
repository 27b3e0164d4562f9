//! A processor that flushes subnormals or rounds otherwise is found out, by setting one so: MXCSR on x86-64.
#![cfg(target_arch = "x86_64")]

use std::arch::asm;

use tamis::environment::{self, FloatEnvironmentError};
use tamis::{Init, InitError, Seed, Shape};
use tamis_test_kit::bench::Bench;
use tamis_test_kit::{bits, net, numbers};

type Net = net!(type 3 4 Tanh Bias, 4 1 Identity Bias);

const FLUSH_TO_ZERO: u32 = 1 << 15;
const DENORMALS_ARE_ZERO: u32 = 1 << 6;
const ROUND_DOWN: u32 = 1 << 13;
const ROUND_UP: u32 = 2 << 13;
const ROUND_TO_ZERO: u32 = 3 << 13;

/// What `run` gives while `flags` are set in MXCSR, which is put back afterwards.
#[allow(unsafe_code)] // MXCSR has no safe way in
#[inline(never)]
fn with_mxcsr<R>(flags: u32, run: impl FnOnce() -> R) -> R {
    let mut before = 0_u32;
    // SAFETY: stores the control word into a local.
    unsafe { asm!("stmxcsr [{}]", in(reg) &mut before, options(nostack)) };
    let changed = before | flags;
    // SAFETY: all exceptions stay masked; only rounding and flushing change, until put back below.
    unsafe { asm!("ldmxcsr [{}]", in(reg) &changed, options(nostack)) };
    let result = run();
    // SAFETY: the word from before.
    unsafe { asm!("ldmxcsr [{}]", in(reg) &before, options(nostack)) };
    result
}

#[test]
fn every_wrong_setting_is_reported_and_nothing_is_written() {
    let wrong = [
        (FLUSH_TO_ZERO, FloatEnvironmentError::FlushesResults),
        (FLUSH_TO_ZERO | DENORMALS_ARE_ZERO, FloatEnvironmentError::FlushesResults),
        (DENORMALS_ARE_ZERO, FloatEnvironmentError::FlushesOperands),
        (ROUND_DOWN, FloatEnvironmentError::Rounding),
        (ROUND_UP, FloatEnvironmentError::Rounding),
        (ROUND_TO_ZERO, FloatEnvironmentError::Rounding),
    ];
    let before = numbers(1, Net::PARAMS);
    for (flags, error) in wrong {
        assert_eq!(with_mxcsr(flags, environment::check), Err(error));
        let mut bench = Bench::<Net>::new(&before);
        let mut model = bench.model();
        let result = with_mxcsr(flags, || model.init(Init::he(), Seed(1)));
        assert_eq!(result, Err(InitError::FloatEnvironment(error)));
        assert_eq!(bits(&bench.params), bits(&before));
        assert_eq!(environment::check(), Ok(()), "the setting has been put back");
    }
}

#[test]
fn the_setting_of_this_machine_is_right() {
    assert_eq!(environment::check(), Ok(()));
    let mut bench = Bench::<Net>::new(&[0.0; Net::PARAMS]);
    assert_eq!(bench.model().init(Init::he(), Seed(1)), Ok(()));
}
