//! Requests and answers that survive a bad line: numbered, and asked again.
//!
//! A host numbers its requests within a *session*, a number of its own choice, and asks again until it has the answer
//! that bears both: one request is under way at a time. A device answers every request once for every frame that brings
//! it. It keeps no answers, since a request that comes twice changes nothing the second time ([`crate::wire`]); it only
//! knows which requests are old. What a line has held back and delivers late, a duplicate, a frame out of order or one
//! of the session before, both sides pass over.
//!
//! None of this defends against an adversary: sessions are no secret.

use serde::{Deserialize, Serialize};

use crate::frame::{self, Decoder, FRAME, FrameError};
#[cfg(doc)]
use crate::wire::Answer;
use crate::wire::Request;

/// A message on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Envelope<M> {
    /// The session, which the host has chosen.
    pub session: u32,
    /// The number of the request in it; an answer bears that of its request.
    pub number: u32,
    /// The message.
    pub message: M,
}

impl<M> Envelope<M> {
    /// As one frame, in `buffer`.
    pub fn encode<'b>(&self, buffer: &'b mut [u8; FRAME]) -> Result<&'b [u8], FrameError>
    where
        M: Serialize,
    {
        frame::encode(self, buffer)
    }
}

/// The device's end of a line: bytes in, requests out.
#[derive(Default)]
pub struct Device {
    decoder: Decoder,
    session: Option<u32>,
    /// The number of the newest request.
    number: u32,
}

/// What a byte has brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A request to carry out, for the first time or once more, and to answer: [`Device::request`].
    Request,
    /// A frame that came damaged: say so.
    Damaged,
    /// A request of another session: say [`Answer::Stranger`], under its own name.
    Stranger {
        /// Its session.
        session: u32,
        /// Its number.
        number: u32,
    },
}

impl Device {
    /// Takes one byte from the line.
    pub fn hear(&mut self, byte: u8) -> Option<Heard> {
        let Ok(Envelope { session, number, message }) = self.decoder.push::<Envelope<Request<'_>>>(byte)?
        else {
            return Some(Heard::Damaged);
        };
        if message == Request::Hello {
            self.session = Some(session);
        } else if self.session != Some(session) {
            return Some(Heard::Stranger { session, number });
        } else if number < self.number {
            return None;
        }
        self.number = number;
        Some(Heard::Request)
    }

    /// The request that has just been heard.
    pub fn request(&self) -> Request<'_> {
        let envelope = self.decoder.message::<Envelope<Request<'_>>>();
        envelope.map_or(Request::Status, |envelope| envelope.message)
    }

    /// The answer to it.
    pub fn answer<A>(&self, message: A) -> Envelope<A> {
        Envelope { session: self.session.unwrap_or_default(), number: self.number, message }
    }
}
