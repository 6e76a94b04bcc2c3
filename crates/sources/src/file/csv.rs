//! CSV with a header (RFC 4180; records end at `\n`, a `\r` before it is dropped).

use std::borrow::Cow;

use groundswell_post::{EventTime, Field, Rejection, RejectionKind};

use crate::decode::{Each, RECORD_BYTES_MAX};
use crate::draft::{Draft, Scalar};
use crate::map::{FieldMap, Slot};

/// What the columns of a CSV file mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CsvHeader {
    columns: Vec<Option<Slot>>,
}

/// Why a record cannot be a header.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum HeaderProblem {
    Missing(Slot),
    Twice(Slot),
    NotUtf8,
}

impl CsvHeader {
    /// Reads a header from the file's first record.
    pub(crate) fn parse(record: &[u8], map: &FieldMap) -> Result<Self, HeaderProblem> {
        let record = simdutf8::basic::from_utf8(record).map_err(|_| HeaderProblem::NotUtf8)?;
        let mut fields = Vec::new();
        split(record, &mut fields);
        let mut columns = Vec::with_capacity(fields.len());
        for field in &fields {
            let name = field.text.trim();
            let slot = Slot::ALL.into_iter().find(|slot| map.column(*slot) == name);
            if let Some(slot) = slot
                && columns.contains(&Some(slot))
            {
                return Err(HeaderProblem::Twice(slot));
            }
            columns.push(slot);
        }
        let has = |slot| columns.contains(&Some(slot));
        // A file of deletions alone needs neither time nor text.
        if !(has(Slot::Delete) && (has(Slot::Id) || has(Slot::Author))) {
            for slot in [Slot::Time, Slot::Text] {
                if !has(slot) {
                    return Err(HeaderProblem::Missing(slot));
                }
            }
        }
        Ok(Self { columns })
    }
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct CsvField<'a> {
    text: Cow<'a, str>,
    quoted: bool,
}

impl CsvField<'_> {
    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}

/// Where the record that starts at `start` ends: the index of its `\n`. `None` if it has no end here; the flag tells whether
/// an open quote is the reason.
pub(crate) fn record_end(bytes: &[u8], start: usize) -> Result<usize, bool> {
    let mut at = start;
    loop {
        let Some(found) = memchr::memchr2(b'\n', b'"', &bytes[at..]) else { return Err(false) };
        let found = at + found;
        if bytes[found] == b'\n' {
            return Ok(found);
        }
        at = found + 1;
        // Only a quote at the start of a field opens one.
        if found == start || bytes[found - 1] == b',' {
            loop {
                let Some(close) = memchr::memchr(b'"', &bytes[at..]) else { return Err(true) };
                at += close + 1;
                if bytes.get(at) == Some(&b'"') {
                    at += 1;
                } else {
                    break;
                }
            }
        }
    }
}

/// Splits one record (without its `\n`) into fields.
pub(crate) fn split<'a>(record: &'a str, fields: &mut Vec<CsvField<'a>>) {
    fields.clear();
    let bytes = record.as_bytes();
    let mut at = 0;
    loop {
        if bytes.get(at) == Some(&b'"') {
            let (text, end) = quoted(record, at + 1);
            fields.push(CsvField { text, quoted: true });
            at = end;
        } else {
            let end = memchr::memchr(b',', &bytes[at..]).map_or(bytes.len(), |comma| at + comma);
            fields.push(CsvField { text: Cow::Borrowed(&record[at..end]), quoted: false });
            at = end;
        }
        if at == bytes.len() {
            return;
        }
        at += 1; // the comma
    }
}

/// A quoted field from behind its opening quote; the index of the comma or end behind it.
fn quoted(record: &str, start: usize) -> (Cow<'_, str>, usize) {
    let bytes = record.as_bytes();
    let mut owned: Option<String> = None;
    let mut from = start;
    loop {
        let close = memchr::memchr(b'"', &bytes[from..]).map_or(bytes.len(), |close| from + close);
        let part = &record[from..close];
        let mut after = (close + 1).min(bytes.len());
        let again = bytes.get(after) == Some(&b'"') && close < bytes.len();
        if again {
            let text = owned.get_or_insert_with(String::new);
            text.push_str(part);
            text.push('"');
            from = after + 1;
            continue;
        }
        // What stands between the closing quote and the comma belongs to the field, as other readers have it.
        let end = memchr::memchr(b',', &bytes[after..]).map_or(bytes.len(), |comma| after + comma);
        let rest = &record[after..end];
        after = end;
        return match owned {
            None if rest.is_empty() => (Cow::Borrowed(part), after),
            owned => {
                let mut text = owned.unwrap_or_default();
                text.push_str(part);
                text.push_str(rest);
                (Cow::Owned(text), after)
            }
        };
    }
}

