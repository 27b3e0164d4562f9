//! Carries out the plans that a host sends, bit for bit as the host does.
#![no_std]
#![no_main]

use cortex_m_rt::entry;
use tamis_firmware::app::{self, Settings};

#[entry]
fn main() -> ! {
    app::run(&Settings::HONEST)
}
