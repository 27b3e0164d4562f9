//! The host's end of a line to a device: requests that are asked again until they are answered.
//!
//! One request is under way at a time. It is asked again as soon as a damaged frame shows that something was said, and
//! else after a while that follows the time that answers take: four times the largest of the last ones, doubled with
//! every silence (as RFC 6298 does). A device that no longer knows the session has lost its power; it is greeted again.

use std::io::{ErrorKind, Read, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use serde::Serialize;
use tamis::ARITHMETIC_VERSION;
use tamis::frame::{Decoder, FRAME};
use tamis::link::Envelope;
use tamis::wire::{Answer, Hello, Request, WIRE_VERSION};

/// So long a device may be silent. The slowest does a few updates a second.
const PATIENCE: Duration = Duration::from_secs(120);
/// No answer is expected sooner than this.
const SOON: Duration = Duration::from_millis(30);
/// Nor later, at first.
const LATE: Duration = Duration::from_secs(1);
/// What costs a device much may take so long before it is asked again.
const LONG: Duration = Duration::from_secs(3);

/// What has happened on a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Requests that were answered.
    pub requests: u64,
    /// Frames sent, requests asked again among them.
    pub sent: u64,
    /// Bytes sent.
    pub bytes_sent: u64,
    /// Bytes received.
    pub bytes_received: u64,
    /// Times that nothing came in time.
    pub silences: u64,
    /// Frames that came damaged.
    pub damaged: u64,
    /// Frames that the device says came damaged.
    pub damaged_there: u64,
    /// Answers that were out of date: late, or twice.
    pub stale: u64,
    /// Times that the device did not know us any more.
    pub restarts: u64,
    /// First words of a device that was switched on or reset.
    pub greetings: u64,
}

/// What the reader has to say.
enum Heard {
    Answer(Box<Envelope<Answer>>),
    Damaged,
    Bytes(u64),
}

/// A line to a device.
pub struct Link {
    line: Box<dyn Write + Send>,
    heard: Receiver<Heard>,
    session: u32,
    number: u32,
    /// The largest of the last times that answers took, which fades.
    slowest: Duration,
    counts: Counts,
}

/// The line is closed.
#[derive(Debug)]
pub struct Closed;

impl std::fmt::Display for Closed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the line is closed")
    }
}

impl std::error::Error for Closed {}

impl Link {
    /// Over a line whose two halves are these; `session` should differ from the one before.
    pub fn new(
        reader: impl Read + Send + 'static,
        writer: impl Write + Send + 'static,
        session: u32,
    ) -> Self {
        let (sender, heard) = sync_channel(1024);
        thread::spawn(move || read(reader, &sender));
        Self {
            line: Box::new(writer),
            heard,
            session,
            number: 0,
            slowest: 2 * SOON,
            counts: Counts::default(),
        }
    }

    /// What has happened so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Waits for the first word of a device that is being switched on.
    pub fn wait_for_greeting(&mut self, patience: Duration) -> Result<Hello> {
        let deadline = Instant::now() + patience;
        loop {
            match self.hear(deadline)? {
                Some(Heard::Answer(answer)) => {
                    if let Answer::Hello(hello) = answer.message {
                        return checked(hello);
                    }
                }
                Some(_) => {}
                None => bail!("silence for {patience:?}"),
            }
        }
    }

    /// Says hello, and hears who is there.
    pub fn greet(&mut self) -> Result<Hello> {
        match self.request(&Request::Hello)? {
            Answer::Hello(hello) => checked(hello),
            other => bail!("the device answers a hello with {other:?}"),
        }
    }

    /// Asks until there is an answer.
    pub fn request(&mut self, request: &Request<'_>) -> Result<Answer> {
        let deadline = Instant::now() + PATIENCE;
        // Once more would be all of the work once more.
        let is_long = matches!(request, Request::Checkpoint | Request::TestLoss | Request::Measure { .. });
        loop {
            self.number += 1;
            match self.ask(request, if is_long { Some(LONG) } else { None }, deadline)? {
                Answer::Stranger if *request != Request::Hello => {
                    self.counts.restarts += 1;
                    self.number += 1;
                    self.ask(&Request::Hello, None, deadline)?;
                }
                answer => {
                    self.counts.requests += 1;
                    return Ok(answer);
                }
            }
        }
    }

