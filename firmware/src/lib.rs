//! The programs of Tamis that run on microcontrollers: one application, thin files for cores and boards.
//!
//! | file | holds |
//! |---|---|
//! | `app.rs` | the application: requests come in, plans are carried out, digests go out |
//! | `sensor.rs` | samples through a queue, filled by an interrupt |
//! | `sizes.rs` | how large the networks are that show what fits |
//! | `fault.rs`, `end.rs` | the end of a run: by a panic or fault, by choice |
//! | `arch/` | one file per kind of core: start-up code, interrupt, timer, fault handler |
//! | `board/` | one file per board: serial line, LED; `serial.rs` polls the UARTs that have no driver crate |
//! | `registers/` | register files, where no safe peripheral crate exists |
//!
//! There is no `unsafe` here but in `registers/`, and the keyword where nothing unsafe is done: on the fault handlers
//! in `arch/`, because `cortex-m-rt` and `riscv-rt` ask for it, and in the two proofs, which declare a symbol that must not exist.
//!
//! Two channels leave a board: `defmt` frames over semihosting for logs, and the bytes of
//! [`tamis::wire`] over the serial line for digests, parameters and results.
#![no_std]
#![cfg(all(target_os = "none", feature = "board"))]

pub mod app;
pub mod arch;
pub mod board;
pub mod end;
mod fault;
mod registers;
pub mod sensor;
pub mod sizes;

pub use arch::entry;
