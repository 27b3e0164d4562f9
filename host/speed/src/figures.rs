//! What the benchmark gives: times, the core's peak, and what is absent.

use serde::{Deserialize, Serialize};

/// The time of a step in one variant.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HostRow {
    /// "W1".
    pub workload: String,
    /// Who makes it.
    pub variant: String,
    /// The shortest time of a step, in lanes of one training's share of it.
    pub ns_per_step: f64,
}

/// The most that the core does.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Peak {
    /// The width of its vectors.
    pub bits: usize,
    /// Multiplications, and as many additions, in a nanosecond.
    pub pairs_per_ns: f64,
}

/// Something that could not be measured.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Absent {
    /// Who.
    pub variant: String,
    /// Why.
    pub reason: String,
}

/// All of it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Figures {
    /// The times.
    pub rows: Vec<HostRow>,
    /// The peaks of the widths that the core has.
    pub peaks: Vec<Peak>,
    /// What is missing.
    pub absent: Vec<Absent>,
}

impl Figures {
    /// The time of a step.
    pub fn ns(&self, workload: &str, variant: &str) -> Option<f64> {
        let row = self.rows.iter().find(|row| row.workload == workload && row.variant == variant)?;
        Some(row.ns_per_step)
    }
}
