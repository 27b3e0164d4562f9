//! The program that stays on a device, request by request: every answer is that of a training or a selection without it.

use anyhow::{Context, Result};
use tamis::checkpoint::Checkpoints;
use tamis::frame::FRAME;
use tamis::one_pass::{Finding, OnePass, Settings};
use tamis::resident::{self, Resident, State, Surroundings};
use tamis::wire::{
    Answer, Configuration, ITEMS, Job, NUMBERS, Origin, Packed, Progress, Request, Selection, Training,
    UPDATES, WIRE_VERSION,
};
use tamis::{
    ARITHMETIC_VERSION, AnyActivation, AnyLoss, Chain, Data, Dense, Digest, Identity, LayerSpec, Layers,
    NoSample, Samples, Seed, Sgd, Shadow, Tanh, Target, Task, Trainer, Verdict,
};
use tamis_bits::Memory;
use tamis_kernel_tests::flash::Flash;
use tamis_kernel_tests::script::{self, Script};
use tamis_kernel_tests::{bits, numbers};

/// Rows of a task, of which every one with an index that this divides is lost: not a number.
#[derive(Default)]
struct Sensor<const WIDTH: u16 = 8> {
    task: Option<Task>,
    loses_every: Option<u64>,
}

impl<const WIDTH: u16> Samples for Sensor<WIDTH> {
    fn sample(&mut self, index: u64, x: &mut [f32], target: &mut [f32]) -> Result<(), NoSample> {
        let task = self.task.ok_or(NoSample(index))?;
        target.fill(task.row(index, x));
        if self.loses_every.is_some_and(|every| index.is_multiple_of(every)) {
            x[0] = f32::NAN;
        }
        Ok(())
    }
}

impl<const WIDTH: u16> resident::Sensor for Sensor<WIDTH> {
    const INPUTS: u16 = WIDTH;

    fn start(&mut self, task: &Task) {
        self.task = Some(*task);
    }

    fn overruns(&self) -> u32 {
        17
    }
}

/// What is heard around a device; damages a parameter after this update.
#[derive(Default)]
struct Witness {
    updates: u32,
    samples: u32,
    shown: Vec<String>,
    damages: Option<u32>,
    /// What the timer says the first time; the double the second time.
    ticks: Option<u32>,
}

impl Surroundings for Witness {
    fn after_update(&mut self, update: u32, params: &mut [f32]) {
        self.updates += 1;
        if self.damages == Some(update) {
            params[0] = f32::NAN;
        }
    }

    fn after_sample(&mut self) {
        self.samples += 1;
    }

    fn show(&mut self, state: State<'_>) {
        self.shown.push(format!("{state:?}"));
    }

    fn ticks(&mut self, work: impl FnOnce()) -> Option<u32> {
        work();
        let ticks = self.ticks?;
        self.ticks = Some(2 * ticks);
        Some(ticks)
    }
}

/// Nothing is around.
struct Nothing;

impl Surroundings for Nothing {}

/// A device with this sensor, without flash memory, timer or display: its answers, but for the first.
fn bare<const WIDTH: u16>(script: Script) -> Vec<Answer> {
    let mut script = script.say(&Request::Exit);
    let (mut arena, mut indices) = (vec![0.0; 3_000], vec![0; 64]);
    let mut resident = Resident {
        board: "bare",
        arena: &mut arena,
        indices: &mut indices,
        sensor: Sensor::<WIDTH>::default(),
        checkpoints: None::<Checkpoints<Flash>>,
        surroundings: Nothing,
    };
    resident.run(&mut script);
    script.answers.split_off(1)
}

/// A device.
struct Board {
    sensor: Sensor,
    flash: Option<Flash>,
    witness: Witness,
    numbers: usize,
}

impl Default for Board {
    fn default() -> Self {
        Self { sensor: Sensor::default(), flash: None, witness: Witness::default(), numbers: 3_000 }
    }
}

impl Board {
    /// Switched on, led through a script to its end and switched off: the answers, without the word after switching on.
    fn run(&mut self, script: Script) -> Vec<Answer> {
        let mut script = script.say(&Request::Exit);
        let (mut arena, mut indices) = (vec![0.0; self.numbers], vec![0; 64]);
        let mut resident = Resident {
            board: "a board with a long name",
            arena: &mut arena,
            indices: &mut indices,
            sensor: std::mem::take(&mut self.sensor),
            checkpoints: self.flash.take().map(|flash| Checkpoints::halves(flash).unwrap()),
            surroundings: std::mem::take(&mut self.witness),
        };
        resident.run(&mut script);
        self.sensor = resident.sensor;
        self.flash = resident.checkpoints.map(Checkpoints::into_flash);
        self.witness = resident.surroundings;
        let first = script.answers.remove(0);
        assert!(matches!(first, Answer::Hello(_)), "{first:?}");
        script.answers
    }
}

