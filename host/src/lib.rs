//! The laboratory of Tamis: demonstration, cross-checks and figures on the host.

pub mod figure;
pub mod heatmap;
