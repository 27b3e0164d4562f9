//! The resident program in a thread of this host, at the other end of a TCP connection: a device without an emulator.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::{self, JoinHandle};

use anyhow::Result;
use tamis::checkpoint::Checkpoints;
use tamis::frame::FRAME;
use tamis::link::{Device, Envelope, Heard};
use tamis::resident::{Line, Resident, Sensor, Surroundings};
use tamis::wire::{Answer, Request};
use tamis::{NoSample, Samples, Task};

use crate::flash::Flash;

/// How many numbers it has.
pub const NUMBERS: usize = 2740;

/// A device that is switched on: the host's end of its line, and the thread, which ends when the line does and gives the
/// flash memory back.
pub fn switch_on(flash: Flash) -> Result<(TcpStream, JoinHandle<Flash>)> {
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
            sensor: Rows(None),
            checkpoints: Checkpoints::halves(flash).ok(),
            surroundings: Nothing,
        };
        resident.run(&mut Wire { line: other_end, link: Device::default() });
        resident.checkpoints.map_or_else(|| Flash::new(0), Checkpoints::into_flash)
    });
    Ok((line, thread))
}

struct Wire {
    line: TcpStream,
    link: Device,
}

impl Wire {
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
            match self.link.hear(byte[0]) {
                Some(Heard::Request) => return true,
                Some(Heard::Damaged) => self.answer(&Answer::Damaged),
                Some(Heard::Stranger { session, number }) => {
                    self.say(&Envelope { session, number, message: &Answer::Stranger });
                }
                None => {}
            }
        }
        false
    }

    fn request(&self) -> Request<'_> {
        self.link.request()
    }

    fn answer(&mut self, answer: &Answer) {
        self.say(&self.link.answer(answer));
    }
}

/// The rows of a task.
struct Rows(Option<Task>);

impl Samples for Rows {
    fn sample(&mut self, index: u64, x: &mut [f32], target: &mut [f32]) -> Result<(), NoSample> {
        let task = self.0.ok_or(NoSample(index))?;
        target.fill(task.row(index, x));
        Ok(())
    }
}

impl Sensor for Rows {
    const INPUTS: u16 = 8;

    fn start(&mut self, task: &Task) {
        self.0 = Some(*task);
    }

    fn overruns(&self) -> u32 {
        0
    }
}

struct Nothing;

impl Surroundings for Nothing {}
