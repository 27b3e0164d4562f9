//! All figures of the device together: what is committed, and what must not grow.

use std::fmt::Write;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::device::{self, Cost, Row};
use super::growth::{self, Growth};
use crate::machine::Machine;
use crate::tools::Profile;

/// No figure may grow by more than this share without being committed.
pub const TOLERANCE: f64 = 0.02;

/// The machines of the profile `small`: the reference, and the one with the least flash.
pub const SMALL: [Machine; 2] = [Machine::MpsAn386, Machine::Microbit];

/// What has been measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Benchmark by machine, as programs are used and, on [`SMALL`], as small.
    pub device: Vec<Row>,
    /// Networks and batches.
    pub growth: Growth,
}

impl Figures {
    /// Measures all of it on these machines, and on others as small.
    pub fn measure(machines: &[Machine], small: &[Machine]) -> Result<Self> {
        let mut device = device::measure_all(Profile::Release, machines, |_| {})?;
        device.extend(device::measure_all(Profile::Small, small, |_| {})?);
        Ok(Self { device, growth: growth::measure(|_| {})? })
    }

    /// From JSON.
    pub fn parse(text: &str) -> Result<Self> {
        Ok(serde_json::from_str(text)?)
    }

    /// As JSON, a line for each row.
    pub fn text(&self) -> Result<String> {
        fn lines<T: Serialize>(rows: &[T]) -> Result<String> {
            let rows = rows.iter().map(|row| Ok(format!("  {}", serde_json::to_string(row)?)));
            Ok(rows.collect::<Result<Vec<_>>>()?.join(",\n"))
        }
        let (device, grid) = (lines(&self.device)?, lines(&self.growth.grid)?);
        let batches = lines(&self.growth.batches)?;
        Ok(format!(
            "{{\"device\": [\n{device}\n],\n\"growth\": {{\"grid\": [\n{grid}\n],\n\"batches\": [\n{batches}\n]}}}}\n"
        ))
    }

    /// What has grown since `old` by more than the tolerance, or is new, in words.
    pub fn grown_since(&self, old: &Self) -> Vec<String> {
        let (old, new) = (old.values(), self.values());
        let mut grown = Vec::new();
        for (name, new) in new {
            match old.iter().find(|(other, _)| *other == name) {
                Some(&(_, old)) if new <= old * (1.0 + TOLERANCE) => {}
                Some(&(_, old)) => {
                    grown.push(format!(
                        "{name}: {old} before, {new} now, {:+.1} %",
                        100.0 * (new / old - 1.0)
                    ));
                }
                None => grown.push(format!("{name}: {new}, and none before")),
            }
        }
        grown
    }

    /// Every value that must not grow, by name.
    fn values(&self) -> Vec<(String, f64)> {
        let mut values = Vec::new();
        for Row { machine, profile, workload, cost } in &self.device {
            let Some(cost) = cost else { continue };
            for (name, value) in guarded(cost) {
                let profile = profile.name();
                values.push((format!("{machine} {profile} {workload} {name}"), value as f64));
            }
        }
        for point in self.growth.grid.iter().chain(&self.growth.batches) {
            let mut name = String::new();
            let _ = write!(name, "{} at a batch of {}, instructions", point.network, point.batch);
            values.push((name, point.instructions as f64));
        }
        values
    }
}

fn guarded(cost: &Cost) -> impl Iterator<Item = (&'static str, u64)> {
    let cycles = cost.estimated_cycles.map(|cycles| ("estimated cycles", cycles));
    let counted = [
        ("instructions", cost.instructions),
        ("hot code", cost.hot_code_bytes),
        ("image", cost.image_bytes),
        ("RAM", cost.ram_bytes),
        ("stack", cost.stack_bytes),
    ];
    counted.into_iter().chain(cycles)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(instructions: u64) -> Figures {
        let cost = Cost {
            instructions,
            estimated_cycles: None,
            hot_code_bytes: 100,
            image_bytes: 100,
            ram_bytes: 100,
            params_bytes: 60,
            scratch_bytes: 40,
            gradient_bytes: 0,
            stack_bytes: 0,
            active_units: Some(0.5),
        };
        let row = |cost| Row {
            machine: Machine::Microbit,
            profile: Profile::Release,
            workload: "W1".to_owned(),
            cost,
        };
        let growth = Growth { grid: Vec::new(), batches: Vec::new() };
        Figures { device: vec![row(Some(cost)), row(None)], growth }
    }

    #[test]
    fn growth_over_the_tolerance_is_named() {
        let old = figures(1000);
        assert!(figures(1020).grown_since(&old).is_empty());
        assert!(figures(10).grown_since(&old).is_empty());
        assert_eq!(
            figures(1021).grown_since(&old),
            ["microbit release W1 instructions: 1000 before, 1021 now, +2.1 %"]
        );
    }

    #[test]
    fn what_is_written_is_read() -> Result<()> {
        let figures = figures(1000);
        assert_eq!(Figures::parse(&figures.text()?)?, figures);
        Ok(())
    }
}
