//! Carries out the trainings of its input, in `postcard` one behind the other, and prints the digest of each after its last
//! update.
//!
//! It wants nothing but the kernel and a standard library, so that it is built by any compiler, at any level, for any
//! target that has a standard input: `cargo bits` compares what comes out.

use std::error::Error;
use std::io::Read;

use tamis::Lent;
use tamis::wire::Training;

fn main() -> Result<(), Box<dyn Error>> {
    let mut input = Vec::new();
    std::io::stdin().read_to_end(&mut input)?;
    let mut rest = &input[..];
    while !rest.is_empty() {
        let (training, behind) = postcard::take_from_bytes::<Training>(rest)?;
        rest = behind;
        println!("{:08x}", digest(&training)?);
    }
    Ok(())
}

fn digest(Training { layers, loss, plan }: &Training) -> Result<u32, Box<dyn Error>> {
    let ram = plan.ram_of_layers(layers, loss);
    let (mut arena, mut indices) = (vec![0.0; ram.arena_len()], vec![0; ram.indices / size_of::<u16>()]);
    let lent = Lent { arena: &mut arena, indices: &mut indices };
    let mut trainer = plan.start_layers(layers.clone(), *loss, lent, plan.task)?;
    for _ in 0..plan.updates {
        trainer.update()?;
    }
    Ok(trainer.digest())
}
