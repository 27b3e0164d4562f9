//! A table as it is read from a file: rows of numbers and words, checked cell by cell.
//!
//! The file is streamed. Of one with more than [`Reading::most_rows`] rows a uniform sample of rows is kept (Vitter's
//! algorithm R), so memory is bounded whatever the size of the file. Rows are counted as a spreadsheet does: the header
//! is row 1.

#[cfg(feature = "parquet")]
mod parquet;

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::num::NonZeroU32;
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail, ensure};
use clap::ValueEnum;
use csv::{ByteRecord, ErrorKind, ReaderBuilder};
use tamis::Seed;
use tamis::random::{self, Purpose};

/// What becomes of a row with an empty cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Missing {
    /// It is an error.
    Refuse,
    /// The row is left out.
    Drop,
    /// The cell takes the mean of its column, or the most frequent word.
    Mean,
}

/// How a file is read.
#[derive(Clone, Debug)]
pub struct Reading {
    /// Between two cells; by the file's extension if it is not given.
    pub delimiter: Option<char>,
    /// Whether the first row has the names.
    pub has_header: bool,
    /// What becomes of empty cells.
    pub missing: Missing,
    /// Columns that are not looked at.
    pub ignore: Vec<String>,
    /// Columns whose numbers are names of categories.
    pub categorical: Vec<String>,
    /// Of a longer file a sample of so many rows is kept.
    pub most_rows: u32,
    /// Decides the sample.
    pub seed: Seed,
}

/// Of a longer file a sample of so many rows is kept, unless told.
pub const MOST_ROWS: u32 = 100_000;

impl Default for Reading {
    /// With a header, and without empty cells.
    fn default() -> Self {
        Self {
            delimiter: None,
            has_header: true,
            missing: Missing::Refuse,
            ignore: Vec::new(),
            categorical: Vec::new(),
            most_rows: MOST_ROWS,
            seed: Seed(1),
        }
    }
}

/// A table.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Its columns, all of one length.
    pub columns: Vec<Column>,
    /// How many rows the file has.
    pub rows_in_file: u64,
    /// How many rows were left out for an empty cell.
    pub dropped: u64,
}

/// One column of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// As the header has it.
    pub name: String,
    /// From the first row to the last.
    pub values: Values,
}

/// What a column holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Measured numbers.
    Numbers(Vec<f64>),
    /// For each row the index of its word among the words, which are sorted.
    Words {
        /// The words that occur.
        words: Vec<String>,
        /// Which of them.
        index: Vec<u32>,
    },
}

impl Table {
    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, |column| match &column.values {
            Values::Numbers(values) => values.len(),
            Values::Words { index, .. } => index.len(),
        })
    }

    /// The column of this name.
    pub fn column(&self, name: &str) -> Result<&Column> {
        self.columns.iter().find(|column| column.name == name).ok_or_else(|| {
            let names: Vec<_> = self.columns.iter().map(|column| column.name.as_str()).collect();
            anyhow!("there is no column {name:?}; there are {}", names.join(", "))
        })
    }
}

/// Reads the table in `path`.
pub fn read(path: &Path, reading: &Reading) -> Result<Table> {
    read_file(path, reading).with_context(|| path.display().to_string())
}

fn read_file(path: &Path, reading: &Reading) -> Result<Table> {
    let mut file = BufReader::new(File::open(path)?);
    let start = file.fill_buf()?;
    ensure!(!start.is_empty(), "the file is empty");
    ensure!(
        !start.starts_with(&[0xFF, 0xFE]) && !start.starts_with(&[0xFE, 0xFF]),
        "the file is in UTF-16; save it as UTF-8"
    );
    if start.starts_with(&[0xEF, 0xBB, 0xBF]) {
        file.consume(3);
    }
    let is = |name: &str| path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(name));
    if is("parquet") {
        #[cfg(feature = "parquet")]
        return parquet::read(file.into_inner(), reading);
        #[cfg(not(feature = "parquet"))]
        bail!("Parquet is not built in: build with --features parquet, or save the table as CSV");
    }
    let delimiter = reading.delimiter.unwrap_or(if is("tsv") { '\t' } else { ',' });
    let delimiter = u8::try_from(delimiter).context("the delimiter must be a plain character")?;
    let mut reader =
        ReaderBuilder::new().delimiter(delimiter).has_headers(false).trim(csv::Trim::All).from_reader(file);

    let mut record = ByteRecord::new();
    let mut sample = Sample::new(reading);
    let mut row = 0;
    let mut names = Vec::new();
    loop {
        match reader.read_byte_record(&mut record) {
            Ok(false) => break,
            Ok(true) => row += 1,
            Err(error) => return Err(ragged(error)),
        }
        if row == 1 {
            names = header(&record, reading)?;
            sample.start(&names)?;
            if reading.has_header {
                continue;
            }
        }
        sample.take(row, &record)?;
    }
    ensure!(sample.seen > 0, "there are no rows below the header");
    sample.finish(&names)
}

