//! The arithmetic contract taken at its word: naive loops in f32, one operation a line where order matters.
//!
//! Written from the text of the contract, not from the kernel. What it shares with the kernel is `libm` and the
//! random draws. The sentences it follows are quoted; where they leave a choice, "Open:" says so, and the
//! choice is the kernel's.
//!
//! | file | holds |
//! |---|---|
//! | `network.rs` | layers, forward, backward |
//! | `exponential.rs` | tanh, sigmoid, exp |
//! | `loss.rs` | losses and their slopes |
//! | `settings.rs` | settings as they travel, since the kernel's own do not show what is in them |
//! | `schedule.rs` | the step size |
//! | `update.rs` | one update, of a batch of one or more |
//! | `start.rs` | initial weights |
//! | `task.rs`, `order.rs`, `scale.rs` | rows, the order of them, standardised inputs |
//! | `training.rs`, `digest.rs` | a whole training, and what covers it |

#![allow(clippy::needless_range_loop)] // indices as in the text

pub mod digest;
pub mod exponential;
pub mod loss;
pub mod network;
pub mod order;
pub mod scale;
pub mod schedule;
pub mod settings;
pub mod start;
pub mod task;
pub mod training;
pub mod update;

pub use digest::Chain;
pub use loss::Loss;
pub use network::Literal;
pub use scale::Welford;
pub use settings::Settings;
pub use start::Start;
pub use training::{Literally, Update, assert_literal};
