//! A table from a Parquet file, row by row, so that memory is bounded here too. Rows are counted from 1.

use std::fs::File;

use anyhow::{Result, bail, ensure};
use csv::ByteRecord;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;

use super::{Reading, Sample, Table, header};

/// Reads the table in `file`.
pub fn read(file: File, reading: &Reading) -> Result<Table> {
    let reader = SerializedFileReader::new(file)?;
    let schema = reader.metadata().file_metadata().schema();
    let names: ByteRecord = schema.get_fields().iter().map(|field| field.name().as_bytes()).collect();
    let names = header(&names, reading)?;
    let mut sample = Sample::new(reading);
    sample.start(&names)?;
    let mut record = ByteRecord::new();
    for (row, fields) in (1..).zip(reader.get_row_iter(None)?) {
        record.clear();
        for (name, field) in fields?.into_columns() {
            let cell = match text(field) {
                Ok(cell) => cell,
                Err(kind) => bail!("row {row}, column {name:?}: {kind} is neither a number nor a word"),
            };
            record.push_field(cell.as_bytes());
        }
        sample.take(row, &record)?;
    }
    ensure!(sample.seen > 0, "there are no rows");
    sample.finish(&names)
}

/// A cell as a CSV would have it; an error is what it is instead.
fn text(field: Field) -> Result<String, Field> {
    Ok(match field {
        Field::Null => String::new(),
        Field::Str(text) => text,
        Field::Bool(value) => value.to_string(),
        Field::Byte(value) => value.to_string(),
        Field::Short(value) => value.to_string(),
        Field::Int(value) => value.to_string(),
        Field::Long(value) => value.to_string(),
        Field::UByte(value) => value.to_string(),
        Field::UShort(value) => value.to_string(),
        Field::UInt(value) => value.to_string(),
        Field::ULong(value) => value.to_string(),
        Field::Float(value) => value.to_string(),
        Field::Double(value) => value.to_string(),
        other => return Err(other),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
    use parquet::file::properties::WriterProperties;
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;

    use super::super::{Missing, Values};
    use super::*;

    /// Three columns; the second row has no `b`.
    fn file(name: &str) -> Result<File> {
        let path = std::env::temp_dir().join(format!("tamis-{}-{name}.parquet", std::process::id()));
        let schema = "message rows { required int64 a; optional double b; required binary colour (UTF8); }";
        let properties = Arc::new(WriterProperties::builder().build());
        let mut writer = SerializedFileWriter::new(
            File::create(&path)?,
            Arc::new(parse_message_type(schema)?),
            properties,
        )?;
        let mut group = writer.next_row_group()?;
        if let Some(mut column) = group.next_column()? {
            column.typed::<Int64Type>().write_batch(&[1, -2, 3], None, None)?;
            column.close()?;
        }
        if let Some(mut column) = group.next_column()? {
            column.typed::<DoubleType>().write_batch(&[0.1, -2.5e9], Some(&[1, 0, 1]), None)?;
            column.close()?;
        }
        if let Some(mut column) = group.next_column()? {
            let words = ["red", "blue", "red"].map(ByteArray::from);
            column.typed::<ByteArrayType>().write_batch(&words, None, None)?;
            column.close()?;
        }
        group.close()?;
        writer.close()?;
        Ok(File::open(path)?)
    }

    #[test]
    fn a_table_is_read_as_it_is() -> Result<()> {
        let table = read(file("mean")?, &Reading { missing: Missing::Mean, ..Reading::default() })?;
        let values: Vec<_> = table.columns.iter().map(|column| column.values.clone()).collect();
        assert_eq!(values[0], Values::Numbers(vec![1.0, -2.0, 3.0]));
        assert_eq!(values[1], Values::Numbers(vec![0.1, (0.1 - 2.5e9) / 2.0, -2.5e9]));
        let words = ["blue", "red"].map(str::to_owned).to_vec();
        assert_eq!(values[2], Values::Words { words, index: vec![1, 0, 1] });
        let refused = read(file("refused")?, &Reading::default()).err();
        assert!(format!("{refused:?}").contains("row 2, column 2: the cell is empty"), "{refused:?}");
        Ok(())
    }
}
