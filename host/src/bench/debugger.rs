//! A debugger's end of the line to an emulated core: the few packets of GDB's remote protocol that a measurement
//! needs.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

/// So long a core may run between two stops.
const PATIENCE: Duration = Duration::from_secs(300);
/// Bytes that a packet carries, two digits each.
const CHUNK: usize = 1024;

/// A stopped core, and the line to it.
pub struct Debugger {
    line: BufReader<TcpStream>,
}

impl Debugger {
    /// On the line that the emulator has opened.
    pub fn new(line: TcpStream) -> Result<Self> {
        line.set_read_timeout(Some(PATIENCE))?;
        let mut debugger = Self { line: BufReader::new(line) };
        let reply = debugger.ask("?")?;
        ensure!(reply.starts_with('T'), "the core is not stopped: {reply}");
        Ok(debugger)
    }

    /// The first registers, as many as there are numbers.
    pub fn registers<const N: usize>(&mut self) -> Result<[u32; N]> {
        let bytes = bytes(&self.ask("g")?)?;
        let mut numbers = bytes.as_chunks().0.iter().map(|&number| u32::from_le_bytes(number));
        let mut registers = [0; N];
        for register in &mut registers {
            *register = numbers.next().context("the core has fewer registers")?;
        }
        Ok(registers)
    }

    /// So many bytes of the memory.
    pub fn read(&mut self, address: u32, length: usize) -> Result<Vec<u8>> {
        let mut memory = Vec::new();
        for offset in (0..length).step_by(CHUNK) {
            let wanted = CHUNK.min(length - offset);
            let place = address as usize + offset;
            let piece = bytes(&self.ask(&format!("m{place:x},{wanted:x}"))?)?;
            ensure!(piece.len() == wanted, "no memory at {place:#x}");
            memory.extend(piece);
        }
        Ok(memory)
    }

    /// Writes into the memory.
    pub fn write(&mut self, address: u32, memory: &[u8]) -> Result<()> {
        for (place, piece) in (address as usize..).step_by(CHUNK).zip(memory.chunks(CHUNK)) {
            self.command(&format!("M{place:x},{:x}:{}", piece.len(), digits(piece)))?;
        }
        Ok(())
    }

    /// Lets the core run until it is about to execute `address`, again if it is there.
    pub fn run_to(&mut self, address: u32) -> Result<()> {
        self.resume("s")?;
        self.command(&format!("Z0,{address:x},2"))?;
        self.resume("c")?;
        self.command(&format!("z0,{address:x},2"))
    }

    /// Lets the program run to its end.
    pub fn finish(&mut self) -> Result<()> {
        let reply = self.ask("c")?;
        ensure!(reply.starts_with('W'), "the program does not end: {reply}");
        Ok(())
    }

    /// A command for the emulator's monitor; gives what it answers.
    pub fn monitor(&mut self, command: &str) -> Result<String> {
        let mut reply = self.ask(&format!("qRcmd,{}", digits(command.as_bytes())))?;
        let mut text = String::new();
        while reply != "OK" {
            let piece = reply.strip_prefix('O').with_context(|| format!("the monitor says {reply}"))?;
            text += &String::from_utf8_lossy(&bytes(piece)?);
            reply = self.receive()?;
        }
        Ok(text)
    }

    fn resume(&mut self, how: &str) -> Result<()> {
        match self.ask(how)? {
            stopped if stopped.starts_with("T05") => Ok(()),
            ended if ended.starts_with('W') => bail!("the program ended before it came to the place"),
            other => bail!("the core stops with {other}"),
        }
    }

    fn command(&mut self, packet: &str) -> Result<()> {
        let reply = self.ask(packet)?;
        ensure!(reply == "OK", "the emulator answers {packet:.20} with {reply}");
        Ok(())
    }

    /// Sends a packet and gives the answer.
    fn ask(&mut self, packet: &str) -> Result<String> {
        let sum = packet.bytes().fold(0_u8, u8::wrapping_add);
        write!(self.line.get_mut(), "${packet}#{sum:02x}").context("the emulator has ended")?;
        self.receive()
    }

    /// The next packet, without its frame.
    fn receive(&mut self) -> Result<String> {
        let mut frame = Vec::new();
        self.line.read_until(b'#', &mut frame).context("the core does not stop")?;
        let mut sum = [0; 2];
        self.line.read_exact(&mut sum).context("the emulator has ended")?;
        self.line.get_mut().write_all(b"+")?;
        let start = frame.iter().position(|&byte| byte == b'$').context("a packet has no start")?;
        let packet = String::from_utf8_lossy(&frame[start + 1..frame.len() - 1]);
        Ok(packet.into_owned())
    }
}

/// Bytes as hexadecimal digits.
fn digits(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Bytes from hexadecimal digits.
fn bytes(digits: &str) -> Result<Vec<u8>> {
    let pair = |pair: &[u8]| Ok(u8::from_str_radix(std::str::from_utf8(pair)?, 16)?);
    let pairs = digits.as_bytes().chunks(2).map(pair).collect::<Result<_>>();
    pairs.with_context(|| format!("not bytes: {digits:.20}"))
}
