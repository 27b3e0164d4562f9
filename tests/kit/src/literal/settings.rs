//! Settings as they travel: the same bytes, read as what the contract says of them.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tamis::{Base, Clip, Pressed, Sgd};

/// Everything that decides an update.
#[derive(Clone, Debug)]
pub struct Settings {
    /// eta over time.
    pub schedule: Schedule,
    /// "Norm or value, not both."
    pub clip: Option<Clip>,
    /// lambda by group.
    pub decay: Option<Decay>,
    /// A penalty on the first layer after the update.
    pub proximal: Option<Proximal>,
    /// mu.
    pub momentum: Option<f32>,
    /// A growing penalty on columns of the first layer.
    pub growing: Option<Growing>,
}

/// eta, and what becomes of it.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Schedule {
    /// eta.
    pub eta: f32,
    /// W.
    pub warm_up: Option<u32>,
    /// What comes after.
    pub base: Base,
    /// "from a stated update on", "a stated f32 factor".
    pub drop: Option<(u32, f32)>,
}

/// "Groups of decay: first layer, hidden, output, biases".
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Decay {
    /// Coupled or not.
    pub coupling: Coupling,
    /// Of the weights of the first layer.
    pub first: f32,
    /// Of those between.
    pub hidden: f32,
    /// Of the last.
    pub output: f32,
    /// Of all biases.
    pub biases: Option<f32>,
}

/// Whether decay goes through the gradient.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
pub enum Coupling {
    /// "coupled decay g + lambda*w"
    Coupled,
    /// "Decoupled decay w*(1 - eta*lambda)"
    Decoupled,
}

/// A proximal step.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Proximal {
    /// Of what.
    pub penalty: Penalty,
    /// lambda.
    pub lambda: f32,
    /// m.
    pub every: u32,
}

/// What is penalised.
#[derive(Clone, Copy, Debug, Deserialize)]
pub enum Penalty {
    /// Each weight.
    L1,
    /// "one input's column"
    Group,
}

/// A growing penalty.
#[derive(Clone, Debug)]
pub struct Growing {
    /// The first update after which it acts.
    pub from: u32,
    /// How often it grows.
    pub every: u32,
    /// r of each input.
    pub rates: Vec<f32>,
}

/// The same bytes as another type.
pub(super) fn reread<M: DeserializeOwned>(value: &impl Serialize) -> M {
    let mut buffer = [0; 256];
    let bytes = postcard::to_slice(value, &mut buffer).unwrap();
    let (message, rest) = postcard::take_from_bytes(bytes).unwrap();
    assert!(rest.is_empty(), "nothing is left unread");
    message
}

impl Settings {
    /// What `sgd` says, without momentum and growing penalty.
    pub fn of(sgd: &Sgd) -> Self {
        let (schedule, clip, decay, proximal) = reread(sgd);
        Self { schedule, clip, decay, proximal, momentum: None, growing: None }
    }

    /// With mu.
    pub fn with_momentum(self, mu: f32) -> Self {
        Self { momentum: Some(mu), ..self }
    }

    /// With a growing penalty on some of so many inputs.
    pub fn with_growing(self, pressed: &Pressed, inputs: usize) -> Self {
        let ((from, every), first, count, rate): ((u32, u32), u16, u16, f32) = reread(pressed);
        let mut rates = vec![0.0; inputs];
        for j in first..first + count {
            rates[usize::from(j)] = rate;
        }
        Self { growing: Some(Growing { from, every, rates }), ..self }
    }
}
