//! Devices that go on by themselves, and are asked afterwards: always the bits of the host.

use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tamis::one_pass::{Finding, Label, Settings};
use tamis::wire::{Answer, Configuration, Job, Origin, Progress, Request, Selection, Training};
use tamis::{Data, Seed, Target, Task};
use tamis_host::device::feed::{feed, rows_of};
use tamis_host::device::relay::{Noise, Relay};
use tamis_host::device::select::{self, Lent};
use tamis_host::device::twin::Twin;
use tamis_host::device::{self, Device};
use tamis_host::emulator::{Clock, Emulator};
use tamis_host::machine::Machine;
use tamis_host::replica::{Memory, bits};
use tamis_host::{pool, tools};
use tamis_test_kit::flash::Flash;
use tamis_test_kit::trainings::training;
use tamis_tests::command::tamis;
use tamis_tests::device::{Direct, switch_on};

fn standalone(training: &Training, checkpoint_every: Option<u32>) -> Configuration {
    Configuration { training: training.clone(), origin: Origin::Standalone, checkpoint_every }
}

fn status(device: &mut impl Device) -> Result<Progress> {
    device::progress_of(device::request(device, &Request::Status)?)
}

/// Asks now and then, ever less often, until `is_it`.
fn wait_until(device: &mut impl Device, is_it: impl Fn(&Progress) -> bool) -> Result<Progress> {
    let mut pause = Duration::from_millis(5);
    for _ in 0..300 {
        let progress = status(device)?;
        if is_it(&progress) {
            return Ok(progress);
        }
        thread::sleep(pause);
        pause = (pause + pause / 4).min(Duration::from_millis(300));
    }
    anyhow::bail!("the device does not come so far")
}

/// Each update that is made was made unasked: the only requests are how far it is.
#[test]
fn a_training_goes_on_without_requests() -> Result<()> {
    let (line, thread) = switch_on(Flash::new(16))?;
    let mut session = 0;
    for (data, batch, standardise) in [
        (Data::Stream, 1, None),
        (Data::Stream, 7, Some(10)),
        (Data::Ring { capacity: 20, visits: 3 }, 2, Some(5)),
        (Data::Shuffled(30), 4, None),
    ] {
        let training = training(data, batch, standardise, 3_000);
        let mut memory = Memory::of(&training);
        let mut twin = Twin::start(&training, None, &mut memory, rows_of(training.plan.task))?;
        session += 1;
        device::configure(&mut Direct::greet(&line, session)?, &standalone(&training, None))?;
        // That host is gone; another comes.
        session += 1;
        let mut device = Direct::greet(&line, session)?;
        let done = wait_until(&mut device, |progress| progress.updates == 3_000)?;
        twin.follow(done.updates, done.digest)?;
        assert_eq!(bits(&device::params(&mut device)?), bits(twin.params()), "{data:?}");
        // It has come to its end.
        assert_eq!(status(&mut device)?, done);
    }
    line.shutdown(Shutdown::Both)?;
    thread.join().unwrap();
    Ok(())
}

fn selection(samples: u32, checkpoint_every: Option<u32>) -> Selection {
    let task = Task::plain(Target::Sine, 6, 2, 0.3, Seed(5));
    Selection { task, settings: Settings::new(samples, Seed(6)), checkpoint_every }
}

/// The power goes twice; there is no host when it comes back.
#[test]
fn a_selection_goes_on_from_its_checkpoint_by_itself() -> Result<()> {
    let selection = selection(300_000, Some(1_000));
    let mut lent = Lent::default();
    let mut twin = select::Twin::start(&selection, &mut lent)?;
    let mut flash = Flash::new(32);
    let mut durable = 0;
    for session in 1..=2 {
        let (line, thread) = switch_on(flash)?;
        let mut device = Direct::greet(&line, session)?;
        if session == 1 {
            device::begin(&mut device, &Job::Select(selection.clone()))?;
        }
        let then = wait_until(&mut device, |now| now.durable.is_some_and(|now| now > durable))?;
        twin.follow(&then)?;
        durable = then.durable.context("a checkpoint")?;
        line.shutdown(Shutdown::Both)?;
        flash = thread.join().unwrap();
    }
    let (line, _thread) = switch_on(flash)?;
    let mut device = Direct::greet(&line, 3)?;
    // It is at the checkpoint, or past it.
    assert!(status(&mut device)?.updates >= durable);
    let done = wait_until(&mut device, |progress| progress.updates == 300_000)?;
    twin.follow(&done)?;
    assert!(twin.equal > 0);
    let found = select::found(&mut device)?.context("a selection")?;
    assert_eq!(found, twin.found());
    assert_eq!(found.findings[..2], [Finding::Relevant(Label::Marginal); 2]);
    assert!(!found.findings[2..].iter().any(|finding| matches!(finding, Finding::Relevant(_))), "{found:?}");
    Ok(())
}

