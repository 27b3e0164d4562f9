//! `tamis sweep parquet`: a table as a Parquet file, for those who read many.
//!
//! A column of whole numbers becomes one of 64-bit integers, another column of numbers one of doubles, and the rest
//! texts; an empty cell is a null. The grid is in the metadata of the file, under `tamis.grid`.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;
use std::sync::Arc;

use anyhow::{Context, Result};
use clap::Args;
use parquet::basic::{LogicalType, Repetition, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::Type;

use super::row::Rows;
use super::table;

/// Writes a table as a Parquet file.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n    tamis sweep parquet rows.csv rows.parquet")]
pub struct Options {
    /// The table.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The file to be written.
    #[arg(value_name = "OUT")]
    out: PathBuf,
}

/// Hexadecimal numbers, which may look like others.
const TEXTS: [&str; 2] = ["digest", "check"];

/// Runs the command.
pub fn run(Options { file, out }: &Options) -> Result<ExitCode> {
    let grid = table::grid_of(file)?;
    let rows = Rows::new(&grid);
    let text = fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let whole = table::read(file, &text, &rows, None)?;
    let mut reader = csv::Reader::from_reader(&text[..whole.bytes]);
    let names = reader.headers()?.clone();
    let records = reader.records().collect::<Result<Vec<_>, _>>()?;
    let cells = |column: usize| records.iter().map(move |record| record.get(column).unwrap_or_default());
    let kinds: Vec<_> = names
        .iter()
        .enumerate()
        .map(|(column, name)| match () {
            () if TEXTS.contains(&name) => Physical::BYTE_ARRAY,
            () if are::<i64>(cells(column)) => Physical::INT64,
            () if are::<f64>(cells(column)) => Physical::DOUBLE,
            () => Physical::BYTE_ARRAY,
        })
        .collect();

    let unfinished = out.with_extension("unfinished");
    let target = File::create(&unfinished).with_context(|| format!("{} cannot be written", out.display()))?;
    let about = KeyValue::new("tamis.grid".to_owned(), grid.to_toml());
    let properties = WriterProperties::builder().set_key_value_metadata(Some(vec![about])).build();
    let mut writer =
        SerializedFileWriter::new(target, schema(names.iter().zip(&kinds))?, Arc::new(properties))?;
    let mut group = writer.next_row_group()?;
    let mut column = 0;
    while let Some(to) = group.next_column()? {
        match kinds[column] {
            Physical::INT64 => write::<Int64Type>(to, cells(column), |cell| cell.parse().ok())?,
            Physical::DOUBLE => write::<DoubleType>(to, cells(column), |cell| cell.parse().ok())?,
            _ => write::<ByteArrayType>(to, cells(column), |cell| {
                (!cell.is_empty()).then(|| ByteArray::from(cell))
            })?,
        }
        column += 1;
    }
    group.close()?;
    writer.close()?;
    fs::rename(&unfinished, out)?;
    eprintln!("{}: {} rows", out.display(), records.len());
    Ok(ExitCode::SUCCESS)
}

/// Whether every cell that is not empty is a `T`.
fn are<'c, T: FromStr>(mut cells: impl Iterator<Item = &'c str>) -> bool {
    cells.all(|cell| cell.is_empty() || cell.parse::<T>().is_ok())
}

fn schema<'n>(columns: impl Iterator<Item = (&'n str, &'n Physical)>) -> Result<Arc<Type>> {
    let fields = columns.map(|(name, &kind)| {
        let logical = (kind == Physical::BYTE_ARRAY).then_some(LogicalType::String);
        let column = Type::primitive_type_builder(name, kind).with_logical_type(logical);
        Ok(Arc::new(column.with_repetition(Repetition::OPTIONAL).build()?))
    });
    let fields = fields.collect::<Result<Vec<_>>>()?;
    Ok(Arc::new(Type::group_type_builder("rows").with_fields(fields).build()?))
}

/// Writes a column; where `value` gives nothing it has a null.
fn write<'c, T: DataType>(
    mut column: SerializedColumnWriter<'_>,
    cells: impl Iterator<Item = &'c str>,
    value: impl Fn(&str) -> Option<T::T>,
) -> Result<()> {
    let values: Vec<_> = cells.map(value).collect();
    let is_there: Vec<i16> = values.iter().map(|value| i16::from(value.is_some())).collect();
    let values: Vec<_> = values.into_iter().flatten().collect();
    column.typed::<T>().write_batch(&values, Some(&is_there), None)?;
    Ok(column.close()?)
}

#[cfg(test)]
mod tests {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::Field;

    use super::super::grid::{Grid, GridOptions};
    use super::super::runs;
    use super::super::table::Table;
    use super::*;

    const GRID: &str =
        "task = \"linear\"\ninputs = 4\nshape = \"4-6-1\"\nactivation = \"identity\"\nupdates = 200
step-size = [0.01, 9.0]\nweight-decay = [\"off\", 0.01]\nseed = \"1..3\"\n";

    /// The text that a cell had in the CSV file.
    fn text(field: &Field) -> String {
        match field {
            Field::Null => String::new(),
            Field::Long(number) => number.to_string(),
            Field::Double(number) => number.to_string(),
            Field::Str(text) => text.clone(),
            other => format!("unexpected {other:?}"),
        }
    }

    /// Read back by the library's own reader: every cell, those that are empty too, and the grid.
    #[test]
    fn what_was_written_is_read_back() -> Result<()> {
        let folder = std::env::temp_dir().join(format!("tamis-parquet-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        let (file, out) = (folder.join("rows.csv"), folder.join("rows.parquet"));
        let grid = Grid::new(Some(("grid", GRID)), &GridOptions::default())?;
        let (rows, range) = (Rows::new(&grid), 0..grid.runs());
        let mut table = Table::open(&file, &grid, &rows, &range, false)?;
        let trainings = grid.trainings(range.clone())?;
        runs::carry_out(&trainings, range, &rows, false, |run, done| {
            table.append(&done.line, &done.curve, run + 1)
        })?;
        run(&Options { file: file.clone(), out: out.clone() })?;

        let reader = SerializedFileReader::new(File::open(&out)?)?;
        let metadata = reader.metadata().file_metadata().key_value_metadata().context("no metadata")?;
        let kept = metadata.iter().find(|pair| pair.key == "tamis.grid").context("no grid")?;
        assert_eq!(kept.value.as_deref(), Some(grid.to_toml().as_str()));
        let mut csv = csv::Reader::from_path(&file)?;
        let names = csv.headers()?.clone();
        let (mut count, mut empty) = (0, 0);
        let mut written = reader.get_row_iter(None)?;
        for record in csv.records() {
            let (record, row) = (record?, written.next().context("a row is missing")??);
            for ((name, cell), (column, field)) in names.iter().zip(&record).zip(row.get_column_iter()) {
                assert_eq!((name, cell), (column.as_str(), text(field).as_str()), "row {count}");
                empty += u32::from(cell.is_empty());
            }
            count += 1;
        }
        assert!(written.next().is_none());
        assert!(count == 12 && empty > 40, "{count} rows, {empty} cells are empty");
        fs::remove_dir_all(folder)?;
        Ok(())
    }
}
