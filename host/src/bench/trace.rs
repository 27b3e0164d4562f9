//! Every instruction that a core executes, counted by address from the emulator's log as it comes.

use std::io::BufRead;

use anyhow::{Context, Result, bail};

use super::program::Program;

/// How often the instruction at an address was executed, and how often another than the next one in memory followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Site {
    /// Executions.
    pub executed: u64,
    /// Executions after which control went elsewhere.
    pub jumped: u64,
}

/// The instructions of one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    start: u32,
    /// One for every halfword of code.
    sites: Vec<Site>,
    /// The length of the instruction there, in halfwords.
    lengths: Vec<usize>,
}

impl Trace {
    /// No instruction of `program` executed yet.
    pub fn of(program: &Program) -> Self {
        let (start, end) = program.code_range();
        let addresses = (start..end).step_by(2);
        let lengths: Vec<_> = addresses.map(|address| program.length(address) as usize / 2).collect();
        Self { start, sites: vec![Site::default(); lengths.len()], lengths }
    }

    /// Reads the log of one call, which returned to `end`. What else the emulator has to say is an error.
    pub fn read(mut self, mut log: impl BufRead, end: u32) -> Result<Self> {
        // The instruction that was executed last, and the one that is about to be.
        let (mut last, mut next): (Option<usize>, Option<usize>) = (None, None);
        let mut line = Vec::new();
        while log.read_until(b'\n', &mut line)? > 0 {
            if line.starts_with(b"Trace ") {
                last = self.follow(last, next);
                let index = address(&line).and_then(|address| self.index(address));
                next = Some(index.with_context(|| format!("no code: {}", String::from_utf8_lossy(&line)))?);
            } else if line.starts_with(b"Stopped execution") {
                next = None; // before it began; it will be logged again
            } else {
                bail!("the emulator says: {}", String::from_utf8_lossy(&line));
            }
            line.clear();
        }
        let last = self.follow(last, next).context("the emulator has logged no instruction")?;
        if self.index(end) != Some(last + self.lengths[last]) {
            self.sites[last].jumped += 1;
        }
        Ok(self)
    }

    /// Counts `next`, which was executed after `last`; gives what was executed last.
    fn follow(&mut self, last: Option<usize>, next: Option<usize>) -> Option<usize> {
        let Some(next) = next else { return last };
        self.sites[next].executed += 1;
        if let Some(last) = last.filter(|&last| last + self.lengths[last] != next) {
            self.sites[last].jumped += 1;
        }
        Some(next)
    }

    fn index(&self, address: u32) -> Option<usize> {
        let index = (address.checked_sub(self.start)? / 2) as usize;
        (index < self.sites.len()).then_some(index)
    }

    /// The instructions that were executed, by address, ascending.
    pub fn sites(&self) -> impl Iterator<Item = (u32, Site)> {
        let all = (self.start..).step_by(2).zip(self.sites.iter().copied());
        all.filter(|(_, site)| site.executed > 0)
    }

    /// Bytes of the distinct instructions that were executed.
    pub fn hot_code(&self) -> u64 {
        let sites = self.sites.iter().zip(&self.lengths);
        sites.filter(|(site, _)| site.executed > 0).map(|(_, &length)| 2 * length as u64).sum()
    }

    /// How many instructions were executed.
    pub fn instructions(&self) -> u64 {
        self.sites.iter().map(|site| site.executed).sum()
    }
}

/// The address in a line of the log: `Trace 0: 0x7f54c8000100 [00000000/0000049c/00000110/ff021401]`.
fn address(line: &[u8]) -> Option<u32> {
    let (_, fields) = line.split_at(line.iter().position(|&byte| byte == b'[')?);
    let digits = fields.split(|&byte| byte == b'/').nth(1)?;
    digits.iter().try_fold(0, |address, &digit| Some(address << 4 | char::from(digit).to_digit(16)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three instructions of two, four and two bytes from address 8 on.
    fn blank() -> Trace {
        Trace { start: 8, sites: vec![Site::default(); 4], lengths: vec![1, 2, 1, 1] }
    }

    fn log(addresses: &[&str]) -> String {
        let line = |address: &&str| match address.strip_prefix('!') {
            Some(address) => format!("Stopped execution of TB chain before 0x7f00 [{address}] \n"),
            None => format!("Trace 0: 0x7f00 [00000000/{address}/00000110/ff021401] \n"),
        };
        addresses.iter().map(line).collect()
    }

    #[test]
    fn instructions_and_jumps_are_counted() -> Result<()> {
        // Twice around, interrupted once before the second.
        let log = log(&["00000008", "0000000a", "!0000000a", "0000000a", "0000000e", "00000008", "0000000a"]);
        let trace = blank().read(log.as_bytes(), 0x40)?;
        let site = |executed, jumped| Site { executed, jumped };
        let sites: Vec<_> = trace.sites().collect();
        assert_eq!(sites, [(8, site(2, 0)), (10, site(2, 1)), (14, site(1, 1))]);
        assert_eq!((trace.instructions(), trace.hot_code()), (5, 8));
        Ok(())
    }

    #[test]
    fn what_is_no_instruction_is_an_error() {
        assert!(blank().read(log(&["00001000"]).as_bytes(), 0).is_err());
        assert!(blank().read("qemu: fatal".as_bytes(), 0).is_err());
        assert!(blank().read("".as_bytes(), 0).is_err());
    }
}
