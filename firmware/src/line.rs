//! The serial line to the host: frames over any `embedded-io`.

use embedded_io::{Read, Write};
use tamis::frame::FRAME;
use tamis::link::{Device, Envelope, Heard};
use tamis::resident;
use tamis::wire::{Answer, Request};

/// A serial line, in messages.
pub struct Line<S> {
    serial: S,
    link: Device,
}

impl<S: Read + Write> Line<S> {
    /// Over this line.
    pub fn new(serial: S) -> Self {
        Self { serial, link: Device::default() }
    }

    #[inline(never)] // nothing of it is on the stack of an update
    fn say(&mut self, envelope: &Envelope<&Answer>) {
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

impl<S: Read + Write> resident::Line for Line<S> {
    #[inline(never)] // as for `say`
    fn receive(&mut self) -> bool {
        loop {
            let mut byte = [0];
            if !matches!(self.serial.read(&mut byte), Ok(1)) {
                continue;
            }
            match self.link.hear(byte[0]) {
                Some(Heard::Request) => return true,
                Some(Heard::Damaged) => self.answer(&Answer::Damaged),
                Some(Heard::Stranger { session, number }) => {
                    self.say(&Envelope { session, number, message: &Answer::Stranger });
                }
                None => {}
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
