//! From a block's bytes to records: called by the workers.

use groundswell_post::{EventTime, Field, Record, Rejection, RejectionKind};

use crate::block::{Block, Payload};
use crate::file::{csv, ndjson};
use crate::jetstream;
use crate::map::FieldMap;
use crate::mastodon;

/// The longest record that is read. A longer one is passed over while streaming, and counted as `record: too long`.
pub const RECORD_BYTES_MAX: usize = 8 << 20;

/// How a source's records are to be read.
#[derive(Clone, Debug, Default)]
pub struct DecodeOptions {
    /// Other names for the fields (NDJSON here; CSV and Parquet are given theirs by the reader, from the same map).
    pub map: FieldMap,
}

/// Buffers that a worker keeps from block to block.
#[derive(Debug, Default)]
pub struct DecodeScratch {
    /// Texts are rebuilt here when links are put into them.
    pub(crate) jetstream: jetstream::Scratch,
    /// HTML becomes text here.
    pub(crate) mastodon: mastodon::Scratch,
}

/// What is told of each record: its line (in Parquet its row), and the record or why there is none.
pub type Each<'f, 'b> = dyn FnMut(u64, Result<Record<'b>, Rejection>) + 'f;

/// Reads all records of a block, in order. `now` is the wall clock, against posts from the future.
///
/// Records borrow from the block. Empty lines are passed over, and so is what is no post and no deletion in a live
/// source's messages.
pub fn decode<'b>(
    block: &'b Block,
    options: &DecodeOptions,
    now: EventTime,
    scratch: &mut DecodeScratch,
    each: &mut Each<'_, 'b>,
) {
    match &block.payload {
        Payload::Ndjson(bytes) => ndjson::decode(bytes, block.first_line, &options.map, now, each),
        Payload::Csv { header, bytes } => csv::decode(bytes, block.first_line, header, now, each),
        Payload::Parquet(rows) => rows.decode(block.first_line, now, each),
        Payload::Jetstream { hidden, bytes } => {
            jetstream::decode_block(bytes, hidden, block.first_line, now, &mut scratch.jetstream, each);
        }
        Payload::Messages(messages) => ndjson::decode_messages(messages, &options.map, now, each),
        Payload::Mastodon { instance, bytes } => {
            mastodon::decode_block(bytes, instance, block.first_line, now, &mut scratch.mastodon, each);
        }
        Payload::Rejected(rejection) => each(block.first_line, Err(*rejection)),
    }
}

/// How deep a record's arrays and objects may nest; a deeper one is `record: invalid`. The JSON library passes over values that
/// nobody asked for by recursion, so without a bound one line of brackets would overflow the worker's stack.
pub const JSON_DEPTH_MAX: usize = 256;

/// Whether a line nests too deeply. Costs next to nothing for a line without as many brackets.
#[inline]
pub(crate) fn too_deep(line: &[u8]) -> bool {
    line.len() > 2 * JSON_DEPTH_MAX
        && memchr::memchr2_iter(b'[', b'{', line).nth(JSON_DEPTH_MAX).is_some()
        && depth(line) > JSON_DEPTH_MAX
}

/// How deep a line nests at most, strings left out.
fn depth(line: &[u8]) -> usize {
    let (mut depth, mut deepest, mut at) = (0_usize, 0, 0);
    let mut in_string = false;
    while let Some(&byte) = line.get(at) {
        match byte {
            b'\\' if in_string => at += 1,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += 1;
    }
    deepest
}

/// Refuses a record that is longer or deeper than what is read.
#[inline]
pub(crate) fn bounded(record: &[u8]) -> Result<(), Rejection> {
    if record.len() > RECORD_BYTES_MAX {
        Err(Rejection::new(Field::Record, RejectionKind::TooLong))
    } else if too_deep(record) {
        Err(Rejection::new(Field::Record, RejectionKind::Invalid))
    } else {
        Ok(())
    }
}

/// A record's bytes as text.
pub(crate) fn text(record: &[u8]) -> Result<&str, Rejection> {
    simdutf8::basic::from_utf8(record).map_err(|_| Rejection::new(Field::Record, RejectionKind::NotUtf8))
}

/// Calls `each` with every line that is not only white space, as text where it is UTF-8.
#[inline]
pub(crate) fn each_line<'b>(bytes: &'b [u8], first_line: u64, mut each: impl FnMut(u64, Result<&'b str, Rejection>)) {
    // One pass of SIMD over the whole block instead of one start a line.
    let whole = simdutf8::basic::from_utf8(bytes).ok();
    let mut start = 0;
    let ends = memchr::memchr_iter(b'\n', bytes).chain(std::iter::once(bytes.len()));
    for (line, end) in (first_line..).zip(ends) {
        let raw = &bytes[start..end];
        if !raw.trim_ascii().is_empty() {
            // `\n` is a character of its own, so both ends are boundaries.
            each(line, bounded(raw).and_then(|()| whole.map_or_else(|| text(raw), |whole| Ok(&whole[start..end]))));
        }
        start = end + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_leaves_strings_out() {
        for (line, expected) in
            [("{}", 1), (r#"{"a":"[[[\"[[","b":[[1]]}"#, 3), ("[[]][[[]]]", 3), ("]]][", 1), ("\"\\", 0)]
        {
            assert_eq!(depth(line.as_bytes()), expected, "{line}");
        }
        let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth)).into_bytes();
        assert!(!too_deep(&nested(JSON_DEPTH_MAX)));
        assert!(too_deep(&nested(JSON_DEPTH_MAX + 1)));
        assert!(!too_deep("[{}]".repeat(10_000).as_bytes()));
    }
}