fn training(data: Data, batch: u32, updates: u32) -> Training {
    script::training(data, batch, None, updates)
}

fn selection(samples: u32) -> Selection {
    let task = Task::plain(Target::Sine, 6, 2, 0.3, Seed(5));
    Selection { task, settings: Settings::new(samples, Seed(6)), checkpoint_every: None }
}

fn job(training: &Training, origin: Origin, checkpoint_every: Option<u32>) -> Job {
    Job::Train(Configuration { training: training.clone(), origin, checkpoint_every })
}

/// `script`, and then the request for this job.
fn configure(script: Script, job: &Job) -> Script {
    script.say(&Request::Configure(Packed::message(job, &mut [0; FRAME]).unwrap()))
}

/// `script`, and then the numbers of the stream from `first` on.
fn samples(script: Script, first: usize, stream: &[f32]) -> Script {
    stream.chunks(NUMBERS).enumerate().fold(script, |script, (k, part)| {
        let first = (first + k * NUMBERS) as u64;
        script.say(&Request::Samples { first, numbers: Packed::numbers(part, &mut [0; 4 * NUMBERS]) })
    })
}

/// `script`, and then a few rows of the stream from each row on: the device takes what it has room for.
fn windows(script: Script, stream: &[f32]) -> Script {
    (0..stream.len() / 9).fold(script, |script, row| {
        let window = &stream[9 * row..stream.len().min(9 * row + NUMBERS)];
        samples(script, 9 * row, window)
    })
}

/// What the host sends of the first `rows` rows: inputs and target, no probes.
fn stream(training: &Training, rows: u64) -> Vec<f32> {
    let row = |index| {
        let mut x = [0.0; 8];
        let y = training.plan.task.row(index, &mut x);
        x.into_iter().chain([y])
    };
    (0..rows).flat_map(row).collect()
}

/// The training without a device.
fn alone<'m>(training: &Training, memory: &'m mut Memory) -> Trainer<'m, Layers, AnyLoss, Task> {
    let Training { layers, loss, plan } = training.clone();
    plan.start_layers(layers, loss, memory.lent(), plan.task).unwrap()
}

/// After each of the first `updates` updates: the digest and the loss.
fn course(training: &Training, updates: u32) -> Vec<(u32, f32)> {
    let mut memory = Memory::of(training);
    let mut trainer = alone(training, &mut memory);
    let update = |_| {
        let loss = trainer.update().unwrap().loss;
        (trainer.digest(), loss)
    };
    (0..updates).map(update).collect()
}

fn progress(answer: &Answer) -> &Progress {
    match answer {
        Answer::Progress(progress) => progress,
        other => panic!("no progress: {other:?}"),
    }
}

fn refusal(answer: &Answer) -> &str {
    match answer {
        Answer::Refused(text) => text,
        other => panic!("no refusal: {other:?}"),
    }
}

#[test]
fn an_idle_device_says_who_it_is() {
    let mut board = Board { flash: Some(Flash::new(16)), ..Board::default() };
    let script = Script::default()
        .say(&Request::Hello)
        .say(&Request::Status)
        .say(&Request::Params { first: 0 })
        .say(&Request::Advance { until: 3, digest_every: 1 })
        .say(&Request::Forget);
    let answers = board.run(script);
    let Answer::Hello(hello) = &answers[0] else { panic!("{:?}", answers[0]) };
    assert_eq!((hello.wire, hello.arithmetic), (WIRE_VERSION, ARITHMETIC_VERSION));
    assert_eq!(hello.board, "a board with a l");
    assert_eq!((hello.numbers, hello.indices, hello.inputs), (3_000, 64, 8));
    let room = Checkpoints::halves(Flash::new(16)).unwrap().room();
    assert_eq!(hello.checkpoint, room);
    assert!(room > 0);
    assert_eq!(answers[1..], [Answer::Idle, Answer::Idle, Answer::Idle, Answer::Idle]);
    let answers = Board::default().run(Script::default().say(&Request::Hello).say(&Request::Forget));
    assert!(
        matches!(&answers[..], [Answer::Hello(hello), Answer::Idle] if hello.checkpoint == 0),
        "{answers:?}"
    );
}

