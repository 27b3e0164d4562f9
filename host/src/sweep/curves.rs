//! The curves of a sweep, beside its rows: rows.csv has rows.curves.csv.
//!
//! A line is a run after some update. The curve of a run is written before its row, so the
//! table is the truth: for each of its rows the whole curve is there, whose updates the row tells, and what stands
//! after that belongs to a run without a row, and is made again.

use std::fs::{self, File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use tamis::support::Contrast;
use tamis::wire::Training;
use tamis_speed::curve::{Moment, is_moment};

use super::row::{self, Rows};
use super::table;

const HEADER: &str = "run,update,loss,ratio,irrelevant_norm,relevant_norm,check\n";

/// Where the curves of the table `path` are.
pub fn path(path: &Path) -> PathBuf {
    path.with_extension("curves.csv")
}

/// The text of the file `path`; nothing if there is none.
fn text(path: &Path) -> Result<Option<String>> {
    if !path.exists() {
        return Ok(None);
    }
    let text = fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    // What is torn in the middle of a character is made again.
    Ok(Some(text.utf8_chunks().next().map_or(String::new(), |chunk| chunk.valid().to_owned())))
}

/// The curves of the table `table`, whose rows these are, without a header; nothing if it has none.
pub fn of(table: &Path, rows: &Rows<'_>, lines: &[&str]) -> Result<Option<String>> {
    let path = path(table);
    let Some(text) = text(&path)? else { return Ok(None) };
    let bytes = read(&path, &text, rows, lines)?;
    ensure!(bytes == text.len(), "{}: its last curve has no row; finish that part first", path.display());
    Ok(Some(text[HEADER.len().min(bytes)..].to_owned()))
}

/// Writes the curves of the table `table`, without a header.
pub fn write(table: &Path, lines: &str) -> Result<()> {
    table::whole_or_not_at_all(&path(table), &format!("{HEADER}{lines}"))
}

/// A file of curves, open for more.
pub struct Curves {
    path: PathBuf,
    file: File,
}

impl Curves {
    /// Opens the curves of the table `table`, whose rows these are, and keeps no others.
    pub fn open(table: &Path, rows: &Rows<'_>, lines: &[&str]) -> Result<Self> {
        let path = path(table);
        let shown = path.display();
        let text = text(&path)?.unwrap_or_default();
        let bytes = read(&path, &text, rows, lines)?;
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(&path);
        let mut file = file.with_context(|| format!("{shown} cannot be written"))?;
        file.set_len(bytes as u64)?;
        file.seek(SeekFrom::End(0))?;
        let mut curves = Self { path, file };
        if bytes == 0 {
            curves.append(HEADER)?;
        }
        Ok(curves)
    }

    /// Writes the curve of a run, whose row comes after it.
    pub fn append(&mut self, lines: &str) -> Result<()> {
        let written = self.file.write_all(lines.as_bytes());
        written
            .with_context(|| format!("{} cannot be written; its rows so far are kept", self.path.display()))
    }
}

/// The curve of run `run`, whose row is `row`.
pub fn lines(rows: &Rows<'_>, run: u64, training: &Training, moments: &[Moment], row: &str) -> String {
    let (_, made) = row::updates(row).unwrap_or_default();
    let plan = &training.plan;
    let line = |moment: &Moment| {
        let norms = &moment.norms[..plan.task.inputs.into()];
        let Contrast { ratio, irrelevant_norm, relevant_norm, .. } =
            Contrast::of(norms, plan.task.relevant.into());
        let numbers = [moment.loss, ratio, irrelevant_norm, relevant_norm];
        let numbers = numbers.map(|number| row::number(number.into())).join(",");
        rows.sealed(&format!("{run},{},{numbers}", moment.update))
    };
    moments.iter().filter(|moment| moment.update <= made).map(line).collect()
}

/// The curves in `text` of the runs whose `rows` these are: the bytes of them, with the header. More may follow.
fn read(path: &Path, text: &str, rows: &Rows<'_>, table: &[&str]) -> Result<usize> {
    let shown = path.display();
    let Some(rest) = text.strip_prefix(HEADER) else {
        ensure!(table.is_empty() && HEADER.starts_with(text), "{shown}:1: this is not the header of curves");
        return Ok(0);
    };
    let (mut lines, mut bytes, mut number) = (rest.split_inclusive('\n'), HEADER.len(), 1);
    for line in table {
        let run = rows.read(line).context("a damaged row")?;
        let (last, made) = row::updates(line).context("a row without updates")?;
        for update in (1..=made).filter(|&update| is_moment(update, last)) {
            number += 1;
            let line = lines.next().unwrap_or_default();
            let whole = line.strip_suffix('\n').filter(|line| rows.read(line) == Some(run));
            let found = whole.and_then(|line| line.split(',').nth(1)?.parse().ok());
            ensure!(
                found == Some(update),
                "{shown}:{number}: run {run} after update {update} should stand here"
            );
            bytes += line.len();
        }
    }
    Ok(bytes)
}
