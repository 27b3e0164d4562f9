//! A line between two ends that may be a bad one: every frame passes through the hands of whoever tampers with it.
//!
//! One end is an emulator that stays, the other a host that comes and goes.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::Result;
use rand_xoshiro::Xoshiro128PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};
use serde::Serialize;

/// How often somebody looks whether it is to end.
const TICK: Duration = Duration::from_millis(20);

/// What was done to frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[allow(missing_docs)] // the names say it
pub struct Faults {
    pub frames: u64,
    pub damaged: u64,
    pub truncated: u64,
    pub dropped: u64,
    pub duplicated: u64,
    pub reordered: u64,
}

impl Faults {
    /// How many frames did not arrive once, whole and in their place.
    pub fn total(&self) -> u64 {
        self.damaged + self.truncated + self.dropped + self.duplicated + self.reordered
    }
}

/// A seeded plan of faults.
pub struct Noise {
    generator: Xoshiro128PlusPlus,
    /// Of so many frames, one meets each kind of fault.
    one_in: u32,
    /// A frame that is held back, to come after the next.
    held: Option<Vec<u8>>,
    faults: Faults,
}

impl Noise {
    /// Of each kind of fault one in so many frames, on average; none if it is 0.
    pub fn new(seed: u64, one_in: u32) -> Self {
        Self {
            generator: Xoshiro128PlusPlus::seed_from_u64(seed),
            one_in,
            held: None,
            faults: Faults::default(),
        }
    }

    fn below(&mut self, n: u32) -> u32 {
        self.generator.next_u32() % n
    }

    /// What comes out for a frame with its zero.
    fn pass(&mut self, mut frame: Vec<u8>) -> Vec<u8> {
        self.faults.frames += 1;
        let kind = if self.one_in == 0 { u32::MAX } else { self.below(self.one_in) };
        match kind {
            0 => {
                let at = self.below(frame.len() as u32) as usize;
                frame[at] ^= 1 << self.below(8);
                self.faults.damaged += 1;
            }
            1 => {
                frame.truncate(self.below(frame.len() as u32) as usize);
                self.faults.truncated += 1;
            }
            2 => {
                frame.clear();
                self.faults.dropped += 1;
            }
            3 => {
                frame = frame.repeat(2);
                self.faults.duplicated += 1;
            }
            4 if self.held.is_none() => {
                self.faults.reordered += 1;
                self.held = Some(frame);
                return Vec::new();
            }
            _ => {}
        }
        frame.extend(self.held.take().unwrap_or_default());
        frame
    }
}

/// A relay that is running.
pub struct Relay {
    noise: [Arc<Mutex<Noise>>; 2],
    is_over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Relay {
    /// Between `device` and whoever connects to `listener`, one at a time, with `noise` towards the device and from it.
    pub fn start(device: TcpStream, listener: TcpListener, noise: [Noise; 2]) -> Result<Self> {
        let noise = noise.map(|noise| Arc::new(Mutex::new(noise)));
        let is_over = Arc::new(AtomicBool::new(false));
        let host: Arc<Mutex<Option<TcpStream>>> = Arc::default();
        listener.set_nonblocking(true)?;
        device.set_read_timeout(Some(TICK))?;
        let from_device = {
            let (device, noise, host, is_over) =
                (device.try_clone()?, Arc::clone(&noise[1]), Arc::clone(&host), Arc::clone(&is_over));
            thread::spawn(move || {
                carry(device, &noise, &is_over, |bytes| {
                    // Nobody hears what is said while no host is there.
                    if let Ok(mut host) = host.lock()
                        && host.as_mut().is_some_and(|host| host.write_all(bytes).is_err())
                    {
                        *host = None;
                    }
                    true
                });
            })
        };
        let from_hosts = {
            let (mut device, noise, is_over) = (device, Arc::clone(&noise[0]), Arc::clone(&is_over));
            thread::spawn(move || {
                while !is_over.load(Ordering::Relaxed) {
                    let Ok((line, _)) = listener.accept() else {
                        thread::sleep(TICK);
                        continue;
                    };
                    let set = line.set_nonblocking(false).and_then(|()| line.set_nodelay(true));
                    let Ok(other_half) =
                        set.and_then(|()| line.set_read_timeout(Some(TICK))).and_then(|()| line.try_clone())
                    else {
                        continue;
                    };
                    if let Ok(mut host) = host.lock() {
                        *host = Some(other_half);
                    }
                    carry(line, &noise, &is_over, |bytes| device.write_all(bytes).is_ok());
                    if let Ok(mut host) = host.lock() {
                        *host = None;
                    }
                }
            })
        };
        Ok(Self { noise, is_over, threads: vec![from_device, from_hosts] })
    }

    /// What was done so far to frames towards the device, and from it.
    pub fn faults(&self) -> [Faults; 2] {
        [0, 1].map(|way| self.noise[way].lock().map_or(Faults::default(), |noise| noise.faults))
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

/// Carries frames one way until the line closes, `send` fails or it is over.
fn carry(
    mut line: TcpStream,
    noise: &Mutex<Noise>,
    is_over: &AtomicBool,
    mut send: impl FnMut(&[u8]) -> bool,
) {
    let mut buffer = [0; 4096];
    let mut frame = Vec::new();
    while !is_over.load(Ordering::Relaxed) {
        let count = match line.read(&mut buffer) {
            Ok(0) => return,
            Ok(count) => count,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => continue,
            Err(_) => return,
        };
        for &byte in &buffer[..count] {
            frame.push(byte);
            if byte != 0 {
                continue;
            }
            let Ok(mut noise) = noise.lock() else { return };
            if !send(&noise.pass(std::mem::take(&mut frame))) {
                return;
            }
        }
    }
}
