//! What a program's file tells of it: where its functions are, what its instructions are, how large it is.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use object::{Architecture, Object, ObjectSection, ObjectSymbol, SectionFlags, SymbolKind, elf};

/// A program for a microcontroller.
pub struct Program {
    /// Where its file is.
    pub path: PathBuf,
    /// Whether its instructions are Thumb; else they are RISC-V.
    pub is_thumb: bool,
    /// Bytes that go into flash: code, constants, and the initial values of variables.
    pub image: usize,
    symbols: HashMap<String, Symbol>,
    /// Pieces of code, by address.
    code: Vec<(u32, Vec<u8>)>,
}

#[derive(Clone, Copy)]
struct Symbol {
    address: u32,
    is_function: bool,
}

impl Program {
    /// Reads a program.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
        let file = object::File::parse(&*bytes)?;
        let (mut image, mut code) = (0, Vec::new());
        for section in file.sections() {
            let SectionFlags::Elf { sh_flags, .. } = section.flags() else { continue };
            let is_loaded = sh_flags.contains(elf::SHF_ALLOC) && section.file_range().is_some();
            // The paint of a stack stands in the file for the emulator only.
            if !is_loaded || section.name() == Ok(".paint") {
                continue;
            }
            image += section.size() as usize;
            if sh_flags.contains(elf::SHF_EXECINSTR) {
                code.push((section.address() as u32, section.data()?.to_vec()));
            }
        }
        let symbols = file.symbols().filter_map(|symbol| {
            let is_function = symbol.kind() == SymbolKind::Text;
            Some((symbol.name().ok()?.to_owned(), Symbol { address: symbol.address() as u32, is_function }))
        });
        let symbols = symbols.collect();
        let is_thumb = file.architecture() == Architecture::Arm;
        Ok(Self { path: path.to_owned(), is_thumb, image, symbols, code })
    }

    /// The address of the one symbol of this name.
    pub fn symbol(&self, name: &str) -> Result<u32> {
        let symbol = self.symbols.get(name).with_context(|| format!("{} has no symbol {name}", self.shown()));
        symbol.map(|symbol| symbol.address)
    }

    /// The address of the one function, or of the one variable, with `part` in its mangled name.
    pub fn find(&self, part: &str, is_function: bool) -> Result<u32> {
        let is_it = |name: &str, symbol: &Symbol| symbol.is_function == is_function && name.contains(part);
        let mut found = self.symbols.iter().filter(|&(name, symbol)| is_it(name, symbol));
        let (_, symbol) = found.next().with_context(|| format!("{} has no {part}", self.shown()))?;
        ensure!(found.next().is_none(), "{} has more than one {part}", self.shown());
        // The lowest bit of a Thumb function's address says that it is one.
        Ok(if is_function { symbol.address & !1 } else { symbol.address })
    }

    /// Where the code begins and ends.
    pub fn code_range(&self) -> (u32, u32) {
        let start = self.code.iter().map(|(address, _)| *address).min().unwrap_or(0);
        let end = self.code.iter().map(|(address, bytes)| address + bytes.len() as u32).max().unwrap_or(0);
        (start, end)
    }

    /// The halfword of code at `address`; zero where there is none.
    pub fn halfword(&self, address: u32) -> u16 {
        let at = |(start, bytes): &(u32, Vec<u8>)| {
            let offset = address.checked_sub(*start)? as usize;
            Some(u16::from_le_bytes(bytes.get(offset..)?.first_chunk().copied()?))
        };
        self.code.iter().find_map(at).unwrap_or(0)
    }

    /// The length of the instruction at `address`, in bytes.
    pub fn length(&self, address: u32) -> u32 {
        let first = self.halfword(address);
        let is_long = if self.is_thumb { first >= 0xe800 } else { first & 3 == 3 };
        if is_long { 4 } else { 2 }
    }

    fn shown(&self) -> std::path::Display<'_> {
        self.path.display()
    }
}
