//! The laboratory of Tamis: demonstration, cross-checks and figures on the host.

pub mod compare;
pub mod device;
pub mod elf;
pub mod emulator;
pub mod experiments;
pub mod machine;
pub mod replica;
pub mod tools;
