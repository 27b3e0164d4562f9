//! Which channels of a motor tell how worn it is? The worked example.
#![no_std]
#![no_main]

use tamis_firmware::entry;
use tamis_firmware::motor::program;

#[entry]
fn main() -> ! {
    let Some((board, rig)) = tamis_microbit_v2::take() else { panic!("the board is taken once, here") };
    program::run(board, rig)
}
