//! A board in QEMU: its serial line as a stream of messages, its log, its clock on request in instructions.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail, ensure};
use tamis::wire::{Answer, Hello, Request};

use crate::device::Device;
use crate::link::{Closed, Counts, Link};
use crate::log;
use crate::machine::Machine;
use crate::{elf, tools};

/// So long a program may take to end.
const PATIENCE: Duration = Duration::from_secs(120);
/// So long it may take to say hello.
const GREETING: Duration = Duration::from_secs(20);

/// How fast the guest's clock goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// As QEMU likes.
    Free,
    /// By [`NS_PER_INSTRUCTION`] with every instruction: it repeats exactly.
    Instructions,
}

/// Guest nanoseconds per instruction under [`Clock::Instructions`]: 2^3.
pub const NS_PER_INSTRUCTION: f64 = 8.0;

/// A running board.
pub struct Emulator {
    machine: Machine,
    elf: PathBuf,
    child: Child,
    link: Option<Link>,
    hello: Option<Hello>,
    monitor: Option<TcpStream>,
    log: Log,
    complaints: Option<JoinHandle<Vec<u8>>>,
}

impl Emulator {
    /// Boots `elf` on `machine` and hears its hello.
    pub fn boot(machine: Machine, elf: &Path, clock: Clock) -> Result<Self> {
        let (mut board, line) = Self::switch_on(machine, elf, clock)?;
        board.link = Some(Link::new(line.try_clone()?, line, board.child.id()));
        board.greet(elf).map_err(|error| board.explain(error))?;
        Ok(board)
    }

    /// Boots `elf` on `machine` and gives its serial line away.
    pub fn switch_on(machine: Machine, elf: &Path, clock: Clock) -> Result<(Self, TcpStream)> {
        elf::check(machine, elf)?;
        // The emulator calls back for its serial line and its monitor.
        let line = listen()?;
        let monitor = listen()?;
        let mut qemu = tools::qemu(machine, elf);
        qemu.arg("-chardev").arg(format!("socket,id=line,host=127.0.0.1,port={},nodelay=on", line.1));
        qemu.arg("-monitor").arg(format!("tcp:127.0.0.1:{}", monitor.1));
        qemu.args(["-serial", "chardev:line"]);
        if clock == Clock::Instructions {
            qemu.args(["-icount", "shift=3,sleep=off"]);
        }
        qemu.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = qemu.spawn().with_context(|| format!("{} does not start", machine.qemu()))?;
        let log = Log { reader: child.stdout.take().map(collect), bytes: Vec::new() };
        let complaints = child.stderr.take().map(collect);
        // From here on the emulator ends with this value, whatever fails.
        let mut board = Self {
            machine,
            elf: elf.to_owned(),
            child,
            link: None,
            hello: None,
            monitor: None,
            log,
            complaints,
        };
        let line = accept(&line.0, &mut board.child).map_err(|error| board.explain(error))?;
        board.monitor = Some(accept(&monitor.0, &mut board.child).map_err(|error| board.explain(error))?);
        Ok((board, line))
    }

    /// Adds what the emulator itself says, which has ended or is to end now.
    fn explain(&mut self, error: anyhow::Error) -> anyhow::Error {
        // It may have ended already.
        let _ = self.child.kill();
        let complaints = text(self.complaints.take());
        if complaints.is_empty() { error } else { error.context(complaints) }
    }

    fn greet(&mut self, elf: &Path) -> Result<()> {
        let link = self.link.as_mut().context("the emulator has no serial line")?;
        let hello = link.wait_for_greeting(GREETING).map_err(|error| match error.downcast_ref() {
            Some(Closed) => self.last_words(),
            None => error,
        });
        let hello =
            hello.with_context(|| format!("{} says no hello as a Tamis program does", elf.display()))?;
        ensure!(
            hello.board.as_str() == self.machine.name(),
            "{} is built for {}, not for {}",
            elf.display(),
            hello.board,
            self.machine
        );
        let link = self.link.as_mut().context("the emulator has no serial line")?;
        self.hello = Some(link.greet()?);
        Ok(())
    }

    /// What the program says it is.
    pub fn hello(&self) -> Option<&Hello> {
        self.hello.as_ref()
    }

    /// What has happened on the serial line.
    pub fn counts(&self) -> Counts {
        self.link.as_ref().map(Link::counts).unwrap_or_default()
    }

    /// Presses the reset button.
    pub fn reset(&mut self) -> Result<()> {
        let monitor = self.monitor.as_mut().context("the emulator has no monitor")?;
        writeln!(monitor, "system_reset").context("the emulator has ended")
    }

