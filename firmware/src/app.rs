//! The application: requests come in over the serial line, plans are carried out, results go out.

use core::fmt::{self, Write as _};

use embedded_hal::digital::OutputPin;
use embedded_io::{Read, Write};
use heapless::String;
use static_cell::ConstStaticCell;
use tamis::showcase::{NORMS, Net, NetA, NetC, NetMixed, PARAMS, SCRATCH, STANDARDISE};
use tamis::verdict::{self, Verdict};
use tamis::wire::{self, Decoder, Event, FRAME, Report, Request, WIRE_VERSION, WORDS};
use tamis::{
    ARITHMETIC_VERSION, Lent, NoSample, Plan, PlanError, Samples, Shape, StoreError, Stored, TrainError,
    Trainer, Vector,
};

use crate::arch::{self, Timer};
use crate::board::{self, Board};
use crate::end;
use crate::sensor::{self, Feed, INPUTS, Queue};

/// How many samples can be stored, each of up to eight inputs and a target.
const SAMPLES: usize = 256;

static MODEL_PARAMS: ConstStaticCell<[f32; PARAMS]> = ConstStaticCell::new([0.0; PARAMS]);
static MODEL_SCRATCH: ConstStaticCell<[f32; SCRATCH]> = ConstStaticCell::new([0.0; SCRATCH]);
static GRADIENT: ConstStaticCell<[f32; PARAMS]> = ConstStaticCell::new([0.0; PARAMS]);
static MODEL_NORMS: ConstStaticCell<[f32; NORMS]> = ConstStaticCell::new([0.0; NORMS]);
static SCALE: ConstStaticCell<[f32; STANDARDISE]> = ConstStaticCell::new([0.0; STANDARDISE]);
static INDICES: ConstStaticCell<[u16; SAMPLES]> = ConstStaticCell::new([0; SAMPLES]);
static ROWS: ConstStaticCell<[f32; SAMPLES * (INPUTS + 1)]> =
    ConstStaticCell::new([0.0; SAMPLES * (INPUTS + 1)]);
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
pub fn run(settings: &Settings) -> ! {
    let Some(Board { name, serial, mut led, mut timer }) = board::take() else {
        panic!("the board is taken once, here");
    };
    defmt::info!("tamis on {=str}, arithmetic version {=u32}", name, ARITHMETIC_VERSION);
    let mut line = Line { serial, decoder: Decoder::default() };
    let mut bench = Bench {
        params: MODEL_PARAMS.take(),
        scratch: MODEL_SCRATCH.take(),
        gradient: GRADIENT.take(),
        indices: INDICES.take(),
        norms: MODEL_NORMS.take(),
        standardise: SCALE.take(),
        rows: ROWS.take(),
        feed: sensor::connect(QUEUE.take(), settings.burst),
    };
    let board = String::try_from(name).unwrap_or_default();
    line.send(&Event::Hello { wire: WIRE_VERSION, arithmetic: ARITHMETIC_VERSION, board });
    loop {
        match line.receive() {
            Request::Train { net, plan, report } => {
                let _ = led.set_low();
                let found = match net {
                    Net::A => bench.train::<NetA>(&mut line, &plan, report, settings),
                    Net::C => bench.train::<NetC>(&mut line, &plan, report, settings),
                    Net::Mixed => bench.train::<NetMixed>(&mut line, &plan, report, settings),
                };
                if found {
                    let _ = led.set_high();
                }
            }
            Request::Measure { net, plan, updates } => match net {
                Net::A => bench.measure::<NetA>(&mut line, &mut timer, &plan, updates),
                Net::C => bench.measure::<NetC>(&mut line, &mut timer, &plan, updates),
                Net::Mixed => bench.measure::<NetMixed>(&mut line, &mut timer, &plan, updates),
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

    fn send_params(&mut self, update: u32, params: &[f32]) {
        for (chunk, first) in params.chunks(WORDS).zip((0..).step_by(WORDS)) {
            let bits = chunk.iter().map(|param| param.to_bits()).collect();
            self.send(&Event::Params { update, first, bits });
        }
    }

    fn refuse(&mut self, reason: &Reason) {
        let mut text = String::new();
        // What does not fit is cut off.
        let _ = write!(text, "{reason}");
        self.send(&Event::Refused(text));
    }
}

/// The memory that trainings use one after the other.
struct Bench {
    params: &'static mut [f32],
    scratch: &'static mut [f32],
    gradient: &'static mut [f32],
    indices: &'static mut [u16],
    norms: &'static mut [f32],
    standardise: &'static mut [f32],
    rows: &'static mut [f32],
    feed: Feed,
}

/// Samples live from the sensor, or stored from it.
enum Source<'a> {
    Live(&'a mut Feed),
    Stored(Stored<'a>),
}

impl Samples for Source<'_> {
    fn sample(&mut self, index: u64, x: &mut [f32], target: &mut [f32]) -> Result<(), NoSample> {
        match self {
            Self::Live(feed) => feed.sample(index, x, target),
            Self::Stored(stored) => stored.sample(index, x, target),
        }
    }
}

/// Why a request is refused.
enum Reason {
    Plan(PlanError),
    Train(TrainError),
    Store(StoreError),
    TooManyInputs,
    TooLong,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plan(error) => error.fmt(f),
            Self::Store(error) => error.fmt(f),
            Self::Train(error) => error.fmt(f),
            Self::TooLong => f.write_str("the timer cannot count so many updates"),
            Self::TooManyInputs => write!(f, "the sensor has {INPUTS} inputs"),
        }
    }
}

impl Bench {
    /// Carries out `plan` and reports as asked. Gives whether exactly the relevant inputs were found.
    #[inline(never)] // one network's frame at a time on the stack
    fn train<N: Shape>(
        &mut self,
        line: &mut Line<impl Read + Write>,
        plan: &Plan,
        report: Report,
        settings: &Settings,
    ) -> bool {
        let result = self.try_train::<N>(line, plan, report, settings);
        if let Err(reason) = &result {
            line.refuse(reason);
        }
        result.unwrap_or(false)
    }

    fn try_train<N: Shape>(
        &mut self,
        line: &mut Line<impl Read + Write>,
        plan: &Plan,
        report: Report,
        settings: &Settings,
    ) -> Result<bool, Reason> {
        let mut trainer = self.start::<N>(plan)?;
        for update in 1..=plan.updates {
            trainer.learn().map_err(Reason::Train)?;
            (settings.after_update)(update, trainer.model().params_mut());
            trainer.record().map_err(Reason::Train)?;
            if report.wants_digest(update, plan.updates) {
                line.send(&Event::Digest { update, digest: trainer.digest() });
            }
            if report.wants_params(update) {
                line.send_params(update, trainer.model().params());
            }
        }
        let test_loss =
            trainer.test_loss(&plan.task).map_err(|error| Reason::Train(TrainError::Rejected(error)))?;
        let mut verdicts = [Verdict::Undecided; INPUTS];
        let verdicts = &mut verdicts[..plan.task.inputs.into()];
        let norms = trainer.norms();
        let norms = norms.as_ref().map_or(&[][..], |norms| norms.as_ref());
        plan.rule.judge(norms, verdicts);
        line.send(&Event::Support {
            norms: norms.iter().map(|norm| norm.to_bits()).collect(),
            verdicts: verdicts.iter().copied().collect(),
        });
        let (updates, digest) = (trainer.model().updates(), trainer.digest());
        let overruns = sensor::overruns();
        line.send(&Event::Done { updates, digest, test_loss: test_loss.to_bits(), overruns });
        let found = verdict::is_exact(verdicts, plan.task.relevant.into());
        defmt::info!("{=u32} updates, digest {=u32:08x}, support found: {=bool}", updates, digest, found);
        Ok(found)
    }

    /// Counts the ticks of `updates` updates, and of twice as many, all on the plan's first row.
    #[inline(never)] // as for `train`
    fn measure<N: Shape>(
        &mut self,
        line: &mut Line<impl Read + Write>,
        timer: &mut Timer,
        plan: &Plan,
        updates: u32,
    ) {
        let mut ticks = |updates| {
            let (mut x, mut target) = (N::In::zeros(), N::Out::zeros());
            target.as_mut().fill(plan.task.row(0, x.as_mut()));
            let mut trainer = self.start::<N>(plan)?;
            let mut result = Ok(());
            let ticks = arch::ticks(timer, || {
                result = (0..updates).try_for_each(|_| trainer.update_on(&x, &target).map(|_| ()));
            });
            result.map_err(Reason::Train)?;
            ticks.ok_or(Reason::TooLong)
        };
        match (ticks(updates), ticks(updates.saturating_mul(2))) {
            (Ok(once), Ok(twice)) => line.send(&Event::Ticks { once, twice }),
            (Err(reason), _) | (_, Err(reason)) => line.refuse(&reason),
        }
    }

    /// A trainer for `plan` on the bench's memory, its samples stored first if the plan says so.
    fn start<N: Shape>(&mut self, plan: &Plan) -> Result<Trainer<'_, N, Source<'_>>, Reason> {
        let inputs = usize::from(plan.task.inputs);
        if inputs > INPUTS {
            return Err(Reason::TooManyInputs);
        }
        self.feed.start(plan.task);
        let mut stored = Stored::new(self.rows, inputs, plan.task.seed);
        for _ in 0..plan.data.stored() {
            let row = self.feed.wait();
            stored.push(row.inputs(), row.target()).map_err(Reason::Store)?;
        }
        let source = if stored.is_empty() { Source::Live(&mut self.feed) } else { Source::Stored(stored) };
        let lent = Lent {
            params: self.params,
            scratch: self.scratch,
            gradient: self.gradient,
            indices: self.indices,
            norms: self.norms,
            standardise: self.standardise,
        };
        plan.start(lent, source).map_err(Reason::Plan)
    }
}
