//! Where a device is: at a serial port, behind a TCP address, or in an emulator.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use tamis::wire::{Answer, Hello, Request};

use crate::device::Device;
use crate::emulator::{Clock, Emulator};
use crate::link::{Counts, Link};
use crate::machine::Machine;
use crate::tools;

/// Bits per second of a serial port.
const BAUD: u32 = 115_200;
/// A port that is read says so often that nothing has come.
const PAUSE: Duration = Duration::from_millis(10);

/// Which device.
#[derive(Args, Clone, Debug)]
#[group(required = true, multiple = false)]
pub struct At {
    /// The serial port of a board, /dev/ttyACM0 or COM3, or the address of a line over TCP, tcp:127.0.0.1:4000.
    #[arg(long, value_name = "PORT", help_heading = "Device")]
    pub port: Option<String>,
    /// A board in an emulator, switched on for this command.
    #[arg(long, value_enum, value_name = "M", help_heading = "Device")]
    pub machine: Option<Machine>,
    /// For an emulated board, another program than the one that is built here.
    #[arg(skip)]
    pub elf: Option<PathBuf>,
}

/// A device that answers.
pub enum Board {
    /// At a port.
    Port(Box<Link>, Hello),
    /// In an emulator.
    Emulator(Box<Emulator>, Hello),
}

impl std::str::FromStr for At {
    type Err = std::convert::Infallible;

    /// A machine by its name, else a port.
    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Ok(match Machine::from_str(name, true) {
            Ok(machine) => Self { port: None, machine: Some(machine), elf: None },
            Err(_) => Self { port: Some(name.to_owned()), machine: None, elf: None },
        })
    }
}

impl At {
    /// Its name in messages.
    pub fn name(&self) -> String {
        match (&self.port, self.machine) {
            (Some(port), _) => port.clone(),
            (None, Some(machine)) => machine.to_string(),
            (None, None) => String::new(),
        }
    }

    /// Switches it on if it is an emulator, and greets it. The error is [`tools::Missing`] where the emulator could not be
    /// had.
    pub fn open(&self) -> Result<Board> {
        match (&self.port, self.machine) {
            (Some(port), _) => open(port).with_context(|| port.clone()),
            (None, machine) => {
                let machine = machine.context("neither --port nor --machine")?;
                let elf = match &self.elf {
                    Some(elf) => elf.clone(),
                    None => tools::firmware(machine)?,
                };
                let emulator = Emulator::boot(machine, &elf, Clock::Free)?;
                let hello = emulator.hello().context("the emulator has said no hello")?.clone();
                Ok(Board::Emulator(Box::new(emulator), hello))
            }
        }
    }
}

/// The two halves of the line at a port.
type Halves = (Box<dyn Read + Send>, Box<dyn Write + Send>);

/// Opens a port, and knows nothing of what is said there.
pub fn halves(port: &str) -> Result<Halves> {
    match port.strip_prefix("tcp:") {
        Some(address) => {
            let line = TcpStream::connect(address).context("nobody listens there")?;
            line.set_nodelay(true)?;
            Ok((Box::new(line.try_clone()?), Box::new(line)))
        }
        None => {
            let line = serialport::new(port, BAUD).timeout(PAUSE).open().context("the port does not open")?;
            Ok((Box::new(line.try_clone()?), Box::new(line)))
        }
    }
}

fn open(port: &str) -> Result<Board> {
    // Whoever was here before had another.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let session = now.subsec_nanos() ^ std::process::id() ^ now.as_secs() as u32;
    let (reader, writer) = halves(port)?;
    let mut link = Link::new(reader, writer, session);
    let hello = link.greet()?;
    Ok(Board::Port(Box::new(link), hello))
}

impl Board {
    /// What it is.
    pub fn hello(&self) -> &Hello {
        match self {
            Self::Port(_, hello) | Self::Emulator(_, hello) => hello,
        }
    }

    /// What has happened on the line.
    pub fn counts(&self) -> Counts {
        match self {
            Self::Port(link, _) => link.counts(),
            Self::Emulator(emulator, _) => emulator.counts(),
        }
    }
}

impl Device for Board {
    fn request(&mut self, request: &Request<'_>) -> Result<Answer> {
        match self {
            Self::Port(link, _) => link.request(request),
            Self::Emulator(emulator, _) => emulator.request(request),
        }
    }
}
