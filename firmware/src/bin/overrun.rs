//! `trainer` with a sensor that delivers more rows at a time than the queue holds: the lost ones are counted.
#![no_std]
#![no_main]

use tamis_firmware::app::Settings;
use tamis_firmware::{board, entry, start};

#[entry]
fn main() -> ! {
    start::run(board::take(), &Settings { burst: 12, ..Settings::HONEST })
}
