//! Trainings with every option, for `tests/bits`, and the digests that must come out.

use std::process::Output;

use anyhow::{Error, Result, ensure};
use tamis_bits::Golden;
use tamis_host::configurations;
use tamis_host::experiments::Experiment;

/// The package of the program that carries them out.
pub const PACKAGE: &str = "tamis-bits";

/// The trainings, and the digests that they must have, each with its name.
pub struct Expected {
    /// The trainings, in `postcard` one behind the other.
    pub bytes: Vec<u8>,
    digests: Vec<(String, String)>,
}

impl Expected {
    /// Of the golden file, without the demonstration.
    pub fn read() -> Result<Self> {
        Self::of(tamis_bits::golden().map_err(Error::from_boxed)?)
    }

    /// The same trainings over so many updates, all or the first `count`, with the digests that this host has now.
    pub fn computed(updates: u32, count: Option<usize>) -> Result<Self> {
        let golden = |Experiment { name, training }| {
            let digest = tamis_bits::digest(&training).map_err(Error::from_boxed)?;
            Ok(Golden { name, digest, training })
        };
        let trainings = configurations::all(1, updates)?.into_iter().take(count.unwrap_or(usize::MAX));
        Self::of(trainings.map(golden).collect::<Result<_>>()?)
    }

    fn of(golden: Vec<Golden>) -> Result<Self> {
        let (mut bytes, mut digests) = (Vec::new(), Vec::new());
        for Golden { name, digest, training } in golden {
            bytes = postcard::to_extend(&training, bytes)?;
            digests.push((name, digest));
        }
        Ok(Self { bytes, digests })
    }

    /// The names of the trainings that have another digest in what a program has printed.
    pub fn different(&self, output: &Output) -> Result<Vec<String>> {
        let text = String::from_utf8_lossy(&output.stdout);
        let found: Vec<_> = text.lines().collect();
        ensure!(found.len() == self.len(), "{} digests, not {}", found.len(), self.len());
        let pairs = self.digests.iter().zip(found);
        Ok(pairs.filter(|((_, digest), found)| digest != found).map(|((name, _), _)| name.clone()).collect())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.digests.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.digests.is_empty()
    }
}
