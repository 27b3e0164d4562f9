//! Tamis trains a fixed-size neural network on a microcontroller, with the same `f32` bits as on the host.
//!
//! A tamis is a drum sieve: the network lets the relevant inputs through and holds the rest back.
//!
//! 1. **Same bits everywhere.** Configuration, seed and samples decide every weight, bit for bit, on every
//!    target, at every optimisation level. The [`Digest`] proves it. Every operation and its order is in [`ops`].
//! 2. **Memory is known before it runs.** No heap, no recursion, no hidden copies. The RAM of a training is a
//!    constant ([`Ram`]) that the compiler checks against a budget.
//! 3. **Values live at run time, shapes live in types.** A network is a type; its numbers are one flat array.
//! 4. **Small batches are the point, not a compromise.** A batch of one needs no gradient buffer, and it is what
//!    learns the support. Where an explicit penalty or a plain test does better, the docs say so.
//! 5. **Every claim can be falsified.** Full-batch gradient descent, weight decay and pure noise ship beside SGD.
//!
//! # Example
//!
//! ```
//! use tamis::{Chain, Dense, Identity, Init, Model, Seed, Sgd, Shape, Tanh};
//!
//! type Net = Chain<Dense<2, 8, Tanh>, Dense<8, 1, Identity>>;
//! const _: () = assert!(Net::RAM_BYTES <= 512);
//!
//! let (mut params, mut scratch) = ([0.0; Net::PARAMS], [0.0; Net::SCRATCH]);
//! let mut net = Model::<Net>::new(&mut params, &mut scratch);
//! net.init(Init::scaled(1.0), Seed(1))?;
//!
//! let sgd = Sgd::new(0.2)?;
//! for _ in 0..2_000 {
//!     for (x, target) in [([0.0, 0.0], 0.0), ([0.0, 1.0], 1.0), ([1.0, 0.0], 1.0), ([1.0, 1.0], 0.0)] {
//!         net.step(&x, &[target], &sgd)?;
//!     }
//! }
//! let [xor] = net.predict(&[0.0, 1.0]);
//! assert!((xor - 1.0).abs() < 0.05);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![no_std]
#![forbid(unsafe_code)]

pub mod activation;
pub mod batch;
mod blocks;
#[cfg(feature = "checkpoint")]
pub mod checkpoint;
#[cfg(any(feature = "checkpoint", feature = "wire"))]
mod checksum;
pub mod clip;
#[cfg(feature = "wire")]
pub mod cobs;
pub mod compaction;
#[cfg(feature = "resident")]
mod course;
pub mod digest;
pub mod environment;
pub mod exponential;
pub mod feed;
#[cfg(feature = "wire")]
pub mod frame;
pub mod growing;
pub mod init;
#[cfg(feature = "resident")]
mod keeper;
pub mod label_noise;
pub mod lanes;
pub mod layers;
#[cfg(feature = "wire")]
pub mod link;
pub mod loss;
pub mod memory;
pub mod model;
pub mod momentum;
pub mod number;
pub mod one_pass;
pub mod ops;
#[cfg(feature = "resident")]
mod origin;
pub mod permutation;
pub mod plan;
pub mod proximal;
pub mod random;
#[cfg(feature = "resident")]
pub mod resident;
pub mod sampler;
pub mod samples;
pub mod schedule;
pub mod screen;
#[cfg(feature = "selection")]
mod selecting;
#[cfg(feature = "selection")]
mod selection;
pub mod sgd;
pub mod shadow;
pub mod shape;
pub mod standardise;
pub mod state;
pub mod support;
pub mod task;
pub mod trainer;
mod update;
pub mod verdict;
pub mod weight_decay;
#[cfg(feature = "wire")]
pub mod wire;
#[cfg(feature = "resident")]
mod wired;
#[cfg(feature = "resident")]
mod work;

pub use activation::{Activation, Identity, LeakyRelu, Relu, Sigmoid, Tanh};
pub use batch::{Batch, BatchError};
pub use clip::Clip;
pub use digest::Digest;
pub use environment::FloatEnvironmentError;
pub use growing::{Growing, GrowingError, Pressed};
pub use init::{Init, InitError};
pub use label_noise::{LabelNoise, LabelNoiseError};
pub use lanes::Lanes;
pub use layers::{AnyActivation, AnyLoss, LayerSpec, Layers, LayersError};
pub use loss::{BinaryCrossEntropy, Huber, HuberBound, Loss, Mse, Regression, SoftmaxCrossEntropy, Takes};
pub use memory::{Arena, LengthError, Ram};
pub use model::{Input, Model, Output, StepError};
pub use momentum::{Momentum, MomentumError, Optimiser};
pub use number::Number;
pub use one_pass::OnePass;
pub use ops::ARITHMETIC_VERSION;
pub use plan::{Data, Lent, Plan, PlanError};
pub use proximal::Proximal;
pub use random::Seed;
pub use sampler::{Draw, Sampler, SamplerError};
pub use samples::{NoSample, Ring, Samples, StoreError, Stored};
pub use schedule::Base;
pub use screen::Screen;
pub use sgd::{Sgd, SgdError};
pub use shadow::Shadow;
pub use shape::{Bias, Chain, Dense, Layer, Network, NoBias, Shape, Vector};
pub use standardise::Standardise;
pub use support::{Contrast, Norms, NotFinite};
pub use task::{Labels, Target, Task, TaskError};
pub use trainer::{TrainError, Trainer, Update};
pub use verdict::{Rule, RuleError, Verdict};
pub use weight_decay::WeightDecay;
