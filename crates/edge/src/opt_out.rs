//! The operator's opt-out list: who asked not to be counted, as keyed hashes.
//!
//! Two files in one folder: `opt-outs.key` (32 random bytes, mode 0600, refused otherwise) and `opt-outs.list` (one keyed
//! BLAKE3 hash a line, in hex). Without the key the list says nothing; with it one can only check a guess.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use zeroize::Zeroize;

use crate::keys::keyed_input;

/// The key's file name within the list's folder.
pub const OPT_OUT_KEY_FILE: &str = "opt-outs.key";
/// The list's file name within its folder.
pub const OPT_OUT_LIST_FILE: &str = "opt-outs.list";
/// How many opt-outs a list may hold; a longer one is refused at load, so that none is left out silently.
pub const OPT_OUTS_MAX: usize = 4_000_000;

const HASH_BYTES: usize = 16;

/// Why an opt-out list could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OptOutError {
    /// The file system refused.
    #[error("{}: cannot {action}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// The cause.
        source: std::io::Error,
    },
    /// Others than the owner may read the key.
    #[error("{}: mode is {mode:04o}, expected 0600; run chmod 600 on it, or make a new key if others may have read it", path.display())]
    KeyMode {
        /// The key file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// The key has another length than 32 bytes.
    #[error("{}: expected 32 bytes, found {found}", path.display())]
    KeyLength {
        /// The key file.
        path: PathBuf,
        /// How long it is.
        found: usize,
    },
    /// A list without the key that it was made with.
    #[error("{}: the key is missing, so the list beside it cannot be used", path.display())]
    KeyMissing {
        /// The key file.
        path: PathBuf,
    },
    /// A line that is no hash.
    #[error("{}:{line}: expected 32 hexadecimal digits, found {found} bytes", path.display())]
    Line {
        /// The list.
        path: PathBuf,
        /// Line number from 1.
        line: usize,
        /// Length of the line.
        found: usize,
    },
    /// More lines than [`OPT_OUTS_MAX`].
    #[error("{}: more than {OPT_OUTS_MAX} lines", path.display())]
    TooLong {
        /// The list.
        path: PathBuf,
    },
}

/// Keyed hashes of (source, author) that are dropped at the edge.
#[derive(Default)]
pub struct OptOutList {
    key: [u8; 32],
    hashes: std::collections::HashSet<[u8; HASH_BYTES]>,
    /// Empty for a list that is held in memory only.
    folder: PathBuf,
}

impl fmt::Debug for OptOutList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OptOutList({} redacted)", self.hashes.len())
    }
}

impl Drop for OptOutList {
    fn drop(&mut self) {
        self.key.zeroize();
    }
}

impl OptOutList {
    /// Reads the list of a folder. A folder without list and key is an empty list.
    pub fn load(folder: &Path) -> Result<Self, OptOutError> {
        let (key_path, list_path) = (folder.join(OPT_OUT_KEY_FILE), folder.join(OPT_OUT_LIST_FILE));
        let mut list = Self::default();
        folder.clone_into(&mut list.folder);
        let key = read_key(&key_path)?;
        let text = match std::fs::read(&list_path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            Err(source) => return Err(OptOutError::Io { path: list_path, action: "read the list", source }),
        };
        match key {
            Some(key) => list.key = key,
            None if text.is_empty() => return Ok(list),
            None => return Err(OptOutError::KeyMissing { path: key_path }),
        }
        for (number, line) in text.split(|b| *b == b'\n').enumerate() {
            if line.is_empty() {
                continue;
            }
            let Some(hash) = from_hex(line) else {
                return Err(OptOutError::Line { path: list_path, line: number + 1, found: line.len() });
            };
            if list.hashes.len() >= OPT_OUTS_MAX {
                return Err(OptOutError::TooLong { path: list_path });
            }
            list.hashes.insert(hash);
        }
        Ok(list)
    }

    /// Whether this author of this source opted out.
    pub fn contains(&self, source: &str, author: &str) -> bool {
        !self.hashes.is_empty() && self.hashes.contains(&self.hash(source, author))
    }

