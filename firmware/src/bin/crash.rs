//! `replay` that ends in a panic (network A) or a fault (network C) at the third update: the run must end with a
//! message and an exit code that is not zero.
#![no_std]
#![no_main]

use tamis::Shape;
use tamis::showcase::NetA;
use tamis_firmware::app::{self, Settings};
use tamis_firmware::{arch, entry};

#[entry]
fn main() -> ! {
    app::run(&Settings { after_update: crash, ..Settings::HONEST })
}

fn crash(update: u32, params: &mut [f32]) {
    match (update, params.len()) {
        (0..=2, _) => {}
        (_, NetA::PARAMS) => panic!("a panic was asked for"),
        _ => arch::fault(),
    }
}