/// Samples of the device's own, updates as they are asked for; every request is made twice.
#[test]
fn a_training_answers_as_the_trainer_does() -> Result<()> {
    for (data, batch) in
        [(Data::Stream, 1), (Data::Shuffled(20), 3), (Data::Ring { capacity: 9, visits: 2 }, 2)]
    {
        let training = training(data, batch, 3_000);
        let requests = [
            Request::Advance { until: 10, digest_every: 3 },
            Request::Params { first: 0 },
            Request::Params { first: 64 },
            Request::Params { first: 73 },
            Request::Support { first: 0 },
            Request::Advance { until: 400, digest_every: 10 },
            Request::Support { first: 0 },
            Request::Support { first: 7 },
            Request::Support { first: 10 },
            Request::TestLoss,
            Request::Advance { until: u32::MAX, digest_every: 2_000 },
            Request::Advance { until: 3_000, digest_every: 1 },
            Request::Advance { until: u32::MAX, digest_every: 2_000 },
        ];
        let job = job(&training, Origin::Device, None);
        let twice = |script: Script, request| script.say(request).say(request);
        let script = requests.iter().fold(configure(Script::default(), &job), twice);
        let mut board = Board::default();
        let answers = board.run(script);
        let (start, answers) = answers.split_first().context("a start")?;
        let answers: Vec<_> = answers
            .chunks(2)
            .enumerate()
            .map(|(k, pair)| {
                if k < 10 {
                    assert_eq!(pair[0], pair[1], "{:?}", requests[k]);
                }
                &pair[0]
            })
            .collect();

        let mut memory = Memory::of(&training);
        let mut trainer = alone(&training, &mut memory);
        let fresh = Progress { digest: trainer.digest(), overruns: 17, ..Progress::default() };
        assert_eq!(progress(start), &fresh);
        let course = course(&training, 3_000);
        let at = |update: u32| course[update as usize - 1];
        let expected = |updates: u32, digests: &[u32]| {
            let (digest, loss) = at(updates);
            let digests = digests.iter().map(|&update| at(update).0).collect();
            Progress { updates, digest, loss: Some(loss), digests, ..fresh.clone() }
        };
        assert_eq!(progress(answers[0]), &expected(10, &[3, 6, 9]));
        (0..10).try_for_each(|_| trainer.update().map(|_| ()))?;
        let params = |first: usize, last: usize, trainer: &mut Trainer<'_, _, _, _>| {
            Answer::Params(trainer.model().params()[first..last].iter().copied().collect())
        };
        assert_eq!(answers[1], &params(0, 64, &mut trainer));
        assert_eq!(answers[2], &params(64, 73, &mut trainer));
        assert_eq!(answers[3], &Answer::Params(heapless::Vec::new()));
        let nothing = Answer::Support {
            norms: heapless::Vec::new(),
            verdicts: [Verdict::Undecided; 8].into_iter().collect(),
        };
        assert_eq!(answers[4], &nothing);

        // More digests than there is room for: the first.
        let first: Vec<u32> = (2..2 + ITEMS as u32).map(|k| 10 * k).collect();
        assert_eq!(progress(answers[5]), &expected(400, &first));
        (10..400).try_for_each(|_| trainer.update().map(|_| ()))?;
        let norms = trainer.norms().context("norms")?.to_vec();
        let mut verdicts = [Verdict::Undecided; 8];
        training.plan.rule.judge(&norms, &mut verdicts);
        for (answer, first) in answers[6..9].iter().zip([0, 7, 10]) {
            let expected = Answer::Support {
                norms: norms[first..].iter().copied().collect(),
                verdicts: verdicts[first.min(8)..].iter().copied().collect(),
            };
            assert_eq!(*answer, &expected, "from {first}");
        }
        assert_eq!(answers[9], &Answer::TestLoss(trainer.test_loss(&training.plan.task)?));
        // No more than a thousand for one request, and never more than the plan has.
        assert_eq!(progress(answers[10]), &expected(400 + UPDATES, &[]));
        assert_eq!(progress(answers[11]).updates, 3_000);
        assert_eq!(progress(answers[12]), &expected(3_000, &[]));

        assert_eq!(board.witness.updates, 3_000);
        (400..3_000).try_for_each(|_| trainer.update().map(|_| ()))?;
        let norms = trainer.norms().context("norms")?.to_vec();
        training.plan.rule.judge(&norms, &mut verdicts);
        let is_exact = tamis::verdict::is_exact(&verdicts, 2);
        let end = State::Ended { updates: 3_000, digest: at(3_000).0, is_exact };
        assert_eq!(board.witness.shown, [format!("{:?}", State::Training(0)), format!("{end:?}")]);
    }
    Ok(())
}

