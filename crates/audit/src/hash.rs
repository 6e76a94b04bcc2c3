//! [`Hash`]: the two hashes of RFC 6962, section 2.1.

use std::fmt::{self, Write as _};
use std::io::{self, Read};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

/// Length of a hash in bytes.
pub const HASH_BYTES: usize = 32;

const BUFFER_BYTES: usize = 65_536;

/// What stands before an entry, so that no entry can pass for a node.
const LEAF: [u8; 1] = [0];
/// What stands before two hashes, so that no node can pass for an entry.
const NODE: [u8; 1] = [1];

/// A SHA-256 hash. Written in base64, as heads write it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; HASH_BYTES]);

impl Hash {
    /// What stands for "nothing before this": all zeros.
    pub const NONE: Self = Self([0; HASH_BYTES]);

    /// Of an entry: SHA-256 of a zero byte and the entry.
    pub fn of_entry(entry: &[u8]) -> Self {
        Self(Sha256::new().chain_update(LEAF).chain_update(entry).finalize().into())
    }

    /// Of the node over two others: SHA-256 of a one byte, the left and the right.
    pub fn of_node(left: Self, right: Self) -> Self {
        Self(Sha256::new().chain_update(NODE).chain_update(left.0).chain_update(right.0).finalize().into())
    }

    /// The root of a log without entries: SHA-256 of nothing.
    pub fn of_no_entries() -> Self {
        Self(Sha256::digest([]).into())
    }

    /// Plain SHA-256 of all that a reader gives: of a file, as `sha256sum` computes it.
    pub fn of_all(mut reader: impl Read) -> io::Result<Self> {
        let mut hasher = Sha256::new();
        let mut buffer = vec![0; BUFFER_BYTES];
        loop {
            match reader.read(&mut buffer)? {
                0 => return Ok(Self(hasher.finalize().into())),
                length => hasher.update(&buffer[..length]),
            }
        }
    }

    /// In hexadecimal, as `sha256sum` prints it.
    pub fn hexadecimal(self) -> String {
        self.0.iter().fold(String::with_capacity(2 * HASH_BYTES), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }

    /// Reads base64: standard alphabet, with padding, and no other spelling of the same bytes.
    pub fn parse(text: &str) -> Option<Self> {
        STANDARD.decode(text).ok()?.try_into().ok().map(Self)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("expected 32 bytes in base64"))
    }
}
