//! The twin of `no_panic.rs` that must not link: here a panic is reachable.
#![no_std]
#![no_main]

mod proof;

use core::hint::black_box;

use proof::entry;

#[entry]
fn main() -> ! {
    let numbers = [1.0_f32, 2.0];
    loop {
        black_box(numbers[black_box(2_usize)]);
    }
}
