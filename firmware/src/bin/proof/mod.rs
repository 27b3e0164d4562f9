//! What makes a program a proof: a panic handler that calls a function that exists nowhere. If any panic were reachable, the
//! program would not link.
//!
//! The library of the firmware has a panic handler of its own, so a proof does without it.

#[allow(dead_code)] // of the proofs some have no flash memory
pub mod nowhere;

use core::panic::PanicInfo;

#[cfg(target_arch = "arm")]
pub use cortex_m_rt::entry;
#[cfg(feature = "microbit")]
use nrf51_pac as _; // the chip's interrupt vectors
#[cfg(target_arch = "riscv32")]
pub use riscv_rt::entry;

// An undefined symbol, declared only to be missed by the linker.
#[allow(unsafe_code)]
unsafe extern "C" {
    safe fn a_panic_is_reachable() -> !;
}

#[panic_handler]
fn panic(_: &PanicInfo) -> ! {
    a_panic_is_reachable()
}
