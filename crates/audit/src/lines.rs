//! Lines of the log, one at a time, however long someone made them.

use std::io::{self, BufRead};

use crate::entry::ENTRY_BYTES_MAX;

/// One line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// A whole one, without its line feed.
    Whole,
    /// Longer than an entry can be; its end was skipped.
    TooLong,
    /// The last one, without a line feed: an entry that was written in part.
    Torn,
}

/// Reads the next line into `line`, and says how many bytes it took with its line feed. `None` at the end.
pub(crate) fn next(reader: &mut (impl BufRead + ?Sized), line: &mut Vec<u8>) -> io::Result<Option<(Line, u64)>> {
    line.clear();
    let mut taken = 0;
    loop {
        let buffer = reader.fill_buf()?;
        if buffer.is_empty() {
            return Ok((taken > 0).then_some((Line::Torn, taken)));
        }
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let part = &buffer[..end.unwrap_or(buffer.len())];
        let room = (ENTRY_BYTES_MAX + 1).saturating_sub(line.len());
        line.extend_from_slice(&part[..part.len().min(room)]);
        let used = part.len() + usize::from(end.is_some());
        taken += used as u64;
        reader.consume(used);
        if end.is_some() {
            let whole = line.len() <= ENTRY_BYTES_MAX;
            return Ok(Some((if whole { Line::Whole } else { Line::TooLong }, taken)));
        }
    }
}
