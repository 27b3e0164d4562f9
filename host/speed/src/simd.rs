//! A task, compiled once for each width of vectors and run with the widest that this core has.
//!
//! Rust compiles for the oldest core of its target, which for x86-64 has vectors of 128 bits. What a function
//! with a target feature inlines is compiled for that feature, so a [`Task`] and all that it calls must be
//! `#[inline(always)]` to gain by it, as the kernel is. No bit depends on it: lanes do not mix, and nothing is
//! contracted to a fused multiply-add.
//!
//! This file has the host's one `unsafe`: the call of a function whose feature has just been detected.

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
    #[allow(unsafe_code)]
    fn pass<R>(work: impl FnOnce() -> R) -> R {
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") {
            // SAFETY: this core has the feature.
            return unsafe { pass_avx2(work) };
        }
        work()
    }

    /// Of `std`: one instruction for all lanes.
    #[inline(always)]
    fn sqrt(x: f32) -> f32 {
        x.sqrt()
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn pass_avx2<R>(work: impl FnOnce() -> R) -> R {
    work()
}

/// Work that gains by wide vectors.
pub trait Task {
    /// What it gives.
    type Output;

    /// Does it. To be `#[inline(always)]`.
    fn run(self) -> Self::Output;
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

    /// The widest that this core has.
    pub fn widest() -> Self {
        Self::ALL.into_iter().rfind(|level| level.is_available()).unwrap_or(Self::Baseline)
    }

    /// Whether this core has it.
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

    /// Runs `task` at this level, or at the baseline on a core without it.
    #[allow(unsafe_code)] // no safe call leads from a function without a feature to one with it
    pub fn run<T: Task>(self, task: T) -> T::Output {
        match self {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: this core has the feature.
            Self::Avx2 if self.is_available() => unsafe { with_avx2(task) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: this core has the features.
            Self::Avx512 if self.is_available() => unsafe { with_avx512(task) },
            _ => task.run(),
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn with_avx2<T: Task>(task: T) -> T::Output {
    task.run()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vl")]
fn with_avx512<T: Task>(task: T) -> T::Output {
    task.run()
}