/// Samples from the host: what comes twice is taken once, what comes after a gap not at all.
#[test]
fn a_training_takes_the_stream_of_the_host_in_any_pieces() -> Result<()> {
    for (data, batch, rows) in [
        (Data::Stream, 1, 40),
        (Data::Stream, 3, 120),
        (Data::Ring { capacity: 9, visits: 2 }, 2, 45),
        (Data::Shuffled(20), 3, 20),
        (Data::Keyed(20), 1, 21), // more than are kept
    ] {
        let training = training(data, batch, 40);
        let sent = stream(&training, rows);
        let mut script = configure(Script::default(), &job(&training, Origin::Host, None));
        script = script.say(&Request::Advance { until: 40, digest_every: 1 }); // nothing is there yet
        script = samples(script, 0, &sent[..70]);
        script = samples(script, 71, &sent[71..80]); // a number is missing
        script = samples(script, 50, &sent[50..110]);
        script = samples(script, 0, &sent[..110]);
        for (k, part) in sent[110..].chunks(NUMBERS).enumerate() {
            script = samples(script, 110 + k * NUMBERS, part);
        }
        script = script.say(&Request::Advance { until: 40, digest_every: 40 });
        let answers = Board::default().run(script);
        let received: Vec<u64> = answers.iter().map(|answer| progress(answer).received).take(8).collect();
        assert_eq!(received, [0, 0, 64, 70, 70, 110, 110, 110], "{data:?}");
        let course = course(&training, 40);
        for answer in &answers {
            let Progress { updates, digest, loss, overruns, .. } = progress(answer);
            let at = updates.checked_sub(1).map(|k| course[k as usize]);
            assert_eq!(*loss, at.map(|(_, loss)| loss), "{data:?}");
            assert_eq!(*digest, at.map_or(Digest::new().value(), |(digest, _)| digest), "{data:?}");
            assert_eq!(*overruns, 0);
        }
        let last = progress(answers.last().context("answers")?);
        assert_eq!((last.updates, last.rejected), (40, 0), "{data:?}");
        // Stored samples wait for the request, others make updates as they come.
        let before = progress(&answers[answers.len() - 2]).updates;
        let is_stored = matches!(data, Data::Shuffled(_) | Data::Keyed(_));
        assert_eq!(before, if is_stored { 0 } else { 40 }, "{data:?}");
        let digests = if is_stored { vec![last.digest] } else { vec![] };
        assert_eq!(last.digests.as_slice(), digests, "{data:?}");
    }
    Ok(())
}

/// Where samples come as they do, an update needs those of its batch and those that settle the scale.
#[test]
fn an_update_waits_for_its_samples() {
    let mut training = training(Data::Stream, 3, 40);
    training.plan.standardise = Some(5);
    let sent = stream(&training, 20);
    let script = configure(Script::default(), &job(&training, Origin::Host, None));
    let script = (0..20).fold(script, |script, row| samples(script, 9 * row, &sent[9 * row..][..9]));
    let answers = Board::default().run(script);
    let updates: Vec<u32> = answers.iter().map(|answer| progress(answer).updates).collect();
    let expected: Vec<u32> = (0..=20_u32).map(|rows| rows.saturating_sub(5) / 3).collect();
    assert_eq!(updates, expected);
    let course = course(&training, 5);
    assert_eq!(progress(&answers[20]).digest, course[4].0);
}

#[test]
fn parameters_are_set_before_the_first_update() -> Result<()> {
    let training = training(Data::Stream, 1, 40);
    let given = numbers(8, 73);
    let mut buffer = [0; 4 * NUMBERS];
    let set = |script: Script, first: u32, numbers: &[f32], buffer: &mut [u8; 4 * NUMBERS]| {
        script.say(&Request::SetParams { first, params: Packed::numbers(numbers, buffer) })
    };
    let mut script = configure(Script::default(), &job(&training, Origin::Device, None));
    script = set(script, 0, &given[..64], &mut buffer);
    script = set(script, 64, &given[64..], &mut buffer);
    script = set(script, 64, &given[..10], &mut buffer); // one too many
    script = set(script, 74, &given[..1], &mut buffer);
    script = set(script, 0, &[1.0, f32::NAN], &mut buffer);
    script = script.say(&Request::Params { first: 0 }).say(&Request::Advance { until: 7, digest_every: 7 });
    script = set(script, 0, &given[..1], &mut buffer);
    let answers = Board::default().run(script);
    for answer in &answers[3..6] {
        assert!(refusal(answer).contains("the network has fewer parameters"), "{answer:?}");
    }
    let Answer::Params(there) = &answers[6] else { panic!("{:?}", answers[6]) };
    assert_eq!(bits(there), bits(&given[..64]));
    let mut memory = Memory::of(&training);
    let mut trainer = alone(&training, &mut memory);
    trainer.model().params_mut().copy_from_slice(&given);
    (0..7).try_for_each(|_| trainer.update().map(|_| ()))?;
    assert_eq!(progress(&answers[7]).digest, trainer.digest());
    assert!(refusal(&answers[8]).contains("before the first update only"));
    Ok(())
}

