//! How much stack a program has used: it is painted before the start, what is no longer paint has been used.

use std::path::Path;

use anyhow::Result;

use crate::bench::probe;
use crate::bench::program::Program;
use crate::emulator::Emulator;
use crate::machine::Machine;

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
    let (end, size) = place(&Program::read(elf)?)?;
    Ok(in_memory(&board.memory(end.into(), size)?))
}

/// The stack that a program which needs no host has used when it comes to its end.
pub fn measure_to_end(machine: Machine, elf: &Path) -> Result<Stack> {
    let program = Program::read(elf)?;
    let (end, size) = place(&program)?;
    let (_emulator, mut core) = probe::launch(machine, elf)?;
    core.run_to(program.find("14tamis_firmware3end4with", true)?)?;
    Ok(in_memory(&core.read(end, size)?))
}

/// Where the stack ends, and its size.
fn place(program: &Program) -> Result<(u32, usize)> {
    let (end, start) = (program.symbol("_stack_end")?, program.symbol("_stack_start")?);
    Ok((end, (start - end) as usize))
}

fn in_memory(memory: &[u8]) -> Stack {
    let untouched = memory.chunks_exact(4).take_while(|&word| word == PAINT).count() * 4;
    Stack { used: memory.len() - untouched, size: memory.len() }
}
