//! A line on which everything has been said already: a device is led through it in one thread. And a training for a device.

use std::collections::VecDeque;

use tamis::frame::FRAME;
use tamis::resident::Line;
use tamis::wire::{Answer, Request, Training};
use tamis::{AnyActivation, AnyLoss, Data, Init, LayerSpec, Layers, Plan, Rule, Seed, Sgd, Target, Task};

/// Requests to come, and what was answered.
#[derive(Default)]
pub struct Script {
    /// Each with how often the device finds nothing before it.
    requests: VecDeque<(u32, Vec<u8>)>,
    current: Vec<u8>,
    /// The answers so far.
    pub answers: Vec<Answer>,
}

impl Script {
    /// Says this next.
    #[must_use]
    pub fn say(self, request: &Request<'_>) -> Self {
        self.later(0, request)
    }

    /// Says this next, after the device has gone on by itself so many times, if it does so.
    #[must_use]
    pub fn later(mut self, polls: u32, request: &Request<'_>) -> Self {
        self.requests.push_back((polls, content(request)));
        self
    }

    /// Says a request next that is given as it stands in a frame.
    #[must_use]
    pub fn say_content(mut self, content: &[u8]) -> Self {
        self.requests.push_back((0, content.to_vec()));
        self
    }
}

/// A request as it stands in a frame.
pub fn content(request: &Request<'_>) -> Vec<u8> {
    postcard::to_slice(request, &mut [0; FRAME]).expect("a request fits a frame").to_vec()
}

impl Line for Script {
    fn receive(&mut self) -> bool {
        let next = self.requests.pop_front();
        next.is_some_and(|(_, content)| {
            self.current = content;
            true
        })
    }

    fn poll(&mut self) -> bool {
        match self.requests.front_mut() {
            Some((polls @ 1.., _)) => {
                *polls -= 1;
                false
            }
            _ => self.receive(),
        }
    }

    fn request(&self) -> Request<'_> {
        postcard::from_bytes(&self.current).unwrap_or(Request::Status)
    }

    fn answer(&mut self, answer: &Answer) {
        self.answers.push(answer.clone());
    }
}

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