/// It goes on between requests, and only where it is to do so.
#[test]
fn a_standalone_training_goes_on_by_itself() {
    let training = training(Data::Stream, 2, 30);
    let course = course(&training, 30);
    for origin in [Origin::Standalone, Origin::Device] {
        let mut script = configure(Script::default(), &job(&training, origin, None));
        script = script.later(12, &Request::Status);
        script = configure(script.later(3, &Request::Hello), &job(&training, origin, None));
        let answers = Board::default().run(script.later(100, &Request::Status).say(&Request::Status));
        let updates: Vec<u32> = [0, 1, 3, 4].map(|k| progress(&answers[k]).updates).to_vec();
        if origin == Origin::Device {
            assert_eq!(updates, [0; 4]);
            continue;
        }
        assert_eq!(updates, [0, 12, 15, 30]);
        assert!(matches!(answers[2], Answer::Hello(_)));
        assert_eq!(progress(&answers[1]).digest, course[11].0);
        assert_eq!(progress(&answers[4]).digest, course[29].0);
        assert_eq!(answers[4], answers[5]);
    }
}

/// Another job takes the place of the one before; a job that cannot be read or begun leaves the device idle.
#[test]
fn one_job_at_a_time() {
    let (one, other) = (training(Data::Stream, 2, 30), training(Data::Stream, 2, 31));
    let mut script = configure(Script::default(), &job(&one, Origin::Device, None));
    script = script.say(&Request::Advance { until: 5, digest_every: 1 });
    script = configure(script, &job(&other, Origin::Device, None));
    script = script.say(&Request::Forget).say(&Request::Status);
    let unreadable = Packed::numbers(&[1.0; 3], &mut [0; 4 * NUMBERS]).unpack::<Job>().is_err();
    assert!(unreadable);
    let mut buffer = [0; 4 * NUMBERS];
    script = script.say(&Request::Configure(Packed::numbers(&[1.0; 3], &mut buffer)));
    script = configure(script, &job(&one, Origin::Device, Some(0)));
    script = configure(script, &job(&training(Data::Keyed(400), 2, 30), Origin::Device, None));
    let mut wide = one.clone();
    wide.plan.task.inputs = 9;
    script = configure(script, &job(&wide, Origin::Device, None));
    let mut wide = training(Data::Shuffled(9), 1, 9);
    wide.layers = Layers::new(10, &[LayerSpec::new(2, AnyActivation::Identity)]).unwrap();
    script = configure(script, &job(&wide, Origin::Host, None));
    let answers = Board::default().run(script.say(&Request::Status));
    wide.plan.data = Data::Stream;
    let script = configure(Script::default(), &job(&wide, Origin::Host, None));
    assert_eq!(progress(&Board::default().run(script)[0]).updates, 0);
    assert_eq!(progress(&answers[1]).updates, 5);
    assert_eq!(progress(&answers[2]).updates, 0);
    assert_eq!(answers[3..5], [Answer::Idle, Answer::Idle]);
    let complaints = ["no such training", "every 0 updates", "is needed", "8 inputs", "have one target"];
    for (answer, complaint) in answers[5..].iter().zip(complaints) {
        assert!(refusal(answer).contains(complaint), "{answer:?}, not {complaint}");
    }
    assert_eq!(answers[10..], [Answer::Idle]);
}

#[test]
fn what_a_training_cannot_do_is_refused_and_it_goes_on() {
    let training = training(Data::Stream, 2, 30);
    let job = job(&training, Origin::Device, None);
    let mut buffer = [0; FRAME];
    let measured = Packed::message(&training, &mut buffer).unwrap();
    let mut script = configure(Script::default(), &job);
    script = script
        .say(&Request::Advance { until: 5, digest_every: 0 })
        .say(&Request::Checkpoint)
        .say(&Request::Findings)
        .say(&Request::Measure { training: measured, updates: 3 });
    script = samples(script, 0, &[1.0]);
    let mut board = Board::default();
    let answers = board.run(script.say(&Request::Advance { until: 5, digest_every: 5 }));
    let complaints = [
        "after every 0 updates",
        "no memory for checkpoints",
        "selects no inputs",
        "forget it first",
        "the device's own",
    ];
    for (answer, complaint) in answers[1..].iter().zip(complaints) {
        assert!(refusal(answer).contains(complaint), "{answer:?}, not {complaint}");
    }
    assert_eq!(progress(&answers[6]).updates, 5);
    assert_eq!(board.witness.shown.len(), 6, "{:?}", board.witness.shown);
}

/// Rows that are not numbers are counted; an update of nothing else is none, and is tried again.
#[test]
fn rejected_samples_are_counted() {
    for (batch, rejected) in [(1, 20), (3, 30)] {
        let training = training(Data::Stream, batch, 60);
        let mut board = Board::default();
        board.sensor.loses_every = Some(2);
        let advance = Request::Advance { until: 20, digest_every: 1 };
        let script = configure(Script::default(), &job(&training, Origin::Device, None)).say(&advance);
        let answers = board.run(script);
        let progress = progress(&answers[1]);
        // Of batches of one every second is lost, of three one row or two.
        assert_eq!((progress.updates, progress.digests.len()), (20, 20));
        assert_eq!(progress.rejected, rejected);
    }
    let mut board = Board::default();
    board.sensor.loses_every = Some(1);
    let training = training(Data::Stream, 2, 60);
    let script = configure(Script::default(), &job(&training, Origin::Device, None));
    let answers = board.run(script.say(&Request::Advance { until: 20, digest_every: 20 }));
    // Twice as many attempts as updates, two samples each.
    assert_eq!((progress(&answers[1]).updates, progress(&answers[1]).rejected), (0, 80));
}