    /// Adds one and writes it down, hashed; makes the key where there is none. False where it was there already.
    pub fn add(&mut self, source: &str, author: &str) -> Result<bool, OptOutError> {
        let key_path = self.folder.join(OPT_OUT_KEY_FILE);
        if self.hashes.is_empty() && read_key(&key_path)?.is_none() {
            getrandom::fill(&mut self.key)
                .expect("the operating system gives random bytes; without them there is no privacy");
            let mut file = OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&key_path)
                .map_err(|source| OptOutError::Io { path: key_path.clone(), action: "make the key", source })?;
            file.write_all(&self.key).and_then(|()| file.sync_all()).map_err(|source| OptOutError::Io {
                path: key_path,
                action: "write the key",
                source,
            })?;
        }
        let hash = self.hash(source, author);
        if !self.hashes.insert(hash) {
            return Ok(false);
        }
        let path = self.folder.join(OPT_OUT_LIST_FILE);
        let io = |action| {
            let path = path.clone();
            move |source| OptOutError::Io { path, action, source }
        };
        let mut file =
            OpenOptions::new().append(true).create(true).mode(0o600).open(&path).map_err(io("open the list"))?;
        let mut line = to_hex(&hash);
        line.push('\n');
        file.write_all(line.as_bytes()).and_then(|()| file.sync_all()).map_err(io("write the list"))?;
        Ok(true)
    }

    /// How many opted out.
    pub fn len(&self) -> usize {
        self.hashes.len()
    }

    /// Whether nobody opted out.
    pub fn is_empty(&self) -> bool {
        self.hashes.is_empty()
    }

    fn hash(&self, source: &str, author: &str) -> [u8; HASH_BYTES] {
        let mut scratch = Vec::with_capacity(8 + source.len() + author.len());
        keyed_input(source, author, &mut scratch);
        let mut hash = [0; HASH_BYTES];
        hash.copy_from_slice(&blake3::keyed_hash(&self.key, &scratch).as_bytes()[..HASH_BYTES]);
        scratch.zeroize();
        hash
    }
}

fn read_key(path: &Path) -> Result<Option<[u8; 32]>, OptOutError> {
    let io = |action| move |source| OptOutError::Io { path: path.to_owned(), action, source };
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io("open the key")(error)),
    };
    // Asked of the open file, so that it cannot be exchanged between the check and the reading.
    let metadata = file.metadata().map_err(io("look at the key"))?;
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(OptOutError::KeyMode { path: path.to_owned(), mode });
    }
    if metadata.size() != 32 {
        return Err(OptOutError::KeyLength { path: path.to_owned(), found: metadata.size() as usize });
    }
    let mut key = [0; 32];
    file.read_exact(&mut key).map_err(io("read the key"))?;
    Ok(Some(key))
}

fn to_hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn from_hex(line: &[u8]) -> Option<[u8; HASH_BYTES]> {
    if line.len() != HASH_BYTES * 2 {
        return None;
    }
    let mut hash = [0; HASH_BYTES];
    for (byte, pair) in hash.iter_mut().zip(line.chunks_exact(2)) {
        let high = char::from(pair[0]).to_digit(16)?;
        let low = char::from(pair[1]).to_digit(16)?;
        *byte = (high * 16 + low) as u8;
    }
    Some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds_finds_and_leaves_no_plain_text() {
        let folder = tempfile::tempdir().unwrap();
        let mut list = OptOutList::load(folder.path()).unwrap();
        assert!(list.is_empty());
        assert!(list.add("bluesky", "did:plc:canary").unwrap());
        assert!(list.add("bluesky", "other").unwrap());
        assert!(!list.add("bluesky", "other").unwrap());
        let again = OptOutList::load(folder.path()).unwrap();
        assert_eq!(again.len(), 2);
        assert!(again.contains("bluesky", "did:plc:canary"));
        assert!(!again.contains("mastodon", "did:plc:canary"));
        assert!(!again.contains("bluesk", "ydid:plc:canary"));
        for file in [OPT_OUT_KEY_FILE, OPT_OUT_LIST_FILE] {
            let bytes = std::fs::read(folder.path().join(file)).unwrap();
            assert!(memchr::memmem::find(&bytes, b"canary").is_none());
            let mode = std::fs::metadata(folder.path().join(file)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        assert!(!format!("{again:?}").contains("canary"));
    }

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        OptOutList::load(folder.path()).unwrap().add("s", "a").unwrap();
        let key = folder.path().join(OPT_OUT_KEY_FILE);
        for mode in [0o640, 0o604, 0o620] {
            std::fs::set_permissions(&key, std::fs::Permissions::from_mode(mode)).unwrap();
            assert!(matches!(OptOutList::load(folder.path()), Err(OptOutError::KeyMode { .. })));
        }
        std::fs::remove_file(&key).unwrap();
        assert!(matches!(OptOutList::load(folder.path()), Err(OptOutError::KeyMissing { .. })));
    }

    #[test]
    fn a_bad_line_is_named_and_not_quoted() {
        let folder = tempfile::tempdir().unwrap();
        OptOutList::load(folder.path()).unwrap().add("s", "a").unwrap();
        let list = folder.path().join(OPT_OUT_LIST_FILE);
        let mut text = std::fs::read_to_string(&list).unwrap();
        text.push_str("alice\n");
        std::fs::write(&list, text).unwrap();
        let error = OptOutList::load(folder.path()).unwrap_err().to_string();
        assert!(error.contains(":2: expected 32 hexadecimal digits, found 5 bytes"), "{error}");
        assert!(!error.contains("alice"));
    }
}
