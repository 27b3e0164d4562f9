//! The application: requests come in over the serial line, plans are carried out, results go out.

use core::fmt::{self, Write as _};

use embedded_hal::digital::OutputPin;
use embedded_io::{Read, Write};
use heapless::{String, Vec};
use static_cell::ConstStaticCell;
use tamis::verdict::{self, Verdict};
use tamis::wire::{self, Decoder, Event, FRAME, Report, Request, Training, WIRE_VERSION, WORDS};
use tamis::{
    ARITHMETIC_VERSION, AnyLoss, Arena, Data, Layers, LengthError, Lent, NoSample, PlanError, Ring, Samples,
    StoreError, Stored, TrainError, Trainer,
};

use crate::arch::{self, Timer};
use crate::board::Board;
use crate::end;
use crate::sensor::{self, Feed, INPUTS, Queue};

/// How many numbers networks, options and stored samples may have together: what demo C needs with 256 stored
/// samples of eight inputs and a target. With debug assertions a program needs more stack, and has room for less.
const NUMBERS: usize = if cfg!(debug_assertions) { 1700 } else { 2740 };
/// How many samples can be shuffled.
const INDICES: usize = 256;

static ARENA: ConstStaticCell<[f32; NUMBERS]> = ConstStaticCell::new([0.0; NUMBERS]);
static ORDER: ConstStaticCell<[u16; INDICES]> = ConstStaticCell::new([0; INDICES]);
static QUEUE: ConstStaticCell<Queue> = ConstStaticCell::new(Queue::new());

/// What one program does otherwise than another.
pub struct Settings {
    /// How many rows the sensor delivers at a time; more than the queue holds is an overrun.
    pub burst: u32,
    /// Called after every update with the number of updates and the parameters. The programs that test the
    /// cross-check damage them here.
    pub after_update: fn(u32, &mut [f32]),
}

impl Settings {
    /// As it should be.
    pub const HONEST: Self = Self { burst: 4, after_update: |_, _| {} };
}

/// Serves requests until one says exit.
pub fn run(board: Board<impl Read + Write, impl OutputPin>, settings: &Settings) -> ! {
    let Board { name, serial, mut led, mut timer } = board;
    defmt::info!("tamis on {=str}, arithmetic version {=u32}", name, ARITHMETIC_VERSION);
    let mut line = Line { serial, decoder: Decoder::default() };
    let feed = sensor::connect(QUEUE.take(), settings.burst);
    let mut bench = Bench { arena: ARENA.take(), order: ORDER.take(), feed };
    let board = String::try_from(name).unwrap_or_default();
    line.send(&Event::Hello { wire: WIRE_VERSION, arithmetic: ARITHMETIC_VERSION, board });
    loop {
        match line.receive() {
            Request::Train { training, report } => {
                let _ = led.set_low();
                match bench.train(&mut line, &training, report, settings) {
                    Ok(true) => _ = led.set_high(),
                    Ok(false) => {}
                    Err(reason) => line.refuse(&reason),
                }
            }
            Request::Measure { training, updates } => match bench.measure(&mut timer, &training, updates) {
                Ok((once, twice)) => line.send(&Event::Ticks { once, twice }),
                Err(reason) => line.refuse(&reason),
            },
            Request::Exit => {
                defmt::info!("exit");
                end::with(0);
            }
        }
    }
}

/// The serial line, in messages.
struct Line<S> {
    serial: S,
    decoder: Decoder,
}

impl<S: Read + Write> Line<S> {
    /// The next request; damaged frames are logged and passed over.
    #[inline(never)] // what decoding needs is off the stack before a training begins
    fn receive(&mut self) -> Request {
        loop {
            let mut byte = [0];
            if !matches!(self.serial.read(&mut byte), Ok(1)) {
                continue;
            }
            match self.decoder.push(byte[0]) {
                Some(Ok(request)) => return request,
                Some(Err(error)) => defmt::warn!("{}", error),
                None => {}
            }
        }
    }

    fn send(&mut self, event: &Event) {
        let mut buffer = [0; FRAME];
        match wire::encode(event, &mut buffer) {
            Ok(frame) => {
                if self.serial.write_all(frame).is_err() {
                    defmt::error!("the serial line does not take bytes");
                }
            }
            Err(error) => defmt::error!("{}", error),
        }
    }

    /// Sends numbers as bits, so many at a time: `event` makes an event of the index of the first and the bits.
    fn send_numbers(&mut self, numbers: &[f32], event: impl Fn(u16, Vec<u32, WORDS>) -> Event) {
        for (chunk, first) in numbers.chunks(WORDS).zip((0..).step_by(WORDS)) {
            self.send(&event(first, chunk.iter().map(|number| number.to_bits()).collect()));
        }
    }

    #[inline(never)] // nothing of it is on the stack of a training
    fn refuse(&mut self, reason: &Reason) {
        let mut text = String::new();
        // What does not fit is cut off.
        let _ = write!(text, "{reason}");
        self.send(&Event::Refused(text));
    }
}

/// The memory that trainings use one after the other.
struct Bench {
    arena: &'static mut [f32],
    order: &'static mut [u16],
    feed: Feed,
}