/// What only the other kind of job can answer is refused in words, and the job goes on.
#[test]
fn requests_of_the_other_kind_are_refused() -> Result<()> {
    let (line, _thread) = switch_on(Flash::new(16))?;
    let mut device = Direct::greet(&line, 1)?;
    let job = Job::Select(selection(5_000, None));
    device::begin(&mut device, &job)?;
    for request in [
        Request::Params { first: 0 },
        Request::Support { first: 0 },
        Request::TestLoss,
        Request::Advance { until: 9, digest_every: 1 },
    ] {
        let error = device::request(&mut device, &request).unwrap_err().to_string();
        assert!(error.contains("selects inputs"), "{error}");
    }
    wait_until(&mut device, |progress| progress.updates == 5_000)?;
    let training = training(Data::Stream, 1, None, 10);
    device::configure(&mut device, &standalone(&training, None))?;
    assert_eq!(select::found(&mut device)?, None);
    // Too many inputs, a pass too short, no task.
    for (change, complaint) in [
        (Selection { task: Task { inputs: 9, ..training.plan.task }, ..selection(5_000, None) }, "8 inputs"),
        (selection(101, None), "fewer than five updates"),
        (
            Selection { task: Task { relevant: 7, ..selection(9, None).task }, ..selection(5_000, None) },
            "relevant",
        ),
        (selection(5_000, Some(0)), "every 0 updates"),
    ] {
        let error = device::begin(&mut device, &Job::Select(change)).unwrap_err().to_string();
        assert!(error.contains(complaint), "{error}");
    }
    assert_eq!(device::request(&mut device, &Request::Status)?, Answer::Idle);
    Ok(())
}

/// A board over a bad line: it trains while nobody asks, and goes on from its flash memory when it has been reset.
#[test]
fn firmware_trains_by_itself() -> Result<()> {
    let machine = Machine::Microbit;
    let elf = tools::build_firmware(machine, "trainer")?;
    let (mut board, line) = Emulator::switch_on(machine, &elf, Clock::Free)?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let _relay = Relay::start(line, listener, [Noise::new(1, 40), Noise::new(2, 40)])?;
    let training = training(Data::Stream, 1, None, 15_000);
    let mut memory = Memory::of(&training);
    let mut twin = Twin::start(&training, None, &mut memory, rows_of(training.plan.task))?;
    let (mut starts, mut before) = (0, 0);
    while before < training.plan.updates {
        starts += 1;
        let host = TcpStream::connect(address)?;
        let mut device = Direct::greet(&host, starts)?;
        if starts == 1 {
            device::configure(&mut device, &standalone(&training, Some(200)))?;
        }
        let is_last = starts == 4;
        let now = wait_until(&mut device, |now| {
            if is_last { now.updates == training.plan.updates } else { now.durable > Some(before) }
        })?;
        twin.follow(now.updates, now.digest)?;
        before = now.durable.context("a checkpoint")?;
        host.shutdown(Shutdown::Both)?;
        // The board is alone, then without power; then there is somebody, who configures nothing.
        thread::sleep(Duration::from_millis(200));
        board.reset()?;
    }
    assert_eq!((starts, twin.equal), (4, 4));
    Ok(())
}

