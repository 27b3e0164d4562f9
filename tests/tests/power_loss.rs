//! A board that loses power while it saves a checkpoint ends where one would that was never reset.

use anyhow::{Context, Result, ensure};
use tamis::{Lent, Mse};
use tamis_firmware::power_loss;
use tamis_host::machine::Machine;
use tamis_host::{log, tools};

/// With a flash controller: it resets itself in the middle of a checkpoint, and again, and again.
#[test]
fn a_device_ends_with_the_digest_of_one_that_was_never_reset() -> Result<()> {
    let plan = power_loss::plan()?;
    let (mut arena, mut indices) = ([0.0; power_loss::NUMBERS], [0; power_loss::SAMPLES as usize]);
    let lent = Lent { arena: &mut arena, indices: &mut indices };
    let mut whole = plan.start::<power_loss::Net, _, _>(Mse, lent, plan.task)?;
    while whole.updates() < plan.updates {
        whole.update()?;
    }
    let elf = tools::build_firmware(Machine::Microbit, "power_loss")?;
    let (status, messages) = log::run_to_end(Machine::Microbit, &elf)?;
    ensure!(status.success(), "{status}, {messages:?}");
    let (last, lives) = messages.split_last().context("an empty log")?;
    assert_eq!(*last, format!("INFO {} updates, digest {:08x}", plan.updates, whole.digest()));
    let starts = lives.iter().map(|life| {
        let update = life.strip_prefix("INFO goes on from update ").context("not a life")?;
        Ok(update.parse::<u32>()?)
    });
    let starts = starts.collect::<Result<Vec<_>>>()?;
    assert!(starts.len() > 10 && starts[0] == 0, "{starts:?}");
    assert!(
        starts.windows(2).all(|pair| pair[0] < pair[1] && pair[1] % power_loss::EVERY == 0),
        "{starts:?}"
    );
    Ok(())
}
