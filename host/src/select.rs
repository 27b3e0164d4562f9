//! `tamis select`: which columns of a table a network needs to predict another.
//!
//! | file | holds |
//! |---|---|
//! | `table.rs` | a table, read from a file |
//! | `design.rs` | the same as standardised numbers |
//! | `ensemble.rs` | forty networks on inputs and their shadows |
//! | `marginal.rs`, `conditional.rs` | what is visible of an input by itself, and beyond its neighbours |
//! | `judge.rs` | the verdicts |

pub mod conditional;
pub mod design;
pub mod encoder;
pub mod ensemble;
pub mod families;
pub mod image;
pub mod judge;
pub mod marginal;
pub mod table;
