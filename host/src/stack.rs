//! How much stack a program has used: it is painted before the start, what is no longer paint has been used.

use std::path::Path;

use anyhow::{Context, Result};
use object::{Object, ObjectSymbol};

use crate::emulator::Emulator;

/// What the stack is painted with: by `cortex-m-rt`, and in `firmware/memory/virt.x`.
const PAINT: [u8; 4] = [0xcc; 4];

/// The stack of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stack {
    /// Bytes that have been used so far.
    pub used: usize,
    /// Bytes that there are.
    pub size: usize,
}

/// The stack of the program `elf` that runs on `board`.
pub fn measure(board: &mut Emulator, elf: &Path) -> Result<Stack> {
    let bytes = std::fs::read(elf)?;
    let file = object::File::parse(&*bytes)?;
    let address = |name| {
        let symbol =
            file.symbol_by_name(name).with_context(|| format!("{} has no symbol {name}", elf.display()));
        symbol.map(|symbol| symbol.address())
    };
    let (end, start) = (address("_stack_end")?, address("_stack_start")?);
    let size = (start - end) as usize;
    let memory = board.memory(end, size)?;
    let untouched = memory.chunks_exact(4).take_while(|&word| word == PAINT).count() * 4;
    Ok(Stack { used: size - untouched, size })
}
