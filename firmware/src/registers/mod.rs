//! Register files, where no safe peripheral crate exists.

#[cfg(any(feature = "mps", feature = "virt"))]
pub mod kept;
#[cfg(feature = "mps")]
pub mod mps;
#[cfg(feature = "microbit")]
pub mod nrf51;
#[cfg(feature = "stm32f405")]
pub mod stm32f405;
#[cfg(feature = "virt")]
pub mod virt;
