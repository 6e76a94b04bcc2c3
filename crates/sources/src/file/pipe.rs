//! [`Pipe`]: reads what may keep one waiting for ever (stdin, a named pipe), and can be stopped meanwhile.

use std::io::{self, Read};
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};

use crate::channel::Stop;

/// How much is read at once.
const PIECE_BYTES: usize = 64 << 10;
/// How many pieces may lie between the thread that waits for the pipe and the one that cuts it.
const PIECES_MAX: usize = 2;
/// How often it is looked whether a stop was asked for.
const STOP_POLL: Duration = Duration::from_millis(20);

/// A pipe that is read by a thread of its own: nobody can call that thread back from the system, but nobody has to wait for it
/// either. It ends with the pipe, with its reader, or with the process.
pub(crate) struct Pipe {
    pieces: Receiver<io::Result<Vec<u8>>>,
    piece: io::Cursor<Vec<u8>>,
    stop: Stop,
}

impl Pipe {
    /// Begins to read what `open` gives.
    pub(crate) fn new(
        open: impl FnOnce() -> io::Result<Box<dyn Read>> + Send + 'static,
        stop: &Stop,
    ) -> io::Result<Self> {
        let (sender, pieces) = bounded(PIECES_MAX);
        thread::Builder::new().name("pipe".to_owned()).spawn(move || {
            let mut input = match open() {
                Ok(input) => input,
                Err(error) => {
                    // Nobody listens any more, or the error is told.
                    let _ = sender.send(Err(error));
                    return;
                }
            };
            loop {
                let mut piece = vec![0; PIECE_BYTES];
                let read = input.read(&mut piece).map(|read| {
                    piece.truncate(read);
                    piece
                });
                if matches!(&read, Err(error) if error.kind() == io::ErrorKind::Interrupted) {
                    continue;
                }
                let ends = read.as_ref().map_or(true, Vec::is_empty);
                if sender.send(read).is_err() || ends {
                    return;
                }
            }
        })?;
        Ok(Self { pieces, piece: io::Cursor::default(), stop: stop.clone() })
    }
}

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.piece.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            match self.pieces.recv_timeout(STOP_POLL) {
                Ok(piece) => {
                    let piece = piece?;
                    if piece.is_empty() {
                        return Ok(0);
                    }
                    self.piece = io::Cursor::new(piece);
                }
                Err(RecvTimeoutError::Timeout) if self.stop.stopped() => return Err(io::Error::other("stopped")),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(0),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_everything_and_an_error_where_it_stands() {
        let bytes: Vec<u8> = (0..300_000_u32).map(|number| (number % 251) as u8).collect();
        let given = bytes.clone();
        let mut pipe = Pipe::new(move || Ok(Box::new(io::Cursor::new(given))), &Stop::default()).unwrap();
        let mut read = Vec::new();
        pipe.read_to_end(&mut read).unwrap();
        assert_eq!(read, bytes);
        let broken = || -> io::Result<Box<dyn Read>> { Err(io::ErrorKind::NotFound.into()) };
        let error = Pipe::new(broken, &Stop::default()).unwrap().read_to_end(&mut read).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn a_stop_ends_the_wait_for_a_pipe_on_which_nothing_comes() {
        let (reader, _writer) = io::pipe().unwrap();
        let stop = Stop::default();
        let mut pipe = Pipe::new(move || Ok(Box::new(reader)), &stop).unwrap();
        let waiting = thread::spawn(move || pipe.read(&mut [0; 10]).map_err(|error| error.to_string()));
        stop.stop();
        assert_eq!(waiting.join().unwrap(), Err("stopped".to_owned()));
    }
}
