//! The workloads of [`tamis_firmware::workloads`] as trainings that can be repeated: alone, or in lanes.

use std::array;

use anyhow::{Context, Result};
use tamis::model::{Input, Target};
use tamis::shape::Vector;
use tamis::{Lanes, Model, Network, Number, Seed, Sgd, Shape, StepError, Takes, Task as Samples, lanes};
use tamis_firmware::bench::Sample;
use tamis_firmware::workloads::{SEED, Workload};

use crate::simd::Level;

/// How many samples a training goes through, over and over; few enough to stay in the cache.
pub const ROWS: usize = 16;

/// The target of workload `W`, an array of `T`.
type TargetOf<W, T> = Target<<W as Workload>::Net, <W as Workload>::Loss, T>;

/// Inputs and target of one sample.
type Row<W, T> = (Input<<W as Workload>::Net, T>, TargetOf<W, T>);

/// A training of workload `W` on numbers `T`.
pub struct Training<W: Workload, T: Number> {
    initial: Vec<T>,
    params: Vec<T>,
    scratch: Vec<T>,
    rows: Vec<Row<W, T>>,
    sgd: Sgd<T>,
}

impl<W: Workload> Training<W, f32> {
    /// The training number `lane`, 0 is that of the device: its weights and samples.
    pub fn scalar(lane: usize) -> Result<Self> {
        let seed = Seed(SEED.0 + lane as u64);
        let mut initial = vec![0.0; W::Net::PARAMS];
        let mut scratch = vec![0.0; W::Net::SCRATCH];
        Model::<W::Net, W::Loss>::from_slices(&mut initial, &mut scratch)?.init(W::INIT, seed)?;
        let samples = Samples { seed, ..W::TASK };
        let row = |k| {
            let Sample { x, target } = Sample::<W>::of_row(&samples, k);
            (x, target)
        };
        let rows = (0..ROWS as u64).map(row).collect();
        Ok(Self { params: initial.clone(), initial, scratch, rows, sgd: Sgd::new(W::STEP_SIZE)? })
    }
}

impl<W: Workload, const L: usize> Training<W, Lanes<L>> {
    /// The trainings 0 to `L` - 1 in lanes.
    pub fn lanes() -> Result<Self> {
        let each = (0..L).map(Training::<W, f32>::scalar).collect::<Result<Vec<_>>>()?;
        let pack = |of: &dyn Fn(&Training<W, f32>) -> &[f32], into: &mut [Lanes<L>]| {
            each.iter().enumerate().for_each(|(lane, training)| lanes::pack(of(training), lane, into));
        };
        let mut initial = vec![Lanes::ZERO; W::Net::PARAMS];
        pack(&|training| &training.initial, &mut initial);
        let row = |k: usize| {
            let mut x = <W::Net as Shape>::In::zeros();
            let mut target = <W::Loss as Takes<_>>::Target::<<W::Net as Shape>::Out>::zeros();
            pack(&|training| training.rows[k].0.as_ref(), x.as_mut());
            pack(&|training| training.rows[k].1.as_ref(), target.as_mut());
            (x, target)
        };
        let rows = (0..ROWS).map(row).collect();
        let scratch = vec![Lanes::ZERO; W::Net::SCRATCH];
        let sgd = lanes::bundle(&array::from_fn(|lane| each[lane].sgd)).context("one kind of settings")?;
        Ok(Self { params: initial.clone(), initial, scratch, rows, sgd })
    }
}

impl<W: Workload, T: Number> Training<W, T> {
    /// Trains anew from the initial weights; gives the loss of the last step.
    pub fn run(&mut self, steps: u32, level: Level) -> Result<T, StepError> {
        self.params.copy_from_slice(&self.initial);
        let Training { params, scratch, rows, sgd, .. } = self;
        level.run(
            #[inline(always)]
            || {
                let mut model = Model::<W::Net, W::Loss, T>::from_slices(params, scratch)
                    .map_err(|_| StepError::Memory)?;
                let mut loss = T::ZERO;
                for (_, (x, target)) in (0..steps).zip(rows.iter().cycle()) {
                    loss = model.step(x, target, &*sgd)?;
                }
                Ok(loss)
            },
        )
    }

    /// The parameters after the last run.
    pub fn params(&self) -> &[T] {
        &self.params
    }

    /// The initial parameters.
    pub fn initial(&self) -> &[T] {
        &self.initial
    }

    /// Inputs and targets of each sample.
    pub fn rows(&self) -> impl Iterator<Item = (&[T], &[T])> {
        self.rows.iter().map(|(x, target)| (x.as_ref(), target.as_ref()))
    }
}

/// How many multiplications with an addition a step of `W` makes: forward, backward but for the first layer, update.
pub fn multiply_adds<W: Workload>() -> usize {
    let net = W::Net::default();
    let layers = net.layers().map(|layer| layer.weights());
    layers.enumerate().map(|(index, weights)| weights * if index == 0 { 2 } else { 3 }).sum()
}
