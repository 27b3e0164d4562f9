//! The cores: each brings its start-up code, an interrupt for the sensor, a timer and a fault handler, by the same
//! names; `vendor.rs` is for cores that a vendor's HAL starts.
//!
//! Under QEMU's `-icount` time goes on with every instruction, by a fixed amount, so a timer's ticks are instructions
//! in another unit and repeat exactly.

#[cfg(target_arch = "arm")]
mod cortex_m;
#[cfg(target_arch = "arm")]
pub use self::cortex_m::{Timer, entry, fault, interrupt, reset, ticks};

#[cfg(feature = "virt")]
mod riscv;
#[cfg(feature = "virt")]
pub use self::riscv::{Timer, entry, fault, interrupt, ticks};

#[cfg(all(target_arch = "riscv32", not(feature = "virt")))]
mod vendor;
#[cfg(all(target_arch = "riscv32", not(feature = "virt")))]
pub use self::vendor::{Timer, interrupt, reset, ticks};
