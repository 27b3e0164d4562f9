//! The course of a benchmark whose network is known at run time only, the same on device and host: how a step's cost
//! grows with the network and the batch.

use core::hint::black_box;

use tamis::{
    AnyActivation, AnyLoss, Arena, Batch, Digest, Init, LayerSpec, Layers, Model, Network, Sgd, StepError,
    Target, Task,
};

use crate::workloads::{SEED, WARM_UP};

/// The model.
pub type Learner<'a> = Model<'a, Layers, AnyLoss>;

/// What a network and its batch are told in: the batch, the inputs, the outputs of each layer, and zeros.
pub type Numbers = [u16; 8];

/// How many numbers the largest network of the grid works on, 256-256-10.
pub const ARENA: usize = 72 * 1024;

/// The samples of one step.
pub struct Rows<'a> {
    numbers: &'a mut [f32],
    inputs: usize,
    width: usize,
}

impl Rows<'_> {
    /// Inputs and target of each sample.
    pub fn iter(&self) -> impl Iterator<Item = (&[f32], &[f32])> {
        self.numbers.chunks_exact(self.width).filter_map(|row| row.split_at_checked(self.inputs))
    }

    /// The next rows of `task`.
    fn fill(&mut self, task: &Task, indices: &mut impl Iterator<Item = u64>) {
        for (row, index) in self.numbers.chunks_exact_mut(self.width).zip(indices) {
            if let Some((x, target)) = row.split_at_mut_checked(self.inputs) {
                target.fill(task.row(index, x));
            }
        }
    }
}

/// The network: ReLU and biases, identity at the end.
pub fn layers(numbers: &Numbers) -> Option<Layers> {
    let [_, inputs, outputs @ ..] = numbers;
    let count = outputs.iter().take_while(|&&outputs| outputs > 0).count();
    let mut specs = [LayerSpec::new(0, AnyActivation::Relu); 6];
    specs.iter_mut().zip(outputs).for_each(|(spec, &outputs)| spec.outputs = outputs);
    let specs = specs.get_mut(..count)?;
    specs.last_mut()?.activation = AnyActivation::Identity;
    Layers::new(*inputs, specs).ok()
}

/// Trains from the initial weights: as many steps as come before the one that is measured, and that one. Gives the
/// digest of the parameters; nothing if the memory is too small or a step refuses its samples.
pub fn train(
    numbers: &Numbers,
    memory: &mut [f32],
    mut step: impl FnMut(
        &mut Learner<'_>,
        Option<&mut Batch<'_, Layers>>,
        &Rows<'_>,
        &Sgd,
    ) -> Result<f32, StepError>,
) -> Option<u32> {
    let layers = layers(numbers)?;
    let (length, inputs) = (numbers[0], layers.inputs());
    let width = inputs + layers.outputs();
    let mut arena = Arena::new(memory);
    let params = arena.take(layers.params()).ok()?;
    let scratch = arena.take(2 * layers.units()).ok()?;
    let mut rows = Rows { numbers: arena.take(usize::from(length) * width).ok()?, inputs, width };
    let mut batch = match length {
        1 => None,
        _ => Some(Batch::over(&layers, arena.take(layers.params()).ok()?, length.into()).ok()?),
    };
    let mut net = Model::of_layers(layers, AnyLoss::Mse, params, scratch).ok()?;
    net.init(Init::he(), SEED).ok()?;
    let sgd = black_box(Sgd::new(0.001).ok()?);
    let task = Task::plain(Target::Linear, numbers[1], 2, 0.3, SEED);
    let mut indices = 0..;
    for _ in 0..=WARM_UP {
        rows.fill(&task, &mut indices);
        step(&mut net, batch.as_mut(), &rows, &sgd).ok()?;
    }
    let mut digest = Digest::new();
    digest.update(net.params());
    Some(digest.value())
}

/// One whole step, as every program writes it.
#[inline(always)]
pub fn step(
    net: &mut Learner<'_>,
    batch: Option<&mut Batch<'_, Layers>>,
    rows: &Rows<'_>,
    sgd: &Sgd,
) -> Result<f32, StepError> {
    let Some(batch) = batch else {
        let (x, target) = rows.iter().next().ok_or(StepError::EmptyBatch)?;
        return net.step_slices(x, target, sgd);
    };
    for (x, target) in rows.iter() {
        net.accumulate_slices(x, target, batch)?;
    }
    net.apply(batch, sgd)
}
