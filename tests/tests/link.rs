//! A training over a line, good or bad: always the bits of one that was never disturbed.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tamis::wire::{Answer, Configuration, Origin, Request, Training};
use tamis::{AnyActivation, AnyLoss, Data, Init, LayerSpec, Layers, Plan, Rule, Seed, Sgd, Target, Task};
use tamis_host::device::feed::feed;
use tamis_host::device::relay::{Faults, Noise, Relay};
use tamis_host::device::{self, Device};
use tamis_host::emulator::{Clock, Emulator};
use tamis_host::link::Link;
use tamis_host::machine::Machine;
use tamis_host::replica::{self, Report, bits};
use tamis_host::tools;
use tamis_tests::command::tamis;
use tamis_tests::device::{NUMBERS, switch_on};
use tamis_tests::flash::Flash;

/// A line without anything between.
struct Direct(Link);

impl Direct {
    fn greet(line: &TcpStream, session: u32) -> Result<Self> {
        let mut link = Link::new(line.try_clone()?, line.try_clone()?, session);
        link.greet()?;
        Ok(Self(link))
    }
}

impl Device for Direct {
    fn request(&mut self, request: &Request<'_>) -> Result<Answer> {
        self.0.request(request)
    }
}

/// 10-6-1, two of the inputs probes.
fn training(data: Data, batch: u32, standardise: Option<u32>, updates: u32) -> Training {
    let hidden = LayerSpec::new(6, AnyActivation::Tanh);
    let last = LayerSpec::new(1, AnyActivation::Identity);
    Training {
        layers: Layers::new(10, &[hidden, last]).unwrap(),
        loss: AnyLoss::Mse,
        plan: Plan {
            seed: Seed(3),
            task: Task::plain(Target::Sine, 8, 2, 0.3, Seed(4)),
            data,
            standardise,
            label_noise: Some(0.1),
            init: Init::scaled(1.0),
            batch,
            sgd: Sgd::new(0.05).unwrap(),
            momentum: Some(0.5),
            pressed: None,
            updates,
            rule: Rule::Probes { count: 2, factor: 3.0 },
        },
    }
}

/// Every way in which samples are visited.
fn trainings() -> Vec<Training> {
    vec![
        training(Data::Stream, 1, None, 300),
        training(Data::Stream, 7, Some(10), 300),
        training(Data::Ring { capacity: 20, visits: 3 }, 2, Some(5), 300),
        training(Data::Shuffled(30), 4, None, 300),
        training(Data::Keyed(30), 1, Some(3), 300),
    ]
}

const LAST: Report = Report { digest_every: u32::MAX, params: None };

/// The rows of the training's task, as they are sent.
fn rows(training: &Training) -> impl FnMut(u64, &mut [f32]) + use<> {
    let task = training.plan.task;
    move |index, row| {
        let (x, target) = row.split_at_mut(usize::from(task.inputs));
        target.fill(task.row(index, x));
    }
}

fn host_digest(training: &Training) -> u32 {
    replica::run(training, LAST, |_| {}).unwrap().digest().unwrap()
}

/// On a good line: samples from the host and samples of the device's own end in the digest of a training on the host.
#[test]
fn both_origins_give_the_digest_of_the_host() -> Result<()> {
    let (line, thread) = switch_on(Flash::new(16))?;
    let mut device = Direct::greet(&line, 1)?;
    for training in trainings() {
        let own = device::run(&mut device, &training, LAST, |_| {})?;
        assert_eq!(own.digest(), Some(host_digest(&training)), "{training:?}");
        let host = replica::run(&training, LAST, |_| {})?;
        assert_eq!((own.norms, own.verdicts, own.test_loss), (host.norms, host.verdicts, host.test_loss));

        device::request(&mut device, &Request::Forget)?;
        let configuration =
            Configuration { training: training.clone(), origin: Origin::Host, checkpoint_every: None };
        let done = feed(&mut device, &configuration, None, &mut rows(&training), |_| Ok(()))?;
        assert_eq!(done.digest, host_digest(&training), "{training:?}");
    }
    let counts = device.0.counts();
    // On a busy computer an answer may be late, and be asked for again.
    assert_eq!(
        (counts.sent, counts.damaged, counts.damaged_there),
        (counts.requests + counts.silences + counts.greetings, 0, 0)
    );
    line.shutdown(std::net::Shutdown::Both)?;
    thread.join().unwrap();
    Ok(())
}

