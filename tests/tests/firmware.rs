//! What a board says and how it ends: logs, faults, overruns, wrong programs, the README's example.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use tamis::wire::{Configuration, Origin, Request, Training};
use tamis::{FloatEnvironmentError, InitError, Plan, Shape as _};
use tamis_firmware::self_check;
use tamis_firmware::workloads::{W5, WARM_UP, Workload};
use tamis_host::boards::BOARDS;
use tamis_host::emulator::{Clock, Emulator};
use tamis_host::experiments::{self, Experiment};
use tamis_host::machine::Machine;
use tamis_host::replica::{self, Report};
use tamis_host::{device, log, tools};

type Net = <W5 as Workload>::Net;

const LAST: Report = Report { digest_every: u32::MAX, params: None };

/// The training `name` of demo `letter`, cut to a few updates.
fn short(letter: char, name: &str) -> Result<Training> {
    let rows = experiments::demonstration(1)?;
    let row = rows.into_iter().find(|row| row.part.letter == letter && row.experiment.name == name);
    let Experiment { training, .. } = row.context("no such training")?.experiment;
    let plan = Plan { updates: 20, ..training.plan };
    Ok(Training { plan, ..training })
}

/// On 14-8-1, from 256 stored samples in random order.
fn short_a() -> Result<Training> {
    short('A', "SGD, batch 1")
}

/// On 8-16-1, from a stream.
fn short_c() -> Result<Training> {
    short('C', "SGD, batch 1, final drop")
}

#[test]
fn the_log_tells_what_happened() -> Result<()> {
    for machine in Machine::ALL {
        let elf = tools::build_firmware(machine, "trainer")?;
        let training = short_a()?;
        let mut board = Emulator::boot(machine, &elf, Clock::Free)?;
        device::run(&mut board, &training, LAST, |_| {})?;
        let messages = log::decode(&elf, &board.exit()?)?;
        let digest = replica::run(&training, LAST, |_| {})?.digest().context("no digest")?;
        let mut expected = vec![
            format!("INFO tamis on {machine}, arithmetic version {}", tamis::ARITHMETIC_VERSION),
            format!("INFO 20 updates, digest {digest:08x}, support found: false"),
            "INFO exit".to_owned(),
        ];
        if machine == Machine::Netduino {
            // QEMU has none of its clocks; the real chip has.
            expected.insert(0, "WARN the PLL does not run: the core stays at 16000000 Hz".to_owned());
        }
        assert_eq!(messages, expected);
    }
    Ok(())
}

/// A trainer waits for its host for ever; whoever waits for the end of it is told.
#[test]
fn a_program_that_says_nothing_is_stopped() -> Result<()> {
    let elf = tools::build_firmware(Machine::Microbit, "trainer")?;
    let mut messages = Vec::new();
    let (patience, mut hear) = (Duration::from_secs(5), |message| messages.push(message));
    let error = log::follow(Machine::Microbit, &elf, patience, &mut hear).err().context("it has ended")?;
    assert_eq!(error.to_string(), "microbit has said nothing for 5 s");
    assert_eq!(
        messages,
        [format!("INFO tamis on microbit, arithmetic version {}", tamis::ARITHMETIC_VERSION)]
    );
    Ok(())
}

/// On a machine whose arithmetic is not ours nothing is trained: it says what is wrong, and no hello.
#[test]
fn a_wrong_digest_stops_the_program() -> Result<()> {
    let (expected, found) = (self_check::DIGEST ^ 1, self_check::DIGEST);
    for machine in [Machine::MpsAn386, Machine::Microbit] {
        let elf = tools::build_firmware(machine, "wrong_digest")?;
        let (status, messages) = log::run_to_end(machine, &elf)?;
        let said = format!("ERROR the self-check should have digest {expected:08x}; it has {found:08x}");
        assert_eq!((status.code(), messages), (Some(1), vec![said]), "{machine}");
        assert!(Emulator::boot(machine, &elf, Clock::Free).is_err());
    }
    Ok(())
}

/// A float unit that flushes subnormals is found out before a weight is drawn.
#[test]
fn a_float_unit_that_is_set_wrong_is_found() -> Result<()> {
    let elf = tools::build_firmware(Machine::MpsAn386, "flushing")?;
    let (status, messages) = log::run_to_end(Machine::MpsAn386, &elf)?;
    let said = InitError::FloatEnvironment(FloatEnvironmentError::FlushesResults).to_string();
    assert_eq!((status.code(), messages), (Some(1), vec![format!("ERROR {said}")]));
    Ok(())
}

