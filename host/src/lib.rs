//! The laboratory of Tamis: demonstration, cross-checks and figures on the host.
//!
//! | file | holds |
//! |---|---|
//! | `demo.rs`, `crosscheck.rs`, `fits.rs`, `run.rs`, `train.rs` | the commands, one a file |
//! | `repro.rs`, `repro/` | the experiments of the paper, and verdicts on them |
//! | `select.rs`, `select/` | the inputs of a table that matter |
//! | `import.rs`, `exchange.rs`, `exchange/` | trained networks, in and out |
//! | `theory.rs`, `theory/` | the rate of shrinking against its formula |
//! | `regime.rs`, `jacobian.rs` | whether that formula holds for a training; a network in f64 |
//! | `sweep.rs`, `sweep/` | grids of trainings, and what is made of their rows |
//! | `bench.rs`, `bench/` | what a training step costs |
//! | `boards.rs` | the real boards, and what fits on them |
//! | `experiments.rs`, `configurations.rs` | what the demonstration and the cross-check train |
//! | `training.rs` | any training, as options of a command line |
//! | `replica.rs`, `device.rs` | a training carried out by the host, and by a board |
//! | `friedman.rs` | a task for the host only |
//! | `bundle.rs` | many trainings at once, in lanes |
//! | `compare.rs` | the two, bit by bit |
//! | `device/` | training on a device over its line, and a twin beside it |
//! | `checkpoint.rs` | what is in the flash memory of a device |
//! | `trace.rs`, `trace/` | the life of a training in a file, and once more on the host |
//! | `link.rs`, `port.rs` | the host's end of a line to a device, and where that is |
//! | `machine.rs`, `emulator.rs`, `elf.rs`, `tools.rs` | boards in QEMU, and what it takes to start one |
//! | `log.rs`, `stack.rs` | what a program has logged, and the stack it has used |
//! | `report.rs`, `heatmap.rs`, `figure.rs`, `matrices.rs`, `curves.rs`, `plot.rs`, `svg.rs` | tables and pictures |
//! | `pool.rs`, `quantile.rs` | several trainings at once, and what is usual among them |
//! | `whole.rs` | files, whole or not at all |

pub mod bench;
pub mod boards;
pub mod bundle;
pub mod checkpoint;
pub mod compare;
pub mod configurations;
pub mod crosscheck;
pub mod curves;
pub mod demo;
pub mod device;
pub mod elf;
pub mod emulator;
pub mod exchange;
pub mod experiments;
pub mod figure;
pub mod fits;
pub mod friedman;
pub mod heatmap;
pub mod import;
pub mod jacobian;
pub mod link;
pub mod log;
pub mod machine;
pub mod matrices;
pub mod plot;
pub mod pool;
pub mod port;
pub mod quantile;
pub mod regime;
pub mod replica;
pub mod report;
pub mod repro;
pub mod run;
pub mod select;
pub mod stack;
pub mod svg;
pub mod sweep;
pub mod theory;
pub mod tools;
pub mod trace;
pub mod train;
pub mod training;
pub mod whole;
