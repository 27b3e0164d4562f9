//! Bytes from outside, and what must be true of all of them. Each target says whether it has accepted the bytes, and panics
//! where its property does not hold.

use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use anyhow::Result;
use serde::Serialize;
use tamis::checkpoint::{CheckpointError, Checkpoints};
use tamis::frame::{Decoder, FRAME};
use tamis::link::{self, Envelope, Heard};
use tamis::one_pass::Settings;
use tamis::resident::Resident;
use tamis::wire::{self, Answer, Configuration, Job, Origin, Packed, Request, Selection, Training};
use tamis::{AnyActivation, AnyLoss, Data, Init, LayerSpec, Layers, Plan, Rule, Seed, Sgd, Target, Task};
use tamis_host::device::feed::{feed_and_trace, rows_of};
use tamis_host::device::select::TaskSensor;
use tamis_host::exchange::{Hints, onnx, tensors};
use tamis_host::replica::bits;
use tamis_host::select::table::{self, Reading, Values};
use tamis_host::sweep::grid::{Grid, GridOptions};
use tamis_host::tools;
use tamis_host::trace::{self, Trace};

use crate::device::{Direct, NUMBERS, switch_on};
use tamis_bits::Memory;
use tamis_test_kit::board::Nothing;
use tamis_test_kit::flash::{Flash, PAGE};
use tamis_test_kit::script::{Script, content};
use tamis_test_kit::trainings::start;

/// A target.
pub type Fuzz = fn(&[u8]) -> bool;

/// All of them, by the names of their corpora, and how many mutations a short run makes.
pub const TARGETS: [(&str, Fuzz, u32); 8] = [
    ("frame", frame, 100_000),
    ("message", message, 100_000),
    ("resident", resident, 3_000),
    ("trace", trace, 20_000),
    ("checkpoint", checkpoint, 10_000),
    ("network", network, 20_000),
    ("table", table, 5_000),
    ("grid", grid, 1_000),
];

/// The folder of a target's corpus.
pub fn folder(target: &str) -> PathBuf {
    let tests = tools::workspace().join("tests");
    if target == "network" {
        tests.join("reference/exchange")
    } else {
        tests.join("fuzz/corpus").join(target)
    }
}

