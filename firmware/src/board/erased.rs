//! Serial line, LED and watchdog of any board behind one type each, so that the application is compiled once, for all of them: a
//! second copy of its arithmetic would cost 90 KB of flash.

use embedded_hal::digital::{self, OutputPin};
use embedded_io::{ErrorKind, ErrorType, Read, ReadReady, Write};

use super::Board;
use crate::watchdog::Watchdog;

/// A board whose own types are forgotten.
pub type AnyBoard<'a, F> = Board<AnyLine<'a>, AnyLed<'a>, F, &'a mut dyn Watchdog>;

/// A serial line.
pub struct AnyLine<'a>(&'a mut dyn Line);

/// An LED.
pub struct AnyLed<'a>(&'a mut dyn Led);

impl<'a> AnyLine<'a> {
    /// This line without its type.
    pub fn new(line: &'a mut (impl Read + ReadReady + Write)) -> Self {
        Self(line)
    }
}

impl<'a> AnyLed<'a> {
    /// This LED without its type.
    pub fn new(led: &'a mut impl OutputPin) -> Self {
        Self(led)
    }
}

/// What [`Read`], [`ReadReady`] and [`Write`] do, with an error of one type.
trait Line {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ErrorKind>;
    fn read_ready(&mut self) -> Result<bool, ErrorKind>;
    fn write(&mut self, buffer: &[u8]) -> Result<usize, ErrorKind>;
    fn flush(&mut self) -> Result<(), ErrorKind>;
}

impl<S: Read + ReadReady + Write> Line for S {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ErrorKind> {
        Read::read(self, buffer).map_err(|error| embedded_io::Error::kind(&error))
    }

    fn read_ready(&mut self) -> Result<bool, ErrorKind> {
        ReadReady::read_ready(self).map_err(|error| embedded_io::Error::kind(&error))
    }

    fn write(&mut self, buffer: &[u8]) -> Result<usize, ErrorKind> {
        Write::write(self, buffer).map_err(|error| embedded_io::Error::kind(&error))
    }

    fn flush(&mut self) -> Result<(), ErrorKind> {
        Write::flush(self).map_err(|error| embedded_io::Error::kind(&error))
    }
}

impl ErrorType for AnyLine<'_> {
    type Error = ErrorKind;
}

impl Read for AnyLine<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ErrorKind> {
        self.0.read(buffer)
    }
}

impl ReadReady for AnyLine<'_> {
    fn read_ready(&mut self) -> Result<bool, ErrorKind> {
        self.0.read_ready()
    }
}

impl Write for AnyLine<'_> {
    fn write(&mut self, buffer: &[u8]) -> Result<usize, ErrorKind> {
        self.0.write(buffer)
    }

    fn flush(&mut self) -> Result<(), ErrorKind> {
        self.0.flush()
    }
}

/// What [`OutputPin`] does, with an error of one type.
trait Led {
    fn set(&mut self, state: digital::PinState) -> Result<(), digital::ErrorKind>;
}

impl<L: OutputPin> Led for L {
    fn set(&mut self, state: digital::PinState) -> Result<(), digital::ErrorKind> {
        self.set_state(state).map_err(|error| digital::Error::kind(&error))
    }
}

impl digital::ErrorType for AnyLed<'_> {
    type Error = digital::ErrorKind;
}

impl OutputPin for AnyLed<'_> {
    fn set_low(&mut self) -> Result<(), Self::Error> {
        self.0.set(digital::PinState::Low)
    }

    fn set_high(&mut self) -> Result<(), Self::Error> {
        self.0.set(digital::PinState::High)
    }
}
