//! Register files, where no safe peripheral crate exists.

#[cfg(any(feature = "mps2-an385", feature = "mps2-an386"))]
pub mod mps2;
