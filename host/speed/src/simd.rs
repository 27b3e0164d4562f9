//! Work that is compiled once for each width of vectors, and run with the width that this core has.
//!
//! Rust compiles for the oldest core of its target, which for x86-64 has vectors of 128 bits. What a function
//! with a target feature inlines is compiled for that feature. So work is a closure that is `#[inline(always)]`, and
//! all that it calls must be too, or be such work itself, as the kernel's passes over layers are ([`Wide`]). No bit
//! depends on it: lanes do not mix, and nothing is contracted to a fused multiply-add.
//!
//! This file has the host's one kind of `unsafe`: the call of a function whose feature has just been detected.

use std::fmt;

use serde::{Deserialize, Serialize};
use tamis::Lanes;
use tamis::lanes::Compile;

/// How many trainings go side by side: a vector of 256 bits.
pub const LANES: usize = 8;

/// The numbers of trainings side by side.
pub type Bundle = Lanes<LANES, Wide>;

/// Lanes in vectors of 256 bits where this core has them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wide;

impl Compile for Wide {
    #[inline(always)]
    fn pass<R>(work: impl FnOnce() -> R) -> R {
        wide(work)
    }

    /// Of `std`: one instruction for all lanes.
    #[inline(always)]
    fn sqrt(x: f32) -> f32 {
        x.sqrt()
    }
}

/// A width of vectors that code is compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Level {
    /// What every core of the target has.
    Baseline,
    /// Vectors of 256 bits.
    Avx2,
    /// Vectors of 512 bits.
    Avx512,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Baseline => "baseline",
            Self::Avx2 => "AVX2",
            Self::Avx512 => "AVX-512",
        })
    }
}

impl Level {
    /// All of them, narrowest first.
    pub const ALL: [Self; 3] = [Self::Baseline, Self::Avx2, Self::Avx512];

    /// Whether this core has it.
    #[inline]
    pub fn is_available(self) -> bool {
        match self {
            Self::Baseline => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => is_x86_feature_detected!("avx2"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vl"),
            #[cfg(not(target_arch = "x86_64"))]
            _ => false,
        }
    }

    /// Does `work` at this level, or at the baseline on a core without it.
    #[inline(always)]
    #[allow(unsafe_code)] // no safe call leads from a function without a feature to one with it
    pub fn run<R>(self, work: impl FnOnce() -> R) -> R {
        match self {
            Self::Avx2 => wide(work),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: this core has the features.
            Self::Avx512 if self.is_available() => unsafe { with_avx512(work) },
            _ => work(),
        }
    }
}

/// Does `work` with vectors of 256 bits where this core has them. Not by way of [`Level::run`]: the passes of [`Wide`] are
/// many, and would be compiled for vectors of 512 bits too.
#[inline(always)]
#[allow(unsafe_code)] // as above
fn wide<R>(work: impl FnOnce() -> R) -> R {
    #[cfg(target_arch = "x86_64")]
    if Level::Avx2.is_available() {
        // SAFETY: this core has the feature.
        return unsafe { with_avx2(work) };
    }
    work()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn with_avx2<R>(work: impl FnOnce() -> R) -> R {
    work()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vl")]
fn with_avx512<R>(work: impl FnOnce() -> R) -> R {
    work()
}
