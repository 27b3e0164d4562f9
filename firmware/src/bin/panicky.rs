//! The twin of `no_panic.rs` that must not link: here a panic is reachable.
#![no_std]
#![no_main]

use core::hint::black_box;
use core::panic::PanicInfo;

#[cfg(target_arch = "arm")]
use cortex_m_rt::entry;
#[cfg(feature = "microbit")]
use nrf51_hal as _; // the chip's interrupt vectors
#[cfg(target_arch = "riscv32")]
use riscv_rt::entry;

#[entry]
fn main() -> ! {
    let numbers = [1.0_f32, 2.0];
    loop {
        black_box(numbers[black_box(2_usize)]);
    }
}

// An undefined symbol, declared only to be missed by the linker.
#[allow(unsafe_code)]
unsafe extern "C" {
    safe fn a_panic_is_reachable() -> !;
}

#[panic_handler]
fn panic(_: &PanicInfo) -> ! {
    a_panic_is_reachable()
}