/// Parameters from outside are trained on: as the host does it.
#[test]
fn a_network_from_outside_is_trained_on() -> Result<()> {
    let training = training(Data::Stream, 2, None, 200);
    let params: Vec<f32> = tamis_tests::numbers(9, 10 * 6 + 6 + 6 + 1);
    let (line, _thread) = switch_on(Flash::new(16))?;
    let mut device = Direct::greet(&line, 1)?;
    let configuration =
        Configuration { training: training.clone(), origin: Origin::Host, checkpoint_every: Some(50) };
    let done = feed(&mut device, &configuration, Some(&params), &mut rows(&training), |_| Ok(()))?;

    let mut memory = replica::Memory::of(&training);
    let Training { layers, loss, plan } = training;
    let mut trainer = plan.start_layers(layers, loss, memory.lent(), plan.task)?;
    trainer.model().params_mut().copy_from_slice(&params);
    for _ in 0..plan.updates {
        trainer.update()?;
    }
    assert_eq!(done.digest, trainer.digest());
    assert_eq!(bits(&device::params(&mut device)?), bits(trainer.model().params()));
    // It is too late for others.
    let error = device::feed::set_params(&mut device, &params).unwrap_err();
    assert!(error.to_string().contains("before the first update only"), "{error}");
    Ok(())
}

/// A quarter of all frames meet a fault, and the device loses its power again and again.
#[test]
fn a_bad_line_changes_no_bit() -> Result<()> {
    let mut faults = [Faults::default(); 2];
    for (training, seed) in trainings().into_iter().zip(1..) {
        let configuration =
            Configuration { training: training.clone(), origin: Origin::Host, checkpoint_every: Some(20) };
        let mut flash = Flash::new(32);
        let mut starts = 0;
        let digest = loop {
            starts += 1;
            let (line, thread) = switch_on(flash)?;
            let listener = TcpListener::bind("127.0.0.1:0")?;
            let address = listener.local_addr()?;
            let noise = [2 * seed, 2 * seed + 1].map(|seed| Noise::new(seed + 100 * starts, 20));
            let relay = Relay::start(line.try_clone()?, listener, noise)?;
            let host = TcpStream::connect(address)?;
            let mut device = Direct::greet(&host, starts as u32)?;
            // The power goes after so many answers.
            let mut answers = 0;
            let done = feed(&mut device, &configuration, None, &mut rows(&training), |progress| {
                answers += 1;
                assert_eq!(progress.rejected, 0);
                ensure!(answers < 4 || starts > 6, "the power goes");
                Ok(())
            });
            for (sum, now) in faults.iter_mut().zip(relay.faults()) {
                sum.frames += now.frames;
                sum.damaged += now.total();
            }
            host.shutdown(std::net::Shutdown::Both)?;
            drop(relay);
            line.shutdown(std::net::Shutdown::Both)?;
            flash = thread.join().unwrap();
            match done {
                Ok(done) => break done.digest,
                Err(error) => assert!(error.to_string().contains("the power goes"), "{error:#}"),
            }
        };
        assert_eq!(digest, host_digest(&training), "{training:?}");
        assert!(starts > 6, "{starts}");
    }
    for way in faults {
        println!("{} frames, {} of them with a fault", way.frames, way.damaged);
        assert!(way.damaged * 5 > way.frames);
    }
    Ok(())
}

/// A peer that sends garbage for ever, lengths that lie, plans that are too large: the device is there afterwards.
#[test]
fn nothing_takes_a_device_away() -> Result<()> {
    let (mut line, _thread) = switch_on(Flash::new(16))?;
    let mut device = Direct::greet(&line, 1)?;
    let training = training(Data::Stream, 1, None, 50);
    for round in 0..20_u64 {
        let garbage: Vec<u8> =
            tamis_tests::numbers(round + 1, 5_000).iter().map(|n| (n * 127.0) as i8 as u8).collect();
        line.write_all(&garbage)?;
        // Whole frames with a right checksum, and lengths in them up to 2^32.
        for kind in 0..=16_u8 {
            let mut buffer = [0; tamis::frame::FRAME];
            let bomb = (1_u32, 1_u32, kind, [0xff_u8; 9], [0xff_u8; 9]);
            line.write_all(tamis::frame::encode(&bomb, &mut buffer)?)?;
        }
        line.write_all(&[0])?;
        let own = device::run(&mut device, &training, LAST, |_| {})?;
        assert_eq!(own.digest(), Some(host_digest(&training)));
    }
    for data in [Data::Keyed(u16::MAX), Data::Ring { capacity: 5000, visits: 2 }, Data::Shuffled(257)] {
        let plan = Plan { data, ..training.plan };
        let error =
            device::run(&mut device, &Training { plan, ..training.clone() }, LAST, |_| {}).unwrap_err();
        assert!(error.to_string().contains("is needed"), "{error}");
    }
    let plan = Plan { batch: u32::MAX, ..training.plan };
    let large = Training { plan, ..training.clone() };
    let configuration = Configuration { training: large, origin: Origin::Host, checkpoint_every: None };
    let error = device::configure(&mut device, &configuration).unwrap_err();
    assert!(error.to_string().contains(&format!("{NUMBERS} were lent")), "{error}");
    let own = device::run(&mut device, &training, LAST, |_| {})?;
    assert_eq!(own.digest(), Some(host_digest(&training)));
    Ok(())
}

