//! Device against host: every step of every option, on every emulated core; and the check can fail.

use anyhow::{Context, Result};
use tamis_host::crosscheck;
use tamis_host::machine::Machine;
use tamis_host::tools;

fn all_steps_are_equal(machine: Machine, at_least: u32) -> Result<()> {
    assert!(machine.crosscheck_steps() >= at_least);
    let elf = tools::build_firmware(machine, "replay")?;
    let finding = crosscheck::check(machine, &elf, 2026)?;
    assert!(finding.first_difference.is_none(), "{:?}", finding.first_difference);
    let runs = tamis_host::experiments::crosscheck(machine, 2026)?.len();
    assert_eq!(finding.digests_compared, runs * machine.crosscheck_steps() as usize);
    Ok(())
}

#[test]
fn cortex_m4f_equals_the_host() -> Result<()> {
    all_steps_are_equal(Machine::MpsAn386, 1000)
}

#[test]
fn cortex_m7_equals_the_host() -> Result<()> {
    all_steps_are_equal(Machine::MpsAn500, 1000)
}

#[test]
fn cortex_m33_equals_the_host() -> Result<()> {
    all_steps_are_equal(Machine::MpsAn505, 1000)
}

#[test]
fn cortex_m55_equals_the_host() -> Result<()> {
    all_steps_are_equal(Machine::MpsAn547, 1000)
}

#[test]
fn cortex_m3_equals_the_host() -> Result<()> {
    all_steps_are_equal(Machine::MpsAn385, 100)
}

#[test]
fn cortex_m0_equals_the_host() -> Result<()> {
    all_steps_are_equal(Machine::Microbit, 100)
}

#[test]
fn risc_v_equals_the_host() -> Result<()> {
    all_steps_are_equal(Machine::RiscvVirt, 100)
}

/// `altered` flips the lowest bit of parameter 115 after update 37. Network A has 112 parameters in layer 1.
fn one_ulp_is_found(machine: Machine) -> Result<()> {
    let elf = tools::build_firmware(machine, "altered")?;
    let finding = crosscheck::check(machine, &elf, 5)?;
    let located = finding.first_difference.context("one bit was wrong, and nothing was found")?;
    assert_eq!(located.run, "linear, batch 1");
    let difference = located.difference;
    assert_eq!((difference.step, difference.layer, difference.index), (37, 2, 115 - 112));
    let bits = |hex: &str| u32::from_str_radix(hex, 16);
    assert_eq!(bits(&difference.device)? ^ bits(&difference.host)?, 1, "{difference}");
    // Every run has the same 36 equal updates before it.
    let runs = tamis_host::experiments::crosscheck(machine, 5)?.len();
    assert_eq!(finding.digests_compared, 36 * runs);
    Ok(())
}

#[test]
fn one_ulp_on_cortex_m4f_is_found() -> Result<()> {
    one_ulp_is_found(Machine::MpsAn386)
}

#[test]
fn one_ulp_on_cortex_m7_is_found() -> Result<()> {
    one_ulp_is_found(Machine::MpsAn500)
}

#[test]
fn one_ulp_on_cortex_m33_is_found() -> Result<()> {
    one_ulp_is_found(Machine::MpsAn505)
}

#[test]
fn one_ulp_on_cortex_m55_is_found() -> Result<()> {
    one_ulp_is_found(Machine::MpsAn547)
}

#[test]
fn one_ulp_on_cortex_m3_is_found() -> Result<()> {
    one_ulp_is_found(Machine::MpsAn385)
}

#[test]
fn one_ulp_on_cortex_m0_is_found() -> Result<()> {
    one_ulp_is_found(Machine::Microbit)
}

#[test]
fn one_ulp_on_risc_v_is_found() -> Result<()> {
    one_ulp_is_found(Machine::RiscvVirt)
}
