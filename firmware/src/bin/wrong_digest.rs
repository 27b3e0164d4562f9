//! `trainer` that expects another digest of its self-check: it must stop before it says hello.
#![no_std]
#![no_main]

use tamis_firmware::app::Settings;
use tamis_firmware::{board, entry, self_check, start};

#[entry]
fn main() -> ! {
    start::run_if(self_check::DIGEST ^ 1, board::take(), &Settings::HONEST)
}
