//! `replay` that ends in a panic (the network of demo A) or a fault (any other) at the third update: the run must end
//! with a message and an exit code that is not zero.
#![no_std]
#![no_main]

use cortex_m_rt::entry;
use tamis_firmware::app::{self, Settings};

#[entry]
fn main() -> ! {
    app::run(&Settings { after_update: crash, ..Settings::HONEST })
}

/// Parameters of 14-8-1 without biases.
const DEMO_A: usize = 14 * 8 + 8;

fn crash(update: u32, params: &mut [f32]) {
    match (update, params.len()) {
        (0..=2, _) => {}
        (_, DEMO_A) => panic!("a panic was asked for"),
        _ => cortex_m::asm::udf(), // an undefined instruction
    }
}
