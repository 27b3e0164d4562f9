//! What host and device say to each other. The host asks, the device answers, and says nothing unasked but its first
//! word, [`Answer::Hello`], after a reset.
//!
//! Messages travel in frames ([`crate::frame`]), in a numbered envelope ([`crate::link`]): what is damaged or lost is
//! asked again. Every request may therefore come twice, and says *where* it applies: samples by their place in the
//! stream, updates by their number. The second time it changes nothing and is answered alike.
//!
//! # A training
//!
//! 1. [`Request::Hello`] tells what the device is.
//! 2. [`Request::Configure`] begins a training, or goes on with it if it is the one that the device has.
//! 3. [`Request::SetParams`], before the first update, for a network that was trained before.
//! 4. [`Request::Samples`] where they come from the host. Samples in the order of their visits are one long stream of
//!    numbers, each the inputs that are no probes, then the targets. [`Progress::received`] is how many numbers of it
//!    have arrived: the next one wanted. It goes down when the device has lost its power.
//! 5. [`Request::Advance`] where they come from the device itself, or are stored there; a training that is
//!    [`Origin::Standalone`] needs no request to go on.
//! 6. [`Request::Params`], [`Request::Support`], [`Request::TestLoss`] tell what came of it.
//!
//! # A selection of inputs
//!
//! [`Request::Configure`] with a [`Job::Select`] begins it; it goes on by itself, and [`Request::Findings`] asks what it has
//! found so far.
//!
//! # Two acknowledgements
//!
//! [`Progress::received`] says what has arrived, [`Progress::durable`] what would be left if the power went now: the
//! newest checkpoint. A host keeps what lies between the two, for it may be wanted again.

use heapless::{String, Vec};
use postcard::ser_flavors::Flavor;
use serde::{Deserialize, Serialize};

use crate::frame::{FRAME, FrameError};
use crate::layers::{AnyLoss, Layers};
use crate::one_pass::{Finding, Settings};
use crate::ops::split;
use crate::plan::Plan;
use crate::task::Task;
use crate::verdict::Verdict;

/// The version of these messages, of envelopes and of frames.
pub const WIRE_VERSION: u16 = 3;

/// How many numbers travel in one frame.
pub const NUMBERS: usize = 64;
/// How many digests or inputs.
pub const ITEMS: usize = 32;
/// How many updates are made for one request: a device is there again soon.
pub const UPDATES: u32 = 1000;

/// What the host asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Request<'a> {
    /// Who is there? The first of every session.
    Hello,
    /// Begin this work, or go on with it: a [`Job`].
    #[serde(borrow)]
    Configure(Packed<'a>),
    /// Forget the work and its checkpoints.
    Forget,
    /// How far is it?
    Status,
    /// Parameters from outside; before the first update.
    SetParams {
        /// The index of the first of them.
        first: u32,
        /// They, [`NUMBERS`] at most.
        params: Packed<'a>,
    },
    /// A part of the stream of samples.
    Samples {
        /// The place of the first number in the stream.
        first: u64,
        /// Inputs and targets, row after row, [`NUMBERS`] at most.
        numbers: Packed<'a>,
    },
    /// Make updates.
    Advance {
        /// Until there have been so many, or [`UPDATES`] for this request.
        until: u32,
        /// The digest after every so many is wanted, of [`ITEMS`] such at most.
        digest_every: u32,
    },
    /// Make what there is durable.
    Checkpoint,
    /// Parameters.
    Params {
        /// From this index on.
        first: u32,
    },
    /// Column norms and verdicts.
    Support {
        /// From this input on.
        first: u16,
    },
    /// What a selection has found.
    Findings,
    /// The mean loss over the test set of the plan's task.
    TestLoss,
    /// Count the ticks of `updates` updates, and of twice as many, from the start.
    Measure {
        /// A [`Training`]; the first sample is used over and over.
        training: Packed<'a>,
        /// How many updates.
        updates: u32,
    },
    /// End the program, where it has an end.
    Exit,
}

/// Content that stays in its frame until it is wanted: a device has no memory for two copies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Packed<'a>(&'a [u8]);

impl<'a> Packed<'a> {
    /// A message as `postcard`, in `buffer`.
    pub fn message(message: &impl Serialize, buffer: &'a mut [u8; FRAME]) -> Result<Self, FrameError> {
        postcard::to_slice(message, buffer).map(|bytes| Self(bytes)).map_err(|_| FrameError)
    }

    /// The message, and nothing behind it.
    pub fn unpack<M: Deserialize<'a>>(self) -> Result<M, FrameError> {
        match postcard::take_from_bytes(self.0) {
            Ok((message, [])) => Ok(message),
            _ => Err(FrameError),
        }
    }

    /// Whether it is this message; without another copy of it.
    #[inline(never)] // nothing of it is on the stack of an update
    pub fn is(self, message: &impl Serialize) -> bool {
        postcard::serialize_with_flavor(message, Compare(self.0)).unwrap_or(false)
    }

    /// Numbers, four bytes each with the low one first, in `buffer`; as many as there is room for.
    pub fn numbers(numbers: &[f32], buffer: &'a mut [u8; 4 * NUMBERS]) -> Self {
        let (places, _) = buffer.as_chunks_mut::<4>();
        places.iter_mut().zip(numbers).for_each(|(place, number)| *place = number.to_le_bytes());
        let (bytes, _) = split(buffer, numbers.len().saturating_mul(4));
        Self(bytes)
    }

    /// The numbers.
    pub fn unpack_numbers(self) -> impl ExactSizeIterator<Item = f32> + Clone + 'a {
        let (numbers, _) = self.0.as_chunks::<4>();
        numbers.iter().map(|&number| f32::from_le_bytes(number))
    }
}

