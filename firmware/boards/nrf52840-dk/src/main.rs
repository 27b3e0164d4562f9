//! Stays on a board: trains what a host asks for.
#![no_std]
#![no_main]

use tamis_firmware::app::Settings;
use tamis_firmware::{entry, start};

#[entry]
fn main() -> ! {
    start::run(tamis_nrf52840_dk::take().map(|(board, _)| board), &Settings::HONEST)
}
