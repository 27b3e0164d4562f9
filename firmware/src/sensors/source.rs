//! Samples at a fixed rate: sample k is due at t₀ + k T.
//!
//! A training that takes longer than T finds that the times of some samples have passed: they are lost, an *overrun*
//! each. A sensor that has nothing new when a sample is due makes it late: the next time counts, an *underrun*.

use tamis::{NoSample, Samples, Seed, Task, resident, task};

use super::{Clock, Missed, Sensor};

/// So many times in a row a sensor may have nothing new.
const PATIENCE: u32 = 1_000;

/// How many samples were not there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Lost, because the training took too long.
    pub overruns: u32,
    /// Late, because a sensor had nothing new.
    pub underruns: u32,
}

/// Inputs and labels, joined.
pub struct Source<X, Y, C> {
    inputs: X,
    labels: Y,
    clock: C,
    period_us: u32,
    due: u32,
    counts: Counts,
    /// Decides the probes that a training wants beside the inputs.
    probes: Option<Seed>,
}

impl<X: Sensor, Y: Sensor, C: Clock> Source<X, Y, C> {
    /// A sample every `period_us` microseconds, at least one; the first is due now.
    pub fn new(inputs: X, labels: Y, mut clock: C, period_us: u32) -> Self {
        let due = clock.now_us();
        Self {
            inputs,
            labels,
            clock,
            period_us: period_us.max(1),
            due,
            counts: Counts::default(),
            probes: None,
        }
    }

    /// What has been lost and late so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Its parts again.
    pub fn into_parts(self) -> (X, Y, C) {
        (self.inputs, self.labels, self.clock)
    }

    /// Waits until the next sample is due, past those whose time has gone.
    fn wait(&mut self) {
        // Modulo 2^32: in the upper half the time has not come yet.
        let late = self.clock.now_us().wrapping_sub(self.due);
        if late > u32::MAX / 2 {
            self.clock.delay_us(late.wrapping_neg());
        } else {
            let lost = late / self.period_us;
            self.counts.overruns = self.counts.overruns.saturating_add(lost);
            self.due = self.due.wrapping_add(lost * self.period_us);
        }
        self.due = self.due.wrapping_add(self.period_us);
    }
}

impl<X: Sensor, Y: Sensor, C: Clock> Samples for Source<X, Y, C> {
    fn sample(&mut self, index: u64, x: &mut [f32], target: &mut [f32]) -> Result<(), NoSample> {
        let mut waits = 0;
        while waits < PATIENCE {
            self.wait();
            match self.inputs.measure(x).and_then(|()| self.labels.measure(target)) {
                Ok(()) => {
                    if let Some(seed) = self.probes
                        && let Some(probes) = x.get_mut(X::CHANNELS..)
                    {
                        task::probes(seed, index, probes);
                    }
                    return Ok(());
                }
                Err(Missed::Off) => {}
                Err(Missed::NotReady) => {
                    self.counts.underruns = self.counts.underruns.saturating_add(1);
                    waits += 1;
                }
                Err(Missed::Broken) => break,
            }
        }
        Err(NoSample(index))
    }
}

/// The sensor of a device that trains what a host asks for: of the task only the seed counts, which decides the probes. Its
/// inputs must be all channels.
impl<X: Sensor, Y: Sensor, C: Clock> resident::Sensor for Source<X, Y, C> {
    const INPUTS: u16 = X::CHANNELS as u16;

    fn start(&mut self, task: &Task) {
        self.due = self.clock.now_us();
        self.counts = Counts::default();
        self.probes = Some(task.seed);
    }

    fn overruns(&self) -> u32 {
        self.counts.overruns
    }
}
