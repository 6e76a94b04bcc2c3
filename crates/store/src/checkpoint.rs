//! [`CheckpointFolder`]: checkpoints as encrypted files beside the database.
//!
//! A checkpoint is written aside, brought to the disk and renamed; then its number is committed to the database behind all
//! windows that were released before it; then the one before is removed. Whatever moment the power goes at, the number in the
//! database names a file that is whole and belongs to what is released. In a cluster the number is in process 0's database, and
//! each process has its file, and the one before until all have theirs.
//!
//! Form of a file: 8 bytes `GSWELLC1`, a nonce of 24 bytes, then XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03) of the
//! content, with the magic and the number as associated data, so that a file cannot stand in for another one.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use chacha20poly1305::aead::{AeadInPlace as _, KeyInit as _};
use chacha20poly1305::{Tag, XChaCha20Poly1305, XNonce};
use thiserror::Error;

const MAGIC: &[u8; 8] = b"GSWELLC1";
const NONCE_BYTES: usize = 24;
const KEY_BYTES: usize = 32;

/// The largest checkpoint that is read, so that a damaged file cannot ask for all memory.
pub const CHECKPOINT_BYTES_MAX: u64 = 4 << 30;

/// Why a checkpoint, or its key, cannot be read or written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CheckpointFileError {
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
    /// The key's file has another size.
    #[error("{}: a key has {KEY_BYTES} bytes, this file has {found}", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// Its size.
        found: usize,
    },
    /// Others may read the key.
    #[error("{}: others may read the key (mode {mode:o}); `chmod 600` it, or remove it for a new one", path.display())]
    KeyReadable {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// Altered, cut off, or written with another key.
    #[error("{}: damaged, or encrypted with another key", path.display())]
    Sealed {
        /// The file.
        path: PathBuf,
    },
}

/// Where the checkpoints of a data folder are, and the key that they are encrypted with.
pub struct CheckpointFolder {
    folder: PathBuf,
    cipher: XChaCha20Poly1305,
}

impl std::fmt::Debug for CheckpointFolder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CheckpointFolder").field("folder", &self.folder).finish_non_exhaustive()
    }
}

fn io_error(path: &Path, action: &'static str) -> impl FnOnce(io::Error) -> CheckpointFileError {
    let path = path.to_owned();
    move |error| CheckpointFileError::Io { path, action, error }
}

impl CheckpointFolder {
    /// The checkpoints in a data folder, with the key in a file that is made where it is missing (mode 0600).
    pub fn open(folder: &Path, key_file: &Path) -> Result<Self, CheckpointFileError> {
        let key = key(key_file)?;
        Ok(Self { folder: folder.to_owned(), cipher: XChaCha20Poly1305::new(&key.into()) })
    }

    fn path(&self, number: u64) -> PathBuf {
        self.folder.join(format!("checkpoint-{number}"))
    }

    /// Writes a checkpoint, whole or not at all.
    pub fn write(&self, number: u64, mut content: Vec<u8>) -> Result<(), CheckpointFileError> {
        let path = self.path(number);
        let aside = self.folder.join("checkpoint.new");
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce).map_err(|error| io_error(&path, "draw a nonce")(io::Error::other(error)))?;
        self.cipher
            .encrypt_in_place(XNonce::from_slice(&nonce), &associated(number), &mut content)
            .map_err(|_| CheckpointFileError::Sealed { path: path.clone() })?;
        let write = || -> io::Result<()> {
            let mut file = private(&aside)?;
            file.write_all(MAGIC)?;
            file.write_all(&nonce)?;
            file.write_all(&content)?;
            file.sync_all()?;
            fs::rename(&aside, &path)?;
            File::open(&self.folder)?.sync_all()
        };
        write().map_err(|error| {
            // What could not be written must not take room that the next try needs.
            let _ = fs::remove_file(&aside);
            io_error(&path, "write the checkpoint")(error)
        })
    }

    /// Reads a checkpoint; `None` where there is none of this number.
    pub fn read(&self, number: u64) -> Result<Option<Vec<u8>>, CheckpointFileError> {
        let path = self.path(number);
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(io_error(&path, "open the checkpoint")(error)),
        };
        // One buffer of the right size from the beginning to the end: new memory is what takes longest here.
        let bytes = file.metadata().map_err(io_error(&path, "look at the checkpoint"))?.len().min(CHECKPOINT_BYTES_MAX);
        let mut content = Vec::with_capacity(bytes as usize + 1);
        (&mut file)
            .take(CHECKPOINT_BYTES_MAX)
            .read_to_end(&mut content)
            .map_err(io_error(&path, "read the checkpoint"))?;
        let sealed = || CheckpointFileError::Sealed { path: path.clone() };
        let rest = content.strip_prefix(MAGIC).ok_or_else(sealed)?;
        let nonce = *XNonce::from_slice(rest.get(..NONCE_BYTES).ok_or_else(sealed)?);
        let head = MAGIC.len() + NONCE_BYTES;
        let text = (content.len() - head).checked_sub(size_of::<Tag>()).ok_or_else(sealed)? + head;
        let tag = *Tag::from_slice(&content[text..]);
        self.cipher
            .decrypt_in_place_detached(&nonce, &associated(number), &mut content[head..text], &tag)
            .map_err(|_| sealed())?;
        content.truncate(text);
        content.drain(..head);
        Ok(Some(content))
    }

    /// Removes all checkpoints but those of these numbers: in a cluster there are two until the newer one is settled.
    pub fn keep_only(&self, numbers: impl IntoIterator<Item = u64>) -> Result<(), CheckpointFileError> {
        let numbers: Vec<u64> = numbers.into_iter().collect();
        let listing = fs::read_dir(&self.folder).map_err(io_error(&self.folder, "list the folder"))?;
        for entry in listing.flatten() {
            let name = entry.file_name();
            let other = name
                .to_str()
                .and_then(|name| name.strip_prefix("checkpoint-"))
                .is_some_and(|rest| rest.parse().is_ok_and(|found| !numbers.contains(&found)));
            if other || name == "checkpoint.new" {
                fs::remove_file(entry.path()).map_err(io_error(&entry.path(), "remove an old checkpoint"))?;
            }
        }
        Ok(())
    }
}

