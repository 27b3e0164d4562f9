//! What the tests with a host or a device share: golden figures, bytes from outside, a device in a thread, the command, what
//! is done to break Tamis. Those of the kernel alone are in `kernel/`.

pub mod altered;
pub mod benchmarks;
pub mod command;
pub mod costs;
pub mod device;
pub mod exponential;
pub mod fuzz;
pub mod golden;
pub mod hardening;
