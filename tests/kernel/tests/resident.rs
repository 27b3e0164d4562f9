//! The program that stays on a device, request by request: every answer is that of a training without it.

use anyhow::{Context, Result};
use tamis::checkpoint::Checkpoints;
use tamis::frame::FRAME;
use tamis::resident::State;
use tamis::wire::{
    Answer, Configuration, ITEMS, Job, NUMBERS, Origin, Packed, Progress, Request, Training, UPDATES,
    WIRE_VERSION,
};
use tamis::{ARITHMETIC_VERSION, AnyActivation, Data, Digest, LayerSpec, Layers, Sgd, Trainer, Verdict};
use tamis_bits::Memory;
use tamis_test_kit::board::{Board, Nothing, OVERRUNS, Sensor, progress, refusal};
use tamis_test_kit::flash::Flash;
use tamis_test_kit::script::Script;
use tamis_test_kit::trainings::{self, start, train};
use tamis_test_kit::{bits, numbers};

fn training(data: Data, batch: u32, updates: u32) -> Training {
    trainings::training(data, batch, None, updates)
}

fn job(training: &Training, origin: Origin, checkpoint_every: Option<u32>) -> Job {
    Job::Train(Configuration { training: training.clone(), origin, checkpoint_every })
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

/// After each of the first `updates` updates: the digest and the loss.
fn course(training: &Training, updates: u32) -> Vec<(u32, f32)> {
    let mut memory = Memory::of(training);
    let mut trainer = start(training, &mut memory, training.plan.task);
    let update = |_| {
        let loss = trainer.update().unwrap().loss;
        (trainer.digest(), loss)
    };
    (0..updates).map(update).collect()
}

#[test]
fn an_idle_device_says_who_it_is() {
    let mut board = Board { flash: Some(Flash::new(16)), ..Board::new() };
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
    let answers = Board::new().run(Script::default().say(&Request::Hello).say(&Request::Forget));
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
        let script = requests.iter().fold(Script::default().configure(&job), twice);
        let mut board = Board::new();
        let answers = board.run(script);
        let (first, answers) = answers.split_first().context("a start")?;
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
        let mut trainer = start(&training, &mut memory, training.plan.task);
        let fresh = Progress { digest: trainer.digest(), overruns: OVERRUNS, ..Progress::default() };
        assert_eq!(progress(first), &fresh);
        let course = course(&training, 3_000);
        let at = |update: u32| course[update as usize - 1];
        let expected = |updates: u32, digests: &[u32]| {
            let (digest, loss) = at(updates);
            let digests = digests.iter().map(|&update| at(update).0).collect();
            Progress { updates, digest, loss: Some(loss), digests, ..fresh.clone() }
        };
        assert_eq!(progress(answers[0]), &expected(10, &[3, 6, 9]));
        train(&mut trainer, 10);
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
        train(&mut trainer, 400);
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
        train(&mut trainer, 3_000);
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
        let mut script = Script::default().configure(&job(&training, Origin::Host, None));
        script = script.say(&Request::Advance { until: 40, digest_every: 1 }); // nothing is there yet
        script = samples(script, 0, &sent[..70]);
        script = samples(script, 71, &sent[71..80]); // a number is missing
        script = samples(script, 50, &sent[50..110]);
        script = samples(script, 0, &sent[..110]);
        for (k, part) in sent[110..].chunks(NUMBERS).enumerate() {
            script = samples(script, 110 + k * NUMBERS, part);
        }
        script = script.say(&Request::Advance { until: 40, digest_every: 40 });
        let answers = Board::new().run(script);
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
    let script = Script::default().configure(&job(&training, Origin::Host, None));
    let script = (0..20).fold(script, |script, row| samples(script, 9 * row, &sent[9 * row..][..9]));
    let answers = Board::new().run(script);
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
    let mut script = Script::default().configure(&job(&training, Origin::Device, None));
    script = set(script, 0, &given[..64], &mut buffer);
    script = set(script, 64, &given[64..], &mut buffer);
    script = set(script, 64, &given[..10], &mut buffer); // one too many
    script = set(script, 74, &given[..1], &mut buffer);
    script = set(script, 0, &[1.0, f32::NAN], &mut buffer);
    script = script.say(&Request::Params { first: 0 }).say(&Request::Advance { until: 7, digest_every: 7 });
    script = set(script, 0, &given[..1], &mut buffer);
    let answers = Board::new().run(script);
    for answer in &answers[3..6] {
        assert!(refusal(answer).contains("the network has fewer parameters"), "{answer:?}");
    }
    let Answer::Params(there) = &answers[6] else { panic!("{:?}", answers[6]) };
    assert_eq!(bits(there), bits(&given[..64]));
    let mut memory = Memory::of(&training);
    let mut trainer = start(&training, &mut memory, training.plan.task);
    trainer.model().params_mut().copy_from_slice(&given);
    train(&mut trainer, 7);
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
        let mut script = Script::default().configure(&job(&training, origin, None));
        script = script.later(12, &Request::Status);
        script = script.later(3, &Request::Hello).configure(&job(&training, origin, None));
        let answers = Board::new().run(script.later(100, &Request::Status).say(&Request::Status));
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
    let mut script = Script::default().configure(&job(&one, Origin::Device, None));
    script = script.say(&Request::Advance { until: 5, digest_every: 1 });
    script = script.configure(&job(&other, Origin::Device, None));
    script = script.say(&Request::Forget).say(&Request::Status);
    let unreadable = Packed::numbers(&[1.0; 3], &mut [0; 4 * NUMBERS]).unpack::<Job>().is_err();
    assert!(unreadable);
    let mut buffer = [0; 4 * NUMBERS];
    script = script.say(&Request::Configure(Packed::numbers(&[1.0; 3], &mut buffer)));
    script = script.configure(&job(&one, Origin::Device, Some(0)));
    script = script.configure(&job(&training(Data::Keyed(400), 2, 30), Origin::Device, None));
    let mut wide = one.clone();
    wide.plan.task.inputs = 9;
    script = script.configure(&job(&wide, Origin::Device, None));
    let mut wide = training(Data::Shuffled(9), 1, 9);
    wide.layers = Layers::new(10, &[LayerSpec::new(2, AnyActivation::Identity)]).unwrap();
    script = script.configure(&job(&wide, Origin::Host, None));
    let answers = Board::new().run(script.say(&Request::Status));
    wide.plan.data = Data::Stream;
    let script = Script::default().configure(&job(&wide, Origin::Host, None));
    assert_eq!(progress(&Board::new().run(script)[0]).updates, 0);
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
    let mut script = Script::default().configure(&job);
    script = script
        .say(&Request::Advance { until: 5, digest_every: 0 })
        .say(&Request::Checkpoint)
        .say(&Request::Findings)
        .say(&Request::Measure { training: measured, updates: 3 });
    script = samples(script, 0, &[1.0]);
    let mut board = Board::new();
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
        let mut board = Board::new();
        board.sensor.loses_every = Some(2);
        let advance = Request::Advance { until: 20, digest_every: 1 };
        let script = Script::default().configure(&job(&training, Origin::Device, None)).say(&advance);
        let answers = board.run(script);
        let progress = progress(&answers[1]);
        // Of batches of one every second is lost, of three one row or two.
        assert_eq!((progress.updates, progress.digests.len()), (20, 20));
        assert_eq!(progress.rejected, rejected);
    }
    let mut board = Board::new();
    board.sensor.loses_every = Some(1);
    let training = training(Data::Stream, 2, 60);
    let script = Script::default().configure(&job(&training, Origin::Device, None));
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
    let mut board = Board { flash: Some(Flash::new(32)), ..Board::new() };
    let script = Script::default()
        .configure(&configured)
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
    let script = Script::default()
        .configure(&configured)
        .say(&Request::Advance { until: 30, digest_every: 1 })
        .configure(&job(&training, Origin::Standalone, Some(7)))
        .say(&Request::Status);
    let answers = board.run(script);
    assert_eq!(progress(&answers[1]).durable, Some(30));
    assert_eq!((progress(&answers[2]).updates, progress(&answers[2]).durable), (0, Some(0)));
    // Parameters from outside make what was saved worthless.
    let script = Script::default()
        .say(&Request::Forget)
        .configure(&configured)
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
        let mut board = Board { flash: Some(Flash::new(32)), ..Board::new() };
        let advance = Request::Advance { until: 12, digest_every: 30 };
        let script = Script::default().configure(&configured);
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
    let mut board = Board { flash: Some(Flash::new(32)), ..Board::new() };
    board.run(Script::default().configure(&job(&training, Origin::Device, Some(7))));
    board.flash.as_mut().unwrap().power = Some(0);
    let script = Script::default().configure(&job(&training, Origin::Device, Some(8)));
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
        let mut board = Board::new();
        board.witness.damages = Some(4);
        let mut script = Script::default().configure(&job(&training, origin, None));
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
    let mut board = Board::new();
    board.witness.ticks = Some(11);
    let answers = board.run(Script::default().say(&measure).say(&Request::Status));
    assert_eq!(answers, [Answer::Ticks { once: 11, twice: 22 }, Answer::Idle]);
    let mut bare = Board::<Sensor, Nothing>::default();
    let answers = bare.run(Script::default().say(&measure));
    assert!(refusal(&answers[0]).contains("no timer"), "{answers:?}");
    // The updates are made, with a timer and without.
    let mut diverging = training.clone();
    diverging.plan.sgd = Sgd::new(1e30).unwrap();
    let mut buffer = [0; FRAME];
    let measure =
        Request::Measure { training: Packed::message(&diverging, &mut buffer).unwrap(), updates: 9 };
    let mut board = Board::new();
    board.witness.ticks = Some(11);
    for answers in [board.run(Script::default().say(&measure)), bare.run(Script::default().say(&measure))] {
        assert!(refusal(&answers[0]).contains("not a finite number"), "{answers:?}");
    }
    let mut buffer = [0; 4 * NUMBERS];
    let garbage = Request::Measure { training: Packed::numbers(&[1.0; 3], &mut buffer), updates: 5 };
    let answers = Board::new().run(Script::default().say(&garbage));
    assert!(refusal(&answers[0]).contains("no such training"), "{answers:?}");
}