/// Samples live from the sensor, or kept from it.
enum Source<'a> {
    Live(&'a mut Feed),
    Stored(Stored<'a>),
    Ring(Ring<'a, &'a mut Feed>),
}

impl Samples for Source<'_> {
    fn sample(&mut self, index: u64, x: &mut [f32], target: &mut [f32]) -> Result<(), NoSample> {
        match self {
            Self::Live(feed) => feed.sample(index, x, target),
            Self::Stored(stored) => stored.sample(index, x, target),
            Self::Ring(ring) => ring.sample(index, x, target),
        }
    }
}

/// Why a request is refused.
enum Reason {
    Plan(PlanError),
    Train(TrainError),
    Store(StoreError),
    Arena(LengthError),
    TooManyInputs,
    TooLong,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plan(error) => error.fmt(f),
            Self::Store(error) => error.fmt(f),
            Self::Train(error) => error.fmt(f),
            Self::Arena(error) => write!(f, "arena: {error}"),
            Self::TooLong => f.write_str("the timer cannot count so many updates"),
            Self::TooManyInputs => write!(f, "the sensor has {INPUTS} inputs"),
        }
    }
}

impl Bench {
    /// Carries out `training` and reports as asked. Gives whether exactly the relevant inputs were found.
    #[inline(never)] // one request's frame at a time on the stack
    fn train(
        &mut self,
        line: &mut Line<impl Read + Write>,
        training: &Training,
        report: Report,
        settings: &Settings,
    ) -> Result<bool, Reason> {
        let plan = &training.plan;
        let mut trainer = self.start(training)?;
        for update in 1..=plan.updates {
            trainer.learn().map_err(Reason::Train)?;
            (settings.after_update)(update, trainer.model().params_mut());
            trainer.record().map_err(Reason::Train)?;
            if report.wants_digest(update, plan.updates) {
                line.send(&Event::Digest { update, digest: trainer.digest() });
            }
            if report.wants_params(update) {
                line.send_numbers(trainer.model().params(), |first, bits| Event::Params {
                    update,
                    first,
                    bits,
                });
            }
        }
        let test_loss =
            trainer.test_loss(&plan.task).map_err(|error| Reason::Train(TrainError::Rejected(error)))?;
        let mut verdicts = [Verdict::Undecided; INPUTS];
        let verdicts = &mut verdicts[..plan.task.inputs.into()];
        let norms = trainer.norms().unwrap_or_default();
        plan.rule.judge(norms, verdicts);
        line.send_numbers(norms, |first, bits| Event::Norms { first, bits });
        line.send(&Event::Verdicts(verdicts.iter().copied().collect()));
        let (updates, digest) = (trainer.model().updates(), trainer.digest());
        let overruns = sensor::overruns();
        line.send(&Event::Done { updates, digest, test_loss: test_loss.to_bits(), overruns });
        let found = verdict::is_exact(verdicts, plan.task.relevant.into());
        defmt::info!("{=u32} updates, digest {=u32:08x}, support found: {=bool}", updates, digest, found);
        Ok(found)
    }

    /// Counts the ticks of `updates` updates, and of twice as many, all on the first row.
    #[inline(never)] // as for `train`
    fn measure(
        &mut self,
        timer: &mut Timer,
        training: &Training,
        updates: u32,
    ) -> Result<(u32, u32), Reason> {
        let mut ticks = |updates| {
            let mut trainer = self.start(training)?;
            trainer.learn().map_err(Reason::Train)?;
            let mut result = Ok(());
            let ticks = arch::ticks(timer, || {
                result = (0..updates).try_for_each(|_| trainer.learn_again().map(|_| ()));
            });
            result.map_err(Reason::Train)?;
            ticks.ok_or(Reason::TooLong)
        };
        Ok((ticks(updates)?, ticks(updates.saturating_mul(2))?))
    }

    /// A trainer on the bench's memory, its samples stored first if the plan says so.
    fn start(&mut self, training: &Training) -> Result<Trainer<'_, Layers, AnyLoss, Source<'_>>, Reason> {
        let Training { layers, loss, plan } = training;
        let inputs = usize::from(plan.task.inputs);
        if inputs > INPUTS {
            return Err(Reason::TooManyInputs);
        }
        self.feed.start(plan.task);
        let mut arena = Arena::new(&mut *self.arena);
        let kept = plan.data.stored();
        let rows = arena.take(usize::from(kept) * (inputs + 1)).map_err(Reason::Arena)?;
        let source = match plan.data {
            Data::Stream => Source::Live(&mut self.feed),
            Data::Ring { capacity, .. } => {
                let ring = Ring::new(&mut self.feed, rows, inputs, capacity, plan.task.seed);
                Source::Ring(ring.map_err(Reason::Store)?)
            }
            _ => {
                let mut stored = Stored::new(rows, inputs, plan.task.seed);
                for _ in 0..kept {
                    let row = self.feed.wait();
                    stored.push(row.inputs(), row.target()).map_err(Reason::Store)?;
                }
                Source::Stored(stored)
            }
        };
        let lent = Lent { arena: arena.rest(), indices: self.order };
        plan.start_layers(layers.clone(), *loss, lent, source).map_err(Reason::Plan)
    }
}
