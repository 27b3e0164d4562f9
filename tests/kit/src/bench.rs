//! The kernel on memory of its own.

use std::marker::PhantomData;

use tamis::momentum::Method;
use tamis::shape::Vector;
use tamis::{
    AnyLoss, Batch, Init, Layers, Model, Momentum, Network, Seed, Sgd, Shape, model::Input, model::Output,
};

use crate::Row;

/// A network of shape `N`: its parameters and what it works on.
pub struct Bench<N> {
    /// The parameters.
    pub params: Vec<f32>,
    /// The gradient, after a batch of more than one the mean.
    pub gradient: Vec<f32>,
    scratch: Vec<f32>,
    net: PhantomData<N>,
}

/// A row as the arrays of network `N`.
pub fn typed<N: Shape>(row: &Row) -> (Input<N>, Output<N>) {
    let (mut x, mut target): (Input<N>, Output<N>) = (N::In::zeros(), N::Out::zeros());
    x.as_mut().copy_from_slice(&row.x);
    target.as_mut().copy_from_slice(&row.target);
    (x, target)
}

impl<N: Shape> Bench<N> {
    /// With these parameters.
    pub fn new(params: &[f32]) -> Self {
        assert_eq!(params.len(), N::PARAMS);
        Self {
            params: params.to_vec(),
            gradient: vec![0.0; N::PARAMS],
            scratch: vec![0.0; N::SCRATCH],
            net: PhantomData,
        }
    }

    /// With parameters that look random, biases included.
    pub fn of_numbers(seed: u64) -> Self {
        Self::new(&crate::numbers(seed, N::PARAMS))
    }

    /// With the kernel's initial weights.
    pub fn drawn(init: Init, seed: Seed) -> Self {
        let mut bench = Self::new(&vec![0.0; N::PARAMS]);
        bench.model().init(init, seed).unwrap();
        bench
    }

    /// The same parameters in memory of their own.
    pub fn copy(&self) -> Self {
        Self::new(&self.params)
    }

    /// The model on this memory, its count of updates at zero.
    pub fn model(&mut self) -> Model<'_, N> {
        Model::from_slices(&mut self.params, &mut self.scratch).unwrap()
    }

    /// Model and batch.
    pub fn model_and_batch(&mut self, length: u32) -> (Model<'_, N>, Batch<'_, N>) {
        let model = Model::from_slices(&mut self.params, &mut self.scratch).unwrap();
        (model, Batch::from_slice(&mut self.gradient, length).unwrap())
    }

    /// `updates` updates, each from the next `batch` rows, over and over; a last batch may be short.
    pub fn train(&mut self, rows: &[Row], batch: usize, sgd: &Sgd, updates: u32) {
        let batches = (0..updates).zip(rows.chunks(batch).cycle());
        if batch == 1 {
            let mut model = self.model();
            for (_, rows) in batches {
                let (x, target) = typed::<N>(&rows[0]);
                model.step(&x, &target, sgd).unwrap();
            }
        } else {
            let (mut model, mut sum) = self.model_and_batch(batch as u32);
            for (_, rows) in batches {
                for row in rows {
                    let (x, target) = typed::<N>(row);
                    model.accumulate(&x, &target, &mut sum).unwrap();
                }
                model.apply(&mut sum, sgd).unwrap();
            }
        }
    }

    /// The mean loss over `rows`, of one batch that is then applied: the parameters change.
    pub fn batch_loss(&mut self, rows: &[Row], sgd: &Sgd) -> f32 {
        let (mut model, mut batch) = self.model_and_batch(rows.len().max(2) as u32);
        for row in rows {
            let (x, target) = typed::<N>(row);
            model.accumulate(&x, &target, &mut batch).unwrap();
        }
        model.apply(&mut batch, sgd).unwrap()
    }

    /// The mean gradient over `rows`; the parameters stay as they are.
    pub fn mean_gradient(&self, rows: &[Row]) -> Vec<f32> {
        let mut other = self.copy();
        other.train(rows, rows.len().max(2), &Sgd::new(1.0).unwrap(), 1);
        other.gradient
    }
}

/// A network that is known at run time, with any loss: its parameters and what it works on.
pub struct Listed {
    /// The layers.
    pub layers: Layers,
    /// The loss.
    pub loss: AnyLoss,
    /// The parameters.
    pub params: Vec<f32>,
    /// The gradient, after a batch of more than one the mean.
    pub gradient: Vec<f32>,
    /// The velocity.
    pub velocity: Vec<f32>,
    scratch: Vec<f32>,
}

impl Listed {
    /// With these parameters.
    pub fn new(layers: &Layers, loss: AnyLoss, params: &[f32]) -> Self {
        assert_eq!(params.len(), layers.params());
        Self {
            layers: layers.clone(),
            loss,
            params: params.to_vec(),
            gradient: vec![0.0; params.len()],
            velocity: vec![0.0; params.len()],
            scratch: vec![0.0; 2 * layers.units()],
        }
    }

    /// With parameters that look random, biases included.
    pub fn of_numbers(layers: &Layers, loss: AnyLoss, seed: u64) -> Self {
        Self::new(layers, loss, &crate::numbers(seed, layers.params()))
    }

    /// The same parameters in memory of their own.
    pub fn copy(&self) -> Self {
        Self::new(&self.layers, self.loss, &self.params)
    }

    /// The model on this memory, its count of updates at zero.
    pub fn model(&mut self) -> Model<'_, Layers, AnyLoss> {
        Model::of_layers(self.layers.clone(), self.loss, &mut self.params, &mut self.scratch).unwrap()
    }

    /// Model, batch, and what makes updates.
    pub fn parts(&mut self, length: u32, sgd: Sgd, mu: Option<f32>) -> Parts<'_> {
        let Self { layers, loss, params, gradient, velocity, scratch } = self;
        let batch = Batch::over(layers, gradient, length).unwrap();
        let method = match mu {
            None => Method::Plain(sgd),
            Some(mu) => Method::Momentum(Momentum::over(layers, sgd, mu, velocity).unwrap()),
        };
        (Model::of_layers(layers.clone(), *loss, params, scratch).unwrap(), batch, method)
    }

    /// `updates` updates, each from the next `batch` rows, over and over; a last batch may be short.
    pub fn train(&mut self, rows: &[Row], batch: usize, sgd: Sgd, mu: Option<f32>, updates: u32) {
        let (mut model, mut sum, mut method) = self.parts(batch.max(2) as u32, sgd, mu);
        for (_, rows) in (0..updates).zip(rows.chunks(batch).cycle()) {
            if batch == 1 {
                model.step_slices(&rows[0].x, &rows[0].target, &mut method).unwrap();
                continue;
            }
            for row in rows {
                model.accumulate_slices(&row.x, &row.target, &mut sum).unwrap();
            }
            model.apply(&mut sum, &mut method).unwrap();
        }
    }

    /// The mean gradient over `rows`; the parameters stay as they are.
    pub fn mean_gradient(&self, rows: &[Row]) -> Vec<f32> {
        let mut other = self.copy();
        other.train(rows, rows.len().max(2), Sgd::new(1.0).unwrap(), None, 1);
        other.gradient
    }
}

/// See [`Listed::parts`].
pub type Parts<'a> = (Model<'a, Layers, AnyLoss>, Batch<'a, Layers>, Method<'a, Layers>);
