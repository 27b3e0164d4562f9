//! The serial line to the host: frames over any `embedded-io`.

use embedded_io::{Read, ReadReady, Write};
use tamis::frame::FRAME;
use tamis::link::{Device, Envelope, Heard};
use tamis::resident::{self, Line as _};
use tamis::wire::{Answer, Request};

use crate::watchdog::Bowl;

/// After a byte or an answer the line is quiet when it has been looked at so many times: some ten milliseconds on a slow core,
/// in which the next byte of a frame comes, or the next request. A UART without a queue loses bytes that come during an
/// update; the frame is then damaged, and what the host says next meets open ears. A fast core loses none.
const QUIET: u32 = 20_000;

/// A serial line, in messages.
pub struct Line<'w, S> {
    serial: S,
    /// Fed at each look at a line that nothing is done but to look at.
    watchdog: &'w Bowl<'w>,
    link: Device,
    /// How often it has been looked at since something came or went.
    looks: u32,
}

impl<'w, S: Read + ReadReady + Write> Line<'w, S> {
    /// Over this line.
    pub fn new(serial: S, watchdog: &'w Bowl<'w>) -> Self {
        Self { serial, watchdog, link: Device::default(), looks: QUIET }
    }

    /// Takes a byte as soon as there is one; whether it has brought a request.
    #[inline(never)] // as for `say`
    fn hear(&mut self) -> bool {
        let mut byte = [0];
        if !matches!(self.serial.read(&mut byte), Ok(1)) {
            return false;
        }
        self.looks = 0;
        match self.link.hear(byte[0]) {
            Some(Heard::Request) => return true,
            Some(Heard::Damaged) => self.answer(&Answer::Damaged),
            Some(Heard::Stranger { session, number }) => {
                self.say(&Envelope { session, number, message: &Answer::Stranger });
            }
            None => {}
        }
        false
    }

    #[inline(never)] // nothing of it is on the stack of an update
    fn say(&mut self, envelope: &Envelope<&Answer>) {
        self.looks = 0;
        let mut buffer = [0; FRAME];
        match envelope.encode(&mut buffer) {
            Ok(frame) => {
                if self.serial.write_all(frame).is_err() {
                    defmt::error!("the serial line does not take bytes");
                }
            }
            Err(error) => defmt::error!("{}", error),
        }
    }
}

impl<S: Read + ReadReady + Write> resident::Line for Line<'_, S> {
    fn receive(&mut self) -> bool {
        loop {
            self.watchdog.feed();
            if matches!(self.serial.read_ready(), Ok(true)) && self.hear() {
                return true;
            }
        }
    }

    fn poll(&mut self) -> bool {
        loop {
            if matches!(self.serial.read_ready(), Ok(true)) {
                if self.hear() {
                    return true;
                }
            } else if self.looks < QUIET {
                self.looks += 1;
            } else {
                return false;
            }
        }
    }

    fn request(&self) -> Request<'_> {
        self.link.request()
    }

    fn answer(&mut self, answer: &Answer) {
        self.say(&self.link.answer(answer));
    }
}
