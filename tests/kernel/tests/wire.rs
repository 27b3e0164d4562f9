//! What host and device say to each other, against itself: every message comes back as it was and fits a frame,
//! and a damaged frame costs no other.

use anyhow::Result;
use rand_core::{Rng as _, SeedableRng as _};
use rand_xoshiro::Xoshiro128PlusPlus;
use tamis::cobs::{self, Encoder};
use tamis::frame::{Decoder, FRAME, FrameError, encode};
use tamis::layers::MAX_LAYERS;
use tamis::link::{Device, Envelope, Heard};
use tamis::one_pass::{Finding, Label, Settings};
use tamis::wire::{
    Answer, Configuration, Hello, ITEMS, Job, NUMBERS, Origin, Packed, Progress, Request, Selection, Training,
};
use tamis::{
    AnyActivation, AnyLoss, Base, Clip, Data, Growing, Huber, Init, Labels, LayerSpec, Layers, Plan, Pressed,
    Proximal, Rule, Seed, Sgd, Target, Task, Verdict, WeightDecay,
};
use tamis_test_kit::crc_32;

/// The longest content and the shortest, and others between.
fn trainings() -> [Training; 4] {
    const MOST: f32 = f32::MAX;
    let all = Sgd::new(MOST).unwrap().warm_up(u32::MAX).unwrap();
    let all = all.base(Base::StepDecay { every: u32::MAX, factor: MOST }).unwrap();
    let all = all.final_drop(u32::MAX, 0.3).unwrap().clip(Clip::Value(MOST)).unwrap();
    let all = all.weight_decay(WeightDecay::decoupled(MOST).biases(MOST)).unwrap();
    let all = all.proximal(Proximal::group(MOST).every(u32::MAX)).unwrap();
    let growing = Growing::new(u32::MAX, u32::MAX).unwrap();
    let longest = Plan {
        seed: Seed(u64::MAX),
        task: Task {
            seed: Seed(u64::MAX),
            target: Target::Noise,
            inputs: u16::MAX,
            relevant: u16::MAX,
            noise: MOST,
            labels: Labels::Mirrored(u32::MAX),
        },
        data: Data::Ring { capacity: u16::MAX, visits: u16::MAX },
        standardise: Some(u32::MAX),
        label_noise: Some(MOST),
        init: Init::scaled(MOST).uniform().with_biases(MOST),
        batch: u32::MAX,
        sgd: all,
        momentum: Some(MOST),
        pressed: Some(Pressed { growing, first: u16::MAX, count: u16::MAX, rate: MOST }),
        updates: u32::MAX,
        rule: Rule::Probes { count: u16::MAX, factor: MOST },
    };
    let shortest = Plan {
        seed: Seed(0),
        task: Task::plain(Target::Linear, 0, 0, 0.0, Seed(0)),
        data: Data::Stream,
        standardise: None,
        label_noise: None,
        init: Init::he(),
        batch: 0,
        sgd: Sgd::new(1.0).unwrap(),
        momentum: None,
        pressed: None,
        updates: 0,
        rule: Rule::Gap { least: 0.0 },
    };
    let task = Task { target: Target::Sine, labels: Labels::Classes(300), ..longest.task };
    let cosine = Sgd::new(0.1).unwrap().base(Base::Cosine { over: 70_000 }).unwrap();
    let decayed = cosine.weight_decay(WeightDecay::coupled(-0.0)).unwrap();
    let other = Plan { task, sgd: decayed, data: Data::Shuffled(u16::MAX), ..longest };
    let clipped = Sgd::new(0.1).unwrap().clip(Clip::Norm(0.3)).unwrap();
    let clipped = clipped.proximal(Proximal::l1(0.0)).unwrap();
    let sequential = Plan { data: Data::Sequential(1000), sgd: clipped, ..shortest };

    let widest = LayerSpec::new(u16::MAX, AnyActivation::Tanh);
    let large = Layers::new(u16::MAX, &[widest; MAX_LAYERS]).unwrap();
    let small = Layers::new(1, &[LayerSpec::new(1, AnyActivation::Identity).without_bias()]).unwrap();
    let huber = AnyLoss::Huber(Huber::new(MOST).unwrap());
    [
        Training { layers: large.clone(), loss: huber, plan: longest },
        Training { layers: small.clone(), loss: AnyLoss::Mse, plan: shortest },
        Training { layers: large, loss: AnyLoss::SoftmaxCrossEntropy, plan: other },
        Training { layers: small, loss: AnyLoss::BinaryCrossEntropy, plan: sequential },
    ]
}