/// Reads all records of a block.
pub(crate) fn decode<'b>(
    bytes: &'b [u8],
    first_line: u64,
    header: &CsvHeader,
    now: EventTime,
    each: &mut Each<'_, 'b>,
) {
    let whole = simdutf8::basic::from_utf8(bytes).ok();
    let mut fields: Vec<CsvField<'b>> = Vec::with_capacity(header.columns.len());
    let (mut start, mut line) = (0, first_line);
    while start < bytes.len() {
        let end = record_end(bytes, start).unwrap_or(bytes.len());
        let raw = &bytes[start..end];
        if !raw.trim_ascii().is_empty() {
            let text = match whole {
                _ if raw.len() > RECORD_BYTES_MAX => Err(Rejection::new(Field::Record, RejectionKind::TooLong)),
                Some(whole) => Ok(&whole[start..end]),
                None => {
                    simdutf8::basic::from_utf8(raw).map_err(|_| Rejection::new(Field::Record, RejectionKind::NotUtf8))
                }
            };
            each(
                line,
                text.and_then(|text| {
                    split(text.strip_suffix('\r').unwrap_or(text), &mut fields);
                    let draft = draft(&mut fields, header)?;
                    draft.finish(now)
                }),
            );
        }
        line += memchr::memchr_iter(b'\n', raw).count() as u64 + 1;
        start = end + 1;
    }
}

fn draft<'b>(fields: &mut Vec<CsvField<'b>>, header: &CsvHeader) -> Result<Draft<'b>, Rejection> {
    if fields.len() != header.columns.len() {
        return Err(Rejection::new(Field::Record, RejectionKind::Ragged));
    }
    let mut draft = Draft::default();
    for (field, slot) in fields.drain(..).zip(&header.columns) {
        let Some(slot) = *slot else { continue };
        if field.text.is_empty() && !field.quoted {
            continue;
        }
        match slot {
            Slot::Links => draft.set(slot, Scalar::List(Some(links(field.text)))),
            Slot::Delete => match field.text.trim().to_ascii_lowercase().as_str() {
                "true" | "1" | "yes" => draft.set(slot, Scalar::Bool(true)),
                "" | "false" | "0" | "no" => draft.set(slot, Scalar::Bool(false)),
                _ => draft.invalid(slot),
            },
            Slot::Time | Slot::Relation | Slot::Kind | Slot::Lang => match trimmed(field.text) {
                text if text.is_empty() => {}
                text => draft.set(slot, Scalar::Text(text)),
            },
            _ => draft.set(slot, Scalar::Text(field.text)),
        }
    }
    Ok(draft)
}

fn trimmed(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    }
}

/// Links stand side by side, parted by white space.
fn links(text: Cow<'_, str>) -> Vec<Cow<'_, str>> {
    match text {
        Cow::Borrowed(text) => text.split_whitespace().map(Cow::Borrowed).collect(),
        Cow::Owned(text) => text.split_whitespace().map(|link| Cow::Owned(link.to_owned())).collect(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fields(text: &str) -> Vec<Vec<String>> {
        let (mut records, mut start) = (Vec::new(), 0);
        while start < text.len() {
            let end = record_end(text.as_bytes(), start).unwrap_or(text.len());
            let mut fields = Vec::new();
            split(&text[start..end], &mut fields);
            if end > start {
                records.push(fields.iter().map(|field| field.text.to_string()).collect());
            }
            start = end + 1;
        }
        records
    }

    proptest! {
        /// The csv crate is the oracle.
        #[test]
        fn reads_what_the_csv_crate_reads(text in "[ab\",\n ]{0,40}") {
            let mut reader = ::csv::ReaderBuilder::new()
                .has_headers(false)
                .flexible(true)
                .terminator(::csv::Terminator::Any(b'\n'))
                .from_reader(text.as_bytes());
            let expected: Vec<Vec<String>> =
                reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect();
            prop_assert_eq!(fields(&text), expected);
        }
    }
}
