//! Parquet: decompressed and taken apart into columns on the reader's thread, made into records by the workers.

use std::borrow::Cow;
use std::fmt;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use groundswell_post::EventTime;
use parquet::basic::{ConvertedType, LogicalType, Type};
use parquet::column::reader::ColumnReader;
use parquet::data_type::{ByteArray, Int96};
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, FileReader, SerializedFileReader};
use parquet::schema::types::ColumnDescriptor;

use super::error::FileError;
use crate::decode::Each;
use crate::draft::{Draft, Scalar};
use crate::map::{FieldMap, Slot};

/// How many rows a block of a Parquet file has.
pub const PARQUET_ROWS: usize = 2_048;

/// Some rows of a Parquet file, column by column, not yet looked at.
pub struct ParquetRows {
    rows: usize,
    columns: Vec<Column>,
}

impl fmt::Debug for ParquetRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ParquetRows(redacted, {} rows)", self.rows)
    }
}

struct Column {
    slot: Slot,
    unit: Unit,
    def_max: i16,
    list: bool,
    defs: Vec<i16>,
    reps: Vec<i16>,
    values: Values,
}

enum Values {
    Bool(Vec<bool>),
    Int32(Vec<i32>),
    Int64(Vec<i64>),
    Int96(Vec<Int96>),
    Float(Vec<f32>),
    Double(Vec<f64>),
    Bytes(Vec<ByteArray>),
}

/// What an integer column counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    /// Nothing that the schema tells: an id, or Unix seconds or milliseconds by their size.
    Number,
    Millis,
    Micros,
    Nanos,
    Days,
}

impl ParquetRows {
    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// About how many bytes of content they hold.
    pub fn bytes(&self) -> usize {
        self.columns
            .iter()
            .map(|column| match &column.values {
                Values::Bool(values) => values.len(),
                Values::Int32(values) => values.len() * 4,
                Values::Int64(values) => values.len() * 8,
                Values::Int96(values) => values.len() * 12,
                Values::Float(values) => values.len() * 4,
                Values::Double(values) => values.len() * 8,
                Values::Bytes(values) => values.iter().map(ByteArray::len).sum(),
            })
            .sum()
    }

    /// Reads all rows.
    pub(crate) fn decode<'b>(&'b self, first_row: u64, now: EventTime, each: &mut Each<'_, 'b>) {
        let mut cursors: Vec<(usize, usize)> = vec![(0, 0); self.columns.len()];
        for row in 0..self.rows {
            let mut draft = Draft::default();
            for (column, (level, value)) in self.columns.iter().zip(&mut cursors) {
                if column.list {
                    column.list_cell(level, value, &mut draft);
                } else {
                    let present =
                        column.def_max == 0 || column.defs.get(*level).is_some_and(|&def| def == column.def_max);
                    *level += 1;
                    if present {
                        column.cell(*value, &mut draft);
                        *value += 1;
                    }
                }
            }
            each(first_row + row as u64, draft.finish(now));
        }
    }
}

impl Column {
    fn text(&self, at: usize) -> Option<Result<&str, ()>> {
        let Values::Bytes(values) = &self.values else { return None };
        Some(simdutf8::basic::from_utf8(values.get(at)?.data()).map_err(|_| ()))
    }

    fn cell<'b>(&'b self, at: usize, draft: &mut Draft<'b>) {
        let scalar = match &self.values {
            Values::Bool(values) => values.get(at).map(|&value| Scalar::Bool(value)),
            Values::Int32(values) => values.get(at).map(|&value| self.integer(i64::from(value))),
            Values::Int64(values) => values.get(at).map(|&value| self.integer(value)),
            Values::Int96(values) => values.get(at).map(|value| Scalar::Time(EventTime::from_unix(value.to_seconds()))),
            Values::Float(values) => values.get(at).map(|&value| Scalar::Float(f64::from(value))),
            Values::Double(values) => values.get(at).map(|&value| Scalar::Float(value)),
            Values::Bytes(_) => match self.text(at) {
                Some(Ok(text)) => Some(Scalar::Text(Cow::Borrowed(text))),
                Some(Err(())) => return draft.not_utf8(self.slot),
                None => None,
            },
        };
        draft.set(self.slot, scalar.unwrap_or(Scalar::Null));
    }

    fn integer(&self, value: i64) -> Scalar<'static> {
        let seconds = match self.unit {
            Unit::Number => return Scalar::Int(value),
            Unit::Millis => value.div_euclid(1_000),
            Unit::Micros => value.div_euclid(1_000_000),
            Unit::Nanos => value.div_euclid(1_000_000_000),
            Unit::Days => value.saturating_mul(86_400),
        };
        Scalar::Time(EventTime::from_unix(seconds))
    }

    fn list_cell<'b>(&'b self, level: &mut usize, value: &mut usize, draft: &mut Draft<'b>) {
        let mut links = Vec::new();
        let (mut first, mut valid, mut present) = (true, true, false);
        while let (Some(&rep), Some(&def)) = (self.reps.get(*level), self.defs.get(*level)) {
            if rep == 0 && !first {
                break;
            }
            first = false;
            *level += 1;
            present |= def > 0;
            if def == self.def_max {
                match self.text(*value) {
                    Some(Ok(link)) => links.push(Cow::Borrowed(link)),
                    _ => valid = false,
                }
                *value += 1;
            }
        }
        if !valid {
            draft.not_utf8(self.slot);
        } else if present {
            draft.set(self.slot, Scalar::List(Some(links)));
        }
    }
}