/// Power is lost after every few requests; what was durable is there again, whoever asks.
#[test]
fn a_training_goes_on_from_its_checkpoints() {
    let training = training(Data::Stream, 2, 30);
    let course = course(&training, 30);
    let configured = job(&training, Origin::Device, Some(7));
    let mut board = Board { flash: Some(Flash::new(32)), ..Board::default() };
    let script = configure(Script::default(), &configured)
        .say(&Request::Advance { until: 6, digest_every: 1 })
        .say(&Request::Advance { until: 16, digest_every: 1 });
    let durable: Vec<_> = board.run(script).iter().map(|answer| progress(answer).durable).collect();
    assert_eq!(durable, [Some(0), Some(0), Some(14)]);
    // Nobody has configured it now.
    let script = Script::default()
        .say(&Request::Status)
        .say(&Request::Advance { until: 17, digest_every: 1 })
        .say(&Request::Checkpoint)
        .say(&Request::Advance { until: 20, digest_every: 1 });
    let answers = board.run(script);
    let there: Vec<_> = answers
        .iter()
        .map(|answer| {
            let Progress { updates, digest, durable, .. } = progress(answer);
            assert_eq!(*digest, course[*updates as usize - 1].0);
            (*updates, *durable)
        })
        .collect();
    assert_eq!(there, [(14, Some(14)), (17, Some(14)), (17, Some(17)), (20, Some(17))]);
    assert_eq!(board.witness.shown.last(), Some(&format!("{:?}", State::Training(14))));
    // The last update is saved in any case, and another job does not go on from it.
    let answers = board.run(
        configure(
            configure(Script::default(), &configured).say(&Request::Advance { until: 30, digest_every: 1 }),
            &job(&training, Origin::Standalone, Some(7)),
        )
        .say(&Request::Status),
    );
    assert_eq!(progress(&answers[1]).durable, Some(30));
    assert_eq!((progress(&answers[2]).updates, progress(&answers[2]).durable), (0, Some(0)));
    // Parameters from outside make what was saved worthless.
    let script = configure(Script::default().say(&Request::Forget), &configured)
        .say(&Request::SetParams { first: 0, params: Packed::numbers(&[0.5], &mut [0; 4 * NUMBERS]) });
    let answers = board.run(script);
    assert_eq!(answers[0], Answer::Idle);
    assert_eq!(progress(&answers[1]).durable, Some(0));
    assert_eq!(progress(&answers[2]).durable, None);
    // What is forgotten does not come back.
    assert_eq!(board.run(Script::default().say(&Request::Forget)), [Answer::Idle]);
    assert_eq!(board.run(Script::default().say(&Request::Status)), [Answer::Idle]);
}

/// Samples of a host, or of which the last are kept: what was used before the checkpoint is not wanted again.
#[test]
fn what_comes_as_it_does_goes_on_from_its_checkpoints() {
    for (data, origin) in [
        (Data::Stream, Origin::Host),
        (Data::Ring { capacity: 9, visits: 3 }, Origin::Host),
        (Data::Ring { capacity: 9, visits: 3 }, Origin::Device),
    ] {
        let training = training(data, 2, 30);
        let course = course(&training, 30);
        let sent = stream(&training, 60);
        let configured = job(&training, origin, Some(1));
        let mut board = Board { flash: Some(Flash::new(32)), ..Board::default() };
        let advance = Request::Advance { until: 12, digest_every: 30 };
        let script = configure(Script::default(), &configured);
        let script = match origin {
            Origin::Host => windows(script, &sent[..90]),
            _ => script.say(&advance),
        };
        let answers = board.run(script);
        let before = progress(answers.last().unwrap()).clone();
        assert!(before.updates >= 3 && before.durable == Some(before.updates), "{data:?}: {before:?}");
        let answers = board.run(Script::default().say(&Request::Status));
        let after = progress(&answers[0]);
        assert_eq!((after.updates, after.digest), (before.updates, before.digest), "{data:?}");
        let wanted = after.received as usize;
        assert!(wanted <= before.received as usize && wanted.is_multiple_of(9), "{data:?}: {wanted}");
        assert_eq!(wanted > 0, origin == Origin::Host, "{data:?}");
        let script = Script::default();
        let script = match origin {
            Origin::Host => windows(script, &sent),
            _ => script.say(&Request::Advance { until: 30, digest_every: 30 }),
        };
        let answers = board.run(script);
        let end = progress(answers.last().unwrap());
        assert_eq!((end.updates, end.digest), (30, course[29].0), "{data:?}");
    }
}

