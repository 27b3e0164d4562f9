//! `trainer` with one bit wrong: proof that the cross-check can fail.
//!
//! After update [`UPDATE`] the lowest bit of parameter [`PARAM`] is flipped, one unit in the last place.
#![no_std]
#![no_main]

use tamis_firmware::app::Settings;
use tamis_firmware::{board, entry, start};

/// After this update.
const UPDATE: u32 = 37;
/// This parameter.
const PARAM: usize = 115;

#[entry]
fn main() -> ! {
    start::run(board::take(), &Settings { after_update: flip_lowest_bit, ..Settings::HONEST })
}

fn flip_lowest_bit(update: u32, params: &mut [f32]) {
    if update == UPDATE
        && let Some(param) = params.get_mut(PARAM)
    {
        *param = f32::from_bits(param.to_bits() ^ 1);
    }
}
