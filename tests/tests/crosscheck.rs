//! Device against host: every step of every option, on every emulated core; and the check can fail.

use anyhow::{Context, Result};
use tamis_host::machine::Machine;
use tamis_host::tools::Profile;
use tamis_host::{configurations, crosscheck, tools};
use tamis_tests::altered;

/// The whole cover in so many steps, or the sample of it that the command checks.
fn all_steps_are_equal(machine: Machine, steps: u32) -> Result<()> {
    let elf = tools::build_firmware(machine, "trainer")?;
    let cover = configurations::all(2026, steps)?;
    let least = if machine.runs_whole_cover() { cover.len() } else { cover.len() / 10 };
    let trainings = if machine.runs_whole_cover() { cover } else { crosscheck::experiments(machine, 2026)? };
    let updates = trainings.iter().map(|each| each.training.plan.updates);
    assert!(trainings.len() >= least && updates.clone().all(|updates| updates >= steps));
    let finding = crosscheck::check_each(machine, &elf, &trainings)?;
    assert!(finding.first_difference.is_none(), "{:?}", finding.first_difference);
    assert_eq!(finding.digests_compared, updates.sum::<u32>() as usize);
    Ok(())
}

#[test]
fn cortex_m4f_equals_the_host() -> Result<()> {
    all_steps_are_equal(Machine::MpsAn386, 500)
}

#[test]
fn the_memory_map_of_a_real_chip_equals_the_host() -> Result<()> {
    all_steps_are_equal(Machine::Netduino, 200)
}

#[test]
fn cortex_m7_equals_the_host() -> Result<()> {
    all_steps_are_equal(Machine::MpsAn500, 500)
}

#[test]
fn cortex_m33_equals_the_host() -> Result<()> {
    all_steps_are_equal(Machine::MpsAn505, 500)
}

#[test]
fn cortex_m55_equals_the_host() -> Result<()> {
    all_steps_are_equal(Machine::MpsAn547, 500)
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

/// With debug assertions and overflow checks: nothing panics, and the bits are the same. So many steps of the
/// `every`-th trainings of the cover.
fn checked_firmware_equals_the_host(machine: Machine, steps: u32, every: usize) -> Result<()> {
    let elf = tools::build_firmware_as(Profile::Checked, machine, "trainer")?;
    let trainings: Vec<_> = configurations::all(2027, steps)?.into_iter().step_by(every).collect();
    let finding = crosscheck::check_each(machine, &elf, &trainings)?;
    assert!(finding.first_difference.is_none(), "{:?}", finding.first_difference);
    assert_eq!(finding.digests_compared, trainings.len() * steps as usize);
    Ok(())
}

#[test]
fn checked_firmware_equals_the_host_on_cortex_m4f() -> Result<()> {
    checked_firmware_equals_the_host(Machine::MpsAn386, 100, 1)
}

#[test]
#[ignore = "minutes; cargo verify --long"]
fn checked_firmware_equals_the_host_on_cortex_m0() -> Result<()> {
    checked_firmware_equals_the_host(Machine::Microbit, 40, 5)
}

/// The altered firmware, on the trainings up to the second that shows its wrong bit. A training that is too small for
/// the bit to be in it is equal to the end.
fn one_ulp_is_found(machine: Machine) -> Result<()> {
    let elf = tools::build_firmware(machine, "altered")?;
    let mut trainings = configurations::all(5, 50)?;
    let altered = |trainings: &[_]| trainings.iter().map(altered::place).collect::<Vec<_>>();
    let mut showing = (0..).zip(altered(&trainings)).filter_map(|(index, place)| Some((index, place?)));
    let (first, place) = showing.next().context("no training is so large")?;
    let (second, _) = showing.next().context("only one training is so large")?;
    trainings.truncate(second + 1);

    let finding = crosscheck::check_each(machine, &elf, &trainings)?;
    let located = finding.first_difference.context("one bit was wrong, and nothing was found")?;
    assert_eq!(located.run, trainings[first].name);
    let difference = located.difference;
    assert_eq!((difference.step, (difference.layer, difference.index)), (altered::UPDATE, place));
    let bits = |hex: &str| u32::from_str_radix(hex, 16);
    assert_eq!(bits(&difference.device)? ^ bits(&difference.host)?, 1, "{difference}");
    let equal = altered(&trainings).into_iter().map(|place| place.map_or(50, |_| altered::UPDATE - 1));
    assert_eq!(finding.digests_compared, equal.sum::<u32>() as usize);
    Ok(())
}

#[test]
fn one_ulp_on_cortex_m4f_is_found() -> Result<()> {
    one_ulp_is_found(Machine::MpsAn386)
}

#[test]
#[ignore = "minutes; cargo verify --long"]
fn one_ulp_on_cortex_m33_is_found() -> Result<()> {
    one_ulp_is_found(Machine::MpsAn505)
}

#[test]
fn one_ulp_on_cortex_m0_is_found() -> Result<()> {
    one_ulp_is_found(Machine::Microbit)
}

#[test]
#[ignore = "minutes; cargo verify --long"]
fn one_ulp_on_risc_v_is_found() -> Result<()> {
    one_ulp_is_found(Machine::RiscvVirt)
}