/// The message of a row that is no row.
fn ragged(error: csv::Error) -> anyhow::Error {
    match error.kind() {
        ErrorKind::UnequalLengths { pos, expected_len, len } => {
            let row = pos.as_ref().map_or(0, |pos| pos.record() + 1);
            anyhow!("row {row} has {len} cells, the first row has {expected_len}")
        }
        _ => error.into(),
    }
}

fn header(record: &ByteRecord, reading: &Reading) -> Result<Vec<String>> {
    let mut names: Vec<String> = Vec::new();
    for (place, cell) in record.iter().enumerate() {
        let name = if reading.has_header {
            let cell = std::str::from_utf8(cell);
            cell.with_context(|| format!("row 1, column {}: not UTF-8", place + 1))?.to_owned()
        } else {
            format!("c{}", place + 1)
        };
        ensure!(!name.is_empty(), "row 1, column {}: the column has no name", place + 1);
        ensure!(!names.contains(&name), "two columns have the name {name:?}");
        names.push(name);
    }
    let all_numbers = names.iter().all(|name| name.parse::<f64>().is_ok());
    ensure!(
        !(reading.has_header && all_numbers),
        "row 1 has numbers and no names; if the table has no header, say --no-header"
    );
    for name in reading.ignore.iter().chain(&reading.categorical) {
        ensure!(
            names.contains(name),
            "there is no column {name:?} to ignore or to take as categorical; there are {}",
            names.join(", ")
        );
    }
    Ok(names)
}

/// One cell.
#[derive(Clone, Copy, Debug)]
enum Cell {
    Number(f64),
    /// The index of a word of its column.
    Word(u32),
    Empty,
}

/// What is known of a column while it is read.
#[derive(Debug, Default)]
struct Reader {
    ignored: bool,
    categorical: bool,
    words: HashMap<String, u32>,
    /// Row and text of the first cell that is a number, and of the first that is not.
    number: Option<(u64, String)>,
    word: Option<(u64, String)>,
}

/// More different words are no categories.
const MOST_WORDS: usize = 64;

/// The rows kept so far.
struct Sample<'a> {
    reading: &'a Reading,
    columns: Vec<Reader>,
    rows: Vec<Vec<Cell>>,
    seen: u64,
    dropped: u64,
}

impl<'a> Sample<'a> {
    fn new(reading: &'a Reading) -> Self {
        Self { reading, columns: Vec::new(), rows: Vec::new(), seen: 0, dropped: 0 }
    }

    fn start(&mut self, names: &[String]) -> Result<()> {
        self.columns = names
            .iter()
            .map(|name| Reader {
                ignored: self.reading.ignore.contains(name),
                categorical: self.reading.categorical.contains(name),
                ..Reader::default()
            })
            .collect();
        ensure!(self.columns.iter().any(|column| !column.ignored), "all columns are ignored");
        Ok(())
    }

    fn take(&mut self, row: u64, record: &ByteRecord) -> Result<()> {
        let mut cells = Vec::with_capacity(self.columns.len());
        let mut empty = false;
        for (place, (text, column)) in record.iter().zip(&mut self.columns).enumerate() {
            if column.ignored {
                cells.push(Cell::Empty);
                continue;
            }
            let at = || format!("row {row}, column {}", place + 1);
            let text = std::str::from_utf8(text).with_context(|| format!("{}: not UTF-8", at()))?;
            let cell = column.cell(row, text).with_context(at)?;
            if matches!(cell, Cell::Empty) {
                empty = true;
                ensure!(
                    self.reading.missing != Missing::Refuse,
                    "{}: the cell is empty; say --missing drop or --missing mean",
                    at()
                );
            }
            cells.push(cell);
        }
        if empty && self.reading.missing == Missing::Drop {
            self.dropped += 1;
            return Ok(());
        }
        self.keep(cells);
        Ok(())
    }