/// A Parquet file that is being read.
pub(crate) struct ParquetReader<R: ChunkReader + 'static> {
    path: PathBuf,
    file: SerializedFileReader<R>,
    /// Which leaf column holds which field.
    wanted: Vec<Wanted>,
    group: usize,
    /// Readers of the columns of the group that is being read, and how many of its rows are left.
    open: Option<(Vec<ColumnReader>, usize)>,
    rows_read: u64,
    rows_total: u64,
}

#[derive(Clone, Copy)]
struct Wanted {
    leaf: usize,
    slot: Slot,
    unit: Unit,
    def_max: i16,
    list: bool,
}

impl ParquetReader<File> {
    pub(crate) fn open(path: &Path, file: File, map: &FieldMap) -> Result<Self, FileError> {
        Self::new(path, file, map)
    }
}

impl<R: ChunkReader + 'static> ParquetReader<R> {
    pub(crate) fn new(path: &Path, file: R, map: &FieldMap) -> Result<Self, FileError> {
        let file = guarded(path, || SerializedFileReader::new(file))?;
        let schema = file.metadata().file_metadata().schema_descr_ptr();
        let mut wanted: Vec<Wanted> = Vec::new();
        for (leaf, column) in schema.columns().iter().enumerate() {
            let Some(slot) = slot_of(column, map) else { continue };
            if wanted.iter().any(|wanted| wanted.slot == slot) {
                return Err(FileError::ColumnTwice { path: path.to_owned(), column: map.column(slot) });
            }
            let unit = unit_of(column);
            if let Some(expected) = refused_type(slot, column) {
                let found = column.physical_type().to_string();
                return Err(FileError::ColumnType { path: path.to_owned(), column: map.column(slot), found, expected });
            }
            wanted.push(Wanted {
                leaf,
                slot,
                unit,
                def_max: column.max_def_level(),
                list: column.max_rep_level() == 1,
            });
        }
        let has = |slot| wanted.iter().any(|wanted| wanted.slot == slot);
        if !(has(Slot::Delete) && (has(Slot::Id) || has(Slot::Author))) {
            for slot in [Slot::Time, Slot::Text] {
                if !has(slot) {
                    let (path, column) = (path.to_owned(), map.column(slot));
                    return Err(FileError::MissingColumn { path, format: "Parquet", column, field: slot.as_str() });
                }
            }
        }
        let rows_total = u64::try_from(file.metadata().file_metadata().num_rows()).unwrap_or(0);
        Ok(Self { path: path.to_owned(), file, wanted, group: 0, open: None, rows_read: 0, rows_total })
    }

    /// Rows read so far, and in all.
    pub(crate) fn progress(&self) -> (u64, u64) {
        (self.rows_read, self.rows_total)
    }

    /// The next rows and the number of the first, from 1; `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<(u64, ParquetRows)>, FileError> {
        let path = self.path.clone();
        guarded(&path, || self.next_rows())
    }

    fn next_rows(&mut self) -> Result<Option<(u64, ParquetRows)>, ParquetError> {
        loop {
            if let Some((readers, left)) = &mut self.open
                && *left > 0
            {
                let count = (*left).min(PARQUET_ROWS);
                let mut columns = Vec::with_capacity(readers.len());
                for (reader, wanted) in readers.iter_mut().zip(&self.wanted) {
                    columns.push(read_column(reader, *wanted, count)?);
                }
                *left -= count;
                let first = self.rows_read + 1;
                self.rows_read += count as u64;
                return Ok(Some((first, ParquetRows { rows: count, columns })));
            }
            self.open = None;
            if self.group == self.file.num_row_groups() {
                return Ok(None);
            }
            let group = self.file.get_row_group(self.group)?;
            self.group += 1;
            let rows = usize::try_from(group.metadata().num_rows())
                .map_err(|_| ParquetError::General("a row group with a negative number of rows".to_owned()))?;
            let readers =
                self.wanted.iter().map(|wanted| group.get_column_reader(wanted.leaf)).collect::<Result<_, _>>()?;
            self.open = Some((readers, rows));
        }
    }
}

