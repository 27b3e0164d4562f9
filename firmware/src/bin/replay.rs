//! Carries out the plans that a host sends, bit for bit as the host does.
#![no_std]
#![no_main]

use tamis_firmware::app::Settings;
use tamis_firmware::{board, entry, start};

#[entry]
fn main() -> ! {
    start::run(board::take(), &Settings::HONEST)
}