/// What a line brings: however damaged, the next good frame is read, and a request that was read is one frame again.
pub fn frame(bytes: &[u8]) -> bool {
    let mut device = link::Device::default();
    let mut has_heard = false;
    for &byte in bytes {
        if device.hear(byte) == Some(Heard::Request) {
            has_heard = true;
            let mut buffer = [0; FRAME];
            let again = device.answer(device.request());
            let frame = again.encode(&mut buffer).expect("what came in a frame fits one").to_vec();
            let mut decoder = Decoder::default();
            let (last, before) = frame.split_last().expect("a frame has an end");
            assert!(before.iter().all(|&byte| decoder.push::<Envelope<Request<'_>>>(byte).is_none()));
            assert_eq!(decoder.push(*last), Some(Ok(again)));
        }
    }
    let mut buffer = [0; FRAME];
    let hello = Envelope { session: 7, number: 1, message: Request::Hello };
    device.hear(0);
    let heard: Vec<_> = hello
        .encode(&mut buffer)
        .expect("a hello fits")
        .iter()
        .filter_map(|&byte| device.hear(byte))
        .collect();
    assert_eq!((heard, device.request()), (vec![Heard::Request], Request::Hello));
    has_heard
}

/// What is in a frame with a right checksum: a request, and the job or training in it, is written as it was read.
pub fn message(bytes: &[u8]) -> bool {
    let Ok(request) = postcard::from_bytes::<Request<'_>>(bytes) else { return false };
    let mut buffer = [0; FRAME];
    match request {
        Request::Configure(packed) => same::<Job>(packed, &mut buffer),
        Request::Measure { training, .. } => same::<Training>(training, &mut buffer),
        _ => true,
    }
}

fn same<'a, M>(packed: Packed<'a>, buffer: &'a mut [u8; FRAME]) -> bool
where
    M: Serialize + serde::de::DeserializeOwned + std::fmt::Debug,
{
    let Ok(message) = packed.unpack::<M>() else { return false };
    let again = Packed::message(&message, buffer).expect("what came in a frame fits one");
    let once_more = again.unpack::<M>().expect("it is one of ours");
    // Numbers that are none are equal to nothing: by their bits.
    assert_eq!(format!("{message:?}"), format!("{once_more:?}"));
    assert!(again.is(&message));
    true
}

/// A device that hears requests of any content, each after a byte with its length: it answers all of them, and a hello at the
/// end; one of them at least was no refusal.
pub fn resident(bytes: &[u8]) -> bool {
    let (mut script, mut asked) = (Script::default(), 1);
    let mut rest = bytes;
    while let Some((&length, behind)) = rest.split_first() {
        let (request, behind) = behind.split_at(usize::from(length).min(behind.len()));
        if is_short(request) {
            script = script.say_content(request);
            asked += 1;
        }
        rest = behind;
    }
    script = script.say(&Request::Hello).say(&Request::Exit);
    let (mut arena, mut indices) = (vec![0.0; NUMBERS], vec![0; 64]);
    let mut resident = Resident {
        board: "script",
        arena: &mut arena,
        indices: &mut indices,
        sensor: TaskSensor::default(),
        checkpoints: Checkpoints::halves(Flash::new(8)).ok(),
        surroundings: Nothing,
    };
    resident.run(&mut script);
    // The first is the word after switching on.
    assert!(script.answers.len() > asked, "{:?} for {asked} requests", script.answers);
    assert!(matches!(script.answers.last(), Some(Answer::Hello(_))), "{:?}", script.answers);
    script.answers.iter().any(|answer| matches!(answer, Answer::Progress(_)))
}

/// Whether a request can be read, is no exit, and asks for no more than a few updates: a device does what it is asked, and a
/// million updates take as long as they take.
fn is_short(request: &[u8]) -> bool {
    match postcard::take_from_bytes::<Request<'_>>(request) {
        Ok((Request::Advance { until, .. }, [])) => until < 200,
        Ok((Request::Measure { updates, .. }, [])) => updates < 50,
        Ok((Request::Exit | Request::TestLoss, _)) | Err(_) => false,
        Ok((_, rest)) => rest.is_empty(),
    }
}

/// A trace: what was read of it is there again if the rest is cut off, and nothing behind is damaged then.
pub fn trace(bytes: &[u8]) -> bool {
    let Ok(reading) = trace::parse(bytes) else { return false };
    let part = trace::parse(&bytes[..reading.whole as usize]).expect("what was whole is whole");
    // Numbers that are none are equal to nothing: in words.
    let content = |of: &trace::Reading| {
        format!("{:?} {:?} {:?} {:?}", of.configuration, bits(&of.params), bits(&of.samples), of.course)
    };
    assert_eq!(content(&part), content(&reading));
    assert_eq!(part.damage, None);
    assert_eq!(reading.damage.is_none(), reading.whole == bytes.len() as u64);
    true
}

/// A small training, and flash memory with two checkpoints of it.
struct Saved {
    training: Training,
    flash: Vec<u8>,
    digests: [u32; 2],
}

fn saved() -> &'static Saved {
    static SAVED: OnceLock<Saved> = OnceLock::new();
    SAVED.get_or_init(|| {
        let training = training();
        let mut memory = Memory::of(&training);
        let mut trainer = start(&training, &mut memory, training.plan.task);
        let mut checkpoints = Checkpoints::halves(Flash::new(4)).expect("two slots");
        let digests = [(); 2].map(|()| {
            trainer.update().expect("an update");
            checkpoints.save(DESCRIPTION, &mut trainer).expect("a checkpoint");
            trainer.digest()
        });
        Saved { training, flash: checkpoints.into_flash().bytes, digests }
    })
}

const DESCRIPTION: &[u8] = b"a small training";

