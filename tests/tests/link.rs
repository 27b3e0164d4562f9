//! A training over a line, good or bad: always the bits of one that was never disturbed.

use std::fs;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tamis::wire::{Configuration, Origin, Request, Training};
use tamis::{AnyActivation, Data, Plan};
use tamis_host::device;
use tamis_host::device::feed::{feed, feed_and_trace, rows_of};
use tamis_host::device::relay::{Faults, Noise, Relay};
use tamis_host::emulator::{Clock, Emulator};
use tamis_host::exchange::{self, Hints};
use tamis_host::machine::Machine;
use tamis_host::replica::{self, Report, bits};
use tamis_host::select::encoder::Feature;
use tamis_host::tools;
use tamis_host::trace::replay::replay as replay_of;
use tamis_host::trace::{self, Trace};
use tamis_test_kit::flash::Flash;
use tamis_test_kit::trainings::training;
use tamis_tests::altered::UPDATE;
use tamis_tests::command::tamis;
use tamis_tests::device::{Direct, NUMBERS, switch_on};

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
        let done = feed(&mut device, &configuration, None, &mut rows_of(training.plan.task), |_| Ok(()))?;
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
    let params: Vec<f32> = tamis_test_kit::numbers(9, 10 * 6 + 6 + 6 + 1);
    let (line, _thread) = switch_on(Flash::new(16))?;
    let mut device = Direct::greet(&line, 1)?;
    let configuration =
        Configuration { training: training.clone(), origin: Origin::Host, checkpoint_every: Some(50) };
    let done =
        feed(&mut device, &configuration, Some(&params), &mut rows_of(training.plan.task), |_| Ok(()))?;

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
            let done =
                feed(&mut device, &configuration, None, &mut rows_of(training.plan.task), |progress| {
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
            tamis_test_kit::numbers(round + 1, 5_000).iter().map(|n| (n * 127.0) as i8 as u8).collect();
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
        // Of sixty frames, one meets each of the five kinds of fault: 8 %, each way.
        let relay = Relay::start(line, listener, [Noise::new(1, 60), Noise::new(2, 60)])?;
        let trace = folder(self.machine.name())?.join("life.trace");
        let updates = self.updates.to_string();
        let arguments =
            ["--task", "sine", "--inputs", "8", "--relevant", "2", "--shape", "8-16-1", "--seed", "5"];
        let (mut resets, mut kills) = (0, 0);
        let report: Value = loop {
            let mut command = tamis()?;
            command.args(["device", "train", "--json", "--port", &port, "--updates", &updates]);
            command.args(["--checkpoint-every", "50", "--trace"]).arg(&trace).args(arguments);
            let mut host = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
            let mut since = Instant::now();
            // Uneven moments, the same in every run; the last when no reset will come and checkpoints have been made.
            let is_last = kills + 1 == self.kills;
            let patience = if is_last { 5_000 } else { 900 + 113 * u64::from(kills % 7) };
            while host.try_wait()?.is_none() {
                std::thread::sleep(Duration::from_millis(200 + 37 * u64::from(resets % 5)));
                if resets < self.resets {
                    board.reset()?;
                    resets += 1;
                    if is_last {
                        since = Instant::now();
                    }
                }
                if kills < self.kills && since.elapsed() > Duration::from_millis(patience) {
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

        let (status, replayed) = replay(&trace, &[])?;
        assert_eq!((status, &replayed["damage"]), (0, &Value::Null), "{replayed}");
        let replay = &replayed["replay"];
        assert_eq!((&replay["last_equal"], &replay["is_ended"]), (&json!(self.updates), &json!(true)));
        assert_eq!(replay["hosts"], self.kills, "{replay}");
        assert!(replay["restarts"].as_u64().is_some_and(|restarts| restarts > 0), "{replay}");
        assert!(replay["checkpoints"].as_u64().is_some_and(|saved| saved >= u64::from(self.updates / 100)));
        Ok(())
    }
}

/// An empty folder of this test's own.
fn folder(name: &str) -> Result<PathBuf> {
    let folder = std::env::temp_dir().join(format!("tamis-link-{}-{name}", std::process::id()));
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// The exit code of a replay, and what it says.
fn replay(trace: &Path, more: &[&str]) -> Result<(i32, Value)> {
    let output = tamis()?.arg("replay").arg(trace).arg("--json").args(more).output()?;
    let said = serde_json::from_slice(&output.stdout);
    let said = said.with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?;
    Ok((output.status.code().context("no exit code")?, said))
}

/// One wrong bit in a device: its host notices, and the replay of the trace finds update, place and both patterns.
#[test]
fn a_replay_finds_the_wrong_bit() -> Result<()> {
    let machine = Machine::MpsAn386;
    let elf = tools::build_firmware(machine, "altered")?;
    let elf = elf.to_str().context("a path in UTF-8")?;
    let trace = folder("altered")?.join("life.trace");
    let mut train = tamis()?;
    train.args(["device", "train", "--machine", machine.name(), "--elf", elf, "--updates", "500", "--trace"]);
    let output = train.arg(&trace).output()?;
    assert_eq!(output.status.code(), Some(1));
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(complaint.contains("the device has digest"), "{complaint}");

    let (status, said) = replay(&trace, &["--on", machine.name(), "--elf", elf])?;
    assert_eq!(status, 1);
    let place = &said["first_difference"];
    // 8-16-1: parameter 115 is a weight of the first layer.
    assert_eq!((&place["step"], &place["layer"], &place["index"]), (&json!(UPDATE), &json!(1), &json!(115)));
    let bits = |side: &str| u32::from_str_radix(place[side].as_str().unwrap_or_default(), 16);
    assert_eq!(bits("device")? ^ bits("host")?, 1, "{place}");
    // An honest device does not make the difference again.
    let output = tamis()?.arg("replay").arg(&trace).args(["--on", machine.name()]).output()?;
    assert!(String::from_utf8_lossy(&output.stderr).contains("does not make the difference again"));
    Ok(())
}

/// Cut off anywhere a trace is read up to there; with any one bit wrong it is not taken for another.
#[test]
fn a_damaged_trace_is_read_up_to_the_damage() -> Result<()> {
    let path = folder("damaged")?.join("life.trace");
    let (line, _thread) = switch_on(Flash::new(16))?;
    let mut device = Direct::greet(&line, 1)?;
    let training = training(Data::Stream, 3, None, 60);
    let configuration =
        Configuration { training: training.clone(), origin: Origin::Host, checkpoint_every: Some(20) };
    let params: Vec<f32> = tamis_test_kit::numbers(9, 10 * 6 + 6 + 6 + 1);
    let trace = Trace::open(&path, "thread", &configuration, Some(&params), true)?;
    let mut samples = rows_of(training.plan.task);
    feed_and_trace(&mut device, &configuration, Some(&params), &mut samples, Some(trace), |_| Ok(()))?;

    let whole = trace::read(&path)?;
    assert_eq!((&whole.damage, &whole.params), (&None, &params));
    assert!(whole.samples.len() >= 60 * 3 * 9);
    let replayed = replay_of(&whole)?;
    assert!(replayed.is_ended && replayed.first_unequal.is_none() && replayed.last_equal == 60);

    let bytes = fs::read(&path)?;
    for length in 0..bytes.len() {
        match trace::parse(&bytes[..length]) {
            Ok(part) => {
                let is_between = length as u64 == part.whole;
                assert_eq!(part.damage.is_none(), is_between, "cut at {length}");
                assert_eq!(part.course, whole.course[..part.course.len()]);
                assert_eq!(part.samples, whole.samples[..part.samples.len()]);
            }
            Err(error) => assert!(format!("{error:#}").contains("trace"), "cut at {length}: {error:#}"),
        }
    }
    for bit in (0..8 * bytes.len()).step_by(7) {
        let mut damaged = bytes.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        if let Ok(part) = trace::parse(&damaged) {
            let damage = part.damage.as_ref().context(format!("bit {bit} was not noticed"))?;
            assert!(damage.starts_with("record "), "{damage}");
            assert_eq!(part.course, whole.course[..part.course.len()]);
        }
    }

    // Neither another training nor a damaged trace is written over.
    let other = Configuration { checkpoint_every: None, ..configuration.clone() };
    let error = Trace::open(&path, "thread", &other, None, true).err().context("taken")?;
    assert!(error.to_string().contains("of another training"), "{error}");
    let mut damaged = bytes.clone();
    damaged[bytes.len() / 2] ^= 4;
    fs::write(&path, &damaged)?;
    let error = Trace::open(&path, "thread", &configuration, None, true).err().context("taken")?;
    assert!(error.to_string().contains("is damaged, record "), "{error}");
    assert_eq!(fs::read(&path)?, damaged);
    // A cut is what a killed host leaves: the next one goes on.
    fs::write(&path, &bytes[..bytes.len() - 3])?;
    drop(Trace::open(&path, "thread", &configuration, None, true)?);
    assert_eq!(trace::read(&path)?.damage, None);
    Ok(())
}

/// What is trained further on a table on the host has the same bits on a device.
#[test]
fn a_network_is_fine_tuned_on_a_device() -> Result<()> {
    let folder = folder("tuned")?;
    let model = tools::workspace().join("tests/reference/exchange/model.safetensors");
    let imported = exchange::read(&model, Hints::default())?.image;
    let names =
        |features: &[Feature]| features.iter().map(|feature| feature.column.clone()).collect::<Vec<_>>();
    let columns = [names(&imported.encoder.inputs), names(&imported.encoder.outputs)].concat();
    let rows = tamis_test_kit::numbers(7, 60 * columns.len());
    let lines = rows
        .chunks(columns.len())
        .map(|row| row.iter().map(ToString::to_string).collect::<Vec<_>>().join(","));
    let table = folder.join("table.csv");
    fs::write(&table, std::iter::once(columns.join(",")).chain(lines).collect::<Vec<_>>().join("\n"))?;
    let mut import = tamis()?;
    import.arg("import").arg(&model).arg("--fine-tune").arg(&table);
    let output = import.args(["--updates", "300", "--on", "mps2-an386", "--json"]).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said: Value = serde_json::from_slice(&output.stdout)?;
    assert_eq!((&said["device"]["device"], &said["device"]["updates"]), (&json!("mps2-an386"), &json!(300)));
    assert!(said["device"]["digests_compared"].as_u64().is_some_and(|digests| digests > 10), "{said}");
    Ok(())
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

/// The flash memory of a device that was switched off, as `tamis checkpoint` shows it.
#[test]
fn checkpoints_are_shown_and_exported() -> Result<()> {
    let folder = folder("checkpoints")?;
    let training = training(Data::Stream, 1, None, 100);
    let configuration =
        Configuration { training: training.clone(), origin: Origin::Host, checkpoint_every: Some(40) };
    let (line, thread) = switch_on(Flash::new(16))?;
    let mut device = Direct::greet(&line, 1)?;
    let done = feed(&mut device, &configuration, None, &mut rows_of(training.plan.task), |_| Ok(()))?;
    let params = device::params(&mut device)?;
    line.shutdown(std::net::Shutdown::Both)?;
    let flash = thread.join().unwrap();

    let file = folder.join("flash.bin");
    let ask = |command: &str, bytes: &[u8], more: &[&str]| -> Result<(Option<i32>, Value)> {
        fs::write(&file, bytes)?;
        let output = tamis()?.args(["checkpoint", command, "--json"]).arg(&file).args(more).output()?;
        let said = serde_json::from_slice(&output.stdout);
        Ok((
            output.status.code(),
            said.with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?,
        ))
    };
    let (status, said) = ask("verify", &flash.bytes, &[])?;
    assert_eq!((status, &said["good"]), (Some(0), &json!(true)));
    let newest = said["checkpoints"].as_array().context("a list")?.iter().find(|each| each["newest"] == true);
    let newest = newest.context("none is the newest")?;
    assert_eq!(
        (&newest["updates"], &newest["digest"]),
        (&json!(100), &json!(format!("{:08x}", done.digest)))
    );
    assert_eq!(newest["training"], "10-6-1, mse, batch 1, 100 updates");

    let out = folder.join("model.safetensors");
    ask("export", &flash.bytes, &["--out", out.to_str().context("a path in UTF-8")?])?;
    let hints = Hints { activation: Some(AnyActivation::Tanh), ..Hints::default() };
    let image = exchange::read(&out, hints).or_else(|_| exchange::read(&out, Hints::default()))?.image;
    assert_eq!(bits(&image.params), bits(&params));

    // One wrong bit in the newest: the one before is left, and without it none.
    let mut bytes = flash.bytes.clone();
    let slot = newest["slot"].as_u64().context("a slot")? as usize * bytes.len() / 2;
    bytes[slot + 100] ^= 1;
    let (_, said) = ask("show", &bytes, &[])?;
    assert_eq!(said["checkpoints"][0]["updates"], 80, "{said}");
    bytes.fill(0xff);
    assert_eq!(ask("verify", &bytes, &[])?.0, Some(1));
    Ok(())
}
