//! On the device too: the linear experiment at a batch of one from the published start.
//!
//! The board has weights and samples in its flash and logs a digest every 100 updates; the host carries out the same.

use anyhow::{Context, Result, ensure};
use tamis_firmware::published::{DIGEST_EVERY, NOISE, ORDER, STEP_SIZE, UPDATES};
use tamis_speed::course::{self, Net};

use super::Synthetic;
use super::published::Published;
use super::runs::{self, RUNS};
use crate::machine::Machine;
use crate::repro::Verdict;
use crate::{log, tools};

/// The board's digests beside the host's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// The board.
    pub machine: Machine,
    /// How many digests there are.
    pub digests: usize,
    /// How many are equal, from the first on.
    pub equal: usize,
}

/// Runs both.
pub fn compare(machine: Machine) -> Result<Comparison> {
    let elf = tools::build_firmware(machine, "repro")?;
    let (status, messages) = log::run_to_end(machine, &elf)?;
    ensure!(status.success(), "{machine} ended with {status}: {}", messages.join("; "));
    let device = messages.iter().map(|message| digest(message)).collect::<Result<Vec<_>>>()?;

    let batch_1 = RUNS.iter().find(|run| run.batch == 1).context("a batch of one is among the six")?;
    let start = Published::embedded(Synthetic::Linear)?.start(ORDER.0, NOISE);
    let moments: Vec<u32> = (1..=UPDATES / DIGEST_EVERY).map(|report| report * DIGEST_EVERY).collect();
    let settings = runs::settings(batch_1, STEP_SIZE);
    let courses = course::run(Net::Linear, &[start], &settings, &moments, &mut |_| {})?;
    let host: Vec<_> = courses.iter().flatten().map(|moment| (moment.update, moment.digest)).collect();
    ensure!(device.len() == host.len(), "{machine} tells {} digests, not {}", device.len(), host.len());
    let equal = device.iter().zip(&host).take_while(|(device, host)| device == host).count();
    Ok(Comparison { machine, digests: host.len(), equal })
}

/// Update and digest from "INFO update 100 digest 0123abcd".
fn digest(message: &str) -> Result<(u32, u32)> {
    let numbers = message.strip_prefix("INFO update ").and_then(|rest| rest.split_once(" digest "));
    let (update, digest) = numbers.with_context(|| format!("the board says {message:?}"))?;
    Ok((update.parse()?, u32::from_str_radix(digest, 16)?))
}

impl Comparison {
    /// In words.
    pub fn sentence(&self) -> String {
        let Self { machine, digests, equal } = self;
        if equal == digests {
            format!("{machine}: {digests} digests of SGD-1 from the published start compared, all equal")
        } else {
            let update = (*equal as u32 + 1) * DIGEST_EVERY;
            format!("{machine}: the digest of SGD-1 after update {update} differs")
        }
    }

    /// All or nothing.
    pub fn verdict(&self) -> Verdict {
        let (equal, all) = (self.equal as f64, self.digests as f64);
        Verdict::between(
            format!("{}, equal digests", self.machine),
            equal,
            [all, all],
            "the host, bit for bit",
        )
    }
}
