//! Which channels of a motor tell how worn it is? The worked example.
#![no_std]
#![no_main]

use tamis_firmware::motor::program;

#[esp_hal::main]
fn main() -> ! {
    let Some((board, rig)) = tamis_esp32c3::take() else { panic!("the board is taken once, here") };
    program::run(board, rig)
}