fn training() -> Training {
    let specs = [LayerSpec::new(3, AnyActivation::Tanh), LayerSpec::new(1, AnyActivation::Identity)];
    Training {
        layers: Layers::new(4, &specs).expect("a network"),
        loss: AnyLoss::Mse,
        plan: Plan {
            seed: Seed(1),
            task: Task::plain(Target::Sine, 4, 2, 0.1, Seed(2)),
            data: Data::Stream,
            standardise: None,
            label_noise: None,
            init: Init::scaled(1.0),
            batch: 1,
            sgd: Sgd::new(0.1).expect("a step size"),
            momentum: Some(0.5),
            pressed: None,
            updates: 100,
            rule: Rule::Gap { least: 2.0 },
        },
    }
}

/// Any content of flash memory, exclusive-ored with one that has two checkpoints: one of the two or none, never a mixture;
/// without one the training is as it was.
pub fn checkpoint(bytes: &[u8]) -> bool {
    let Saved { training, flash, digests } = saved();
    let mut image = Flash::new(flash.len() / PAGE);
    image.bytes.copy_from_slice(flash);
    image.bytes.iter_mut().zip(bytes).for_each(|(byte, other)| *byte ^= other);
    let mut memory = Memory::of(training);
    let mut trainer = start(training, &mut memory, training.plan.task);
    let before = (trainer.digest(), bits(trainer.model().params()));
    let mut checkpoints = Checkpoints::halves(image).expect("two slots");
    match checkpoints.load(DESCRIPTION, &mut trainer) {
        Ok(Some(found)) => {
            let mut memory = Memory::of(training);
            let mut twin = start(training, &mut memory, training.plan.task);
            while twin.updates() < trainer.updates() {
                twin.update().expect("an update");
            }
            assert_eq!(trainer.digest(), digests[found.updates as usize - 1]);
            assert_eq!(bits(trainer.model().params()), bits(twin.model().params()));
            true
        }
        Ok(None) | Err(CheckpointError::Other | CheckpointError::Arithmetic(_)) => {
            assert_eq!((trainer.digest(), bits(trainer.model().params())), before);
            false
        }
        Err(error) => panic!("{error}"),
    }
}

/// A file of safetensors or ONNX: a network that is read is written and read again as it was.
pub fn network(bytes: &[u8]) -> bool {
    let read = tensors::read(bytes, Hints::default()).or_else(|_| onnx::read(bytes));
    let Ok(imported) = read else { return false };
    let written = tensors::write(&imported.image).expect("a network can be written");
    let again = tensors::read(&written, Hints::default()).expect("our own file can be read").image;
    assert_eq!(again.layers, imported.image.layers);
    assert_eq!(bits(&again.params), bits(&imported.image.params));
    true
}

/// A table of `tamis select`: its columns are of one length, and what is refused is named with its file.
pub fn table(bytes: &[u8]) -> bool {
    let path = std::env::temp_dir().join(format!("tamis-fuzz-{:?}.csv", std::thread::current().id()));
    fs::write(&path, bytes).expect("a file can be written");
    let read = table::read(&path, &Reading { missing: table::Missing::Mean, ..Reading::default() });
    fs::remove_file(&path).expect("it is there");
    match read {
        Ok(table) => {
            let lengths = table.columns.iter().map(|column| match &column.values {
                Values::Numbers(numbers) => {
                    assert!(numbers.iter().all(|number| number.is_finite()), "{:?}", column.name);
                    numbers.len()
                }
                Values::Words { words, index } => {
                    assert!(index.iter().all(|&index| (index as usize) < words.len()));
                    index.len()
                }
            });
            let lengths: Vec<_> = lengths.collect();
            assert!(lengths.iter().all(|&length| length == table.rows()), "{lengths:?}");
            true
        }
        Err(error) => {
            assert!(error.to_string().ends_with(".csv"), "{error:#}");
            false
        }
    }
}

