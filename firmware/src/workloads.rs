//! The workloads of the benchmarks: fixed networks, weights and samples, the same on device and host.
//!
//! | | network | |
//! |---|---|---|
//! | W1 | 15-15-15-15-1, identity, no bias | the network of Beneventano et al., arXiv 2406.11110 |
//! | W2 | 16-32-1, tanh, bias | a sensor hub |
//! | W3 | 784-32-10, ReLU, bias, softmax cross-entropy | images of 28 x 28 pixels in ten classes |
//! | W4 | 8-16-1, ReLU, bias | at a batch of one and of four |
//! | W5 | 8-16-1, tanh, bias | part C of the demonstration |
//!
//! What is measured is one whole step, samples at hand: forward, backward, update of all parameters. Each is
//! measured after [`WARM_UP`] steps from its initial weights, on rows of a task in their order.

use tamis::{
    Chain, Dense, Identity, Init, Labels, Mse, NoBias, Relu, Seed, Shape, SoftmaxCrossEntropy, Takes, Tanh,
    Target, Task,
};

/// Steps before the one that is measured.
pub const WARM_UP: u32 = 3;

/// Samples a step of W4 at a batch of more than one.
pub const BATCH: usize = 4;

/// Decides all weights and samples.
pub const SEED: Seed = Seed(1);

/// A network, how it starts, and what it is shown.
pub trait Workload {
    /// The network.
    type Net: Shape<Last = Identity>;
    /// The loss.
    type Loss: Takes<Identity> + Default;
    /// "W1".
    const NAME: &'static str;
    /// The initial weights.
    const INIT: Init;
    /// The step size: constant, and small enough for the loss to stay finite however long it is measured.
    const STEP_SIZE: f32;
    /// Where the samples come from: row k is the k-th sample.
    const TASK: Task;
}

/// The network of Beneventano et al.
pub struct W1;
/// A sensor hub.
pub struct W2;
/// Images in classes.
pub struct W3;
/// A small ReLU network.
pub struct W4;
/// Part C of the demonstration.
pub struct W5;

type Linear<const I: usize, const O: usize> = Dense<I, O, Identity, NoBias>;

impl Workload for W1 {
    type Net = Chain<Chain<Linear<15, 15>, Linear<15, 15>>, Chain<Linear<15, 15>, Linear<15, 1>>>;
    type Loss = Mse;
    const NAME: &'static str = "W1";
    const INIT: Init = Init::scaled(1.0);
    const STEP_SIZE: f32 = 0.001;
    const TASK: Task = Task::plain(Target::Linear, 15, 5, 0.3, SEED);
}

impl Workload for W2 {
    type Net = Chain<Dense<16, 32, Tanh>, Dense<32, 1, Identity>>;
    type Loss = Mse;
    const NAME: &'static str = "W2";
    const INIT: Init = Init::scaled(1.0);
    const STEP_SIZE: f32 = 0.005;
    const TASK: Task = Task::plain(Target::Sine, 16, 2, 0.3, SEED);
}

impl Workload for W3 {
    type Net = Chain<Dense<784, 32, Relu>, Dense<32, 10, Identity>>;
    type Loss = SoftmaxCrossEntropy;
    const NAME: &'static str = "W3";
    const INIT: Init = Init::he();
    const STEP_SIZE: f32 = 0.001;
    const TASK: Task = Task { labels: Labels::Classes(10), ..Task::plain(Target::Linear, 784, 5, 0.3, SEED) };
}

impl Workload for W4 {
    type Net = Chain<Dense<8, 16, Relu>, Dense<16, 1, Identity>>;
    type Loss = Mse;
    const NAME: &'static str = "W4";
    const INIT: Init = Init::he();
    const STEP_SIZE: f32 = 0.005;
    const TASK: Task = Task::plain(Target::Sine, 8, 2, 0.3, SEED);
}

impl Workload for W5 {
    type Net = Chain<Dense<8, 16, Tanh>, Dense<16, 1, Identity>>;
    type Loss = Mse;
    const NAME: &'static str = "W5";
    const INIT: Init = Init::scaled(1.0);
    const STEP_SIZE: f32 = 0.005;
    const TASK: Task = Task::plain(Target::Sine, 8, 2, 0.3, SEED);
}