/// What remains to be compared with a message that is being written.
struct Compare<'a>(&'a [u8]);

impl Flavor for Compare<'_> {
    type Output = bool;

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        match self.0.split_first() {
            Some((&first, rest)) if first == byte => {
                self.0 = rest;
                Ok(())
            }
            _ => Err(postcard::Error::SerializeBufferFull),
        }
    }

    fn finalize(self) -> postcard::Result<bool> {
        Ok(self.0.is_empty())
    }
}

/// What a device is to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Job {
    /// Train a network.
    Train(Configuration),
    /// Select inputs.
    Select(Selection),
}

impl Job {
    /// A checkpoint after every so many updates or samples, if any.
    pub fn checkpoint_every(&self) -> Option<u32> {
        match self {
            Self::Train(configuration) => configuration.checkpoint_every,
            Self::Select(selection) => selection.checkpoint_every,
        }
    }
}

/// A selection of inputs in one pass over the device's own sensor ([`crate::one_pass`]).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Selection {
    /// What the sensor delivers.
    pub task: Task,
    /// How the pass goes.
    pub settings: Settings,
    /// A checkpoint after every so many samples, if any.
    pub checkpoint_every: Option<u32>,
}

/// A training, and how the device carries it out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Configuration {
    /// Network, loss and plan.
    pub training: Training,
    /// Where samples come from.
    pub origin: Origin,
    /// A checkpoint after every so many updates, if any.
    pub checkpoint_every: Option<u32>,
}

/// Where samples come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Origin {
    /// From the device's own sensor, for the updates that are asked for.
    Device,
    /// From the host, over the line.
    Host,
    /// From the device's own sensor, and between two requests the training goes on by itself.
    Standalone,
}

/// A whole training: everything that decides its bits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Training {
    /// The network.
    pub layers: Layers,
    /// The loss.
    pub loss: AnyLoss,
    /// Everything else.
    pub plan: Plan,
}

/// What the device answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Answer {
    /// Who is there.
    Hello(Hello),
    /// How far the training is.
    Progress(Progress),
    /// Nothing is configured.
    Idle,
    /// Parameters from the index that was asked for; none behind the last.
    Params(Vec<f32, NUMBERS>),
    /// Mean column norms from the input that was asked for, none before the first check; and the verdicts on those
    /// that are no probes.
    Support {
        /// The norms.
        norms: Vec<f32, ITEMS>,
        /// The verdicts.
        verdicts: Vec<Verdict, ITEMS>,
    },
    /// What a selection has found.
    Findings {
        /// Of each input.
        findings: Vec<Finding, ITEMS>,
        /// The mean norm of each input.
        norms: Vec<f32, ITEMS>,
        /// The largest mean norm of a shadow.
        shadow: f32,
    },
    /// The mean loss over the test set.
    TestLoss(f32),
    /// Ticks of the device's timer.
    Ticks {
        /// For as many updates as asked.
        once: u32,
        /// For twice as many.
        twice: u32,
    },
    /// It cannot be done. A training that has failed has ended.
    Refused(String<96>),
    /// A request of another session: say hello.
    Stranger,
    /// A frame came damaged: say it again.
    Damaged,
}

/// What a device is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Hello {
    /// [`WIRE_VERSION`].
    pub wire: u16,
    /// [`crate::ARITHMETIC_VERSION`].
    pub arithmetic: u32,
    /// The board.
    pub board: String<16>,
    /// How many numbers its arena has.
    pub numbers: u32,
    /// How many samples it can shuffle.
    pub indices: u32,
    /// Inputs of the widest row of its own sensor.
    pub inputs: u16,
    /// Bytes of the longest checkpoint; 0 where there is no memory for them.
    pub checkpoint: u32,
}

/// How far a training is; of a selection, updates are samples.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Progress {
    /// How many updates have been made.
    pub updates: u32,
    /// The chained digest of all of them.
    pub digest: u32,
    /// The loss of the newest update, if there has been one since the device was switched on; of a selection nothing.
    pub loss: Option<f32>,
    /// How many numbers of the stream of samples have arrived.
    pub received: u64,
    /// As many updates would be left if the power went now; nothing where there is no checkpoint of this training.
    pub durable: Option<u32>,
    /// How many samples have been rejected since the device was switched on.
    pub rejected: u32,
    /// How many samples of the device's own sensor found its queue full.
    pub overruns: u32,
    /// The digests that the last [`Request::Advance`] asked for.
    pub digests: Vec<u32, ITEMS>,
}
