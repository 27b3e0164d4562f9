//! Whether a file can be booted at all: plain words before a silent machine.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use object::{Architecture, Object, ObjectSection};

use crate::machine::Machine;

/// Checks that `path` is a program for a core like that of `machine`, and that it logs through `defmt`, as all of
/// Tamis's do.
pub fn check(machine: Machine, path: &Path) -> Result<()> {
    let shown = path.display();
    let bytes = fs::read(path).with_context(|| format!("{shown} cannot be read"))?;
    let Ok(file) = object::File::parse(&*bytes) else { bail!("{shown} is not an ELF file") };
    let (found, needed) = (file.architecture(), architecture(machine));
    ensure!(found == needed, "{shown} is a program for {found:?}, not for {needed:?}");
    let has = |name| file.sections().any(|section| section.name() == Ok(name));
    ensure!(
        needed != Architecture::Arm || has(".vector_table"),
        "{shown} has no vector table: it is not a program for a Cortex-M"
    );
    ensure!(has(".defmt"), "{shown} does not log through defmt: it is not a Tamis program");
    Ok(())
}

fn architecture(machine: Machine) -> Architecture {
    match machine {
        Machine::RiscvVirt => Architecture::Riscv32,
        _ => Architecture::Arm,
    }
}
