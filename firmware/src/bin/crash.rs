//! Ends in a panic or a fault, as the host chooses by one byte (`p` or `f`): the run must end with a message and
//! an exit code that is not zero.
#![no_std]
#![no_main]

use cortex_m_rt::entry;
use embedded_io::Read;
use tamis_firmware::board::{self, Board};

#[entry]
fn main() -> ! {
    let Some(Board { mut serial, .. }) = board::take() else { panic!("the board is taken once, here") };
    let mut byte = [0];
    while !matches!(serial.read(&mut byte), Ok(1)) {}
    match byte {
        [b'p'] => panic!("a panic was asked for"),
        _ => cortex_m::asm::udf(), // an undefined instruction: a hard fault
    }
}