/// The digest is right on the host too, and another if the last step leaves one bit wrong, whatever parameter it is in.
#[test]
fn the_self_check_finds_one_wrong_bit() -> Result<()> {
    self_check::run(self_check::DIGEST, |net, sample, sgd| net.step(&sample.x, &sample.target, sgd))?;
    for wrong in 0..Net::PARAMS {
        let mut steps = 0;
        let flipped = self_check::run(self_check::DIGEST, |net, sample, sgd| {
            let loss = net.step(&sample.x, &sample.target, sgd);
            steps += 1;
            if steps > WARM_UP {
                let param = &mut net.params_mut()[wrong];
                *param = f32::from_bits(param.to_bits() ^ 1);
            }
            loss
        });
        let found = flipped.err().and_then(|error| error.found).context("nothing was found")?;
        assert_ne!(found, self_check::DIGEST, "parameter {wrong}");
    }
    Ok(())
}

/// The program for a real STM32F405, as it is flashed: QEMU has its memory map and its serial line, but none of its
/// clocks. It passes its self-check, falls back to the clock of reset, and says hello.
#[test]
fn the_program_of_a_real_board_says_hello() -> Result<()> {
    let board = BOARDS.into_iter().find(|board| board.name == "stm32f405").context("no such board")?;
    let mut qemu = tools::qemu(Machine::Netduino, &board.build()?);
    let mut qemu = qemu.args(["-serial", "stdio", "-monitor", "none"]).stdout(Stdio::piped()).spawn()?;
    let line = qemu.stdout.take().context("no serial line")?;
    let (sender, hello) = mpsc::channel();
    thread::spawn(move || {
        let mut frame = Vec::new();
        let read = BufReader::new(line).read_until(0, &mut frame); // a frame ends with a zero
        sender.send(read.map(|_| frame))
    });
    let hello = hello.recv_timeout(Duration::from_secs(20));
    qemu.kill()?;
    qemu.wait()?;
    let hello = String::from_utf8_lossy(&hello??).into_owned();
    assert!(hello.contains(board.name), "{hello:?}");
    Ok(())
}

#[test]
fn a_panic_and_a_fault_end_the_run_with_a_message() -> Result<()> {
    for machine in [Machine::MpsAn386, Machine::Microbit, Machine::RiscvVirt] {
        let elf = tools::build_firmware(machine, "crash")?;
        for (training, code, message) in
            [(short_a()?, 101, "a panic was asked for"), (short_c()?, 102, "fault at 0x")]
        {
            let mut board = Emulator::boot(machine, &elf, Clock::Free)?;
            let error = device::run(&mut board, &training, LAST, |_| {}).unwrap_err();
            assert!(error.to_string().contains("ended early"), "{machine}: {error}");
            let ended = board.wait()?;
            assert_eq!(ended.status.code(), Some(code), "{machine}");
            let messages = log::decode(&elf, &ended.log)?;
            let last = messages.last().context("an empty log")?;
            assert!(last.starts_with("ERROR") && last.contains(message), "{machine}: {messages:?}");
        }
    }
    Ok(())
}

/// `overrun` delivers 12 rows into a queue that holds 7, whenever it is empty: 5 are lost each time.
#[test]
fn overruns_are_counted() -> Result<()> {
    [Machine::MpsAn386, Machine::RiscvVirt].into_iter().try_for_each(overruns_are_counted_on)
}

fn overruns_are_counted_on(machine: Machine) -> Result<()> {
    let elf = tools::build_firmware(machine, "overrun")?;
    let mut board = Emulator::boot(machine, &elf, Clock::Free)?;
    let training = short_c()?;
    let until = training.plan.updates;
    let configuration =
        Configuration { training: training.clone(), origin: Origin::Device, checkpoint_every: None };
    device::configure(&mut board, &configuration)?;
    let advance = Request::Advance { until, digest_every: until };
    let progress = device::progress_of(device::request(&mut board, &advance)?)?;
    assert_eq!(progress.overruns, until.div_ceil(7) * 5);
    let error = device::run(&mut board, &training, LAST, |_| {}).unwrap_err();
    assert!(error.to_string().contains("5 samples found the device's queue full"), "{error}");
    Ok(())
}

