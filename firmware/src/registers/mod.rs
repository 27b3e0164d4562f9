//! Register files, where no safe peripheral crate exists.

#[cfg(feature = "mps")]
pub mod mps;
#[cfg(feature = "virt")]
pub mod virt;
