//! The target of `tamis_tests::fuzz` that has the name of this program.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tamis_tests::fuzz::TARGETS;

fuzz_target!(|bytes: &[u8]| {
    let mut targets = TARGETS.into_iter();
    let (_, accepts, _) = targets.find(|(name, ..)| *name == env!("CARGO_BIN_NAME")).expect("a target has this name");
    accepts(bytes);
});
