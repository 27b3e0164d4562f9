//! `trainer` that ends in a panic (14-8-1 without biases) or a fault (any other network) at the third update: the run
//! must end with a message and an exit code that is not zero.
#![no_std]
#![no_main]

use tamis_firmware::app::Settings;
use tamis_firmware::{arch, board, entry, start};

/// The parameters of 14-8-1 without biases.
const PANICS: usize = 14 * 8 + 8;

#[entry]
fn main() -> ! {
    start::run(board::take(), &Settings { after_update: crash, ..Settings::HONEST })
}

fn crash(update: u32, params: &mut [f32]) {
    match (update, params.len()) {
        (0..=2, _) => {}
        (_, PANICS) => panic!("a panic was asked for"),
        _ => arch::fault(),
    }
}