    /// Algorithm R: row k of those seen takes a place with the probability places / k.
    fn keep(&mut self, cells: Vec<Cell>) {
        self.seen += 1;
        if self.rows.len() < self.reading.most_rows as usize {
            self.rows.push(cells);
            return;
        }
        let mut generator = self.reading.seed.generator(Purpose::Order, self.seen);
        let place = u32::try_from(self.seen)
            .ok()
            .and_then(NonZeroU32::new)
            .map_or(u64::MAX, |seen| random::below(&mut generator, seen).into());
        if let Some(kept) = usize::try_from(place).ok().and_then(|place| self.rows.get_mut(place)) {
            *kept = cells;
        }
    }

    fn finish(self, names: &[String]) -> Result<Table> {
        let mut columns = Vec::new();
        for (place, (column, name)) in self.columns.iter().zip(names).enumerate() {
            if column.ignored {
                continue;
            }
            let cells = self.rows.iter().map(|row| row[place]);
            let values = column.values(cells).with_context(|| format!("column {name:?}"))?;
            columns.push(Column { name: name.clone(), values });
        }
        Ok(Table { columns, rows_in_file: self.seen + self.dropped, dropped: self.dropped })
    }
}

/// The largest number that is still data.
const LARGEST: f64 = 1e30;

impl Reader {
    fn cell(&mut self, row: u64, text: &str) -> Result<Cell> {
        if ["", "NA", "NaN", "nan", "null"].contains(&text) {
            return Ok(Cell::Empty);
        }
        let number = if self.categorical { None } else { text.parse::<f64>().ok() };
        let Some(number) = number else {
            if self.words.len() > MOST_WORDS {
                // Told at the end, when it is known whether the column has numbers.
                return Ok(Cell::Word(0));
            }
            self.word.get_or_insert_with(|| (row, text.to_owned()));
            let next = self.words.len() as u32;
            return Ok(Cell::Word(*self.words.entry(text.to_owned()).or_insert(next)));
        };
        ensure!(number.abs() <= LARGEST, "{text:?} is too large a number, or infinite");
        self.number.get_or_insert_with(|| (row, text.to_owned()));
        Ok(Cell::Number(number))
    }

    fn values(&self, cells: impl Iterator<Item = Cell> + Clone) -> Result<Values> {
        match (&self.number, &self.word) {
            (None, None) => bail!("it is empty"),
            (Some(_), Some((row, word))) => {
                bail!(
                    "row {row}: {word:?} is not a number, but other cells are; \
                     if all of them name categories, say --categorical"
                )
            }
            (Some(_), None) => {
                let numbers = cells.clone().filter_map(|cell| match cell {
                    Cell::Number(number) => Some(number),
                    _ => None,
                });
                let (sum, count) =
                    numbers.fold((0.0, 0.0), |(sum, count), number| (sum + number, count + 1.0));
                let of = |cell| match cell {
                    Cell::Number(number) => number,
                    _ => sum / count,
                };
                Ok(Values::Numbers(cells.map(of).collect()))
            }
            (None, Some(_)) => self.categories(cells),
        }
    }

    fn categories(&self, cells: impl Iterator<Item = Cell> + Clone) -> Result<Values> {
        let count = self.words.len();
        ensure!(count <= MOST_WORDS, "more than {MOST_WORDS} different words are no categories; --ignore it");
        let mut frequency = vec![0_usize; count];
        for cell in cells.clone() {
            if let Cell::Word(word) = cell {
                frequency[word as usize] += 1;
            }
        }
        let most = (0..count as u32).max_by_key(|&word| frequency[word as usize]).unwrap_or(0);
        let mut sorted: Vec<_> = self.words.iter().collect();
        sorted.sort();
        let mut place = vec![0; count];
        for (at, &(_, &word)) in sorted.iter().enumerate() {
            place[word as usize] = at as u32;
        }
        let of = |cell| match cell {
            Cell::Word(word) => place[word as usize],
            _ => place[most as usize],
        };
        let words = sorted.into_iter().map(|(word, _)| word.clone()).collect();
        Ok(Values::Words { words, index: cells.map(of).collect() })
    }
}
