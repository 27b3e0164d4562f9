//! Carries out the trainings of its input, in `postcard` one behind the other, and prints the digest of each after its last
//! update.

use std::io::Read;

use tamis::wire::Training;
use tamis_bits::{AnyError, digest};

fn main() -> Result<(), AnyError> {
    let mut input = Vec::new();
    std::io::stdin().read_to_end(&mut input)?;
    let mut rest = &input[..];
    while !rest.is_empty() {
        let (training, behind) = postcard::take_from_bytes::<Training>(rest)?;
        rest = behind;
        println!("{}", digest(&training)?);
    }
    Ok(())
}
