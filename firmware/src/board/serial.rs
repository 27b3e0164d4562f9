//! A serial line that is polled, a byte at a time: `embedded-io` for a UART whose registers we drive ourselves.

use core::convert::Infallible;
use core::marker::PhantomData;

use embedded_io::{ErrorType, Read, Write};

/// A UART that has been set up.
pub trait Uart {
    /// The byte that has been received, if there is one.
    fn receive() -> Option<u8>;

    /// Whether there is room for a byte to send.
    fn has_room() -> bool;

    /// Sends a byte; there is room.
    fn send(byte: u8);
}

/// The serial line of a UART.
pub struct Serial<U>(PhantomData<U>);

impl<U: Uart> Serial<U> {
    /// Of the board, which is taken once.
    pub(super) fn new() -> Self {
        Self(PhantomData)
    }
}

impl<U> ErrorType for Serial<U> {
    type Error = Infallible;
}

impl<U: Uart> Read for Serial<U> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Infallible> {
        let Some(first) = buffer.first_mut() else { return Ok(0) };
        loop {
            if let Some(byte) = U::receive() {
                *first = byte;
                return Ok(1);
            }
        }
    }
}

impl<U: Uart> Write for Serial<U> {
    fn write(&mut self, buffer: &[u8]) -> Result<usize, Infallible> {
        let Some(&first) = buffer.first() else { return Ok(0) };
        self.flush()?;
        U::send(first);
        Ok(1)
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        while !U::has_room() {}
        Ok(())
    }
}
