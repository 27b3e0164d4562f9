//! What the cross-checks share.

pub mod golden;
pub mod log;
