//! Long trainings: bits, memory and stack are after a million updates what they are after one.

use anyhow::{Context, Result};
use tamis::wire::Training;
use tamis::{Plan, Seed, Task};
use tamis_host::emulator::{Clock, Emulator};
use tamis_host::machine::Machine;
use tamis_host::replica::Report;
use tamis_host::{bundle, device, experiments, replica, stack, tools};

/// The first row of the demonstration, SGD with a batch of one, over so many updates.
fn training(updates: u32) -> Result<Training> {
    let row = experiments::demonstration(1)?.into_iter().next().context("no row")?;
    let Training { layers, loss, plan } = row.experiment.training;
    Ok(Training { layers, loss, plan: Plan { updates, ..plan } })
}

/// A million on an emulated board: the digests are those of the host all along, and the stack has not grown.
#[test]
#[ignore = "minutes; cargo verify --long"]
fn a_million_updates_on_a_board_drift_nowhere() -> Result<()> {
    let machine = Machine::MpsAn386;
    let elf = tools::build_firmware(machine, "trainer")?;
    let mut board = Emulator::boot(machine, &elf, Clock::Free)?;
    let report = Report { digest_every: 1_000, params: None };
    let mut used = Vec::new();
    for updates in [2_000, 1_000_000] {
        let training = training(updates)?;
        let there = device::run(&mut board, &training, report, |_| {})?;
        let here = replica::run(&training, report, |_| {})?;
        assert_eq!(there.digests.len(), updates as usize / 1_000);
        assert_eq!((there.digests, there.params), (here.digests, here.params));
        used.push(stack::measure(&mut board, &elf)?.used);
    }
    assert_eq!(used[0], used[1], "bytes of stack");
    board.exit()?;
    Ok(())
}

/// A hundred million in eight lanes: each ends, with numbers, and the first with the bits that it has alone.
#[test]
#[ignore = "minutes; cargo verify --long"]
fn a_hundred_million_updates_in_lanes_end_as_they_do_alone() -> Result<()> {
    let training = training(12_500_000)?;
    let plan = training.plan;
    let trainings: Vec<_> = (0..8)
        .map(|lane| {
            let (seed, task) =
                (Seed(plan.seed.0 + lane), Task { seed: Seed(plan.task.seed.0 + lane), ..plan.task });
            Training { plan: Plan { seed, task, ..plan }, ..training.clone() }
        })
        .collect();
    let last = bundle::last_params(plan.updates);
    let together = bundle::run(&trainings, last)?.into_iter().collect::<Result<Vec<_>>>()?;
    let alone = replica::run(&trainings[0], last, |_| {})?;
    assert_eq!((&together[0].digests, &together[0].params), (&alone.digests, &alone.params));
    for (lane, outcome) in together.iter().enumerate() {
        let numbers = outcome.params.iter().flat_map(|(_, params)| params);
        assert!(numbers.copied().map(f32::from_bits).all(f32::is_finite), "lane {lane}");
        assert!(outcome.is_exact(&plan), "lane {lane} has found {}", outcome.found());
    }
    Ok(())
}
