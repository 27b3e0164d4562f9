//! Which channels of a motor tell how worn it is? The worked example, on a motor that is simulated.
#![no_std]
#![no_main]

use tamis_firmware::motor::program;
use tamis_firmware::motor::simulated::Motor;
use tamis_firmware::{board, entry};

#[entry]
fn main() -> ! {
    let Some(board) = board::take() else { panic!("the board is taken once, here") };
    program::run(board, Motor::new().rig())
}
