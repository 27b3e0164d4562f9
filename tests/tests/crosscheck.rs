//! Device against host: every step of every option, on emulated cores; and the check can fail.

use anyhow::{Context, Result};
use tamis::Network;
use tamis_host::machine::Machine;
use tamis_host::{configurations, crosscheck, tools};

/// The whole cover.
fn all_steps_are_equal(machine: Machine, at_least: u32) -> Result<()> {
    assert!(machine.crosscheck_steps() >= at_least);
    let elf = tools::build_firmware(machine, "replay")?;
    let finding = crosscheck::check(machine, &elf, 2026)?;
    assert!(finding.first_difference.is_none(), "{:?}", finding.first_difference);
    let runs = configurations::all(2026, machine.crosscheck_steps())?.len();
    assert_eq!(finding.digests_compared, runs * machine.crosscheck_steps() as usize);
    Ok(())
}

#[test]
fn cortex_m4f_equals_the_host() -> Result<()> {
    all_steps_are_equal(Machine::MpsAn386, 1000)
}

#[test]
fn cortex_m0_equals_the_host() -> Result<()> {
    all_steps_are_equal(Machine::Microbit, 100)
}

/// `altered` flips the lowest bit of parameter 115 after update 37. The first training that has so many parameters
/// shows it; the place in it is counted here.
fn one_ulp_is_found(machine: Machine) -> Result<()> {
    const SEED: u64 = 5;
    const PARAM: usize = 115;
    let elf = tools::build_firmware(machine, "altered")?;
    let finding = crosscheck::check(machine, &elf, SEED)?;
    let located = finding.first_difference.context("one bit was wrong, and nothing was found")?;
    let trainings = configurations::all(SEED, machine.crosscheck_steps())?;
    let params = |experiment: &&tamis_host::experiments::Experiment| experiment.training.layers.params();
    let first = trainings.iter().find(|experiment| params(experiment) > PARAM).context("none is so large")?;
    assert_eq!(located.run, first.name);
    let (mut layer, mut index) = (1, PARAM);
    for params in first.training.layers.layers().map(|layer| layer.inputs * layer.outputs + layer.biases()) {
        if index < params {
            break;
        }
        (layer, index) = (layer + 1, index - params);
    }
    let difference = located.difference;
    assert_eq!((difference.step, difference.layer, difference.index), (37, layer, index));
    let bits = |hex: &str| u32::from_str_radix(hex, 16);
    assert_eq!(bits(&difference.device)? ^ bits(&difference.host)?, 1, "{difference}");
    // Every training that is large enough has the same 36 equal updates before it, and others are equal to the end.
    let equal = trainings.iter().map(|experiment| match params(&experiment) {
        ..=PARAM => machine.crosscheck_steps() as usize,
        _ => 36,
    });
    assert_eq!(finding.digests_compared, equal.sum::<usize>());
    Ok(())
}

#[test]
fn one_ulp_on_cortex_m4f_is_found() -> Result<()> {
    one_ulp_is_found(Machine::MpsAn386)
}

#[test]
fn one_ulp_on_cortex_m0_is_found() -> Result<()> {
    one_ulp_is_found(Machine::Microbit)
}
