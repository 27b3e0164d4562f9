//! `tamis sweep merge`: the parts of a grid as one table, byte for byte what one sweep writes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;

use super::row::Rows;
use super::{curves, table};

/// Makes one table of the parts of a grid; refuses overlaps, gaps and parts of another grid.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n    tamis sweep merge rows.csv part1.csv part2.csv")]
pub struct Options {
    /// The table to be written.
    #[arg(value_name = "OUT")]
    out: PathBuf,
    /// The parts, in any order.
    #[arg(value_name = "PART", required = true)]
    parts: Vec<PathBuf>,
}

/// A part: its file, its first run, and its rows.
struct Part<'p> {
    path: &'p Path,
    first: u64,
    lines: Vec<String>,
    /// The lines of its curves, if it has them.
    curves: Option<String>,
}

/// Runs the command.
pub fn run(options: &Options) -> Result<ExitCode> {
    let grid = table::grid_of(&options.parts[0])?;
    let rows = Rows::new(&grid);
    let mut parts = Vec::new();
    for path in &options.parts {
        let shown = path.display();
        ensure!(
            table::grid_of(path)? == grid,
            "{shown} is a part of another grid than {}",
            options.parts[0].display()
        );
        let text = fs::read(path).with_context(|| format!("{shown} cannot be read"))?;
        let whole = table::read(path, &text, &rows, None)?;
        ensure!(whole.bytes == text.len(), "{shown}: its last row is torn; finish that part first");
        let Some(first) = whole.lines.first().and_then(|line| rows.read(line)) else { continue };
        let curves = curves::of(path, &rows, &whole.lines)?;
        parts.push(Part { path, first, lines: whole.lines.into_iter().map(str::to_owned).collect(), curves });
    }
    parts.sort_by_key(|part| part.first);
    let (mut text, mut next, mut before) = (rows.header(), 0, None::<&Path>);
    for Part { path, first, lines, .. } in &parts {
        let shown = path.display();
        if *first < next {
            let before = before.map_or(String::new(), |before| before.display().to_string());
            bail!("{shown} and {before} overlap: both have run {first}");
        }
        ensure!(*first == next, "there is a gap before {shown}: runs {next} to {} are in no part", first - 1);
        lines.iter().for_each(|line| text.extend([line, "\n"]));
        (next, before) = (first + lines.len() as u64, Some(*path));
    }
    let runs = grid.runs();
    ensure!(next == runs, "there is a gap at the end: runs {next} to {} are in no part", runs - 1);
    table::whole_or_not_at_all(&table::grid_path(&options.out), &grid.to_toml())?;
    if let Some(without) = parts.iter().find(|part| part.curves.is_none()) {
        let with = parts.iter().find(|part| part.curves.is_some());
        let with = with.map(|part| part.path.display());
        ensure!(with.is_none(), "{} has no curves, other parts have", without.path.display());
    } else {
        let lines: Vec<_> = parts.iter().filter_map(|part| part.curves.as_deref()).collect();
        curves::write(&options.out, &lines.concat())?;
    }
    table::whole_or_not_at_all(&options.out, &text)?;
    eprintln!("{}: {runs} rows of {} parts", options.out.display(), parts.len());
    Ok(ExitCode::SUCCESS)
}