fn associated(number: u64) -> [u8; 16] {
    let mut data = [0; 16];
    data[..8].copy_from_slice(MAGIC);
    data[8..].copy_from_slice(&number.to_le_bytes());
    data
}

/// A new file that only its owner may read.
fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn key(path: &Path) -> Result<[u8; KEY_BYTES], CheckpointFileError> {
    match fs::read(path) {
        Ok(bytes) => {
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt as _;
                let mode = fs::metadata(path).map_err(io_error(path, "look at the key"))?.permissions().mode() & 0o777;
                if mode & 0o077 != 0 {
                    return Err(CheckpointFileError::KeyReadable { path: path.to_owned(), mode });
                }
            }
            let found = bytes.len();
            bytes.try_into().map_err(|_| CheckpointFileError::Key { path: path.to_owned(), found })
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let mut key = [0; KEY_BYTES];
            getrandom::fill(&mut key).map_err(|error| io_error(path, "draw a key")(io::Error::other(error)))?;
            let make = || -> io::Result<()> {
                if let Some(folder) = path.parent() {
                    fs::create_dir_all(folder)?;
                }
                let mut file = private(path)?;
                file.write_all(&key)?;
                file.sync_all()
            };
            make().map_err(io_error(path, "make the key"))?;
            Ok(key)
        }
        Err(error) => Err(io_error(path, "read the key")(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("keys").join("checkpoint.key");
        (folder, key)
    }

    #[test]
    fn comes_back_and_holds_no_plain_text() {
        let (folder, key) = folder();
        let checkpoints = CheckpointFolder::open(folder.path(), &key).unwrap();
        let content = b"numbers of the open hour ".repeat(100);
        checkpoints.write(1, content.clone()).unwrap();
        checkpoints.write(2, content.clone()).unwrap();
        let again = CheckpointFolder::open(folder.path(), &key).unwrap();
        assert_eq!(again.read(2).unwrap(), Some(content));
        assert_eq!(again.read(3).unwrap(), None);
        let bytes = fs::read(folder.path().join("checkpoint-2")).unwrap();
        assert!(memchr::memmem::find(&bytes, b"open hour").is_none());
        again.keep_only(Some(2)).unwrap();
        assert!(again.read(1).unwrap().is_none() && again.read(2).unwrap().is_some());
        again.keep_only(None).unwrap();
        assert_eq!(again.read(2).unwrap(), None);
    }

    #[test]
    fn two_stay_until_the_newer_one_is_settled() {
        let (folder, key) = folder();
        let checkpoints = CheckpointFolder::open(folder.path(), &key).unwrap();
        for number in 5..9 {
            checkpoints.write(number, vec![number as u8; 9]).unwrap();
        }
        // 5 is older, 7 was abandoned.
        checkpoints.keep_only([6, 8]).unwrap();
        let here: Vec<u64> = (0..10).filter(|number| checkpoints.read(*number).unwrap().is_some()).collect();
        assert_eq!(here, [6, 8]);
        // One that was abandoned is written anew under its number.
        checkpoints.write(8, vec![80; 9]).unwrap();
        checkpoints.keep_only([8]).unwrap();
        assert_eq!((checkpoints.read(6).unwrap(), checkpoints.read(8).unwrap()), (None, Some(vec![80; 9])));
    }

    #[test]
    fn what_was_altered_or_exchanged_is_refused() {
        let (folder, key) = folder();
        let checkpoints = CheckpointFolder::open(folder.path(), &key).unwrap();
        checkpoints.write(1, b"content".to_vec()).unwrap();
        let path = folder.path().join("checkpoint-1");
        let whole = fs::read(&path).unwrap();
        for at in 0..whole.len() {
            let mut altered = whole.clone();
            altered[at] ^= 1;
            fs::write(&path, &altered).unwrap();
            assert!(matches!(checkpoints.read(1), Err(CheckpointFileError::Sealed { .. })), "byte {at}");
            fs::write(&path, &whole[..at]).unwrap();
            assert!(checkpoints.read(1).is_err(), "cut after {at}");
        }
        fs::write(folder.path().join("checkpoint-2"), &whole).unwrap();
        assert!(checkpoints.read(2).is_err(), "another one's place");
        fs::write(&path, &whole).unwrap();
        fs::remove_file(&key).unwrap();
        let other_key = CheckpointFolder::open(folder.path(), &key).unwrap();
        assert!(other_key.read(1).is_err(), "another key");
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_may_read_key_or_checkpoint() {
        use std::os::unix::fs::PermissionsExt as _;
        let (folder, key) = folder();
        let checkpoints = CheckpointFolder::open(folder.path(), &key).unwrap();
        checkpoints.write(1, Vec::new()).unwrap();
        for path in [&key, &folder.path().join("checkpoint-1")] {
            assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
        let error = CheckpointFolder::open(folder.path(), &key).unwrap_err().to_string();
        assert!(error.contains("checkpoint.key: others may read the key (mode 640)"), "{error}");
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&key, b"short").unwrap();
        assert!(matches!(CheckpointFolder::open(folder.path(), &key), Err(CheckpointFileError::Key { found: 5, .. })));
    }

    #[test]
    fn a_failed_write_leaves_the_one_before() {
        let (folder, key) = folder();
        let checkpoints = CheckpointFolder::open(folder.path(), &key).unwrap();
        checkpoints.write(1, b"first".to_vec()).unwrap();
        // A folder stands where the new file should go.
        fs::create_dir(folder.path().join("checkpoint.new")).unwrap();
        assert!(checkpoints.write(2, b"second".to_vec()).is_err());
        assert_eq!(checkpoints.read(1).unwrap().as_deref(), Some(&b"first"[..]));
    }

    /// A file system of its own of 256 KiB, where the user may mount one, and a device that takes nothing, where not.
    #[cfg(target_os = "linux")]
    #[allow(clippy::print_stdout, reason = "a skipped test must say so")]
    #[test]
    fn a_full_disk_leaves_the_one_before() {
        let (keys, key) = folder();
        let full = |result: Result<(), CheckpointFileError>| match result {
            Err(CheckpointFileError::Io { error, .. }) => error.kind() == io::ErrorKind::StorageFull,
            _ => false,
        };
        // What is written aside goes to a device that is always full; the link to it is gone afterwards, like any leftover.
        let checkpoints = CheckpointFolder::open(keys.path(), &key).unwrap();
        checkpoints.write(1, b"first".to_vec()).unwrap();
        std::os::unix::fs::symlink("/dev/full", keys.path().join("checkpoint.new")).unwrap();
        assert!(full(checkpoints.write(2, b"second".to_vec())));
        assert_eq!(checkpoints.read(1).unwrap().as_deref(), Some(&b"first"[..]));
        checkpoints.write(2, b"second".to_vec()).unwrap();

        let disk = tempfile::tempdir().unwrap();
        let mount = ["-t", "tmpfs", "-o", "size=256k", "tmpfs"];
        let mounted = std::process::Command::new("mount").args(mount).arg(disk.path()).output();
        if !mounted.is_ok_and(|mounted| mounted.status.success()) {
            println!("SKIPPED: this user may not mount a file system");
            return;
        }
        let checkpoints = CheckpointFolder::open(disk.path(), &key).unwrap();
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            checkpoints.write(1, vec![1; 100_000]).unwrap();
            assert!(full(checkpoints.write(2, vec![2; 1 << 20])));
            assert_eq!(checkpoints.read(1).unwrap(), Some(vec![1; 100_000]));
            assert_eq!(checkpoints.read(2).unwrap(), None);
            // What could not be written takes no room from the next.
            checkpoints.write(2, vec![3; 100_000]).unwrap();
            checkpoints.keep_only(Some(2)).unwrap();
            assert_eq!(checkpoints.read(2).unwrap(), Some(vec![3; 100_000]));
        }));
        assert!(std::process::Command::new("umount").arg(disk.path()).status().unwrap().success());
        outcome.unwrap();
    }
}
