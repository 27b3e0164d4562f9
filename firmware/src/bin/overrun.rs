//! `replay` with a sensor that delivers more rows at a time than the queue holds: the lost ones are counted.
#![no_std]
#![no_main]

use cortex_m_rt::entry;
use tamis_firmware::app::{self, Settings};

#[entry]
fn main() -> ! {
    app::run(&Settings { burst: 12, ..Settings::HONEST })
}
