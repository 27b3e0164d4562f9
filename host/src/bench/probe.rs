//! One call of one function, measured from its first instruction to its return: the instructions that it executes,
//! callees included, and the stack that it uses.
//!
//! The emulator is stopped at the call. What is below the stack pointer is painted, the log of executed instructions
//! is switched on, and both end at the return address: nothing in the program knows of it.

use std::io::{BufReader, Read};
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread::{self, JoinHandle};

use anyhow::{Context, Result, anyhow, ensure};

use super::debugger::Debugger;
use super::program::Program;
use super::trace::Trace;
use crate::machine::Machine;
use crate::{emulator, log, tools};

/// What the stack is painted with: another number in every word, so that a program that copies what it never wrote
/// is seen to write.
fn paint(words: u32) -> Vec<u8> {
    (1..=words).flat_map(|word| word.wrapping_mul(0x9e37_79b1).to_le_bytes()).collect()
}

/// No step is thought to use more stack; one that does is an error.
const DEPTH: u32 = 16 * 1024;
/// A pipe's worth of the log.
const BUFFER: usize = 1 << 20;

/// What one call did.
pub struct Call {
    /// The instructions.
    pub trace: Trace,
    /// Bytes of stack below the stack pointer at the call.
    pub stack: usize,
    /// The messages that the program had logged at its end.
    pub messages: Vec<String>,
}

/// Which call of which program is measured.
pub struct Probe<'a> {
    /// The machine.
    pub machine: Machine,
    /// The program.
    pub program: &'a Program,
    /// The function: a part of its mangled name.
    pub function: &'a str,
    /// How many calls come before the one that is measured.
    pub skip: u32,
    /// A variable, and what is written into it before the program's `main`.
    pub setting: Option<(&'a str, &'a [u8])>,
}

impl Probe<'_> {
    /// Runs the program, measures the call, and lets the program end.
    pub fn measure(&self) -> Result<Call> {
        let program = self.program;
        let (mut child, core) = launch(self.machine, &program.path)?;
        let mut output = child.0.stdout.take().context("no output")?;
        let frames = thread::spawn(move || {
            let mut frames = Vec::new();
            output.read_to_end(&mut frames).map(|_| frames)
        });
        let (trace, stack) = self.call(core, &mut child.0)?;
        let status = child.0.wait()?;
        let frames = frames.join().map_err(|_| anyhow!("the log cannot be read"))??;
        let messages = log::decode(&program.path, &frames)?;
        let trace = trace.join().map_err(|_| anyhow!("the trace cannot be read"))??;
        ensure!(status.success(), "{} ended with {status}: {messages:?}", program.path.display());
        Ok(Call { trace, stack, messages })
    }

    /// The trace, as it is being read, and the stack.
    fn call(&self, mut core: Debugger, child: &mut Child) -> Result<(JoinHandle<Result<Trace>>, usize)> {
        let program = self.program;
        let function = program.find(self.function, true)?;
        if let Some((variable, value)) = self.setting {
            core.run_to(program.symbol("main")? & !1)?;
            core.write(program.find(variable, false)?, value)?;
        }
        for _ in 0..=self.skip {
            core.run_to(function)?;
        }
        let (sp, end) = if program.is_thumb {
            let [.., sp, lr] = core.registers::<15>()?;
            (sp, lr & !1)
        } else {
            let [_, ra, sp] = core.registers()?;
            (sp, ra)
        };
        let depth = (sp - program.symbol("_stack_end")?).min(DEPTH) / 4 * 4;
        let paint = paint(depth / 4);
        core.write(sp - depth, &paint)?;
        switch_single_steps(&mut core, true)?;
        core.monitor("log exec")?;
        let pipe = BufReader::with_capacity(BUFFER, child.stderr.take().context("no log")?);
        let trace = Trace::of(program);
        let trace = thread::spawn(move || trace.read(pipe, end));
        core.run_to(end)?;
        core.monitor("log none")?;
        switch_single_steps(&mut core, false)?;
        let after = core.read(sp - depth, paint.len())?;
        let words = paint.chunks(4).zip(after.chunks(4));
        let untouched = words.take_while(|(before, after)| before == after).count() * 4;
        ensure!(untouched > 0, "{} uses more than {depth} bytes of stack", self.function);
        core.finish()?;
        Ok((trace, paint.len() - untouched))
    }
}

/// Whether the emulator translates, and so logs, one instruction at a time. It has changed the name of the switch.
fn switch_single_steps(core: &mut Debugger, on: bool) -> Result<()> {
    let state = if on { "on" } else { "off" };
    let unknown = core.monitor(&format!("singlestep {state}"))?;
    if !unknown.is_empty() {
        let unknown = core.monitor(&format!("one-insn-per-tb {state}"))?;
        ensure!(unknown.is_empty(), "the emulator cannot log single instructions: {unknown}");
    }
    Ok(())
}

/// An emulator whose core is stopped before its first instruction, and the line to that core.
pub fn launch(machine: Machine, elf: &Path) -> Result<(Killed, Debugger)> {
    let (listener, port) = emulator::listen()?;
    let mut qemu = tools::qemu(machine, elf);
    qemu.arg("-chardev").arg(format!("socket,id=debugger,host=127.0.0.1,port={port},nodelay=on"));
    qemu.args(["-gdb", "chardev:debugger", "-S", "-monitor", "none", "-serial", "null"]);
    qemu.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = qemu.spawn().with_context(|| format!("{} does not start", machine.qemu()))?;
    let mut child = Killed(child);
    let line = emulator::accept(&listener, &mut child.0)?;
    Ok((child, Debugger::new(line)?))
}

/// An emulator that ends with this value.
pub struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        // It has ended, or it is to end; in neither case is there anything to do about an error.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
