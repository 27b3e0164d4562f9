//! The resident program in a thread of this host, at the other end of a TCP connection: a device without an emulator.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::{self, JoinHandle};

use anyhow::Result;
use tamis::checkpoint::Checkpoints;
use tamis::frame::FRAME;
use tamis::link::{Device, Envelope, Heard};
use tamis::resident::{Line, Resident, Sensor};
use tamis::wire::{Answer, Request};
use tamis_host::device as host;
use tamis_host::device::select::TaskSensor;
use tamis_host::link::Link;

use tamis_test_kit::board::Nothing;
use tamis_test_kit::flash::Flash;

/// How many numbers it has.
pub const NUMBERS: usize = 2740;

/// A device that is switched on: the host's end of its line, and the thread, which ends when the line is shut down and gives
/// the flash memory back.
pub fn switch_on(flash: Flash) -> Result<(TcpStream, JoinHandle<Flash>)> {
    switch_on_with(flash, TaskSensor::default)
}

/// The same with the sensor that `connect` makes in its thread.
pub fn switch_on_with<S: Sensor>(
    flash: Flash,
    connect: impl FnOnce() -> S + Send + 'static,
) -> Result<(TcpStream, JoinHandle<Flash>)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let line = TcpStream::connect(listener.local_addr()?)?;
    let (other_end, _) = listener.accept()?;
    line.set_nodelay(true)?;
    other_end.set_nodelay(true)?;
    let thread = thread::spawn(move || {
        let (mut arena, mut indices) = (vec![0.0; NUMBERS], vec![0; 256]);
        let mut resident = Resident {
            board: "thread",
            arena: &mut arena,
            indices: &mut indices,
            sensor: connect(),
            checkpoints: Checkpoints::halves(flash).ok(),
            surroundings: Nothing,
        };
        resident.run(&mut Wire { line: other_end, link: Device::default(), is_closed: false });
        resident.checkpoints.map_or_else(|| Flash::new(0), Checkpoints::into_flash)
    });
    Ok((line, thread))
}

/// The host's end of a line without anything between.
pub struct Direct(pub Link);

impl Direct {
    /// Says hello over it.
    pub fn greet(line: &TcpStream, session: u32) -> Result<Self> {
        let mut link = Link::new(line.try_clone()?, line.try_clone()?, session);
        link.greet()?;
        Ok(Self(link))
    }
}

impl host::Device for Direct {
    fn request(&mut self, request: &Request<'_>) -> Result<Answer> {
        self.0.request(request)
    }
}

struct Wire {
    line: TcpStream,
    link: Device,
    /// The power is off.
    is_closed: bool,
}

impl Wire {
    /// Whether this byte brings a request.
    fn hear(&mut self, byte: u8) -> bool {
        match self.link.hear(byte) {
            Some(Heard::Request) => return true,
            Some(Heard::Damaged) => self.answer(&Answer::Damaged),
            Some(Heard::Stranger { session, number }) => {
                self.say(&Envelope { session, number, message: &Answer::Stranger });
            }
            None => {}
        }
        false
    }

    fn say(&mut self, envelope: &Envelope<&Answer>) {
        let mut buffer = [0; FRAME];
        if let Ok(frame) = envelope.encode(&mut buffer) {
            // If nobody listens any more, nothing will be received either.
            let _ = self.line.write_all(frame);
        }
    }
}

impl Line for Wire {
    fn receive(&mut self) -> bool {
        let mut byte = [0];
        while self.line.read_exact(&mut byte).is_ok() {
            if self.hear(byte[0]) {
                return true;
            }
        }
        false
    }

    fn poll(&mut self) -> bool {
        let mut byte = [0];
        let is_set = self.line.set_nonblocking(true).is_ok();
        let mut has_request = false;
        while is_set && !has_request {
            has_request = match self.line.read(&mut byte) {
                Ok(0) => {
                    self.is_closed = true;
                    true
                }
                Ok(_) => self.hear(byte[0]),
                Err(_) => break, // nothing has come
            };
        }
        // Without it nothing could be received any more, and the thread ends.
        let _ = self.line.set_nonblocking(false);
        has_request
    }

    fn request(&self) -> Request<'_> {
        if self.is_closed { Request::Exit } else { self.link.request() }
    }

    fn answer(&mut self, answer: &Answer) {
        self.say(&self.link.answer(answer));
    }
}