#[test]
fn a_plan_that_makes_no_sense_is_refused() -> Result<()> {
    let machine = Machine::MpsAn386;
    let elf = tools::build_firmware(machine, "trainer")?;
    let training = short_c()?;
    let good = training.plan;
    let bad = [
        (Plan { batch: 0, ..good }, "a batch needs at least one sample"),
        (Plan { task: tamis::Task { inputs: 9, ..good.task }, ..good }, "the sensor has 8 inputs"),
        (
            Plan { task: tamis::Task { relevant: 9, ..good.task }, ..good },
            "the relevant inputs must be at most all",
        ),
        (
            Plan { data: tamis::Data::Shuffled(257), ..good },
            "indices: a buffer of 257 elements is needed, 256",
        ),
        (Plan { data: tamis::Data::Keyed(400), ..good }, "arena: a buffer of 3600 elements is needed, 2740"),
    ];
    let mut board = Emulator::boot(machine, &elf, Clock::Free)?;
    for (plan, reason) in bad {
        let error =
            device::run(&mut board, &Training { plan, ..training.clone() }, LAST, |_| {}).unwrap_err();
        assert!(error.to_string().contains(reason), "{error}");
    }
    // And it goes on as if nothing had been.
    let device = device::run(&mut board, &training, LAST, |_| {})?;
    assert_eq!(device.digest(), replica::run(&training, LAST, |_| {})?.digest());
    Ok(())
}

#[test]
fn a_wrong_program_is_named() -> Result<()> {
    let boot = |elf: &Path| match Emulator::boot(Machine::MpsAn386, elf, Clock::Free) {
        Ok(_) => "it booted".to_owned(),
        Err(error) => format!("{error:#}"),
    };
    assert!(boot(Path::new("no/such/file")).contains("no/such/file cannot be read"));
    assert!(boot(&tools::workspace().join("Cargo.toml")).ends_with("Cargo.toml is not an ELF file"));
    let host_program = std::env::current_exe()?;
    assert!(boot(&host_program).contains("not for Arm"), "{}", boot(&host_program));
    let other_core = tools::build_firmware(Machine::RiscvVirt, "trainer")?;
    assert!(boot(&other_core).contains("is a program for Riscv32, not for Arm"), "{}", boot(&other_core));
    let proof = tools::build_firmware(Machine::MpsAn386, "no_panic")?;
    assert!(boot(&proof).contains("not a Tamis program"), "{}", boot(&proof));
    let other_board = tools::build_firmware(Machine::MpsAn385, "trainer")?;
    assert!(boot(&other_board).contains("is built for mps2-an385"), "{}", boot(&other_board));
    Ok(())
}

/// One update of demo A, counted: the cores with hard float run nearly the same code, M4F and M7 the very same; with
/// soft float, M3 and RISC-V compile the same arithmetic. A wrong length of a machine's tick would show here.
#[test]
fn the_cores_need_equally_many_instructions() -> Result<()> {
    let rows = experiments::demonstration(1)?;
    let Experiment { training, .. } = &rows.first().context("no rows")?.experiment;
    let count = |machine: Machine| {
        let elf = tools::build_firmware(machine, "trainer")?;
        let mut board = Emulator::boot(machine, &elf, Clock::Instructions)?;
        let instructions = device::instructions(&mut board, machine, training)?;
        println!("{machine}: {instructions:.1} instructions");
        board.exit()?;
        anyhow::Ok(instructions)
    };
    let reference = count(Machine::MpsAn386)?;
    assert!((count(Machine::MpsAn500)? / reference - 1.0).abs() < 0.002);
    for machine in [Machine::MpsAn505, Machine::MpsAn547] {
        let instructions = count(machine)?;
        assert!((instructions / reference - 1.0).abs() < 0.1, "{machine}: {instructions}, not {reference}");
    }
    let (cortex_m3, risc_v) = (count(Machine::MpsAn385)?, count(Machine::RiscvVirt)?);
    assert!((risc_v / cortex_m3 - 1.0).abs() < 0.2, "{risc_v}, not nearly {cortex_m3}");
    Ok(())
}

/// The README's program learns that sensors 1 and 2 matter, and says so by its column norms.
#[test]
fn the_example_runs() -> Result<()> {
    for machine in [Machine::MpsAn386, Machine::Microbit, Machine::RiscvVirt] {
        let elf = tools::build_firmware(machine, "example")?;
        let (status, messages) = log::run_to_end(machine, &elf)?;
        assert!(status.success(), "{machine}: {status}, {messages:?}");
        let norms =
            messages.last().and_then(|line| line.strip_prefix("INFO column norms ")).context("no norms")?;
        let norms: Vec<f32> = serde_json::from_str(norms)?;
        assert_eq!(norms.len(), 8);
        let largest_irrelevant = norms[2..].iter().copied().fold(0.0, f32::max);
        assert!(norms[..2].iter().all(|&norm| norm > 2.0 * largest_irrelevant), "{machine}: {norms:?}");
    }
    Ok(())
}
