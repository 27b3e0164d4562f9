//! `trainer` with a sensor that delivers more rows at a time than the queue holds: the lost ones are counted.
#![no_std]
#![no_main]

use tamis_firmware::app::{self, Settings};
use tamis_firmware::entry;

#[entry]
fn main() -> ! {
    app::run(&Settings { burst: 12, ..Settings::HONEST })
}
