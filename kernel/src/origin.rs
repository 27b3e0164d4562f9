//! A training begun: its samples from the device's own sensor or from the host, as they come or kept.

use crate::course::Reason;
use crate::layers::{AnyLoss, Layers};
use crate::loss::Loss;
use crate::memory::Arena;
use crate::plan::{Data, Lent};
use crate::resident::Sensor;
use crate::samples::{NoSample, Ring, Samples, StoreError, Stored};
use crate::shape::Network;
use crate::state::Words;
use crate::trainer::Trainer;
use crate::wire::{Origin, Training};
use crate::wired::Wired;

/// A trainer on the lent memory. What is stored of the device's own samples is still to come: [`Source::fill`].
#[inline(never)] // nothing of it is on the stack of an update
pub fn start<'a, S: Sensor>(
    training: &Training,
    origin: Origin,
    arena: &'a mut [f32],
    indices: &'a mut [u16],
    sensor: &'a mut S,
) -> Result<Trainer<'a, Layers, AnyLoss, Source<'a, S>>, Reason> {
    let Training { layers, loss, plan } = training;
    let (inputs, seed) = (usize::from(plan.task.inputs), plan.task.seed);
    let mut arena = Arena::new(arena);
    let kept = usize::from(plan.data.stored());
    let rows = arena.take(kept.saturating_mul(inputs.saturating_add(1))).map_err(Reason::Arena)?;
    let stream = match origin {
        Origin::Device | Origin::Standalone => {
            if plan.task.inputs > S::INPUTS {
                return Err(Reason::SensorInputs(S::INPUTS));
            }
            sensor.start(&plan.task);
            Stream::Device(sensor)
        }
        Origin::Host => {
            let targets = loss.targets(layers.outputs());
            if kept > 0 && targets != 1 {
                return Err(Reason::Targets);
            }
            // As many rows as an update may want at once.
            let waiting = match plan.data {
                Data::Stream | Data::Ring { .. } => plan.batch.saturating_add(plan.standardise.unwrap_or(0)),
                _ => 1,
            };
            let numbers = inputs.saturating_add(targets).saturating_mul(waiting as usize);
            let waiting = arena.take(numbers).map_err(Reason::Arena)?;
            Stream::Host(Wired::new(waiting, inputs, targets, seed).map_err(Reason::Arena)?)
        }
    };
    let source = match plan.data {
        Data::Stream => Source::Stream(stream),
        Data::Ring { capacity, .. } => {
            Source::Ring(Ring::new(stream, rows, inputs, capacity, seed).map_err(Reason::Store)?)
        }
        _ => {
            let stored = Stored::new(rows, inputs, seed);
            Source::Stored { stored, samples: kept, stream }
        }
    };
    let lent = Lent { arena: arena.rest(), indices };
    plan.start_layers(layers.clone(), *loss, lent, source).map_err(Reason::Plan)
}

/// Samples as they come.
pub enum Stream<'a, S> {
    /// From the device's own sensor.
    Device(&'a mut S),
    /// From the host.
    Host(Wired<'a>),
}

impl<S: Samples> Samples for Stream<'_, S> {
    fn sample(&mut self, index: u64, x: &mut [f32], target: &mut [f32]) -> Result<(), NoSample> {
        match self {
            Self::Device(sensor) => sensor.sample(index, x, target),
            Self::Host(wired) => wired.sample(index, x, target),
        }
    }

    fn pass<W: Words>(&mut self, words: &mut W) -> Result<(), W::Error> {
        match self {
            Self::Device(sensor) => sensor.pass(words),
            Self::Host(wired) => wired.pass(words),
        }
    }
}

/// Samples as they come, or kept.
pub enum Source<'a, S> {
    /// As they come.
    Stream(Stream<'a, S>),
    /// All of them kept.
    Stored {
        /// Those that there are.
        stored: Stored<'a>,
        /// How many there will be.
        samples: usize,
        /// Where they come from.
        stream: Stream<'a, S>,
    },
    /// The last ones kept.
    Ring(Ring<'a, Stream<'a, S>>),
}

impl<'a, S: Sensor> Source<'a, S> {
    /// Where new samples come from.
    fn stream(&mut self) -> &mut Stream<'a, S> {
        match self {
            Self::Stream(stream) | Self::Stored { stream, .. } => stream,
            Self::Ring(ring) => ring.stream(),
        }
    }

    /// What has come from the host, if samples do.
    pub fn wired(&mut self) -> Option<&mut Wired<'a>> {
        match self.stream() {
            Stream::Device(_) => None,
            Stream::Host(wired) => Some(wired),
        }
    }

    /// Stores the first samples of the device's own sensor, if samples are to be stored and come from there.
    pub fn fill(&mut self) -> Result<(), NoSample> {
        match self {
            Self::Stored { stored, stream: Stream::Device(sensor), .. } => stored.fill(*sensor),
            _ => Ok(()),
        }
    }

    /// How many rows the device's own sensor has lost.
    pub fn overruns(&mut self) -> u32 {
        match self.stream() {
            Stream::Device(sensor) => sensor.overruns(),
            Stream::Host(_) => 0,
        }
    }

    /// Whether there are samples for an update that wants so many new ones at most. Of those to be kept, moves what has
    /// come from the host to its place.
    pub fn is_ready(&mut self, wanted: usize) -> Result<bool, StoreError> {
        if let Self::Stored { stored, samples, stream } = self {
            if let Stream::Host(wired) = stream {
                while stored.len() < *samples
                    && let Some((x, target)) = wired.take()
                {
                    stored.push(x, target.first().copied().unwrap_or_default())?;
                }
                wired.make_room();
            }
            return Ok(stored.len() >= *samples);
        }
        Ok(self.wired().is_none_or(|wired| wired.waiting() >= wanted))
    }
}

impl<S: Samples> Samples for Source<'_, S> {
    fn sample(&mut self, index: u64, x: &mut [f32], target: &mut [f32]) -> Result<(), NoSample> {
        match self {
            Self::Stream(stream) => stream.sample(index, x, target),
            Self::Stored { stored, .. } => stored.sample(index, x, target),
            Self::Ring(ring) => ring.sample(index, x, target),
        }
    }

    /// Samples that are all kept are no part of it: they are sent again, or measured again.
    fn pass<W: Words>(&mut self, words: &mut W) -> Result<(), W::Error> {
        match self {
            Self::Stream(stream) => stream.pass(words),
            Self::Stored { .. } => Ok(()),
            Self::Ring(ring) => ring.pass(words),
        }
    }
}