/// The longest numbers there are, in all their bytes.
const NUMBERS_SENT: [f32; NUMBERS] = [f32::MIN_POSITIVE; NUMBERS];

/// Hands every request over, in an envelope.
fn each_request(mut each: impl FnMut(Envelope<Request<'_>>)) {
    let mut numbers = [0; 4 * NUMBERS];
    let mut packed = [0; FRAME];
    for word in [u32::MAX, 0, 300] {
        let mut each = |message: Request<'_>| each(Envelope { session: word, number: !word, message });
        for request in [Request::Hello, Request::Forget, Request::Status, Request::Checkpoint] {
            each(request);
        }
        each(Request::TestLoss);
        each(Request::Findings);
        each(Request::Exit);
        each(Request::Advance { until: word, digest_every: word });
        each(Request::Params { first: word });
        each(Request::Support { first: word as u16 });
        for count in [NUMBERS, 1, 0] {
            let numbers = Packed::numbers(&NUMBERS_SENT[..count], &mut numbers);
            each(Request::SetParams { first: word, params: numbers });
            each(Request::Samples { first: u64::from(word) << 32 | u64::from(word), numbers });
        }
        let task = trainings()[0].plan.task;
        let settings = Settings { settle: word, batch: word, ..Settings::new(word, Seed(u64::MAX)) };
        let job = Job::Select(Selection { task, settings, checkpoint_every: Some(word) });
        each(Request::Configure(Packed::message(&job, &mut packed).unwrap()));
        for training in trainings() {
            let measured = Packed::message(&training, &mut packed).unwrap();
            each(Request::Measure { training: measured, updates: word });
            let origins = [Origin::Device, Origin::Host, Origin::Standalone];
            for (origin, checkpoint_every) in origins.into_iter().zip([None, Some(word), Some(1)]) {
                let configuration = Configuration { training: training.clone(), origin, checkpoint_every };
                each(Request::Configure(Packed::message(&Job::Train(configuration), &mut packed).unwrap()));
            }
        }
    }
}

fn answers() -> Vec<Envelope<Answer>> {
    let mut answers = vec![Answer::Idle, Answer::Stranger, Answer::Damaged];
    for word in [u32::MAX, 0, 1, 0x3f80_0000] {
        for count in [NUMBERS, 1, 0] {
            let number = f32::from_bits(word);
            // What is not a number is equal to nothing, itself included.
            let number = if number.is_nan() { f32::MAX } else { number };
            answers.push(Answer::Params(std::iter::repeat_n(number, count).collect()));
            for verdict in [Verdict::Relevant, Verdict::Irrelevant, Verdict::Undecided] {
                answers.push(Answer::Support {
                    norms: std::iter::repeat_n(number, count.min(ITEMS)).collect(),
                    verdicts: std::iter::repeat_n(verdict, count.min(ITEMS)).collect(),
                });
            }
            for finding in [Finding::Relevant(Label::Joint), Finding::Undecided, Finding::NoEvidence] {
                answers.push(Answer::Findings {
                    findings: std::iter::repeat_n(finding, count.min(ITEMS)).collect(),
                    norms: std::iter::repeat_n(number, count.min(ITEMS)).collect(),
                    shadow: number,
                });
            }
            answers.push(Answer::TestLoss(number));
            answers.push(Answer::Progress(Progress {
                updates: word,
                digest: word,
                loss: (word > 0).then_some(number),
                received: u64::from(word) << 32,
                durable: (word > 0).then_some(word),
                rejected: word,
                overruns: word,
                digests: std::iter::repeat_n(word, count.min(ITEMS)).collect(),
            }));
        }
        answers.push(Answer::Ticks { once: word, twice: word });
        for board in ["mps2-an386-board", "", "\u{1F41D}\u{1F41D}\u{1F41D}\u{1F41D}"] {
            answers.push(Answer::Hello(Hello {
                wire: word as u16,
                arithmetic: word,
                board: board.parse().unwrap(),
                numbers: word,
                indices: word,
                inputs: word as u16,
                checkpoint: word,
            }));
        }
    }
    for length in [0, 1, 95, 96] {
        answers.push(Answer::Refused("x".repeat(length).parse().unwrap()));
        answers.push(Answer::Refused("\0".repeat(length).parse().unwrap()));
    }
    answers.into_iter().map(|message| Envelope { session: u32::MAX, number: 1 << 31, message }).collect()
}

/// The bytes of one frame.
fn frame(message: &impl serde::Serialize) -> Vec<u8> {
    let mut buffer = [0; FRAME];
    encode(message, &mut buffer).unwrap().to_vec()
}

type Read<M> = Vec<Result<M, FrameError>>;

fn read<M: serde::de::DeserializeOwned>(decoder: &mut Decoder, bytes: &[u8]) -> Read<M> {
    bytes.iter().filter_map(|&byte| decoder.push(byte)).collect()
}

fn answers_in(bytes: &[u8]) -> Read<Envelope<Answer>> {
    read(&mut Decoder::default(), bytes)
}

/// The only request in `bytes`, which are one frame, and the only error.
fn with_request(bytes: &[u8], check: impl FnOnce(Result<Envelope<Request<'_>>, FrameError>)) {
    let mut decoder = Decoder::default();
    let (&last, before) = bytes.split_last().unwrap();
    for &byte in before {
        assert!(decoder.push::<Envelope<Request<'_>>>(byte).is_none());
    }
    check(decoder.push(last).unwrap());
}

/// A zero byte ends a frame and is nowhere else in it.
fn is_whole(frame: &[u8]) -> bool {
    frame.len() <= FRAME && frame.iter().position(|&byte| byte == 0) == Some(frame.len() - 1)
}

#[test]
fn every_message_fits_a_frame_and_comes_back() {
    let mut requests = 0;
    each_request(|request| {
        let frame = frame(&request);
        assert!(is_whole(&frame), "{} bytes: {request:?}", frame.len());
        with_request(&frame, |read| assert_eq!(read, Ok(request)));
        requests += 1;
    });
    assert_eq!(requests, 3 * (11 + 2 * 3 + 4 * 4));
    for answer in answers() {
        let frame = frame(&answer);
        assert!(is_whole(&frame), "{} bytes: {answer:?}", frame.len());
        assert_eq!(answers_in(&frame), [Ok(answer)]);
    }
}

/// What is packed into a request comes out of it as it went in, and `is` knows it from any other.
#[test]
fn what_is_packed_comes_out() {
    let mut buffer = [0; FRAME];
    for (index, training) in trainings().into_iter().enumerate() {
        let packed = Packed::message(&training, &mut buffer).unwrap();
        assert_eq!(packed.unpack(), Ok(training));
        for (other, training) in trainings().iter().enumerate() {
            assert_eq!(packed.is(training), index == other);
        }
        assert_eq!(packed.unpack::<u8>(), Err(FrameError)); // and something behind it
        assert!(!packed.is(&(packed, 1_u8)));
    }
    let numbers = [1.5, -0.0, f32::from_bits(0x7fc0_1234), f32::INFINITY];
    let mut buffer = [0; 4 * NUMBERS];
    let unpacked = Packed::numbers(&numbers, &mut buffer).unpack_numbers();
    assert!(unpacked.map(f32::to_bits).eq(numbers.map(f32::to_bits)));
}

/// No more, no less and nothing else: a checkpoint of another job has begun like this one.
#[test]
fn what_is_packed_is_compared_to_its_end() {
    let mut buffer = [0; FRAME];
    let packed = Packed::message(&(1_u8, 2_u8), &mut buffer).unwrap();
    assert!(packed.is(&(1_u8, 2_u8)));
    assert!(!packed.is(&1_u8) && !packed.is(&(1_u8, 2_u8, 3_u8)) && !packed.is(&(1_u8, 3_u8)));
}

#[test]
fn a_frame_may_be_full_and_no_longer() {
    // Two bytes are the length of the list, four the CRC, two what COBS adds to so many, one is the zero at the end.
    let (full, longer) = (vec![7_u8; FRAME - 9], vec![7_u8; FRAME - 8]);
    let bytes = frame(&full);
    assert_eq!(bytes.len(), FRAME);
    assert_eq!(read::<Vec<u8>>(&mut Decoder::default(), &bytes), [Ok(full)]);
    assert_eq!(encode(&longer, &mut [0; FRAME]), Err(FrameError));
}

const IDLE: Envelope<Answer> = Envelope { session: 7, number: 9, message: Answer::Idle };

#[test]
fn empty_frames_are_passed_over() {
    let idle = frame(&IDLE);
    assert_eq!(answers_in(&[0; 300]), []);
    let bytes = [&[0, 0, 0], &idle[..], &[0], &idle, &[0, 0]].concat();
    assert_eq!(answers_in(&bytes), [Ok(IDLE), Ok(IDLE)]);
}

/// As long as no byte has come after it; of a damaged frame nothing.
#[test]
fn the_last_message_is_there_until_the_next_byte() {
    let mut decoder = Decoder::default();
    assert_eq!(decoder.message::<()>(), Err(FrameError)); // which nothing at all would be
    let (last, before) = (0, frame(&7_u32));
    assert_eq!(before.last(), Some(&last));
    for &byte in &before[..before.len() - 1] {
        assert_eq!(decoder.push::<u32>(byte), None);
        assert_eq!(decoder.message::<u32>(), Err(FrameError));
    }
    assert_eq!(decoder.push::<u32>(last), Some(Ok(7)));
    assert_eq!(decoder.message::<u32>(), Ok(7));
    assert_eq!(decoder.push::<u32>(1), None);
    assert_eq!(decoder.message::<u32>(), Err(FrameError));
    assert_eq!(decoder.push::<()>(0), Some(Err(FrameError)));
    assert_eq!(decoder.message::<()>(), Err(FrameError));
}

/// An error, and after it the next frame is read as if nothing had been.
fn is_refused(bytes: &[u8]) {
    let read = answers_in(&[bytes, &frame(&IDLE)].concat());
    assert_eq!(read, [Err(FrameError), Ok(IDLE)], "{bytes:?}");
}

/// Frames that are whole, with content that is no message.
#[test]
fn garbage_is_an_error_and_the_next_frame_is_read() {
    for length in [1, 2, 50, FRAME - 1] {
        is_refused(&[vec![0xff; length], vec![0]].concat());
        is_refused(&[vec![b'U'; length], vec![0]].concat());
    }
    is_refused(&frame(&(7_u32, 9_u32, 11_u8))); // no such answer
    is_refused(&frame(&(7_u32, 9_u32, 4_u8, [0_u8; 0].as_slice(), [3_u8].as_slice()))); // no such verdict
    is_refused(&frame(&(7_u32, 9_u32, 8_u8, [0xff_u8].as_slice()))); // no UTF-8
    is_refused(&frame(&(7_u32, 9_u32, 8_u8, "x".repeat(97)))); // a reason of 97
    is_refused(&frame(&(7_u32, 9_u32, 3_u8, [0_f32; NUMBERS + 1].as_slice()))); // 65 numbers
    with_request(&frame(&(7_u32, 9_u32, 14_u8)), |read| assert_eq!(read, Err(FrameError))); // no such request

    // A network of one layer too many; of as many as there may be, it is one.
    let [longest, ..] = trainings();
    let Training { loss, plan, .. } = longest;
    let specs = |layers: usize| vec![LayerSpec::new(7, AnyActivation::Relu); layers];
    let mut buffer = [0; FRAME];
    let unpacked = Packed::message(&((5_u16, specs(MAX_LAYERS + 1)), loss, plan), &mut buffer).unwrap();
    assert_eq!(unpacked.unpack::<Training>(), Err(FrameError));
    let layers = Layers::new(5, &specs(MAX_LAYERS)).unwrap();
    let packed = Packed::message(&((5_u16, specs(MAX_LAYERS)), loss, plan), &mut buffer).unwrap();
    assert_eq!(packed.unpack(), Ok(Training { layers, loss, plan }));
}

/// No part of a frame is one.
#[test]
fn a_truncated_frame_is_an_error_and_the_next_frame_is_read() {
    for answer in answers() {
        let frame = frame(&answer);
        for length in 1..frame.len() - 1 {
            is_refused(&[&frame[..length], &[0]].concat());
        }
    }
    each_request(|request| {
        let frame = frame(&request);
        for length in 1..frame.len() - 1 {
            let cut = [&frame[..length], &[0]].concat();
            with_request(&cut, |read| assert_eq!(read, Err(FrameError), "{request:?}, {length} bytes"));
        }
    });
}

/// A frame with any one bit wrong is no message, but for the zeros that end it early: then what follows is none.
#[test]
fn a_wrong_bit_is_found() {
    each_request(|request| {
        let whole = frame(&request);
        for bit in 0..8 * (whole.len() - 1) {
            let mut frame = whole.clone();
            frame[bit / 8] ^= 1 << (bit % 8);
            let mut decoder = Decoder::default();
            for byte in frame {
                let read = decoder.push::<Envelope<Request<'_>>>(byte);
                assert!(!matches!(read, Some(Ok(_))), "{request:?}, bit {bit}");
            }
        }
    });
}

/// The decoder starts again after [`FRAME`] bytes, so that one long frame may be several errors.
#[test]
fn an_overlong_frame_is_an_error_and_the_next_frame_is_read() {
    for length in FRAME..=5 * FRAME {
        for junk in [0xff, b'U'] {
            let bytes = [vec![junk; length], vec![0], frame(&IDLE)].concat();
            let mut read = answers_in(&bytes);
            assert_eq!(read.pop(), Some(Ok(IDLE)), "{length} bytes");
            assert!(
                !read.is_empty() && read.iter().all(|read| *read == Err(FrameError)),
                "{length}: {read:?}"
            );
        }
    }
}

/// Three answers in a row, for a decoder keeps nothing longer than a frame.
#[test]
fn a_stream_may_be_cut_anywhere() {
    for answers in answers().windows(3) {
        let bytes: Vec<u8> = answers.iter().flat_map(frame).collect();
        let whole: Read<Envelope<Answer>> = answers.iter().cloned().map(Ok).collect();
        for at in 0..=bytes.len() {
            let (first, second) = bytes.split_at(at);
            let mut decoder = Decoder::default();
            let mut pieces = read(&mut decoder, first);
            pieces.append(&mut read(&mut decoder, second));
            assert_eq!(pieces, whole, "cut at byte {at}");

            // Who joins there misses what has begun, and nothing after it.
            let ends = first.iter().filter(|&&byte| byte == 0).count();
            let is_between = first.last().is_none_or(|&byte| byte == 0);
            let missed = if is_between { ends } else { ends + 1 };
            assert!(answers_in(second).ends_with(&whole[missed..]), "joined at byte {at}");
        }
    }
}

/// What follows an overlong frame up to its zero belongs to it, and nothing may follow a message in its frame.
#[test]
fn a_tail_is_no_message() {
    let mut decoder = Decoder::default();
    let idle = frame(&IDLE);
    assert_eq!(
        read::<Envelope<Answer>>(&mut decoder, &[&[0xff; FRAME + 1], &idle[..]].concat()),
        [Err(FrameError)]
    );
    assert_eq!(read(&mut decoder, &idle), [Ok(IDLE)]);
    assert_eq!(read::<Envelope<Answer>>(&mut decoder, &frame(&(IDLE, [9_u8; 20]))), [Err(FrameError)]);
}

/// A device carries out every request of its session but those that are older than the newest.
#[test]
fn a_device_knows_what_is_old() {
    let mut device = Device::default();
    let mut hear = |session, number, message| {
        let frame = frame(&Envelope { session, number, message });
        frame.into_iter().find_map(|byte| device.hear(byte).map(|heard| (heard, device.answer(()))))
    };
    let stranger = |session, number| Heard::Stranger { session, number };
    assert_eq!(hear(1, 1, Request::Status).unwrap().0, stranger(1, 1));
    let place = |session, number| Envelope { session, number, message: () };
    assert_eq!(hear(1, 2, Request::Hello), Some((Heard::Request, place(1, 2))));
    assert_eq!(hear(1, 7, Request::Status), Some((Heard::Request, place(1, 7))));
    assert_eq!(hear(1, 7, Request::Status), Some((Heard::Request, place(1, 7)))); // once more
    assert_eq!(hear(1, 6, Request::Status), None); // too late
    assert_eq!(hear(2, 9, Request::Status).unwrap().0, stranger(2, 9));
    assert_eq!(hear(1, 8, Request::Status), Some((Heard::Request, place(1, 8)))); // still there
    assert_eq!(hear(2, 1, Request::Hello), Some((Heard::Request, place(2, 1))));
    assert_eq!(hear(1, 9, Request::Status).unwrap().0, stranger(1, 9));
    assert_eq!(hear(2, 2, Request::Exit), Some((Heard::Request, place(2, 2))));
    assert_eq!(device.request(), Request::Exit);
    let damaged = [5, 5, 5, 0].into_iter().find_map(|byte| device.hear(byte));
    assert_eq!(damaged, Some(Heard::Damaged));
}

/// What COBS makes of bytes is what the crate `cobs` decodes, and the other way round; with the examples of the paper and
/// blocks of just under, just and just over 254 bytes.
#[test]
fn bytes_are_stuffed_as_others_do_it() -> Result<()> {
    let encode = |bytes: &[u8]| {
        let mut buffer = [0; 2048];
        let mut encoder = Encoder::new(&mut buffer);
        bytes.iter().try_for_each(|&byte| encoder.push(byte))?;
        anyhow::Ok(encoder.finish()?.to_vec())
    };
    assert_eq!(encode(&[0])?, [1, 1, 0]);
    assert_eq!(encode(&[0x11, 0x22, 0, 0x33])?, [3, 0x11, 0x22, 2, 0x33, 0]);
    assert_eq!(encode(&[])?, [1, 0]);
    let mut random = Xoshiro128PlusPlus::seed_from_u64(7);
    let mut some_bytes = |length: usize, zero_in: u32| -> Vec<u8> {
        let mut byte =
            || if random.next_u32().is_multiple_of(zero_in) { 0 } else { random.next_u32() as u8 | 1 };
        (0..length).map(|_| byte()).collect()
    };
    for length in (0..40).chain(250..260).chain(505..515) {
        for zero_in in [2, 30, 1_000_000] {
            let bytes = some_bytes(length, zero_in);
            let mut encoded = encode(&bytes)?;
            assert_eq!(encoded.pop(), Some(0));
            assert!(!encoded.contains(&0));
            let mut decoded = [0; 2048];
            let end = ::cobs::decode(&encoded, &mut decoded).expect("it is whole");
            assert_eq!(decoded[..end], bytes);
            let mut theirs = [0; 2048];
            let end = ::cobs::encode(&bytes, &mut theirs);
            for mut encoded in [encoded, theirs[..end].to_vec()] {
                let length = cobs::decode(&mut encoded)?;
                assert_eq!(encoded[..length], bytes);
            }
        }
    }
    for damaged in [&[0][..], &[3, 1], &[3, 1, 0, 1]] {
        assert_eq!(cobs::decode(&mut damaged.to_vec()), Err(FrameError), "{damaged:?}");
    }
    let mut short = [0; 3];
    let mut encoder = Encoder::new(&mut short);
    assert_eq!((0..3).try_for_each(|_| encoder.push(1)), Err(FrameError));
    Ok(())
}

/// A frame of which more comes than there is room for is refused, though what there was room for is a whole message.
#[test]
fn what_is_too_long_is_refused_although_its_beginning_is_whole() -> Result<()> {
    let stuffed = |length: usize| {
        let message = postcard::to_extend(&vec![7_u8; length][..], Vec::new())?;
        let check = crc_32(&message).to_le_bytes();
        let mut buffer = [0; 2 * FRAME];
        let mut encoder = Encoder::new(&mut buffer);
        message.iter().chain(&check).try_for_each(|&byte| encoder.push(byte))?;
        anyhow::Ok(encoder.finish()?.to_vec())
    };
    let fits =
        (1..FRAME).map(stuffed).find(|frame| frame.as_ref().is_ok_and(|frame| frame.len() == FRAME + 1));
    let mut frame = fits.expect("some length fills the room")?;
    let mut decoder = Decoder::default();
    let mut read = |frame: &[u8]| {
        let (last, others) = frame.split_last().expect("not empty");
        others.iter().for_each(|&byte| assert!(decoder.push::<&[u8]>(byte).is_none()));
        decoder.push::<&[u8]>(*last).map(|message| message.map(<[u8]>::len))
    };
    assert!(matches!(read(&frame), Some(Ok(300..))));
    frame.insert(FRAME, 1);
    assert_eq!(read(&frame), Some(Err(FrameError)));
    Ok(())
}