/// `tamis device monitor` looks on, and the training ends as if nobody had.
#[test]
fn a_monitor_changes_nothing() -> Result<()> {
    let elf = tools::build_firmware(Machine::MpsAn386, "trainer")?;
    let (_board, line) = Emulator::switch_on(Machine::MpsAn386, &elf, Clock::Free)?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = format!("tcp:{}", listener.local_addr()?);
    let _relay = Relay::start(line, listener, [Noise::new(1, 0), Noise::new(2, 0)])?;
    let run = |arguments: &str| -> Result<String> {
        let output = tamis()?.args(arguments.split(' ')).args(["--port", &port]).output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?)
    };
    let nothing = run("device monitor --lines 1").unwrap_err().to_string();
    assert!(nothing.contains("nothing is on the device"), "{nothing}");

    let training = training(Data::Stream, 1, None, 60_000);
    let configuration = standalone(&training, None);
    let address = port.trim_start_matches("tcp:").to_owned();
    let host = TcpStream::connect(&address)?;
    device::configure(&mut Direct::greet(&host, 1)?, &configuration)?;
    host.shutdown(Shutdown::Both)?;
    let seen = run("device monitor --lines 4 --every 0.2 --shape 10-6-1 --json")?;
    let seen = seen.lines().map(serde_json::from_str).collect::<Result<Vec<Value>, _>>()?;
    let updates: Vec<_> = seen.iter().filter_map(|line| line["updates"].as_u64()).collect();
    assert!(updates.len() == 4 && updates.is_sorted() && updates[0] < updates[3], "{updates:?}");
    let last = &seen[3];
    assert_eq!(last["inputs"].as_array().context("inputs")?.len(), 10);
    assert_eq!((&last["inputs"][9]["name"], &last["inputs"][9]["verdict"]), (&json!("probe 2"), &json!("")));
    assert!(last["loss"].as_f64().is_some_and(|loss| loss >= 0.0), "{last}");
    let line = run("device monitor --lines 1")?;
    assert!(line.contains(" updates, digest ") && line.contains("x8 "), "{line}");

    let mut memory = Memory::of(&training);
    let mut twin = Twin::start(&training, None, &mut memory, rows_of(training.plan.task))?;
    let host = TcpStream::connect(&address)?;
    let mut device = Direct::greet(&host, 2)?;
    let done = wait_until(&mut device, |progress| progress.updates == 60_000)?;
    twin.follow(done.updates, done.digest)
}

/// `tamis device select`, and the same as training, on a board with a float unit.
#[test]
fn commands_follow_a_device_that_goes_on_by_itself() -> Result<()> {
    let run = |arguments: &str| -> Result<Value> {
        let output = tamis()?.args(arguments.split(' ')).output()?;
        let said = serde_json::from_slice(&output.stdout);
        said.with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let said =
        run("device select --machine mps2-an386 --task linear --inputs 6 --seed 5 --samples 3000 --json")?;
    assert_eq!(said["samples"], 3_000);
    let findings: Vec<_> = said["findings"].as_array().context("findings")?.iter().take(2).collect();
    assert_eq!(findings, [&json!("relevant, by itself"); 2]);
    let said = run(
        "device train --machine mps2-an386 --standalone --task sine --shape 8-16-1 --updates 3000 --json",
    )?;
    assert_eq!(said["updates"], 3_000);
    assert!(said["digests_compared"].as_u64().is_some_and(|compared| compared > 0));
    Ok(())
}

/// A training that hangs is started again by the watchdog, once nothing has fed it for twelve seconds of the board's time,
/// and goes on from its last checkpoint; on each kind of watchdog that an emulated board has.
#[test]
fn a_watchdog_ends_a_training_that_hangs() -> Result<()> {
    let training = training(Data::Stream, 1, None, 450);
    let ends_on = |&machine: &Machine| {
        let elf = tools::build_firmware(machine, "stuck")?;
        let mut board = Emulator::boot(machine, &elf, Clock::Instructions)?;
        let mut memory = Memory::of(&training);
        let mut twin = Twin::start(&training, None, &mut memory, rows_of(training.plan.task))?;
        let mut unused = |_: u64, _: &mut [f32]| unreachable!("the samples are the device's own");
        let done = feed(&mut board, &standalone(&training, Some(40)), None, &mut unused, |progress| {
            twin.follow(progress.updates, progress.digest)
        })?;
        assert_eq!((done.updates, board.counts().restarts), (450, 1), "{machine}");
        assert_eq!(bits(&device::params(&mut board)?), bits(twin.params()), "{machine}");
        Ok(())
    };
    let machines = [Machine::MpsAn386, Machine::MpsAn505, Machine::MpsAn547];
    pool::map(&machines, ends_on).into_iter().collect()
}
