//! The laboratory of Tamis: demonstration, cross-checks and figures on the host.
//!
//! | file | holds |
//! |---|---|
//! | `demo.rs`, `crosscheck.rs`, `fits.rs`, `run.rs`, `train.rs` | the commands, one a file |
//! | `repro.rs`, `repro/` | the experiments of the paper, and verdicts on them |
//! | `bench.rs`, `bench/` | what a training step costs |
//! | `experiments.rs`, `configurations.rs` | what the demonstration and the cross-check train |
//! | `training.rs` | any training, as options of a command line |
//! | `replica.rs`, `device.rs` | a training carried out by the host, and by a board |
//! | `friedman.rs` | a task for the host only |
//! | `bundle.rs` | many trainings at once, in lanes |
//! | `compare.rs` | the two, bit by bit |
//! | `machine.rs`, `emulator.rs`, `elf.rs`, `tools.rs` | boards in QEMU, and what it takes to start one |
//! | `log.rs`, `stack.rs` | what a program has logged, and the stack it has used |
//! | `report.rs`, `heatmap.rs`, `figure.rs`, `matrices.rs`, `curves.rs`, `svg.rs` | tables and pictures |
//! | `pool.rs` | several trainings at once |

pub mod bench;
pub mod bundle;
pub mod compare;
pub mod configurations;
pub mod crosscheck;
pub mod curves;
pub mod demo;
pub mod device;
pub mod elf;
pub mod emulator;
pub mod experiments;
pub mod figure;
pub mod fits;
pub mod friedman;
pub mod heatmap;
pub mod log;
pub mod machine;
pub mod matrices;
pub mod pool;
pub mod replica;
pub mod report;
pub mod repro;
pub mod run;
pub mod stack;
pub mod svg;
pub mod tools;
pub mod train;
pub mod training;
