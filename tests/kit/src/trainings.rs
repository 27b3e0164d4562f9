//! Trainings of lists of layers, and their trainers.

use tamis::wire::Training;
use tamis::{
    AnyActivation, AnyLoss, Data, Init, LayerSpec, Layers, Plan, Rule, Samples, Seed, Sgd, Target, Task,
    Trainer,
};
use tamis_bits::Memory;

/// A training for a device: 10-6-1, two of the inputs probes.
pub fn training(data: Data, batch: u32, standardise: Option<u32>, updates: u32) -> Training {
    let hidden = LayerSpec::new(6, AnyActivation::Tanh);
    let last = LayerSpec::new(1, AnyActivation::Identity);
    Training {
        layers: Layers::new(10, &[hidden, last]).unwrap(),
        loss: AnyLoss::Mse,
        plan: Plan {
            seed: Seed(3),
            task: Task::plain(Target::Sine, 8, 2, 0.3, Seed(4)),
            data,
            standardise,
            label_noise: Some(0.1),
            init: Init::scaled(1.0),
            batch,
            sgd: Sgd::new(0.05).unwrap(),
            momentum: Some(0.5),
            pressed: None,
            updates,
            rule: Rule::Probes { count: 2, factor: 3.0 },
        },
    }
}

/// A trainer at its start.
pub fn start<'m, S: Samples>(
    Training { layers, loss, plan }: &Training,
    memory: &'m mut Memory,
    samples: S,
) -> Trainer<'m, Layers, AnyLoss, S> {
    plan.start_layers(layers.clone(), *loss, memory.lent(), samples).expect("a trainer")
}

/// Updates until there have been so many.
pub fn train<S: Samples>(trainer: &mut Trainer<'_, Layers, AnyLoss, S>, until: u32) {
    while trainer.updates() < until {
        trainer.update().expect("an update");
    }
}
