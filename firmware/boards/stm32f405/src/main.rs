//! Tamis on an STM32F405.
#![no_std]
#![no_main]

use defmt_rtt as _;
use panic_probe as _;
use tamis_firmware::app::Settings;
use tamis_firmware::{board::stm32f405, entry, start};

#[entry]
fn main() -> ! {
    start::run(stm32f405::take("stm32f405"), &Settings::HONEST)
}
