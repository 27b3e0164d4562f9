//! The course of a benchmark, the same on device and host: steps on the rows of a workload, in their order, and a
//! digest of all parameters at the end.
//!
//! The program of a workload lends the memory and has the step as a function of its own, so that the step can be
//! found by name, and measured from its first instruction to its return.

use core::array;
use core::hint::black_box;

use tamis::model::{Input, Target};
use tamis::{Digest, Model, Sgd, Shape, StepError, Takes, Task, Vector};

use crate::workloads::{SEED, WARM_UP, Workload};

/// The model of a workload.
pub type Learner<'a, W> = Model<'a, <W as Workload>::Net, <W as Workload>::Loss>;

/// A sample of a workload.
pub struct Sample<W: Workload> {
    /// The inputs.
    pub x: Input<W::Net>,
    /// The target.
    pub target: Target<W::Net, W::Loss>,
}

impl<W: Workload> Sample<W> {
    /// The row of a task at this index.
    pub fn of_row(task: &Task, index: u64) -> Self {
        let mut x = <W::Net as Shape>::In::zeros();
        let target = task.row(index, x.as_mut());
        let mut sample = Self { x, target: <W::Loss as Takes<_>>::Target::<<W::Net as Shape>::Out>::zeros() };
        sample.target.as_mut().fill(target);
        sample
    }
}

/// Trains from the initial weights, `B` samples a step: as many steps as come before the one that is measured, and
/// that one. Gives the digest of the parameters; nothing if a step refuses its samples, which none does.
pub fn train<W: Workload, const B: usize>(
    net: &mut Learner<'_, W>,
    mut step: impl FnMut(&mut Learner<'_, W>, &[Sample<W>; B], &Sgd) -> Result<f32, StepError>,
) -> Option<u32> {
    net.init(W::INIT, SEED).ok()?;
    // A setting of run time, as in a program that learns it there.
    let sgd = black_box(Sgd::new(W::STEP_SIZE).ok()?);
    let mut rows = 0..;
    for _ in 0..=WARM_UP {
        let samples = array::from_fn(|_| Sample::of_row(&W::TASK, rows.next().unwrap_or_default()));
        step(net, &samples, &sgd).ok()?;
    }
    let mut digest = Digest::new();
    digest.update(net.params());
    Some(digest.value())
}

/// [`train`] as a whole program: the digest goes to the log.
#[cfg(on_board)]
pub fn run<W: Workload, const B: usize, const P: usize, const S: usize>(
    params: &mut [f32; P],
    scratch: &mut [f32; S],
    step: impl FnMut(&mut Learner<'_, W>, &[Sample<W>; B], &Sgd) -> Result<f32, StepError>,
) -> ! {
    let mut net = Learner::<W>::with_loss(W::Loss::default(), params, scratch);
    finish(train(&mut net, step))
}

/// Logs the digest of a training and ends.
#[cfg(on_board)]
pub fn finish(digest: Option<u32>) -> ! {
    let Some(digest) = digest else { crate::end::with(1) };
    defmt::info!("digest {=u32:08x}", digest);
    crate::end::with(0)
}
