//! [`Checkpoint`]: the head of a log, as C2SP *tlog-checkpoint* writes it, in a signed note.

use thiserror::Error;

use crate::Hash;
use crate::note::{Note, NoteError, SignatureError, SignerKey, VerifierKey};

/// A head: whose log, how many entries, and the root over them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Names the log, everywhere and for ever.
    pub origin: String,
    /// How many entries.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
}

/// Why a note is no head of a log.
#[derive(Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum CheckpointError {
    /// No note.
    #[error("no signed note: {0}")]
    Note(#[from] NoteError),
    /// A note whose text is no head.
    #[error("line {line} of the note: expected {expected}")]
    Form {
        /// Which line, from 1.
        line: usize,
        /// What should be there.
        expected: &'static str,
    },
    /// Signed by none of the keys, or wrongly.
    #[error("{0}")]
    Signature(#[from] SignatureError),
    /// The head of another log.
    #[error("the head of the log {found}, and the key is that of {expected}")]
    Origin {
        /// Of which.
        found: String,
        /// Of which it should be.
        expected: String,
    },
}

impl Checkpoint {
    /// The text that is signed.
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, self.root)
    }

    /// Reads the text of a note. Lines after the third are for others.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let wrong = |line, expected| CheckpointError::Form { line, expected };
        let lines = text.strip_suffix('\n').ok_or(wrong(1, "an ended line"))?;
        let mut lines = lines.split('\n');
        let origin = lines.next().filter(|origin| !origin.is_empty()).ok_or(wrong(1, "an origin"))?;
        let size = lines.next().unwrap_or_default();
        let number: u64 = size.parse().map_err(|_| wrong(2, "a size"))?;
        if number.to_string() != size {
            return Err(wrong(2, "a size without sign or leading zeros"));
        }
        let root = lines.next().and_then(Hash::parse).ok_or(wrong(3, "a root in base64"))?;
        if lines.any(str::is_empty) {
            return Err(wrong(4, "no empty line"));
        }
        Ok(Self { origin: origin.to_owned(), size: number, root })
    }

    /// Reads a note and believes it only where this log's key signed it.
    pub fn open(bytes: &[u8], key: &VerifierKey) -> Result<(Self, Note), CheckpointError> {
        let note = Note::parse(bytes)?;
        let head = Self::parse(&note.text)?;
        if let Err(error) = note.signed_by(key) {
            // Where the key is another's, whose log it is says more.
            if error == SignatureError::Missing && head.origin != key.name() {
                return Err(CheckpointError::Origin { found: head.origin, expected: key.name().to_owned() });
            }
            return Err(error.into());
        }
        if head.origin != key.name() {
            return Err(CheckpointError::Origin { found: head.origin, expected: key.name().to_owned() });
        }
        Ok((head, note))
    }

    /// The head, signed.
    pub fn signed(&self, key: &SignerKey) -> Note {
        let text = self.text();
        let signature = key.sign(&text, 0);
        Note { text, signatures: vec![signature] }
    }
}
