//! Stays on a device: trains what a host asks for, bit for bit as the host does, and goes on after a loss of power.
#![no_std]
#![no_main]

use tamis_firmware::app::Settings;
use tamis_firmware::{board, entry, start};

#[entry]
fn main() -> ! {
    start::run(board::take(), &Settings::HONEST)
}
