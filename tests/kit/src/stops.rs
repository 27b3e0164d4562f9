//! A training that is stopped, and goes on from its checkpoints in another memory.

use tamis::checkpoint::Checkpoints;
use tamis::wire::Training;
use tamis::{AnyLoss, Layers, Samples, Trainer};
use tamis_bits::Memory;

use crate::bits;
use crate::flash::{Flash, PAGE};
use crate::trainings::{start, train};

/// What every training here is described by.
pub const DESCRIPTION: &[u8] = b"a training that is described by more bytes than one block has";

/// What an end is told by: the digest, and the bits of parameters and norms.
pub type End = (u32, Vec<u32>, Vec<u32>);

/// That end.
pub fn end<S: Samples>(trainer: &mut Trainer<'_, Layers, AnyLoss, S>) -> End {
    let norms = bits(trainer.norms().unwrap_or_default());
    (trainer.digest(), bits(trainer.model().params()), norms)
}

/// The end of `training` from `samples` without a stop, and with one after each of these updates.
pub fn with_stops<S: Samples>(training: &Training, samples: impl Fn() -> S, stops: &[u32]) -> (End, End) {
    let mut memory = Memory::of(training);
    let mut whole = start(training, &mut memory, samples());
    train(&mut whole, training.plan.updates);
    let mut flash = Flash::new(64);
    for &stop in stops {
        let mut memory = Memory::of(training);
        let mut trainer = start(training, &mut memory, samples());
        let mut checkpoints = Checkpoints::new(flash, 16 * PAGE as u32).unwrap();
        checkpoints.load(DESCRIPTION, &mut trainer).unwrap();
        train(&mut trainer, stop);
        let saved = checkpoints.save(DESCRIPTION, &mut trainer).unwrap();
        assert_eq!((saved.updates, saved.digest), (stop, trainer.digest()));
        flash = checkpoints.into_flash();
    }
    let mut memory = Memory::of(training);
    let mut resumed = start(training, &mut memory, samples());
    let mut checkpoints = Checkpoints::new(flash, 16 * PAGE as u32).unwrap();
    let found = checkpoints.load(DESCRIPTION, &mut resumed).unwrap().unwrap();
    assert_eq!((Some(&found.updates), found.digest), (stops.last(), resumed.digest()));
    train(&mut resumed, training.plan.updates);
    (end(&mut whole), end(&mut resumed))
}

/// The same from the samples of its task: built here, where it is optimised.
pub fn task_with_stops(training: &Training, stops: &[u32]) -> (End, End) {
    with_stops(training, || training.plan.task, stops)
}