    /// What the program and the emulator said at the end, if it has come.
    fn last_words(&mut self) -> anyhow::Error {
        let status = match self.child.wait() {
            Ok(status) => status,
            Err(error) => return anyhow!(error).context("the emulator is gone"),
        };
        // The log, if it can be read.
        let elf = self.elf.clone();
        let log = log::decode(&elf, self.whole_log()).unwrap_or_default();
        let last = log.last().map_or("", String::as_str);
        anyhow!("{} ended early, {status} {last} {}", self.machine, text(self.complaints.take()))
    }

    /// A copy of the board's memory, as its processor sees it.
    pub fn memory(&mut self, address: u64, length: usize) -> Result<Vec<u8>> {
        let file = std::env::temp_dir().join(format!("tamis-{}.memory", self.child.id()));
        let monitor = self.monitor.as_mut().context("the emulator has no monitor")?;
        writeln!(monitor, "memsave {address:#x} {length:#x} \"{}\"", file.display())?;
        let deadline = Instant::now() + GREETING;
        while std::fs::metadata(&file).map_or(0, |metadata| metadata.len()) < length as u64 {
            ensure!(Instant::now() < deadline, "{} does not copy its memory", self.machine.qemu());
            thread::sleep(Duration::from_millis(2));
        }
        let bytes = std::fs::read(&file)?;
        std::fs::remove_file(&file)?;
        Ok(bytes)
    }

    /// Ends the program and gives its log: `defmt` frames.
    pub fn exit(mut self) -> Result<Vec<u8>> {
        self.link.as_mut().context("the emulator has no serial line")?.post(&Request::Exit)?;
        let machine = self.machine;
        let Ended { status, log, complaints } = self.wait()?;
        ensure!(status.success(), "{machine} ended with {status} {complaints}");
        Ok(log)
    }

    /// The log of a program that has ended.
    fn whole_log(&mut self) -> &[u8] {
        if let Some(reader) = self.log.reader.take() {
            self.log.bytes = joined(Some(reader));
        }
        &self.log.bytes
    }

    /// Waits for the program to end by itself.
    pub fn wait(mut self) -> Result<Ended> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(Ended {
                    status,
                    log: self.whole_log().to_vec(),
                    complaints: text(self.complaints.take()),
                });
            }
            ensure!(Instant::now() < deadline, "{} does not end", self.machine);
            thread::sleep(Duration::from_millis(2));
        }
    }
}

/// A log that is read in the background, and what has been read once the program has ended.
struct Log {
    reader: Option<JoinHandle<Vec<u8>>>,
    bytes: Vec<u8>,
}

/// How a program ended.
pub struct Ended {
    /// The exit status.
    pub status: ExitStatus,
    /// Its log: `defmt` frames.
    pub log: Vec<u8>,
    /// What the emulator itself had to say.
    pub complaints: String,
}

impl Device for Emulator {
    fn request(&mut self, request: &Request<'_>) -> Result<Answer> {
        let link = self.link.as_mut().context("the emulator has no serial line")?;
        link.request(request).map_err(|error| match error.downcast_ref() {
            Some(Closed) => self.last_words(),
            None => error.context(self.machine.to_string()),
        })
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // It has ended, or it is to end; in neither case is there anything to do about an error.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits for an emulator to call, as long as it lives.
pub(crate) fn accept(listener: &TcpListener, emulator: &mut Child) -> Result<TcpStream> {
    listener.set_nonblocking(true)?;
    let deadline = Instant::now() + GREETING;
    loop {
        match listener.accept() {
            Ok((line, _)) => {
                line.set_nonblocking(false)?;
                line.set_nodelay(true)?;
                return Ok(line);
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error).context("a local port"),
        }
        if let Some(status) = emulator.try_wait()? {
            bail!("the emulator ended at once, {status}");
        }
        ensure!(Instant::now() < deadline, "the emulator does not connect");
        thread::sleep(Duration::from_millis(2));
    }
}

/// A local port of our own, and its number.
pub(crate) fn listen() -> Result<(TcpListener, u16)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no local port for the emulator")?;
    let port = listener.local_addr()?.port();
    Ok((listener, port))
}

/// Reads a pipe to its end in the background.
fn collect(mut pipe: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // A pipe that breaks is at its end.
        let _ = pipe.read_to_end(&mut bytes);
        bytes
    })
}

fn joined(pipe: Option<JoinHandle<Vec<u8>>>) -> Vec<u8> {
    pipe.and_then(|thread| thread.join().ok()).unwrap_or_default()
}

fn text(pipe: Option<JoinHandle<Vec<u8>>>) -> String {
    String::from_utf8_lossy(&joined(pipe)).trim().to_owned()
}
