//! A line on which everything has been said already: a device is led through it in one thread.

use std::collections::VecDeque;

use tamis::frame::FRAME;
use tamis::resident::Line;
use tamis::wire::{Answer, Job, Packed, Request};

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

    /// Says next that this is to be done.
    #[must_use]
    pub fn configure(self, job: &Job) -> Self {
        let mut buffer = [0; FRAME];
        self.say(&Request::Configure(Packed::message(job, &mut buffer).expect("a job fits a frame")))
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