/// Flash memory that fails is a refusal, of a job and of a request to forget.
#[test]
fn flash_memory_that_fails_is_named() {
    let training = training(Data::Stream, 2, 30);
    let mut board = Board { flash: Some(Flash::new(32)), ..Board::default() };
    board.run(configure(Script::default(), &job(&training, Origin::Device, Some(7))));
    board.flash.as_mut().unwrap().power = Some(0);
    let script = configure(Script::default(), &job(&training, Origin::Device, Some(8)));
    let answers = board.run(script.say(&Request::Forget).say(&Request::Status));
    assert!(refusal(&answers[0]).contains("flash"), "{answers:?}");
    assert!(refusal(&answers[1]).contains("flash"), "{answers:?}");
    assert_eq!(answers[2], Answer::Idle);
}

/// A parameter that is damaged ends the training, and who asks next hears of it.
#[test]
fn a_training_that_fails_ends() {
    let training = training(Data::Stream, 2, 300);
    for origin in [Origin::Device, Origin::Standalone] {
        let mut board = Board::default();
        board.witness.damages = Some(4);
        let mut script = configure(Script::default(), &job(&training, origin, None));
        script = match origin {
            Origin::Standalone => script.later(40, &Request::Hello).say(&Request::Status),
            _ => script.say(&Request::Advance { until: 300, digest_every: 1 }),
        };
        let answers = board.run(script.say(&Request::Status));
        let (last, before) = answers.split_last().unwrap();
        assert_eq!(last, &Answer::Idle, "{origin:?}");
        assert!(refusal(before.last().unwrap()).contains("not a finite number"), "{origin:?}: {answers:?}");
        assert!(board.witness.updates < 300);
    }
}

#[test]
fn updates_are_measured_by_the_timer() {
    let training = training(Data::Shuffled(20), 2, 30);
    let mut buffer = [0; FRAME];
    let measure = Request::Measure { training: Packed::message(&training, &mut buffer).unwrap(), updates: 5 };
    let mut board = Board::default();
    board.witness.ticks = Some(11);
    let answers = board.run(Script::default().say(&measure).say(&Request::Status));
    assert_eq!(answers, [Answer::Ticks { once: 11, twice: 22 }, Answer::Idle]);
    let answers = bare::<8>(Script::default().say(&measure));
    assert!(refusal(&answers[0]).contains("no timer"), "{answers:?}");
    // The updates are made, with a timer and without.
    let mut diverging = training.clone();
    diverging.plan.sgd = Sgd::new(1e30).unwrap();
    let mut buffer = [0; FRAME];
    let measure =
        Request::Measure { training: Packed::message(&diverging, &mut buffer).unwrap(), updates: 9 };
    let mut board = Board::default();
    board.witness.ticks = Some(11);
    for answers in [board.run(Script::default().say(&measure)), bare::<8>(Script::default().say(&measure))] {
        assert!(refusal(&answers[0]).contains("not a finite number"), "{answers:?}");
    }
    let mut buffer = [0; 4 * NUMBERS];
    let garbage = Request::Measure { training: Packed::numbers(&[1.0; 3], &mut buffer), updates: 5 };
    let answers = Board::default().run(Script::default().say(&garbage));
    assert!(refusal(&answers[0]).contains("no such training"), "{answers:?}");
}

