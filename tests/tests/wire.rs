//! What host and device say to each other, against itself: every message comes back as it was and fits a frame,
//! and a damaged frame costs no other.

use tamis::frame::{Decoder, FRAME, FrameError, encode};
use tamis::layers::MAX_LAYERS;
use tamis::wire::{Event, Report, Request, Training, WORDS};
use tamis::{
    AnyActivation, AnyLoss, Base, Clip, Data, Growing, Huber, Init, Labels, LayerSpec, Layers, Plan, Pressed,
    Proximal, Rule, Seed, Sgd, Target, Task, Verdict, WeightDecay,
};

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

fn requests() -> Vec<Request> {
    let mut requests = vec![Request::Exit];
    for training in trainings() {
        for (digest_every, params) in [(0, None), (u32::MAX, Some((u32::MAX, u32::MAX))), (1, Some((0, 0)))] {
            let report = Report { digest_every, params };
            requests.push(Request::Train { training: training.clone(), report });
        }
        requests.push(Request::Measure { training: training.clone(), updates: u32::MAX });
        requests.push(Request::Measure { training, updates: 0 });
    }
    requests
}

fn events() -> Vec<Event> {
    let mut events = Vec::new();
    for word in [u32::MAX, 0, 1, 0x3f80_0000] {
        for words in [WORDS, 1, 0] {
            let bits = || [word; WORDS].into_iter().take(words);
            events.push(Event::Params { update: word, first: word as u16, bits: bits().collect() });
            events.push(Event::Norms { first: word as u16, bits: bits().collect() });
            for verdict in [Verdict::Relevant, Verdict::Irrelevant, Verdict::Undecided] {
                events.push(Event::Verdicts(bits().map(|_| verdict).collect()));
            }
        }
        let (update, digest, arithmetic) = (word, word, word);
        events.push(Event::Digest { update, digest });
        events.push(Event::Done { updates: word, digest, test_loss: word, overruns: word });
        events.push(Event::Ticks { once: word, twice: word });
        for board in ["mps2-an386-board", "", "\u{1F41D}\u{1F41D}\u{1F41D}\u{1F41D}"] {
            events.push(Event::Hello { wire: word as u16, arithmetic, board: board.parse().unwrap() });
        }
    }
    for length in [0, 1, 95, 96] {
        events.push(Event::Refused("x".repeat(length).parse().unwrap()));
        events.push(Event::Refused("\0".repeat(length).parse().unwrap()));
    }
    events
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

fn requests_in(bytes: &[u8]) -> Read<Request> {
    read(&mut Decoder::default(), bytes)
}

fn events_in(bytes: &[u8]) -> Read<Event> {
    read(&mut Decoder::default(), bytes)
}

/// A zero byte ends a frame and is nowhere else in it.
fn is_whole(frame: &[u8]) -> bool {
    frame.len() <= FRAME && frame.iter().position(|&byte| byte == 0) == Some(frame.len() - 1)
}

#[test]
fn every_message_fits_a_frame_and_comes_back() {
    for request in requests() {
        let frame = frame(&request);
        assert!(is_whole(&frame), "{} bytes: {request:?}", frame.len());
        assert_eq!(requests_in(&frame), [Ok(request)]);
    }
    for event in events() {
        let frame = frame(&event);
        assert!(is_whole(&frame), "{} bytes: {event:?}", frame.len());
        assert_eq!(events_in(&frame), [Ok(event)]);
    }
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

#[test]
fn empty_frames_are_passed_over() {
    let exit = frame(&Request::Exit);
    assert_eq!(requests_in(&[0; 300]), []);
    let bytes = [&[0, 0, 0], &exit[..], &[0], &exit, &[0, 0]].concat();
    assert_eq!(requests_in(&bytes), [Ok(Request::Exit), Ok(Request::Exit)]);
}

/// An error, and after it `next` is read as if nothing had been.
fn is_refused<M>(bytes: &[u8], next: &M)
where
    M: serde::Serialize + serde::de::DeserializeOwned + Clone + PartialEq + std::fmt::Debug,
{
    let read = read::<M>(&mut Decoder::default(), &[bytes, &frame(next)].concat());
    assert_eq!(read, [Err(FrameError), Ok(next.clone())], "{bytes:?}");
}

/// Frames that are whole, with content that is no message.
#[test]
fn garbage_is_an_error_and_the_next_frame_is_read() {
    let done = Event::Done { updates: 1, digest: 2, test_loss: 3, overruns: 4 };
    for length in [1, 2, 50, FRAME - 1] {
        is_refused(&[vec![0xff; length], vec![0]].concat(), &Request::Exit);
        is_refused(&[vec![b'U'; length], vec![0]].concat(), &done);
    }
    is_refused(&frame(&3_u8), &Request::Exit); // no such request
    is_refused(&frame(&8_u8), &done); // no such event
    is_refused(&frame(&(4_u8, [3_u8].as_slice())), &done); // no such verdict
    is_refused(&frame(&(7_u8, [0xff_u8].as_slice())), &done); // no UTF-8
    is_refused(&frame(&(7_u8, "x".repeat(97))), &done); // a reason of 97
    is_refused(&frame(&(2_u8, 1_u32, 2_u16, [0_u32; WORDS + 1].as_slice())), &done); // 17 words
    is_refused(&frame(&(3_u8, 2_u16, [0_u32; WORDS + 1].as_slice())), &done);
    is_refused(&frame(&(4_u8, [0_u8; WORDS + 1].as_slice())), &done);

    // A request to measure a network of one layer too many; of as many as there may be, it is one.
    let [longest, ..] = trainings();
    let Training { loss, plan, .. } = longest;
    let specs = |layers: usize| vec![LayerSpec::new(7, AnyActivation::Relu); layers];
    let request = |layers: usize| frame(&(1_u8, ((5_u16, specs(layers)), loss, plan), 9_u32));
    is_refused(&request(MAX_LAYERS + 1), &Request::Exit);
    let layers = Layers::new(5, &specs(MAX_LAYERS)).unwrap();
    let training = Training { layers, loss, plan };
    assert_eq!(requests_in(&request(MAX_LAYERS)), [Ok(Request::Measure { training, updates: 9 })]);
}

/// No two messages begin alike to the end of the shorter one, so a part of one is none.
#[test]
fn a_truncated_frame_is_an_error_and_the_next_frame_is_read() {
    fn cut_everywhere<M>(messages: &[M])
    where
        M: serde::Serialize + serde::de::DeserializeOwned + Clone + PartialEq + std::fmt::Debug,
    {
        for message in messages {
            let frame = frame(message);
            for length in 1..frame.len() - 1 {
                is_refused(&[&frame[..length], &[0]].concat(), message);
            }
        }
    }
    cut_everywhere(&requests());
    cut_everywhere(&events());
}

/// The decoder starts again after [`FRAME`] bytes, so that one long frame may be several errors.
#[test]
fn an_overlong_frame_is_an_error_and_the_next_frame_is_read() {
    for length in FRAME..=5 * FRAME {
        for junk in [0xff, b'U'] {
            let bytes = [vec![junk; length], vec![0], frame(&Request::Exit)].concat();
            let mut read = requests_in(&bytes);
            assert_eq!(read.pop(), Some(Ok(Request::Exit)), "{length} bytes");
            assert!(
                !read.is_empty() && read.iter().all(|read| *read == Err(FrameError)),
                "{length}: {read:?}"
            );
        }
    }
}

#[test]
fn a_stream_may_be_cut_anywhere() {
    let events = events();
    let bytes: Vec<u8> = events.iter().flat_map(frame).collect();
    let whole: Read<Event> = events.iter().cloned().map(Ok).collect();
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
        assert!(events_in(second).ends_with(&whole[missed..]), "joined at byte {at}");
    }
}

/// What follows an overlong frame up to its zero belongs to it, and nothing may follow a message in its frame.
#[test]
fn a_tail_is_no_message() {
    let mut decoder = Decoder::default();
    let mut read =
        |bytes: &[u8]| bytes.iter().filter_map(|&byte| decoder.push::<Request>(byte)).collect::<Vec<_>>();
    let mut buffer = [0; FRAME];
    let exit = encode(&Request::Exit, &mut buffer).unwrap().to_vec();
    assert_eq!(read(&[&[0xff; FRAME + 1], &exit[..]].concat()), [Err(FrameError)]);
    assert_eq!(read(&exit), [Ok(Request::Exit)]);
    let mut buffer = [0; FRAME];
    let with_tail = encode(&(Request::Exit, [9_u8; 20]), &mut buffer).unwrap().to_vec();
    assert_eq!(read(&with_tail), [Err(FrameError)]);
}
