//! The two files beside the log that spare reading it: `hashes` (32 bytes each, in the order in which
//! [`Frontier`](crate::Frontier) makes them) and `index` (8 bytes an entry: where it ends in the log). Both follow from the log; a
//! process that appends holds them against it when it opens, and writes them anew from where they differ.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use crate::hash::HASH_BYTES;
use crate::proof::stored_before;
use crate::{Hash, StoredHashes};

pub(crate) const HASHES_FILE: &str = "hashes";
pub(crate) const INDEX_FILE: &str = "index";

const PLACE_BYTES: usize = 8;

/// One of the two files, compared with what it should hold until it differs, and written from there on.
struct Followed {
    file: File,
    /// `None` once it differs.
    same: Option<BufReader<File>>,
    at: u64,
    written: Vec<u8>,
}

/// What is gathered before it is written, in bytes.
const WRITTEN_BYTES_MAX: usize = 65_536;

impl Followed {
    fn open(path: &Path, at: u64) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        let mut reading = File::open(path)?;
        reading.seek(SeekFrom::Start(at))?;
        Ok(Self { file, same: Some(BufReader::new(reading)), at, written: Vec::new() })
    }

    fn push<const N: usize>(&mut self, record: [u8; N]) -> io::Result<()> {
        if let Some(reader) = &mut self.same {
            let mut found = [0; N];
            if reader.read_exact(&mut found).is_ok() && found == record {
                self.at += N as u64;
                return Ok(());
            }
            self.same = None;
            self.file.set_len(self.at)?;
            self.file.seek(SeekFrom::Start(self.at))?;
        }
        self.written.extend_from_slice(&record);
        self.at += N as u64;
        if self.written.len() >= WRITTEN_BYTES_MAX { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.write_all(&self.written)?;
        self.written.clear();
        Ok(())
    }

    fn finish(mut self) -> io::Result<()> {
        self.flush()?;
        if self.file.metadata()?.len() > self.at {
            self.file.set_len(self.at)?;
        }
        Ok(())
    }
}

/// Both files, followed from some entry on.
pub(crate) struct Stored {
    hashes: Followed,
    index: Followed,
}

impl Stored {
    /// From entry `size` on.
    pub(crate) fn open(folder: &Path, size: u64) -> io::Result<Self> {
        let hashes = Followed::open(&folder.join(HASHES_FILE), stored_before(size) * HASH_BYTES as u64)?;
        let index = Followed::open(&folder.join(INDEX_FILE), size * PLACE_BYTES as u64)?;
        Ok(Self { hashes, index })
    }

    pub(crate) fn hash(&mut self, hash: Hash) -> io::Result<()> {
        self.hashes.push(hash.0)
    }

    /// Where an entry ends in the log, with its line feed.
    pub(crate) fn end(&mut self, end: u64) -> io::Result<()> {
        self.index.push(end.to_be_bytes())
    }

    pub(crate) fn finish(self) -> io::Result<()> {
        self.hashes.finish()?;
        self.index.finish()
    }
}

/// The file of hashes, for proofs.
#[derive(Debug)]
pub struct HashFile(File);

impl HashFile {
    /// Opens it.
    pub fn open(path: &Path) -> io::Result<Self> {
        File::open(path).map(Self)
    }
}

impl StoredHashes for HashFile {
    fn stored(&self, place: u64) -> io::Result<Hash> {
        let mut file = &self.0;
        let at = place.checked_mul(HASH_BYTES as u64).ok_or(io::ErrorKind::InvalidInput)?;
        file.seek(SeekFrom::Start(at))?;
        let mut bytes = [0; HASH_BYTES];
        file.read_exact(&mut bytes)?;
        Ok(Hash(bytes))
    }
}

/// Where entry `number` begins in the log.
pub(crate) fn begin_of(folder: &Path, number: u64) -> io::Result<u64> {
    let Some(before) = number.checked_sub(1) else { return Ok(0) };
    let mut file = File::open(folder.join(INDEX_FILE))?;
    file.seek(SeekFrom::Start(before.saturating_mul(PLACE_BYTES as u64)))?;
    let mut bytes = [0; PLACE_BYTES];
    file.read_exact(&mut bytes)?;
    Ok(u64::from_be_bytes(bytes))
}

/// Writes a small file whole or not at all.
pub(crate) fn replace(folder: &Path, name: &str, content: &[u8]) -> io::Result<()> {
    let aside = folder.join(format!("{name}.new"));
    let write = || -> io::Result<()> {
        let mut file = BufWriter::new(File::create(&aside)?);
        file.write_all(content)?;
        file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        std::fs::rename(&aside, folder.join(name))?;
        // It is in place now. Where the folder cannot be brought to the disk, a power cut brings the one before back, and that is
        // a state which an opening mends; to call it a failure would have the caller take back what a head is over.
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
        Ok(())
    };
    write().inspect_err(|_| {
        // What could not be written must not take room that the next try needs.
        let _ = std::fs::remove_file(&aside);
    })
}
