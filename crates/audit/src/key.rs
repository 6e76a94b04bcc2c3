//! The file of the key that heads are signed with: one line, readable by its owner only.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::Hash;
use crate::note::{KeyError, KeyKind, SignerKey};

/// What begins the line of a private key: `PRIVATE+KEY+name+id+base64`, as Go's `sumdb/note` writes one.
const PRIVATE: &str = "PRIVATE+KEY+";

/// Why the key cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum KeyFileError {
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
    /// Others may read the key.
    #[error("{}: others may read the key (mode {mode:o}); `chmod 600` it, and if someone may have read it, begin a new log", path.display())]
    Readable {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// The file holds no key. What it holds is not said.
    #[error("{}: no key of an audit log", path.display())]
    Form {
        /// The file.
        path: PathBuf,
    },
    /// The name that was asked for cannot be one.
    #[error("audit.origin: {0}")]
    Origin(#[from] KeyError),
    /// The log has another name already.
    #[error("audit.origin: expected {found}, the name that {} was made with, found {asked}; a log keeps its name", path.display())]
    OtherOrigin {
        /// The file.
        path: PathBuf,
        /// Its name.
        found: String,
        /// The name that was asked for.
        asked: String,
    },
}

fn io_error(path: &Path, action: &'static str) -> impl FnOnce(io::Error) -> KeyFileError {
    let path = path.to_owned();
    move |error| KeyFileError::Io { path, action, error }
}

/// Reads the key, and makes it where it is missing. A new one is named `origin`, or after itself.
pub(crate) fn open(path: &Path, origin: Option<&str>) -> Result<SignerKey, KeyFileError> {
    let text = match fs::read(path) {
        Ok(text) => Zeroizing::new(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return make(path, origin),
        Err(error) => return Err(io_error(path, "read the key")(error)),
    };
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(path).map_err(io_error(path, "look at the key"))?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(KeyFileError::Readable { path: path.to_owned(), mode });
        }
    }
    let key = read(&text).ok_or_else(|| KeyFileError::Form { path: path.to_owned() })?;
    match origin {
        Some(asked) if asked != key.public().name() => Err(KeyFileError::OtherOrigin {
            path: path.to_owned(),
            found: key.public().name().to_owned(),
            asked: asked.to_owned(),
        }),
        _ => Ok(key),
    }
}

fn read(text: &[u8]) -> Option<SignerKey> {
    let text = std::str::from_utf8(text).ok()?.strip_suffix('\n')?.strip_prefix(PRIVATE)?;
    let mut parts = text.splitn(3, '+');
    let (name, id, key) = (parts.next()?, parts.next()?, parts.next()?);
    let bytes = Zeroizing::new(STANDARD.decode(key).ok()?);
    let (1, seed) = bytes.split_first().map(|(kind, seed)| (*kind, seed))? else { return None };
    let seed: Zeroizing<[u8; 32]> = Zeroizing::new(seed.try_into().ok()?);
    let key = SignerKey::from_seed(name, KeyKind::Log, &seed).ok()?;
    (key.public().to_string().split('+').nth(1) == Some(id)).then_some(key)
}

fn make(path: &Path, origin: Option<&str>) -> Result<SignerKey, KeyFileError> {
    let mut seed = Zeroizing::new([0; 32]);
    getrandom::fill(&mut seed[..]).map_err(|error| io_error(path, "draw a key")(io::Error::other(error)))?;
    let name = match origin {
        Some(name) => name.to_owned(),
        None => name_of(&seed)?,
    };
    let key = SignerKey::from_seed(&name, KeyKind::Log, &seed)?;
    let public = key.public().to_string();
    let id = public.split('+').nth(1).unwrap_or_default();
    let bytes = Zeroizing::new([&[1][..], &seed[..]].concat());
    let line = Zeroizing::new(format!("{PRIVATE}{name}+{id}+{}\n", *Zeroizing::new(STANDARD.encode(&*bytes))));
    let write = || -> io::Result<()> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut options = OpenOptions::new();
        // Two that start at once must not sign with two keys.
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file: File = options.open(path)?;
        file.write_all(line.as_bytes())?;
        file.sync_all()
    };
    write().map_err(io_error(path, "make the key"))?;
    Ok(key)
}

/// A name that no other log has, and that says nothing of the machine: by the hash of the public key.
fn name_of(seed: &[u8; 32]) -> Result<String, KeyFileError> {
    let key = SignerKey::from_seed("x", KeyKind::Log, seed)?;
    let digits = Hash(Sha256::digest(key.public().to_string()).into()).hexadecimal();
    Ok(format!("groundswell/{}", &digits[..16]))
}
