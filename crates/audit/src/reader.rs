//! [`Reader`]: the log in its folder, for those who show it and prove things of it. It needs no lock and holds nothing: each answer
//! begins at the newest head, and everything under a head is there and stays as it is.

use std::fs::File;
use std::io::{self, BufReader, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::Marks;
use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::hash::Hash;
use crate::lines::{self, Line};
use crate::log::{CHECKPOINT_FILE, COSIGNED_FILE, LOG_FILE, PUBLIC_KEY_FILE, read_small};
use crate::note::{KeyError, Note, VerifierKey};
use crate::proof::{ConsistencyProof, InclusionProof, prove_consistency, prove_inclusion};
use crate::stored::{self, HASHES_FILE, HashFile};

/// Entries of one answer, at most.
pub const ENTRIES_PAGE_MAX: usize = 1_000;

/// Why the log cannot be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReadError {
    /// There is no log yet.
    #[error("{}: there is no audit log; `run`, `replay` and the commands that change something begin one", folder.display())]
    Missing {
        /// Where it would be.
        folder: PathBuf,
    },
    /// The system refused.
    #[error("{}: cannot {action}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What was wanted.
        action: &'static str,
        /// The system's answer.
        #[source]
        error: io::Error,
    },
    /// The head is none.
    #[error("{}: {error}", path.display())]
    Head {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        error: CheckpointError,
    },
    /// The public key is none.
    #[error("{}: {error}", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        error: KeyError,
    },
    /// Asked for what is not there.
    #[error("expected {expected}, found {found}; the log has {size} entries, counted from 0")]
    Beyond {
        /// What could be asked for.
        expected: &'static str,
        /// What was.
        found: u64,
        /// How many entries the head is over.
        size: u64,
    },
    /// Log, hashes and head do not belong together.
    #[error("{}: log, hashes and head do not belong together; `groundswell audit verify` says more", folder.display())]
    Damaged {
        /// The folder.
        folder: PathBuf,
    },
}

/// A log that is read.
#[derive(Clone, Debug)]
pub struct Reader {
    folder: PathBuf,
}

/// The newest head.
#[derive(Clone, Debug)]
pub struct Head {
    /// The head.
    pub checkpoint: Checkpoint,
    /// As it was signed.
    pub note: Note,
    /// The key that it was signed with.
    pub key: VerifierKey,
}

fn io_error(path: &Path, action: &'static str) -> impl FnOnce(io::Error) -> ReadError {
    let path = path.to_owned();
    move |error| ReadError::Io { path, action, error }
}

