//! Trainings and their digests, and those that the golden file has.
//!
//! They want nothing but the kernel and a standard library, so that they are built by any compiler, at any level, for any
//! target, and quickly: `cargo bits` and `cargo mutate` live on it.

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

/// The digest after the last update of a training, in hexadecimal digits.
pub fn digest(Training { layers, loss, plan }: &Training) -> Result<String, AnyError> {
    let ram = plan.ram_of_layers(layers, loss);
    let (mut arena, mut indices) = (vec![0.0; ram.arena_len()], vec![0; ram.indices / size_of::<u16>()]);
    let lent = Lent { arena: &mut arena, indices: &mut indices };
    let mut trainer = plan.start_layers(layers.clone(), *loss, lent, plan.task)?;
    for _ in 0..plan.updates {
        trainer.update()?;
    }
    Ok(format!("{:08x}", trainer.digest()))
}
