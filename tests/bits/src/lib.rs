//! Trainings and their digests, and those that the golden file has.
//!
//! They want nothing but the kernel and a standard library, so that they are built by any compiler, at any level, for any
//! target: `cargo bits` and `cargo interpret` live on it.

use std::error::Error;

use tamis::Lent;
use tamis::wire::Training;

/// An error of any kind.
pub type AnyError = Box<dyn Error + Send + Sync>;

/// A line of the golden file.
#[derive(Clone, Debug)]
pub struct Golden {
    /// What the training is, in words.
    pub name: String,
    /// The digest after its last update, in hexadecimal digits.
    pub digest: String,
    /// The training.
    pub training: Training,
}

/// The demonstration's trainings are longer than this, those of the cross-check are not.
const DEMONSTRATION: u32 = 10_000;

/// The lines of the golden file, but for those of the demonstration.
pub fn golden() -> Result<Vec<Golden>, AnyError> {
    let mut golden = Vec::new();
    for line in include_str!("../../golden/digests.txt").lines().skip(1) {
        let columns: Vec<_> = line.split("  ").collect();
        let [digest, _, name, digits] = columns[..] else { return Err(line.into()) };
        let byte = |pair: &[u8]| Ok::<_, AnyError>(u8::from_str_radix(std::str::from_utf8(pair)?, 16)?);
        let bytes = digits.as_bytes().chunks(2).map(byte).collect::<Result<Vec<_>, _>>()?;
        let training: Training = postcard::from_bytes(&bytes)?;
        if training.plan.updates < DEMONSTRATION {
            golden.push(Golden { name: name.to_owned(), digest: digest.to_owned(), training });
        }
    }
    Ok(golden)
}

/// What a training is lent.
pub struct Memory {
    arena: Vec<f32>,
    indices: Vec<u16>,
}

impl Memory {
    /// As much as `training` needs.
    pub fn of(Training { layers, loss, plan }: &Training) -> Self {
        let ram = plan.ram_of_layers(layers, loss);
        // Samples are made anew, not stored.
        Self { arena: vec![0.0; ram.arena_len()], indices: vec![0; ram.indices / size_of::<u16>()] }
    }

    /// To be lent to a plan.
    pub fn lent(&mut self) -> Lent<'_> {
        Lent { arena: &mut self.arena, indices: &mut self.indices }
    }
}

/// The digest after the last update of a training, in hexadecimal digits.
pub fn digest(training: &Training) -> Result<String, AnyError> {
    let Training { layers, loss, plan } = training;
    let mut memory = Memory::of(training);
    let mut trainer = plan.start_layers(layers.clone(), *loss, memory.lent(), plan.task)?;
    for _ in 0..plan.updates {
        trainer.update()?;
    }
    Ok(format!("{:08x}", trainer.digest()))
}
