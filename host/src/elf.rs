//! Whether a file can be booted at all: plain words before a silent machine.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use object::{Architecture, Object, ObjectSection};

/// Checks that `path` is a program for a Cortex-M that logs through `defmt`, as all of Tamis's do.
pub fn check(path: &Path) -> Result<()> {
    let shown = path.display();
    let bytes = fs::read(path).with_context(|| format!("{shown} cannot be read"))?;
    let Ok(file) = object::File::parse(&*bytes) else { bail!("{shown} is not an ELF file") };
    ensure!(
        file.architecture() == Architecture::Arm,
        "{shown} is a program for {:?}, not for Arm",
        file.architecture()
    );
    let has = |name| file.sections().any(|section| section.name() == Ok(name));
    ensure!(has(".vector_table"), "{shown} has no vector table: it is not a program for a Cortex-M");
    ensure!(has(".defmt"), "{shown} does not log through defmt: it is not a Tamis program");
    Ok(())
}
