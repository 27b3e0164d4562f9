//! Stays on a board: trains what a host asks for.
#![no_std]
#![no_main]

use tamis_firmware::app::Settings;
use tamis_firmware::start;

#[rp2040_hal::entry]
fn main() -> ! {
    start::run(tamis_rp2040::take().map(|(board, _)| board), &Settings::HONEST)
}
