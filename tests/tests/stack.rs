//! The stack that the linker keeps free is enough: measured by paint, over every option, on every core.

use anyhow::Result;
use tamis::wire::Report;
use tamis_host::configurations;
use tamis_host::emulator::{Clock, Emulator};
use tamis_host::experiments::Experiment;
use tamis_host::machine::Machine;
use tamis_host::stack::{self, Stack};
use tamis_host::{device, tools};

/// What `firmware/memory/*.x` asserts.
const KEPT_FREE: usize = 4096;
/// What the README tells.
const STATED: usize = 3 * 1024 + 512;

#[test]
fn no_program_uses_more_stack_than_the_linker_keeps_free() -> Result<()> {
    for machine in Machine::ALL {
        let elf = tools::build_firmware(machine, "replay")?;
        let mut board = Emulator::boot(machine, &elf, Clock::Instructions)?; // ticks on any host, however busy
        let before = stack::measure(&mut board, &elf)?;
        for Experiment { training, .. } in configurations::all(1, 20)? {
            device::run(&mut board, &training, Report { digest_every: 1, params: Some((1, 2)) }, |_| {})?;
            device::instructions(&mut board, machine, &training)?;
        }
        let Stack { used, size } = stack::measure(&mut board, &elf)?;
        println!("{machine}: {used} of {size} bytes");
        assert!(before.used > 0 && before.used < used, "the paint shows no use: {before:?}, {used}");
        assert!(size >= KEPT_FREE, "{machine}: {size}");
        assert!(used < STATED, "{machine}: {used} of {size} bytes are used");
        board.exit()?;
    }
    Ok(())
}
