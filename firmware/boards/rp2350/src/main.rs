//! Stays on a board: trains what a host asks for.
#![no_std]
#![no_main]

use tamis_firmware::app::Settings;
use tamis_firmware::start;

#[rp235x_hal::entry]
fn main() -> ! {
    start::run(tamis_rp2350::take().map(|(board, _)| board), &Settings::HONEST)
}
