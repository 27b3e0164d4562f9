//! The file of a sweep, one row a run in the order of the runs, and beside it the grid.
//!
//! The rows are written as they come, so that what is there when a sweep is stopped is its beginning, and perhaps the
//! beginning of one row more. That row is told by its checksum, or by the end of line that it lacks, and is made again.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use super::curves::{self, Curves};
use super::grid::Grid;
use super::row::Rows;

/// A file of rows, open for more.
pub struct Table {
    path: PathBuf,
    file: File,
    /// The first run that is not in it.
    pub next: u64,
    curves: Option<Curves>,
}

/// Where the grid of the table `path` is: rows.csv has rows.grid.toml.
pub fn grid_path(path: &Path) -> PathBuf {
    path.with_extension("grid.toml")
}

/// The grid of the table `path`.
pub fn grid_of(path: &Path) -> Result<Grid> {
    let beside = grid_path(path);
    let text = fs::read_to_string(&beside);
    let text =
        text.with_context(|| format!("{} has no grid beside it, {}", path.display(), beside.display()))?;
    Grid::new(Some((&beside.display().to_string(), &text)), &Default::default())
}

/// The lines of a table that are whole, and how many bytes they are with the header.
pub struct Whole<'t> {
    /// Without their ends.
    pub lines: Vec<&'t str>,
    /// With the header and all ends.
    pub bytes: usize,
}

/// Reads `text`, a table that begins with run `first` or, without that, with any. Only its last line may be torn.
pub fn read<'t>(path: &Path, text: &'t [u8], rows: &Rows<'_>, first: Option<u64>) -> Result<Whole<'t>> {
    let (path, header) = (path.display(), rows.header());
    // A line cut in the middle of a character is torn too.
    let text = text.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    let Some(mut rest) = text.strip_prefix(&header) else {
        ensure!(header.starts_with(text), "{path}:1: this is not the header of this grid's rows");
        return Ok(Whole { lines: Vec::new(), bytes: 0 });
    };
    let (mut lines, mut next, mut bytes) = (Vec::new(), first, header.len());
    while let Some((line, after)) = rest.split_once('\n') {
        let Some(run) = rows.read(line) else {
            ensure!(after.is_empty(), "{path}:{}: the row is damaged, or of another grid", lines.len() + 2);
            break;
        };
        let expected = next.unwrap_or(run);
        ensure!(run == expected, "{path}:{}: run {run} stands where run {expected} should", lines.len() + 2);
        lines.push(line);
        bytes += line.len() + 1;
        (next, rest) = (Some(run + 1), after);
    }
    Ok(Whole { lines, bytes })
}

impl Table {
    /// Opens the table at `path` for the runs `range` of a grid, and keeps what it has of them.
    /// So with its curves, if they are wanted.
    pub fn open(
        path: &Path,
        grid: &Grid,
        rows: &Rows<'_>,
        range: &Range<u64>,
        with_curves: bool,
    ) -> Result<Self> {
        let shown = path.display();
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
        let mut file = file.with_context(|| format!("{shown} cannot be written"))?;
        if !fs::metadata(path)?.is_file() {
            // A device: there is nothing to go on from.
            let mut table = Self { path: path.to_owned(), file, next: range.start, curves: None };
            table.append(&rows.header(), "", range.start)?;
            return Ok(table);
        }
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => bail!("{shown}: another sweep is writing it"),
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("{shown} cannot be locked"));
            }
            Ok(()) => {}
        }
        let mut text = Vec::new();
        file.read_to_end(&mut text)?;
        let beside = grid_path(path);
        if text.is_empty() {
            whole_or_not_at_all(&beside, &grid.to_toml())?;
        } else {
            ensure!(
                grid_of(path)? == *grid,
                "{shown} has rows of another grid, {}: take another --out, or the same grid",
                beside.display()
            );
        }
        let whole = read(path, &text, rows, Some(range.start))?;
        let next = range.start + whole.lines.len() as u64;
        ensure!(next <= range.end, "{shown} has more rows than runs {} to {}", range.start, range.end - 1);
        let curves = if with_curves {
            Some(Curves::open(path, rows, &whole.lines)?)
        } else {
            let beside = curves::path(path);
            ensure!(!beside.exists(), "{shown} has curves, {}: add --curves", beside.display());
            None
        };
        file.set_len(whole.bytes as u64)?;
        file.seek(SeekFrom::End(0))?;
        let mut table = Self { path: path.to_owned(), file, next, curves };
        if whole.bytes == 0 {
            table.append(&rows.header(), "", next)?;
        }
        Ok(table)
    }

    /// Writes `lines`, after which `next` is the first run that is not there; before them their curves.
    pub fn append(&mut self, lines: &str, curve: &str, next: u64) -> Result<()> {
        if let Some(curves) = &mut self.curves {
            curves.append(curve)?;
        }
        self.file.write_all(lines.as_bytes()).with_context(|| {
            let shown = self.path.display();
            format!("{shown} cannot be written; the rows before run {} are kept, and the same command goes on from there", self.next)
        })?;
        self.next = next;
        Ok(())
    }
}

/// Writes `text` to `path` by way of another file.
pub fn whole_or_not_at_all(path: &Path, text: &str) -> Result<()> {
    let unfinished = path.with_extension("unfinished");
    fs::write(&unfinished, text)
        .and_then(|()| fs::rename(&unfinished, path))
        .with_context(|| format!("{} cannot be written", path.display()))
}
