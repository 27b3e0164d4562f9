//! Which channels of a motor tell how worn it is? The worked example.
#![no_std]
#![no_main]

use tamis_firmware::motor::program;

#[rp2040_hal::entry]
fn main() -> ! {
    let Some((board, rig)) = tamis_rp2040::take() else { panic!("the board is taken once, here") };
    program::run(board, rig)
}
