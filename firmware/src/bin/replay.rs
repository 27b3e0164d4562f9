//! Carries out the plans that a host sends, bit for bit as the host does.
#![no_std]
#![no_main]

use tamis_firmware::app::{self, Settings};
use tamis_firmware::entry;

#[entry]
fn main() -> ! {
    app::run(&Settings::HONEST)
}
