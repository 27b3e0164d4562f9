//! The stack that the linker keeps free is enough: measured by paint, over every option, on every core.

use anyhow::{Result, ensure};
use tamis::frame::FRAME;
use tamis::one_pass::Settings;
use tamis::wire::{Answer, Packed, Request, Selection};
use tamis::{Seed, Target, Task};
use tamis_host::bench::program::Program;
use tamis_host::configurations;
use tamis_host::emulator::{Clock, Emulator};
use tamis_host::experiments::Experiment;
use tamis_host::machine::Machine;
use tamis_host::replica::Report;
use tamis_host::stack::{self, Stack};
use tamis_host::{device, pool, tools};

/// What `firmware/memory/*.x` asserts.
const KEPT_FREE: usize = 4096;
/// What the README tells.
const STATED: usize = 39 * 1024 / 10;

/// The programs that need no host, and what `firmware/build.rs` says that each needs.
#[test]
fn each_program_has_the_stack_that_it_says_it_needs() -> Result<()> {
    const PROGRAMS: [&str; 12] = [
        "example",
        "motor",
        "one_pass",
        "repro",
        "fits_step",
        "bench_w1",
        "bench_w2",
        "bench_w3",
        "bench_w4",
        "bench_w4_batch",
        "bench_w5",
        "bench_layers",
    ];
    let check = |&(machine, program): &(Machine, &str)| {
        let elf = tools::build_firmware(machine, program)?;
        let needed = Program::read(&elf)?.symbol("stack_needed")? as usize;
        let Stack { used, size } = stack::measure_to_end(machine, &elf)?;
        println!("{program}: {used} bytes, {needed} are kept free, {size} there are");
        ensure!(0 < used && used <= needed, "{program} uses {used} bytes of stack; it says {needed}");
        ensure!(needed <= size, "{program} has {size} bytes of stack; it says {needed}");
        Ok(())
    };
    let all = PROGRAMS.map(|program| (Machine::MpsAn386, program));
    let all = [&all[..], &[(Machine::Microbit, "power_loss")]].concat();
    pool::map(&all, check).into_iter().collect()
}

#[test]
fn no_program_uses_more_stack_than_the_linker_keeps_free() -> Result<()> {
    pool::map(&Machine::ALL, |&machine| assert_enough(machine)).into_iter().collect()
}

fn assert_enough(machine: Machine) -> Result<()> {
    let elf = tools::build_firmware(machine, "trainer")?;
    let mut board = Emulator::boot(machine, &elf, Clock::Instructions)?; // ticks on any host, however busy
    let before = stack::measure(&mut board, &elf)?;
    // The whole cover with hard float, where it is quick; a sample elsewhere.
    let every = match machine {
        Machine::MpsAn386 => 1,
        _ if machine.runs_whole_cover() => 3,
        _ => 10,
    };
    for Experiment { training, .. } in configurations::all(1, 10)?.into_iter().step_by(every) {
        device::run(&mut board, &training, Report { digest_every: 1, params: Some((1, 2)) }, |_| {})?;
        device::request(&mut board, &Request::Forget)?;
        let mut buffer = [0; FRAME];
        let measure = Request::Measure { training: Packed::message(&training, &mut buffer)?, updates: 1 };
        let answer = device::request(&mut board, &measure)?;
        ensure!(matches!(answer, Answer::Ticks { .. }), "{machine} does not count");
    }
    // The microbit has no room for it.
    if machine != Machine::Microbit {
        let task = Task::plain(Target::Sine, 8, 2, 0.3, Seed(1));
        let selection = Selection { task, settings: Settings::new(200, Seed(1)), checkpoint_every: None };
        device::select::follow(&mut board, &selection, |_| Ok(()))?;
        ensure!(device::select::found(&mut board)?.is_some(), "{machine} has found nothing");
        device::request(&mut board, &Request::Forget)?;
    }
    let Stack { used, size } = stack::measure(&mut board, &elf)?;
    println!("{machine}: {used} of {size} bytes");
    assert!(before.used > 0 && before.used < used, "the paint shows no use: {before:?}, {used}");
    assert!(size >= KEPT_FREE, "{machine}: {size}");
    assert!(used < STATED, "{machine}: {used} of {size} bytes are used");
    board.exit()?;
    Ok(())
}