/// As a pass without a device, over the same rows in places of eight inputs.
#[test]
fn a_selection_answers_as_its_pass_does() -> Result<()> {
    type Pass<'a> = OnePass<'a, Chain<Dense<16, 8, Tanh>, Dense<8, 1, Identity>>, 8>;
    assert_eq!(resident::NUMBERS, Pass::NUMBERS);
    let selection = selection(2_000);
    let mut memory = [0.0; Pass::NUMBERS];
    let mut pass = Pass::new(&selection.settings, Shadow::Previous, &mut memory)?;
    let mut digest = Digest::new();
    let mut then = 0;
    for k in 0..2_000 {
        let mut x = [0.0; 8];
        let y = selection.task.row(k, &mut x[..6]);
        pass.push(&x, y)?;
        digest.update(pass.params());
        if k == 499 {
            then = digest.value();
        }
    }
    let script = configure(Script::default(), &Job::Select(selection.clone()));
    let script = script.later(500, &Request::Status).say(&Request::Findings);
    let mut board = Board::default();
    let answers = board.run(script.later(1_600, &Request::Findings).later(9, &Request::Status));
    let fresh = Progress { digest: Digest::new().value(), overruns: 17, ..Progress::default() };
    assert_eq!(progress(&answers[0]), &fresh);
    assert_eq!(progress(&answers[1]), &Progress { updates: 500, digest: then, ..fresh.clone() });
    assert!(matches!(&answers[2], Answer::Findings { findings, shadow: 0.0, .. }
        if findings[..] == [Finding::Undecided; 6]));
    let [norms, shadows] = *pass.norms();
    let findings = pass.findings();
    let expected = Answer::Findings {
        findings: findings[..6].iter().copied().collect(),
        norms: norms[..6].iter().copied().collect(),
        shadow: shadows.into_iter().fold(0.0, f32::max),
    };
    assert_eq!(answers[3], expected);
    assert_eq!(progress(&answers[4]), &Progress { updates: 2_000, digest: digest.value(), ..fresh });
    let is_relevant = |finding: &Finding| matches!(finding, Finding::Relevant(_));
    let is_exact = findings.iter().position(|finding| !is_relevant(finding)) == Some(2)
        && !findings[2..].iter().any(is_relevant);
    assert!(is_exact);
    let end = State::Ended { updates: 2_000, digest: digest.value(), is_exact };
    assert_eq!(board.witness.shown, [format!("{:?}", State::Training(0)), format!("{end:?}")]);
    assert_eq!(board.witness.samples, 2_000);
    Ok(())
}

#[test]
fn a_selection_counts_what_it_rejects_and_survives_a_loss_of_power() {
    let saved = Selection { checkpoint_every: Some(300), ..selection(1_000) };
    let job = Job::Select(saved);
    let mut board = Board { flash: Some(Flash::new(32)), ..Board::default() };
    board.sensor.loses_every = Some(4);
    let script = configure(Script::default(), &job).later(800, &Request::Status).say(&Request::Checkpoint);
    let answers = board.run(script.later(8, &Request::Status));
    let (then, kept) = (progress(&answers[1]), progress(&answers[2]));
    assert_eq!((then.updates, then.rejected, then.durable), (600, 200, Some(600)));
    assert_eq!((kept.updates, kept.durable), (600, Some(600)));
    assert_eq!(progress(&answers[3]).updates, 606);
    let answers = board.run(Script::default().say(&Request::Status).later(2_000, &Request::Status));
    let (again, end) = (progress(&answers[0]), progress(&answers[1]));
    assert_eq!((again.updates, again.digest, again.durable), (600, kept.digest, Some(600)));
    assert_eq!((end.updates, end.durable), (1_000, Some(1_000)));
    let whole = configure(Script::default(), &Job::Select(selection(1_000))).later(2_000, &Request::Status);
    let mut board = Board::default();
    board.sensor.loses_every = Some(4);
    assert_eq!(progress(&board.run(whole)[1]).digest, end.digest);
}

#[test]
fn what_a_selection_cannot_do_is_refused() {
    let begun = |selection: Selection| configure(Script::default(), &Job::Select(selection));
    let script = begun(selection(1_000))
        .say(&Request::Params { first: 0 })
        .say(&Request::Advance { until: 9, digest_every: 1 })
        .say(&Request::TestLoss)
        .say(&Request::Checkpoint);
    let answers = Board::default().run(script.say(&Request::Status));
    for answer in &answers[1..4] {
        assert!(refusal(answer).contains("selects inputs"), "{answer:?}");
    }
    assert!(refusal(&answers[4]).contains("no memory for checkpoints"), "{answers:?}");
    assert_eq!(progress(&answers[5]).updates, 0);
    let task = selection(1_000).task;
    for (selection, complaint) in [
        (Selection { task: Task { inputs: 9, ..task }, ..selection(1_000) }, "8 inputs"),
        (Selection { task: Task { relevant: 7, ..task }, ..selection(1_000) }, "relevant"),
        (selection(101), "fewer than five updates"),
        (Selection { checkpoint_every: Some(0), ..selection(1_000) }, "every 0 updates"),
    ] {
        let answers = Board::default().run(begun(selection));
        assert!(refusal(&answers[0]).contains(complaint), "{answers:?}");
    }
    let of_inputs = |inputs| begun(Selection { task: Task { inputs, ..task }, ..selection(1_000) });
    assert!(refusal(&bare::<4>(of_inputs(5))[0]).contains("4 inputs"));
    assert!(refusal(&bare::<12>(of_inputs(9))[0]).contains("8 inputs"));
    for answers in [bare::<4>(of_inputs(4)), bare::<8>(of_inputs(8)), bare::<12>(of_inputs(8))] {
        assert_eq!(progress(&answers[0]).updates, 0);
    }
    let answers = Board { numbers: 90, ..Board::default() }.run(begun(selection(1_000)));
    assert!(refusal(&answers[0]).contains("lent"), "{answers:?}");
}
