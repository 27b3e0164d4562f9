//! What is done to break Tamis, beside its tests, and what came of it: `docs/HARDENING.md` has the tables.

pub mod bits;
pub mod explore;
pub mod faults;
pub mod interpret;
pub mod mutate;
pub mod sanitize;
pub mod supply;
pub mod toolchain;
pub mod trainings;
