//! Proof by the linker that the program which stays on a device cannot panic, whatever bytes come over the line, whatever its
//! sensor and its flash memory hold: frames, requests, trainings, selections, checkpoints, answers.
#![no_std]
#![no_main]

mod proof;

use core::hint::black_box;

use proof::entry;
use proof::nowhere::Nowhere;
use static_cell::ConstStaticCell;
use tamis::checkpoint::Checkpoints;
use tamis::frame::FRAME;
use tamis::link::{Device, Envelope, Heard};
use tamis::resident::{Line, Resident, Sensor, Surroundings};
use tamis::wire::{Answer, Request};
use tamis::{NoSample, Samples, Task};

static NUMBERS: ConstStaticCell<[f32; 1024]> = ConstStaticCell::new([0.0; 1024]);
static INDICES: ConstStaticCell<[u16; 32]> = ConstStaticCell::new([0; 32]);

/// A line of which nothing is known.
#[derive(Default)]
struct Wire(Device);

impl Wire {
    fn hear(&mut self) -> bool {
        match self.0.hear(black_box(1)) {
            Some(Heard::Request) => return true,
            Some(Heard::Damaged) => self.answer(&Answer::Damaged),
            Some(Heard::Stranger { session, number }) => {
                say(&Envelope { session, number, message: &Answer::Stranger });
            }
            None => {}
        }
        false
    }
}

fn say(envelope: &Envelope<&Answer>) {
    let mut buffer = [0; FRAME];
    black_box(envelope.encode(&mut buffer).is_ok());
    black_box(buffer);
}

impl Line for Wire {
    fn receive(&mut self) -> bool {
        while !self.hear() {}
        black_box(true)
    }

    fn poll(&mut self) -> bool {
        self.hear()
    }

    fn request(&self) -> Request<'_> {
        self.0.request()
    }

    fn answer(&mut self, answer: &Answer) {
        say(&self.0.answer(answer));
    }
}

/// A sensor of which nothing is known.
struct Unknown;

impl Samples for Unknown {
    fn sample(&mut self, index: u64, x: &mut [f32], target: &mut [f32]) -> Result<(), NoSample> {
        x.fill_with(|| black_box(1.0));
        target.fill_with(|| black_box(1.0));
        black_box(Ok(())).map_err(|()| NoSample(index))
    }
}

impl Sensor for Unknown {
    const INPUTS: u16 = 8;

    fn start(&mut self, task: &Task) {
        black_box(task);
    }

    fn overruns(&self) -> u32 {
        black_box(0)
    }
}

/// A board that shows nothing, and may have a timer.
struct Bare;

impl Surroundings for Bare {
    fn ticks(&mut self, work: impl FnOnce()) -> Option<u32> {
        work();
        black_box(Some(1))
    }
}

#[entry]
fn main() -> ! {
    if let (Some(arena), Some(indices)) = (NUMBERS.try_take(), INDICES.try_take()) {
        let mut resident = Resident {
            board: black_box("nowhere"),
            arena,
            indices,
            sensor: Unknown,
            checkpoints: Checkpoints::halves(Nowhere).ok(),
            surroundings: Bare,
        };
        resident.run(&mut Wire::default());
    }
    loop {
        core::hint::spin_loop();
    }
}
