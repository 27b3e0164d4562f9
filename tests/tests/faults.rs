//! The table of faults is that of the docs, and names defences and tests that are there. `cargo faults` takes them away.

use anyhow::Result;
use tamis_host::tools;
use tamis_tests::faults::{self, FAULTS};

#[test]
fn every_defence_and_its_test_are_there() -> Result<()> {
    FAULTS.iter().try_for_each(faults::Fault::check)
}

#[test]
fn the_docs_have_the_table() -> Result<()> {
    let page = std::fs::read_to_string(tools::workspace().join("docs/HARDENING.md"))?;
    let table = faults::table()?;
    assert!(page.contains(&table), "docs/HARDENING.md should have this table:\n{table}");
    Ok(())
}
