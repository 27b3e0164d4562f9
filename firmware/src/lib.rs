//! The programs of Tamis that run on microcontrollers: one application, thin files for cores and boards.
//!
//! | file | holds |
//! |---|---|
//! | `app.rs` | the application: the resident program of the kernel on a board |
//! | `line.rs` | its serial line |
//! | `start.rs`, `self_check.rs` | what comes before it: a known training, whose digest must be right |
//! | `watchdog.rs` | starts a program again that makes no progress |
//! | `region.rs` | a part of a flash memory, for checkpoints |
//! | `sensor.rs` | samples through a queue, filled by an interrupt |
//! | `sensors/` | real sensors, by `embedded-hal` and their driver crates; the host has them on mocks |
//! | `workloads.rs`, `bench.rs`, `growth.rs` | the networks of the benchmarks and the course of one; the host has them from here |
//! | `power_loss.rs` | a training that goes on from checkpoints; the host has it from here |
//! | `published.rs` | the paper's linear experiment from its published start; the host has it from here |
//! | `one_pass.rs` | the course of a selection of inputs, which the host has from here too |
//! | `motor/` | the worked example with real sensors: which channels tell how worn a motor is |
//! | `sizes.rs` | how large the networks are that show what fits |
//! | `fault.rs`, `end.rs` | the end of a run: by a panic or fault in QEMU, by choice |
//! | `arch/` | one file per kind of core: start-up code, interrupt, timer, fault handler |
//! | `board/` | one file per board of QEMU's: serial line, LED; `serial.rs` polls UARTs a byte at a time |
//! | `registers/` | register files, where no safe peripheral crate exists |
//!
//! There is no `unsafe` here but in `registers/`, and the keyword where nothing unsafe is done: on the fault handlers
//! in `arch/`, because `cortex-m-rt` and `riscv-rt` ask for it, and in `bin/proof`, which declares a symbol that must not exist.
//!
//! Two channels leave a board: `defmt` frames over semihosting for logs, and the bytes of
//! [`tamis::wire`] over the serial line for digests, parameters and results.
#![no_std]

pub mod bench;
pub mod growth;
pub mod motor;
pub mod one_pass;
pub mod power_loss;
pub mod published;
pub mod region;
pub mod self_check;
#[cfg(feature = "sensors")]
pub mod sensors;
pub mod workloads;

#[cfg(on_board)]
pub mod app;
#[cfg(on_board)]
pub mod arch;
#[cfg(on_board)]
pub mod board;
#[cfg(on_board)]
pub mod end;
#[cfg(all(on_board, feature = "board"))]
mod fault;
#[cfg(on_board)]
mod line;
#[cfg(on_board)]
mod registers;
#[cfg(on_board)]
pub mod sensor;
#[cfg(on_board)]
pub mod sizes;
#[cfg(on_board)]
pub mod start;
pub mod watchdog;

#[cfg(all(on_board, any(target_arch = "arm", feature = "virt")))]
pub use arch::entry;