    /// Sends a request to which there is no answer.
    pub fn post(&mut self, request: &Request<'_>) -> Result<()> {
        self.number += 1;
        self.send(request)
    }

    /// Asks under the present number.
    fn ask(&mut self, request: &Request<'_>, wait: Option<Duration>, deadline: Instant) -> Result<Answer> {
        let mut wait = wait.unwrap_or_else(|| (4 * self.slowest).clamp(SOON, LATE));
        loop {
            self.send(request)?;
            let sent = Instant::now();
            let answer = loop {
                match self.hear((sent + wait).min(deadline))? {
                    Some(Heard::Answer(answer)) => {
                        let Envelope { session, number, message } = *answer;
                        match message {
                            Answer::Damaged => {
                                self.counts.damaged_there += 1;
                                break None;
                            }
                            message if (session, number) == (self.session, self.number) => {
                                break Some(message);
                            }
                            // The first word after a reset: whatever was asked is lost.
                            Answer::Hello(_) if session != self.session => {
                                self.counts.greetings += 1;
                                break None;
                            }
                            _ => self.counts.stale += 1,
                        }
                    }
                    Some(Heard::Damaged) => {
                        self.counts.damaged += 1;
                        break None;
                    }
                    Some(Heard::Bytes(_)) => {}
                    None => {
                        self.counts.silences += 1;
                        wait = 2 * wait;
                        break None;
                    }
                }
            };
            if let Some(answer) = answer {
                self.slowest = sent.elapsed().max(self.slowest - self.slowest / 8);
                return Ok(answer);
            }
            ensure!(Instant::now() < deadline, "the device has been silent for {PATIENCE:?}");
        }
    }

    fn send(&mut self, request: &Request<'_>) -> Result<()> {
        let mut buffer = [0; FRAME];
        let envelope = Envelope { session: self.session, number: self.number, message: request };
        let frame = envelope.encode(&mut buffer)?;
        self.line.write_all(frame).and_then(|()| self.line.flush()).map_err(|_| Closed)?;
        self.counts.sent += 1;
        self.counts.bytes_sent += frame.len() as u64;
        Ok(())
    }

    /// What the line brings until then.
    fn hear(&mut self, until: Instant) -> Result<Option<Heard>> {
        match self.heard.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(Heard::Bytes(bytes)) => {
                self.counts.bytes_received += bytes;
                Ok(Some(Heard::Bytes(bytes)))
            }
            Ok(heard) => Ok(Some(heard)),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(Closed.into()),
        }
    }
}

/// A device that computes as this host does.
fn checked(hello: Hello) -> Result<Hello> {
    ensure!(
        (hello.wire, hello.arithmetic) == (WIRE_VERSION, ARITHMETIC_VERSION),
        "the device speaks wire {} and arithmetic {}; this host speaks {WIRE_VERSION} and {ARITHMETIC_VERSION}",
        hello.wire,
        hello.arithmetic
    );
    Ok(hello)
}

/// Turns the bytes of a line into answers until it closes or nobody listens.
fn read(mut line: impl Read, heard: &SyncSender<Heard>) {
    let mut decoder = Decoder::default();
    let mut buffer = [0; 4096];
    loop {
        let count = match line.read(&mut buffer) {
            Ok(0) => return,
            Ok(count) => count,
            // A serial port has nothing to say yet.
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::TimedOut | ErrorKind::Interrupted | ErrorKind::WouldBlock
                ) =>
            {
                continue;
            }
            Err(_) => return,
        };
        let frames = buffer[..count].iter().filter_map(|&byte| decoder.push(byte));
        let frames =
            frames.map(|frame| frame.map_or(Heard::Damaged, |answer| Heard::Answer(Box::new(answer))));
        let bytes = Heard::Bytes(count as u64);
        if std::iter::once(bytes).chain(frames).any(|each| heard.send(each).is_err()) {
            return;
        }
    }
}