/// A grid of `tamis sweep`, in TOML: it is written and read again as it was. Its values are those of the command line of
/// `tamis train`: with the first of each there is a training, which is written as it was read, or a word about it.
pub fn grid(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let read = |text: &str| Grid::new(Some(("grid.toml", text)), &GridOptions::default());
    let Ok(grid) = read(text) else { return false };
    assert_eq!(read(&grid.to_toml()).expect("our own file can be read"), grid);
    match grid.setup(0) {
        Ok(setup) => same::<Training>(
            Packed::message(&setup.training, &mut [0; FRAME]).expect("a training fits a frame"),
            &mut [0; FRAME],
        ),
        Err(error) => {
            assert!(error.to_string().starts_with("run 0"), "{error:#}");
            false
        }
    }
}

/// The corpora, by target, made by the project's own encoders; of a checkpoint, what is changed in two good ones. Networks are
/// in files of their own, `tests/reference/exchange`; tables and grids are written by hand.
pub fn corpora() -> Result<Vec<(&'static str, String, Vec<u8>)>> {
    let mut files = Vec::new();
    let training = training();
    let (mut one, mut other, mut numbers) = ([0; FRAME], [0; FRAME], [0; 4 * wire::NUMBERS]);
    let configuration =
        |origin, checkpoint_every| Configuration { training: training.clone(), origin, checkpoint_every };
    let train = Packed::message(&Job::Train(configuration(Origin::Device, None)), &mut one)?;
    let alone = Packed::message(&Job::Train(configuration(Origin::Standalone, Some(5))), &mut other)?;
    let numbers = Packed::numbers(&[0.5, -1.0, 2.0], &mut numbers);
    let selection =
        Selection { task: training.plan.task, settings: Settings::new(500, Seed(1)), checkpoint_every: None };
    let mut select = [0; FRAME];
    let select = Packed::message(&Job::Select(selection), &mut select)?;
    let mut conversation = Vec::new();
    for (name, request) in [
        ("hello", Request::Hello),
        ("train", Request::Configure(train)),
        ("set_params", Request::SetParams { first: 0, params: numbers }),
        ("advance", Request::Advance { until: 9, digest_every: 3 }),
        ("params", Request::Params { first: 0 }),
        ("support", Request::Support { first: 0 }),
        ("checkpoint", Request::Checkpoint),
        ("samples", Request::Samples { first: 0, numbers }),
        ("standalone", Request::Configure(alone)),
        ("select", Request::Configure(select)),
        ("findings", Request::Findings),
        ("status", Request::Status),
        ("forget", Request::Forget),
    ] {
        let message = content(&request);
        let mut buffer = [0; FRAME];
        let mut line =
            Envelope { session: 1, number: 1, message: Request::Hello }.encode(&mut buffer)?.to_vec();
        line.extend(Envelope { session: 1, number: 2, message: request }.encode(&mut buffer)?);
        conversation.push(u8::try_from(message.len())?);
        conversation.extend(&message);
        files.push(("frame", name.to_owned(), line));
        files.push(("message", name.to_owned(), message));
    }
    files.push(("resident", "conversation".to_owned(), conversation));
    let second = saved().flash.len() / 2;
    let change = |places: &[usize]| {
        let mut bytes = vec![0; second + 64];
        places.iter().for_each(|&place| bytes[place] = 1);
        bytes
    };
    files.push(("checkpoint", "unchanged".to_owned(), change(&[])));
    files.push(("checkpoint", "first".to_owned(), change(&[40])));
    files.push(("checkpoint", "second".to_owned(), change(&[second + 40])));
    files.push(("checkpoint", "both".to_owned(), change(&[0, second])));

    let path = std::env::temp_dir().join(format!("tamis-fuzz-{}.trace", std::process::id()));
    let (line, _thread) = switch_on(Flash::new(16))?;
    let mut device = Direct::greet(&line, 1)?;
    let configuration = configuration(Origin::Host, Some(40));
    let life = Trace::open(&path, "thread", &configuration, None, true)?;
    let mut rows = rows_of(training.plan.task);
    feed_and_trace(&mut device, &configuration, None, &mut rows, Some(life), |_| Ok(()))?;
    files.push(("trace", "life".to_owned(), fs::read(&path)?));
    fs::remove_file(&path)?;
    Ok(files)
}
