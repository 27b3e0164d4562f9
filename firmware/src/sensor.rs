//! Samples reach the training loop through a queue, as they would from an interrupt.
//!
//! The "sensor" is a task: an interrupt computes its next rows and puts them into the queue. The
//! training loop takes them out, and pends the interrupt when the queue is empty: by demand and not by a clock,
//! so that a host can repeat what the device does. A row that finds the queue full is lost and counted, as with
//! a sensor that does not wait.

use core::cell::RefCell;

use critical_section::Mutex;
use heapless::spsc::{Consumer, Producer};
use tamis::resident;
use tamis::state::Words;
use tamis::task::{self, Task};
use tamis::{NoSample, Samples};

use crate::arch;

/// The widest row, without probes.
pub const INPUTS: usize = 8;
/// Places in the queue; one stays free.
pub const PLACES: usize = 8;

/// One sample on its way.
pub struct Row {
    index: u64,
    x: [f32; INPUTS],
    target: f32,
}

/// The queue between interrupt and training loop.
pub type Queue = heapless::spsc::Queue<Row, PLACES>;

static SENSOR: Mutex<RefCell<Option<Sensor>>> = Mutex::new(RefCell::new(None));

struct Sensor {
    rows: Producer<'static, Row>,
    task: Option<Task>,
    burst: u32,
    next: u64,
    overruns: u32,
}

/// The training loop's end of the queue: a live stream of samples.
pub struct Feed {
    rows: Consumer<'static, Row>,
    task: Option<Task>,
    /// The row after the last that was taken.
    next: u64,
}

/// Connects the interrupt to `queue`; it delivers `burst` rows at a time.
pub fn connect(queue: &'static mut Queue, burst: u32) -> Feed {
    let (rows, consumer) = queue.split();
    let sensor = Sensor { rows, task: None, burst, next: 0, overruns: 0 };
    critical_section::with(|token| SENSOR.borrow_ref_mut(token).replace(sensor));
    Feed { rows: consumer, task: None, next: 0 }
}

impl Feed {
    /// Points the sensor at row `next` of the task, with an empty queue and no overruns.
    fn point(&mut self, next: u64) {
        self.next = next;
        critical_section::with(|token| {
            if let Some(sensor) = SENSOR.borrow_ref_mut(token).as_mut() {
                sensor.task = self.task;
                sensor.next = next;
                sensor.overruns = 0;
            }
        });
        while self.rows.dequeue().is_some() {}
    }

    /// The next row, as soon as there is one.
    fn wait(&mut self) -> Row {
        loop {
            if let Some(row) = self.rows.dequeue() {
                return row;
            }
            arch::interrupt();
        }
    }
}

impl Samples for Feed {
    fn sample(&mut self, index: u64, x: &mut [f32], target: &mut [f32]) -> Result<(), NoSample> {
        let task = self.task.ok_or(NoSample(index))?;
        let row = self.wait();
        self.next = row.index + 1;
        // A stream takes what comes: after a lost row, the next. The count of overruns tells the host.
        let (inputs, probes) = x.split_at_mut_checked(task.inputs.into()).ok_or(NoSample(index))?;
        inputs.iter_mut().zip(row.x).for_each(|(x, value)| *x = value);
        task::probes(task.seed, row.index, probes);
        target.fill(row.target);
        Ok(())
    }

    /// The row that comes next: a task can be pointed there.
    fn pass<W: Words>(&mut self, words: &mut W) -> Result<(), W::Error> {
        let mut next = self.next;
        words.long(&mut next)?;
        if next != self.next {
            self.point(next);
        }
        Ok(())
    }
}

impl resident::Sensor for Feed {
    const INPUTS: u16 = INPUTS as u16;

    fn start(&mut self, task: &Task) {
        self.task = Some(*task);
        self.point(0);
    }

    /// How many rows have found the queue full.
    fn overruns(&self) -> u32 {
        critical_section::with(|token| SENSOR.borrow_ref(token).as_ref().map_or(0, |sensor| sensor.overruns))
    }
}

/// What the interrupt does.
pub fn deliver() {
    critical_section::with(|token| {
        if let Some(sensor) = SENSOR.borrow_ref_mut(token).as_mut() {
            sensor.deliver();
        }
    });
}

impl Sensor {
    fn deliver(&mut self) {
        let Some(task) = self.task else { return };
        for _ in 0..self.burst {
            let mut row = Row { index: self.next, x: [0.0; INPUTS], target: 0.0 };
            let inputs = INPUTS.min(task.inputs.into());
            row.target = task.row(row.index, &mut row.x[..inputs]);
            self.next += 1;
            if self.rows.enqueue(row).is_err() {
                self.overruns += 1;
            }
        }
    }
}
