//! Stays on a board: trains what a host asks for.
#![no_std]
#![no_main]

use tamis_firmware::app::Settings;
use tamis_firmware::start;

#[esp_hal::main]
fn main() -> ! {
    start::run(tamis_esp32c3::take().map(|(board, _)| board), &Settings::HONEST)
}
