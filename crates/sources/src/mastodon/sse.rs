//! Server-sent events, by the piece (the HTML standard, section 9.2.6; lines end with `\n` or `\r\n`, as servers write them).

use memchr::memchr;

/// Puts events together.
#[derive(Debug)]
pub(crate) struct Parser {
    bytes_max: usize,
    line: Vec<u8>,
    /// The line at hand holds more than the bound allows and is passed over to its end.
    cut: bool,
    event: Vec<u8>,
    data: Vec<u8>,
    /// The event at hand lost a line so.
    too_long: bool,
}

/// What a stream says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Told<'p> {
    /// An event: its name and its data.
    Event(&'p [u8], &'p [u8]),
    /// One that is longer than the bound.
    TooLong,
}

impl Parser {
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self { bytes_max, line: Vec::new(), cut: false, event: Vec::new(), data: Vec::new(), too_long: false }
    }

    /// Takes a piece of the stream and calls with each event that ends in it.
    pub(crate) fn take<E>(
        &mut self,
        mut piece: &[u8],
        each: &mut dyn FnMut(Told<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        while let Some(end) = memchr(b'\n', piece) {
            self.grow(&piece[..end]);
            piece = &piece[end + 1..];
            self.end_line(each)?;
        }
        self.grow(piece);
        Ok(())
    }

    fn grow(&mut self, piece: &[u8]) {
        if self.cut || self.line.len() + self.data.len() + piece.len() > self.bytes_max {
            self.cut |= !piece.is_empty();
            self.line.clear();
        } else {
            self.line.extend_from_slice(piece);
        }
    }

    fn end_line<E>(&mut self, each: &mut dyn FnMut(Told<'_>) -> Result<(), E>) -> Result<(), E> {
        let line = std::mem::take(&mut self.line);
        if std::mem::take(&mut self.cut) {
            self.too_long = true;
            return Ok(());
        }
        let text = line.strip_suffix(b"\r").unwrap_or(&line);
        let mut told = Ok(());
        if text.is_empty() {
            if std::mem::take(&mut self.too_long) {
                told = each(Told::TooLong);
            } else if !self.data.is_empty() {
                // Each line of data ends with a break; the last one is none of the data.
                self.data.pop();
                told = each(Told::Event(&self.event, &self.data));
            }
            self.event.clear();
            self.data.clear();
        } else {
            let (name, value) = match memchr(b':', text) {
                Some(at) => (&text[..at], text[at + 1..].strip_prefix(b" ").unwrap_or(&text[at + 1..])),
                None => (text, &b""[..]),
            };
            match name {
                b"event" => value.clone_into(&mut self.event),
                b"data" => {
                    self.data.extend_from_slice(value);
                    self.data.push(b'\n');
                }
                // A comment (a sign of life), `id`, `retry` and what else may come.
                _ => {}
            }
        }
        // Its memory is used again.
        self.line = line;
        self.line.clear();
        told
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn events(stream: &[u8], cut: usize, bytes_max: usize) -> Vec<String> {
        let mut parser = Parser::new(bytes_max);
        let mut told = Vec::new();
        for piece in stream.chunks(cut.max(1)) {
            let taken: Result<(), ()> = parser.take(piece, &mut |event| {
                told.push(match event {
                    Told::Event(name, data) => {
                        format!("{}={}", String::from_utf8_lossy(name), String::from_utf8_lossy(data))
                    }
                    Told::TooLong => "too long".to_owned(),
                });
                Ok(())
            });
            taken.unwrap();
        }
        told
    }

    #[test]
    fn events_are_put_together_however_they_are_cut() {
        let stream = b":thump\n\nevent: update\ndata: {\"a\":1}\n\nevent:delete\r\ndata:17\r\n\r\ndata: x\ndata: y\nid: 5\nretry\n\nevent: none\n\ndata: last\n";
        for cut in 1..stream.len() {
            assert_eq!(events(stream, cut, 1_000), ["update={\"a\":1}", "delete=17", "=x\ny"], "{cut}");
        }
    }

    #[test]
    fn an_event_over_the_bound_is_told_and_passed_over() {
        let stream = [b"event: a\ndata: ".as_slice(), &[b'x'; 300], b"\n\ndata: short\n\n"].concat();
        for cut in [1, 7, 100, 1_000] {
            assert_eq!(events(&stream, cut, 100), ["too long", "=short"], "{cut}");
        }
        let many = b"data: 0123456789\n".repeat(20);
        let stream = [many, b"\ndata: short\n\n".to_vec()].concat();
        assert_eq!(events(&stream, 9, 100), ["too long", "=short"]);
    }

    proptest! {
        #[test]
        fn any_bytes_in_any_pieces_are_the_same(bytes in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b':'), Just(b'd'), any::<u8>()], 0..200), cut in 1_usize..50) {
            prop_assert_eq!(events(&bytes, cut, 60), events(&bytes, 1_000, 60));
        }
    }
}
