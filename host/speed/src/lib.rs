//! Speed on the host: lanes as wide as the core has them, and what a step takes.
//!
//! | file | holds |
//! |---|---|
//! | `simd.rs` | code for wide vectors, where this core has them |
//! | `bundle.rs` | whole trainings in lanes |
//! | `report.rs` | which digests and parameters are wanted |
//! | `curve.rs` | loss and norms of a training at some moments |
//! | `steps.rs` | the workloads as trainings that can be repeated |
//! | `plain.rs` | the same trainings in plain C |
//! | `stage.rs` | eight trainings on the rows of a table |
//! | `peak.rs` | the most multiplications and additions that the core makes |
//! | `course.rs` | whole trainings on stored samples, alone or in lanes |
//! | `figures.rs` | what is measured, as it is told |
//! | `benches/host/` | the measurement, with a peer beside; `tamis bench` runs it |

pub mod bundle;
pub mod course;
pub mod curve;
pub mod figures;
pub mod peak;
pub mod plain;
pub mod report;
pub mod simd;
pub mod stage;
pub mod steps;
