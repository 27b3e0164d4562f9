//! What host and device say to each other, in frames ([`crate::frame`]). This line is an emulator's: nothing is lost on it.
//!
//! The device says [`Event::Hello`]; from then on it answers each [`Request`] with [`Event`]s, the last of
//! which is [`Event::Done`], [`Event::Ticks`] or [`Event::Refused`].

use heapless::{String, Vec};
use serde::{Deserialize, Serialize};

use crate::layers::{AnyLoss, Layers};
use crate::plan::Plan;
use crate::verdict::Verdict;

/// The version of these messages.
pub const WIRE_VERSION: u16 = 3;

/// How many words travel in one frame.
pub const WORDS: usize = 16;

/// What the host asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Request {
    /// Carry out a plan.
    Train {
        /// Network, loss and plan.
        training: Training,
        /// What to tell of it.
        report: Report,
    },
    /// Count the ticks of `updates` updates, and of twice as many.
    Measure {
        /// Network, loss and plan; the first sample is used over and over.
        training: Training,
        /// How many updates.
        updates: u32,
    },
    /// End the program.
    Exit,
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

/// What to tell of a training while it goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Report {
    /// A digest after every so many updates, and always after the last.
    pub digest_every: u32,
    /// All parameters after each of these updates, from the first to the last.
    pub params: Option<(u32, u32)>,
}

impl Report {
    /// Whether a digest is due after `update` of a training whose last is `last`.
    pub fn wants_digest(&self, update: u32, last: u32) -> bool {
        update.is_multiple_of(self.digest_every) || update == last
    }

    /// Whether the parameters are due after `update`.
    pub fn wants_params(&self, update: u32) -> bool {
        self.params.is_some_and(|(first, last)| (first..=last).contains(&update))
    }
}

/// What the device answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Event {
    /// Says once, at start: ready.
    Hello {
        /// [`WIRE_VERSION`].
        wire: u16,
        /// [`crate::ARITHMETIC_VERSION`].
        arithmetic: u32,
        /// The board.
        board: String<16>,
    },
    /// The chained digest after an update.
    Digest {
        /// How many updates have been made.
        update: u32,
        /// The digest.
        digest: u32,
    },
    /// Parameters after an update, as bits.
    Params {
        /// How many updates have been made.
        update: u32,
        /// The index of the first of them.
        first: u16,
        /// The bits.
        bits: Vec<u32, WORDS>,
    },
    /// Mean column norms at the end, as bits; none before the first check.
    Norms {
        /// The first of these inputs.
        first: u16,
        /// The bits.
        bits: Vec<u32, WORDS>,
    },
    /// Verdicts on the inputs that are not probes.
    Verdicts(Vec<Verdict, WORDS>),
    /// The plan has been carried out.
    Done {
        /// How many updates were made.
        updates: u32,
        /// The final digest.
        digest: u32,
        /// The mean loss over the test set, as bits.
        test_loss: u32,
        /// How many samples found the queue full.
        overruns: u32,
    },
    /// Ticks of the guest's timer.
    Ticks {
        /// For as many updates as asked.
        once: u32,
        /// For twice as many.
        twice: u32,
    },
    /// The plan cannot be carried out, or ended early.
    Refused(String<96>),
}
