//! What commands print: results on stdout, everything else on stderr. Rows leave through the gate's `Outward` only.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use groundswell_gate::{Outward, Released, VolumeRow};
use parquet::basic::{ConvertedType, Repetition, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;

use crate::args::{Common, Format};
use crate::logging;

/// Writes all of it to stdout.
pub(crate) fn write_stdout(bytes: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes)?;
    stdout.flush()
}

/// Says something on stderr, unless `--quiet`.
#[allow(clippy::print_stderr, reason = "stderr is where a command talks to its user")]
pub(crate) fn note(common: &Common, text: &str) {
    if logging::is_json() {
        tracing::info!(target: "groundswell", "{text}");
    } else if !common.quiet {
        eprintln!("{text}");
    }
}

/// Says on stderr what went wrong without ending the command.
#[allow(clippy::print_stderr, reason = "stderr is where a command talks to its user")]
pub(crate) fn complain(text: &str) {
    if logging::is_json() {
        tracing::error!(target: "groundswell", "{text}");
        return;
    }
    eprintln!("groundswell: {text}");
}

/// A place for output: a file, or stdout.
pub(crate) fn open(path: Option<&Path>) -> anyhow::Result<Box<dyn Write + Send>> {
    match path {
        None => Ok(Box::new(BufWriter::new(io::stdout()))),
        Some(path) => {
            let file = File::create(path).with_context(|| format!("{}: cannot be written", path.display()))?;
            Ok(Box::new(BufWriter::new(file)))
        }
    }
}

/// Writes rows of the released table **volumes** in one of the contract's forms.
pub(crate) enum VolumeWriter {
    /// One JSON object a line.
    Jsonl(Box<dyn Write + Send>),
    /// CSV with a header.
    Csv(Box<csv::Writer<Box<dyn Write + Send>>>),
    /// Parquet, written in row groups.
    Parquet(Box<ParquetRows>),
}

impl VolumeWriter {
    /// Starts the output.
    pub(crate) fn new(format: Format, out: Box<dyn Write + Send>) -> anyhow::Result<Self> {
        Ok(match format {
            Format::Jsonl => Self::Jsonl(out),
            Format::Csv => {
                let mut writer = csv::Writer::from_writer(out);
                writer.write_record(["start", "step", "by", "value", "posts", "authors", "suppressed"])?;
                Self::Csv(Box::new(writer))
            }
            Format::Parquet => Self::Parquet(Box::new(ParquetRows::new(out)?)),
        })
    }

    /// Writes one row.
    pub(crate) fn row(&mut self, row: &Released<VolumeRow>) -> anyhow::Result<()> {
        match self {
            Self::Jsonl(out) => {
                row.write_json(out)?;
                out.write_all(b"\n")?;
            }
            Self::Csv(writer) => {
                let number = |n: Option<u64>| n.map_or_else(String::new, |n| n.to_string());
                writer.write_record([
                    row.window.start_text().to_string().as_str(),
                    row.window.step.as_str(),
                    row.dimension.as_str(),
                    &row.value,
                    number(row.figures.map(|figures| figures.posts)).as_str(),
                    number(row.figures.map(|figures| figures.authors)).as_str(),
                    if row.figures.is_none() { "true" } else { "" },
                ])?;
            }
            Self::Parquet(rows) => rows.push(row)?,
        }
        Ok(())
    }

    /// Ends the output.
    pub(crate) fn finish(self) -> anyhow::Result<()> {
        match self {
            Self::Jsonl(mut out) => out.flush()?,
            Self::Csv(mut writer) => writer.flush()?,
            Self::Parquet(rows) => rows.finish()?,
        }
        Ok(())
    }
}

/// Rows a row group: enough to compress well, few enough to hold.
const ROW_GROUP_ROWS: usize = 100_000;

/// Gathers columns and writes them a row group at a time.
pub(crate) struct ParquetRows {
    writer: SerializedFileWriter<Box<dyn Write + Send>>,
    start: Vec<i64>,
    step: Vec<ByteArray>,
    by: Vec<ByteArray>,
    value: Vec<ByteArray>,
    posts: Vec<Option<i64>>,
    authors: Vec<Option<i64>>,
}

impl ParquetRows {
    fn new(out: Box<dyn Write + Send>) -> anyhow::Result<Self> {
        let text = |name: &str| {
            Type::primitive_type_builder(name, Physical::BYTE_ARRAY)
                .with_repetition(Repetition::REQUIRED)
                .with_converted_type(ConvertedType::UTF8)
                .build()
        };
        let number = |name: &str| {
            Type::primitive_type_builder(name, Physical::INT64).with_repetition(Repetition::OPTIONAL).build()
        };
        let start = Type::primitive_type_builder("start", Physical::INT64)
            .with_repetition(Repetition::REQUIRED)
            .with_converted_type(ConvertedType::TIMESTAMP_MILLIS)
            .build()?;
        let fields = vec![start, text("step")?, text("by")?, text("value")?, number("posts")?, number("authors")?];
        let schema =
            Type::group_type_builder("volumes").with_fields(fields.into_iter().map(Arc::new).collect()).build()?;
        let writer = SerializedFileWriter::new(out, Arc::new(schema), Arc::new(WriterProperties::builder().build()))?;
        Ok(Self {
            writer,
            start: Vec::new(),
            step: Vec::new(),
            by: Vec::new(),
            value: Vec::new(),
            posts: Vec::new(),
            authors: Vec::new(),
        })
    }

    fn push(&mut self, row: &Released<VolumeRow>) -> anyhow::Result<()> {
        self.start.push(row.window.start * 1000);
        self.step.push(ByteArray::from(row.window.step.as_str()));
        self.by.push(ByteArray::from(row.dimension.as_str()));
        self.value.push(ByteArray::from(row.value.as_str()));
        self.posts.push(row.figures.map(|figures| figures.posts as i64));
        self.authors.push(row.figures.map(|figures| figures.authors as i64));
        if self.start.len() >= ROW_GROUP_ROWS { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> anyhow::Result<()> {
        if self.start.is_empty() {
            return Ok(());
        }
        let mut group = self.writer.next_row_group()?;
        let mut column = group.next_column()?.context("the schema has six columns")?;
        column.typed::<Int64Type>().write_batch(&self.start, None, None)?;
        column.close()?;
        for texts in [&self.step, &self.by, &self.value] {
            let mut column = group.next_column()?.context("the schema has six columns")?;
            column.typed::<ByteArrayType>().write_batch(texts, None, None)?;
            column.close()?;
        }
        for numbers in [&self.posts, &self.authors] {
            let mut column = group.next_column()?.context("the schema has six columns")?;
            let levels: Vec<i16> = numbers.iter().map(|number| i16::from(number.is_some())).collect();
            let present: Vec<i64> = numbers.iter().copied().flatten().collect();
            column.typed::<Int64Type>().write_batch(&present, Some(&levels), None)?;
            column.close()?;
        }
        group.close()?;
        self.start.clear();
        self.step.clear();
        self.by.clear();
        self.value.clear();
        self.posts.clear();
        self.authors.clear();
        Ok(())
    }

    fn finish(mut self) -> anyhow::Result<()> {
        self.flush()?;
        self.writer.close()?;
        Ok(())
    }
}
