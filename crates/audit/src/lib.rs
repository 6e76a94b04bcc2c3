//! The tamper-evident log of what was done with an installation: who changed which watch, what was exported, what was in force.
//!
//! Beside a post's way, not on it: this crate knows no post and nothing of ours, and an entry has no place for what anyone wrote
//! ([`Act`], [`Word`], [`Wording`]). An outsider who has a copy of the log, a head and the public key can check all of it offline
//! ([`verify`]); `docs/methods/audit.md` has the form byte by byte, and `tests/verify.py` is a second verifier, written from the
//! standards alone.
//!
//! Main types: [`Log`] appends; [`Reader`] shows and proves; [`Checkpoint`], [`Note`] and [`VerifierKey`] are heads, their
//! signatures and keys; [`InclusionProof`] and [`ConsistencyProof`] are proofs that verify themselves.
//!
//! ```
//! use groundswell_audit::{Act, Copy, Log, LogOptions, Reader, Word, Wording, verify};
//!
//! let folder = tempfile::tempdir().unwrap();
//! let options = LogOptions { folder: folder.path().to_owned(), key: None, origin: Some("example.org/ours".to_owned()) };
//! let (mut log, _) = Log::open(&options, 1_474_588_800, Box::new(|_| {})).unwrap();
//! log.append(1_474_588_800, &Wording::local(), vec![Act::Stopped { command: Word::new("run") }]).unwrap();
//!
//! let reader = Reader::new(folder.path());
//! assert!(reader.inclusion(0, None).unwrap().holds());
//! let head = reader.head().unwrap();
//! let copy = std::fs::read_to_string(folder.path().join("log.ndjson")).unwrap().replace("\"run\"", "\"ran\"");
//! let report = verify(Copy {
//!     log: &mut copy.as_bytes(), checkpoint: head.note.to_string().as_bytes(), key: log.key(),
//!     earlier: &[], witnesses: &[], hashes: None,
//! }).unwrap();
//! assert_eq!(report.damages[0].words, "entry 0: it is not what the head was signed over");
//! ```
//!
//! Invariants, each with the test that holds it:
//! - Proofs between any two sizes hold, and no altered one does (`tests/laws.rs`).
//! - Any single alteration of entry, order, length or head is found (`tests/laws.rs`: `any_single_alteration_is_found`), by the
//!   second verifier too (`tests/python.rs`).
//! - A kill at any byte of an append leaves a log that goes on, and says so (`tests/crash.rs`).
//! - Nothing personal can be put into an entry (`word::tests`).
//!
//! Bounds: [`ENTRY_BYTES_MAX`], [`NOTE_BYTES_MAX`], [`SIGNATURES_MAX`], [`APPEND_ENTRIES_MAX`], [`ENTRIES_PAGE_MAX`],
//! [`DAMAGES_MAX`], [`PROOF_HASHES_MAX`], [`RECEIVERS_MAX`], [`CHANGED_MAX`]. Memory is that of one entry and 64 hashes, however
//! long the log is.
//!
//! Sources: RFC 6962 section 2.1; RFC 9162 sections 2.1.3 and 2.1.4; C2SP signed-note, tlog-checkpoint, tlog-cosignature; RFC 8032.

#![forbid(unsafe_code)]

mod act;
mod checkpoint;
mod entry;
mod frontier;
mod hash;
mod key;
mod lines;
mod log;
mod note;
mod proof;
mod reader;
mod stored;
mod time;
mod verify;
mod word;

pub use act::{Act, CHANGED_MAX, RECEIVERS_MAX, WatchEnd};
pub use checkpoint::{Checkpoint, CheckpointError};
pub use entry::{ENTRY_BYTES_MAX, Entry, EntryError, Marks};
pub use frontier::Frontier;
pub use hash::{HASH_BYTES, Hash};
pub use key::KeyFileError;
pub use log::{
    APPEND_ENTRIES_MAX, CHECKPOINT_FILE, COSIGNED_FILE, Found, KEY_FILE, LOCK_FILE, LOG_FILE, Log, LogError,
    LogOptions, PUBLIC_KEY_FILE, Seen,
};
pub use note::{
    KEY_NAME_BYTES_MAX, KeyError, KeyKind, NOTE_BYTES_MAX, Note, NoteError, NoteSignature, SIGNATURES_MAX,
    SignatureError, SignerKey, VerifierKey,
};
pub use proof::{
    ConsistencyProof, InclusionProof, PROOF_HASHES_MAX, StoredHashes, prove_consistency, prove_inclusion, root_at,
    stored_before,
};
pub use reader::{CosignedError, ENTRIES_PAGE_MAX, Head, ReadError, Reader};
pub use stored::HashFile;
pub use time::{Day, Time};
pub use verify::{Copy, Cosigned, DAMAGES_MAX, Damage, DamageKind, Report, verify};
pub use word::{WITHHELD, WORD_BYTES_MAX, WORDING_BYTES_MAX, Word, Wording};