/// What the issue of a bad line is at its worst: real firmware, a host that is killed, a board that is reset.
struct Ordeal {
    machine: Machine,
    updates: u32,
    resets: u32,
    kills: u32,
}

impl Ordeal {
    fn run(&self) -> Result<()> {
        let elf = tools::build_firmware(self.machine, "trainer")?;
        let (mut board, line) = Emulator::switch_on(self.machine, &elf, Clock::Free)?;
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = format!("tcp:{}", listener.local_addr()?);
        // Of a hundred frames, one meets each of the five kinds of fault: 5 %, each way.
        let relay = Relay::start(line, listener, [Noise::new(1, 90), Noise::new(2, 90)])?;
        let updates = self.updates.to_string();
        let arguments =
            ["--task", "sine", "--inputs", "8", "--relevant", "2", "--shape", "8-16-1", "--seed", "5"];
        let (mut resets, mut kills) = (0, 0);
        let report: Value = loop {
            let mut command = tamis()?;
            command.args(["device", "train", "--json", "--port", &port, "--updates", &updates]);
            command.args(["--checkpoint-every", "50"]).args(arguments);
            let mut host = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
            let started = Instant::now();
            // Uneven moments, the same in every run.
            let patience = Duration::from_millis(900 + 113 * u64::from(kills % 7));
            while host.try_wait()?.is_none() {
                std::thread::sleep(Duration::from_millis(200 + 37 * u64::from(resets % 5)));
                if resets < self.resets {
                    board.reset()?;
                    resets += 1;
                }
                if kills < self.kills && started.elapsed() > patience {
                    host.kill()?;
                    kills += 1;
                    break;
                }
            }
            let output = host.wait_with_output()?;
            if output.status.code().is_some() {
                let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
                ensure!(output.status.success(), "{complaint}");
                break serde_json::from_slice(&output.stdout).context(complaint)?;
            }
        };
        let faults = relay.faults();
        println!("{}: {resets} resets, {kills} kills of the host, {report}", self.machine);
        for Faults { frames, damaged, truncated, dropped, duplicated, reordered } in faults {
            println!(
                "{frames} frames: {damaged} damaged, {truncated} cut, {dropped} dropped, {duplicated} doubled, {reordered} late"
            );
            assert!([damaged, truncated, dropped, duplicated, reordered].iter().all(|&count| count > 0));
            assert!((damaged + truncated + dropped + duplicated + reordered) * 20 >= frames);
        }
        assert_eq!((resets, kills), (self.resets, self.kills));
        let options = [&arguments[..], &["--updates", &updates]].concat();
        let undisturbed = undisturbed(&options)?;
        assert_eq!(report["digest"], undisturbed.as_str(), "{report}");
        assert_eq!(report["updates"], self.updates);
        assert!(report["from_update"].as_u64().is_some_and(|from| from > 0));
        Ok(())
    }
}

/// The digest of the same training on this host alone.
fn undisturbed(options: &[&str]) -> Result<String> {
    let folder = std::env::temp_dir().join(format!("tamis-link-{}", std::process::id()));
    let output = tamis()?.args(["train", "--json", "--out"]).arg(&folder).args(options).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    std::fs::remove_dir_all(&folder)?;
    let report: Value = serde_json::from_slice(&output.stdout)?;
    Ok(report["digest"].as_str().context("no digest")?.to_owned())
}

#[test]
fn firmware_goes_through_resets_kills_and_a_bad_line() -> Result<()> {
    Ordeal { machine: Machine::MpsAn386, updates: 8_000, resets: 50, kills: 10 }.run()
}

#[test]
fn so_does_the_board_with_real_flash_memory() -> Result<()> {
    Ordeal { machine: Machine::Microbit, updates: 3_000, resets: 10, kills: 3 }.run()
}

#[test]
#[ignore = "minutes; cargo verify --long"]
fn two_hundred_thousand_updates_go_through_it() -> Result<()> {
    Ordeal { machine: Machine::MpsAn386, updates: 200_000, resets: 60, kills: 12 }.run()
}
