//! What a file's bytes are, so that a file that was read to its end is known again whatever its name.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Size and BLAKE3 of a file as it is on disk. Displays as `SIZE-HEX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint {
    /// Bytes on disk.
    pub bytes: u64,
    /// Their BLAKE3.
    pub hash: [u8; 32],
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-", self.bytes)?;
        self.hash.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[derive(Default)]
pub(crate) struct Hasher {
    hasher: blake3::Hasher,
    bytes: u64,
}

impl Hasher {
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
        self.bytes += bytes.len() as u64;
    }

    pub(crate) fn finish(&self) -> Fingerprint {
        Fingerprint { bytes: self.bytes, hash: *self.hasher.finalize().as_bytes() }
    }
}

/// Reads a whole file for its fingerprint. Hashing takes well under a hundredth of the time of reading its posts, so all bytes
/// count and not a sample of them.
pub fn fingerprint_file(path: &Path) -> io::Result<Fingerprint> {
    let mut file = File::open(path)?;
    let mut hasher = Hasher::default();
    let mut buffer = vec![0; 256 << 10];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(hasher.finish()),
            Ok(count) => hasher.update(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
