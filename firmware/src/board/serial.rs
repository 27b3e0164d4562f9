//! A serial line that is polled, a byte at a time: `embedded-io` for a UART whose registers we drive ourselves, or
//! whose driver crate knows another version of these traits.

use core::convert::Infallible;

use embedded_io::{ErrorType, Read, ReadReady, Write};

/// A UART that has been set up.
pub trait Uart {
    /// The byte that has been received, if there is one.
    fn receive(&mut self) -> Option<u8>;

    /// Sends a byte if there is room; else this is false.
    fn send(&mut self, byte: u8) -> bool;
}

/// The serial line of a UART.
pub struct Serial<U> {
    uart: U,
    /// What has been received and not yet read.
    received: Option<u8>,
}

impl<U: Uart> Serial<U> {
    /// Of this UART.
    pub fn new(uart: U) -> Self {
        Self { uart, received: None }
    }
}

impl<U> ErrorType for Serial<U> {
    type Error = Infallible;
}

impl<U: Uart> Read for Serial<U> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Infallible> {
        let Some(first) = buffer.first_mut() else { return Ok(0) };
        while !self.read_ready()? {}
        *first = self.received.take().unwrap_or_default();
        Ok(1)
    }
}

impl<U: Uart> ReadReady for Serial<U> {
    fn read_ready(&mut self) -> Result<bool, Infallible> {
        self.received = self.received.take().or_else(|| self.uart.receive());
        Ok(self.received.is_some())
    }
}

impl<U: Uart> Write for Serial<U> {
    fn write(&mut self, buffer: &[u8]) -> Result<usize, Infallible> {
        let Some(&first) = buffer.first() else { return Ok(0) };
        while !self.uart.send(first) {}
        Ok(1)
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        Ok(()) // nothing is kept here
    }
}

/// A serial line of two halves, as some driver crates have it.
pub struct Halves<R, W> {
    /// What receives.
    pub reader: R,
    /// What sends.
    pub writer: W,
}

impl<R: ErrorType, W> ErrorType for Halves<R, W> {
    type Error = R::Error;
}

impl<R: Read, W> Read for Halves<R, W> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, R::Error> {
        self.reader.read(buffer)
    }
}

impl<R: ReadReady, W> ReadReady for Halves<R, W> {
    fn read_ready(&mut self) -> Result<bool, R::Error> {
        self.reader.read_ready()
    }
}

impl<R: ErrorType, W: Write<Error = R::Error>> Write for Halves<R, W> {
    fn write(&mut self, buffer: &[u8]) -> Result<usize, R::Error> {
        self.writer.write(buffer)
    }

    fn flush(&mut self) -> Result<(), R::Error> {
        self.writer.flush()
    }
}