impl Reader {
    /// Reads the log in a folder.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    fn small(&self, name: &str) -> Result<Vec<u8>, ReadError> {
        let path = self.folder.join(name);
        let found = read_small(&path).map_err(io_error(&path, "read it"))?;
        found.ok_or_else(|| ReadError::Missing { folder: self.folder.clone() })
    }

    /// The key that heads are checked with.
    pub fn key(&self) -> Result<VerifierKey, ReadError> {
        let path = self.folder.join(PUBLIC_KEY_FILE);
        let text = self.small(PUBLIC_KEY_FILE)?;
        VerifierKey::parse(&String::from_utf8_lossy(&text)).map_err(|error| ReadError::Key { path, error })
    }

    fn signed(&self, name: &str) -> Result<Head, ReadError> {
        let key = self.key()?;
        let bytes = self.small(name)?;
        let path = self.folder.join(name);
        let (checkpoint, note) = Checkpoint::open(&bytes, &key).map_err(|error| ReadError::Head { path, error })?;
        Ok(Head { checkpoint, note, key })
    }

    /// The newest head.
    pub fn head(&self) -> Result<Head, ReadError> {
        self.signed(CHECKPOINT_FILE)
    }

    /// The newest head that witnesses cosigned; `None` where there is none.
    pub fn cosigned(&self) -> Result<Option<Head>, ReadError> {
        if self.folder.join(COSIGNED_FILE).exists() { self.signed(COSIGNED_FILE).map(Some) } else { Ok(None) }
    }

    /// The lines of entries from `from` on, as they stand in the log.
    pub fn entries(&self, from: u64, limit: usize) -> Result<Vec<(u64, String)>, ReadError> {
        let size = self.head()?.checkpoint.size;
        let wanted = size.saturating_sub(from).min(limit.min(ENTRIES_PAGE_MAX) as u64);
        if wanted == 0 {
            return Ok(Vec::new());
        }
        let path = self.folder.join(LOG_FILE);
        let read = || -> io::Result<Option<Vec<(u64, String)>>> {
            let mut file = File::open(&path)?;
            file.seek(SeekFrom::Start(stored::begin_of(&self.folder, from)?))?;
            let mut reader = BufReader::new(file);
            let mut line = Vec::new();
            let mut found = Vec::new();
            for number in from..from + wanted {
                match lines::next(&mut reader, &mut line)? {
                    Some((Line::Whole, _)) => {}
                    _ => return Ok(None),
                }
                let Ok(text) = String::from_utf8(line.clone()) else { return Ok(None) };
                found.push((number, text));
            }
            Ok(Some(found))
        };
        let found = read().map_err(io_error(&path, "read entries"))?;
        // The index only says where to look; the entries themselves say which they are.
        let right =
            |(number, line): &(u64, String)| Marks::parse(line.as_bytes()).is_ok_and(|marks| marks.number == *number);
        found.filter(|found| found.iter().all(right)).ok_or_else(|| self.damaged())
    }

    fn damaged(&self) -> ReadError {
        ReadError::Damaged { folder: self.folder.clone() }
    }

    /// A size that can be proved something of: the newest head's, or a smaller one.
    fn size(&self, asked: Option<u64>) -> Result<(u64, Head), ReadError> {
        let head = self.head()?;
        let size = head.checkpoint.size;
        match asked {
            Some(found) if found > size => Err(ReadError::Beyond { expected: "a size", found, size }),
            _ => Ok((asked.unwrap_or(size), head)),
        }
    }

    fn hashes(&self) -> Result<(HashFile, PathBuf), ReadError> {
        let path = self.folder.join(HASHES_FILE);
        let file = HashFile::open(&path).map_err(io_error(&path, "open the hashes"))?;
        Ok((file, path))
    }

    /// Whether a root that was computed is the head's, where it can be.
    fn fits(head: &Head, size: u64, root: Hash) -> bool {
        size != head.checkpoint.size || root == head.checkpoint.root
    }

    /// Proves that an entry is in the log of a size; of the newest head if none is given. What is handed out holds.
    pub fn inclusion(&self, number: u64, size: Option<u64>) -> Result<InclusionProof, ReadError> {
        let (size, head) = self.size(size)?;
        let (hashes, path) = self.hashes()?;
        let proof = prove_inclusion(&hashes, number, size).map_err(io_error(&path, "read the hashes"))?;
        let proof =
            proof.ok_or(ReadError::Beyond { expected: "an entry's number below the size", found: number, size })?;
        let line = self.entries(number, 1)?;
        let same = line.first().is_some_and(|(_, line)| Hash::of_entry(line.as_bytes()) == proof.entry);
        if same && proof.holds() && Self::fits(&head, size, proof.root) { Ok(proof) } else { Err(self.damaged()) }
    }

    /// Proves that the log of one size is the beginning of that of another; of the newest head if none is given.
    pub fn consistency(&self, from: u64, to: Option<u64>) -> Result<ConsistencyProof, ReadError> {
        let (to, head) = self.size(to)?;
        let (hashes, path) = self.hashes()?;
        let proof = prove_consistency(&hashes, from, to).map_err(io_error(&path, "read the hashes"))?;
        let proof = proof.ok_or(ReadError::Beyond { expected: "a size not above the other", found: from, size: to })?;
        if proof.holds() && Self::fits(&head, to, proof.to_root) { Ok(proof) } else { Err(self.damaged()) }
    }

    /// Keeps a head of this log that witnesses cosigned, in place of the one before. It must be signed by the log, be the log's as
    /// it is here, and carry at least one of these witnesses' cosignatures. Says whose.
    pub fn keep_cosigned(&self, note: &[u8], witnesses: &[VerifierKey]) -> Result<Vec<String>, CosignedError> {
        let key = self.key()?;
        let (head, parsed) = Checkpoint::open(note, &key)?;
        let (hashes, path) = self.hashes()?;
        let newest = self.head()?.checkpoint;
        if head.size > newest.size {
            let error = ReadError::Beyond { expected: "a size", found: head.size, size: newest.size };
            return Err(error.into());
        }
        let root = crate::proof::root_at(&hashes, head.size).map_err(io_error(&path, "read the hashes"))?;
        if root != head.root {
            return Err(self.damaged().into());
        }
        let names: Vec<String> = witnesses
            .iter()
            .filter(|witness| parsed.cosigned_by(witness).is_ok())
            .map(|witness| witness.name().to_owned())
            .collect();
        if names.is_empty() {
            return Err(CosignedError::Nobody);
        }
        stored::replace(&self.folder, COSIGNED_FILE, parsed.to_string().as_bytes())
            .map_err(io_error(&self.folder.join(COSIGNED_FILE), "keep the head"))?;
        Ok(names)
    }
}

/// Why a cosigned head is not kept.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CosignedError {
    /// It is no head of this log.
    #[error(transparent)]
    Head(#[from] CheckpointError),
    /// The log cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// None of the witnesses cosigned it.
    #[error("none of the witnesses that were given cosigned it")]
    Nobody,
}