/// Runs the reader; a panic inside it, which damaged bytes may cause, is an error of this file and not of the program.
fn guarded<T>(path: &Path, read: impl FnOnce() -> Result<T, ParquetError>) -> Result<T, FileError> {
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(FileError::Parquet { path: path.to_owned(), error: Box::new(error) }),
        Err(_) => Err(FileError::Parquet { path: path.to_owned(), error: "the file is damaged".into() }),
    }
}

fn read_column(reader: &mut ColumnReader, wanted: Wanted, count: usize) -> Result<Column, ParquetError> {
    let (mut defs, mut reps) = (Vec::new(), Vec::new());
    macro_rules! read {
        ($reader:expr, $kind:ident) => {{
            let mut values = Vec::new();
            let (records, _, _) = $reader.read_records(count, Some(&mut defs), Some(&mut reps), &mut values)?;
            if records != count {
                return Err(ParquetError::EOF(format!("a column ends {} rows before the others", count - records)));
            }
            Values::$kind(values)
        }};
    }
    let values = match reader {
        ColumnReader::BoolColumnReader(reader) => read!(reader, Bool),
        ColumnReader::Int32ColumnReader(reader) => read!(reader, Int32),
        ColumnReader::Int64ColumnReader(reader) => read!(reader, Int64),
        ColumnReader::Int96ColumnReader(reader) => read!(reader, Int96),
        ColumnReader::FloatColumnReader(reader) => read!(reader, Float),
        ColumnReader::DoubleColumnReader(reader) => read!(reader, Double),
        ColumnReader::ByteArrayColumnReader(reader) => read!(reader, Bytes),
        ColumnReader::FixedLenByteArrayColumnReader(_) => {
            return Err(ParquetError::NYI("fixed-length byte arrays".to_owned()));
        }
    };
    let Wanted { slot, unit, def_max, list, .. } = wanted;
    Ok(Column { slot, unit, def_max, list, defs, reps, values })
}

/// The field that a leaf column holds.
fn slot_of(column: &ColumnDescriptor, map: &FieldMap) -> Option<Slot> {
    let parts = column.path().parts();
    Slot::ALL.into_iter().find(|&slot| {
        let path = map.path(slot);
        if slot == Slot::Links && column.max_rep_level() == 1 {
            // `links.list.element` by the specification, `links.bag.array_element` and others by older writers.
            return parts.starts_with(&path);
        }
        column.max_rep_level() == 0 && (parts == path || (parts.len() == 1 && parts[0] == map.column(slot)))
    })
}

fn unit_of(column: &ColumnDescriptor) -> Unit {
    use parquet::basic::TimeUnit;
    match (column.logical_type_ref(), column.converted_type()) {
        (Some(LogicalType::Timestamp(stamp)), _) => match stamp.unit {
            TimeUnit::MILLIS => Unit::Millis,
            TimeUnit::MICROS => Unit::Micros,
            TimeUnit::NANOS => Unit::Nanos,
        },
        (_, ConvertedType::TIMESTAMP_MILLIS) => Unit::Millis,
        (_, ConvertedType::TIMESTAMP_MICROS) => Unit::Micros,
        (Some(LogicalType::Date), _) | (_, ConvertedType::DATE) => Unit::Days,
        _ => Unit::Number,
    }
}

/// What the field can be read from, where this column is none of it.
fn refused_type(slot: Slot, column: &ColumnDescriptor) -> Option<&'static str> {
    let kind = column.physical_type();
    let (fits, expected) = match slot {
        Slot::Time => (
            !matches!(kind, Type::BOOLEAN | Type::FIXED_LEN_BYTE_ARRAY),
            "a timestamp, a string, or a number of seconds or milliseconds",
        ),
        Slot::Author | Slot::Id => {
            (matches!(kind, Type::BYTE_ARRAY | Type::INT32 | Type::INT64), "a string or an integer")
        }
        Slot::Delete => (kind == Type::BOOLEAN, "a boolean"),
        Slot::Links => (kind == Type::BYTE_ARRAY && column.max_rep_level() == 1, "a list of strings"),
        _ => (kind == Type::BYTE_ARRAY, "a string"),
    };
    (!fits).then_some(expected)
}
