//! Outputs in blocks: the numbers of up to 16 neighbouring outputs stay in registers over a whole sweep of inputs.
//!
//! A block changes no sum: it computes outputs side by side that do not know of each other. What is left over when
//! the outputs are no multiple of 16 is a block too, of its own width. For a typed network the compiler knows the
//! widths, and nothing remains of the others. With the feature `small` blocks are of four, and one.

use core::sync::atomic::{Ordering, compiler_fence};

/// Something to do for all inputs, for a block of outputs at a time.
pub(crate) trait Sweep {
    /// For the `B` outputs from `first` on.
    fn block<const B: usize>(&mut self, first: usize);
}

/// Sweeps for all of `outputs`.
#[inline(always)]
pub(crate) fn sweep<T>(outputs: usize, sweep: &mut impl Sweep) {
    if cfg!(feature = "small") { in_fours(outputs, sweep) } else { widely(outputs, sweep, is_scalar::<T>()) }
}

/// Whether a `T` is one number and no lanes: 16 bundles of lanes do not go into registers, 8 do.
#[inline(always)]
pub(crate) fn is_scalar<T>() -> bool {
    size_of::<T>() == size_of::<f32>()
}

/// Stands in a loop over numbers: lanes are vectors already, and shall not be taken apart for others across the loop.
#[inline(always)]
pub(crate) fn each_apart<T>() {
    if !is_scalar::<T>() {
        compiler_fence(Ordering::SeqCst); // no instruction
    }
}

/// As many blocks of `B` outputs as there are from `first` on; gives the first output that is left.
#[inline(always)]
fn whole<const B: usize>(first: usize, outputs: usize, sweep: &mut impl Sweep) -> usize {
    let mut first = first;
    while outputs.saturating_sub(first) >= B {
        sweep.block::<B>(first);
        first = first.saturating_add(B);
    }
    first
}

/// Two widths and no others: little code.
#[inline(always)]
fn in_fours(outputs: usize, sweep: &mut impl Sweep) {
    let first = whole::<4>(0, outputs, sweep);
    whole::<1>(first, outputs, sweep);
}

#[inline(always)]
fn widely(outputs: usize, sweep: &mut impl Sweep, in_sixteens: bool) {
    let first = if in_sixteens { whole::<16>(0, outputs, sweep) } else { whole::<8>(0, outputs, sweep) };
    match outputs.saturating_sub(first) {
        0 => {}
        1 => sweep.block::<1>(first),
        2 => sweep.block::<2>(first),
        3 => sweep.block::<3>(first),
        4 => sweep.block::<4>(first),
        5 => sweep.block::<5>(first),
        6 => sweep.block::<6>(first),
        7 => sweep.block::<7>(first),
        8 => sweep.block::<8>(first),
        9 => sweep.block::<9>(first),
        10 => sweep.block::<10>(first),
        11 => sweep.block::<11>(first),
        12 => sweep.block::<12>(first),
        13 => sweep.block::<13>(first),
        14 => sweep.block::<14>(first),
        _ => sweep.block::<15>(first),
    }
}

/// The numbers of a block.
#[inline(always)]
pub(crate) fn block<T, const B: usize>(numbers: &[T], first: usize) -> Option<&[T; B]> {
    numbers.get(first..).and_then(|rest| rest.first_chunk())
}

/// [`block`], to write to.
#[inline(always)]
pub(crate) fn block_mut<T, const B: usize>(numbers: &mut [T], first: usize) -> Option<&mut [T; B]> {
    numbers.get_mut(first..).and_then(|rest| rest.first_chunk_mut())
}
