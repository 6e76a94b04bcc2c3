//! [`Note`]: a text with signatures under it, as C2SP *signed-note* writes one; and the keys that check and make them.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature as Ed25519, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

/// Longest note, in bytes: sixteen signatures of the longest kinds that there are fit.
pub const NOTE_BYTES_MAX: usize = 131_072;

/// Signatures of a note, at most.
pub const SIGNATURES_MAX: usize = 32;

/// Longest name of a key, in bytes.
pub const KEY_NAME_BYTES_MAX: usize = 255;

/// What begins a line of a signature: an em dash and a space.
const SIGNED: &str = "\u{2014} ";

const SIGNATURE_BYTES: usize = 64;
const PUBLIC_BYTES: usize = 32;

/// What a key signs, and how; its number is part of the key's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// Ed25519 over the text: a log's own key.
    Log,
    /// A witness' cosignature with the time at which it was made (C2SP *tlog-cosignature*).
    Witness,
}

impl KeyKind {
    const fn number(self) -> u8 {
        match self {
            Self::Log => 0x01,
            Self::Witness => 0x04,
        }
    }

    const fn of_number(number: u8) -> Option<Self> {
        match number {
            0x01 => Some(Self::Log),
            0x04 => Some(Self::Witness),
            _ => None,
        }
    }
}

/// Why something is no signed note.
#[derive(Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoteError {
    /// Longer than [`NOTE_BYTES_MAX`].
    #[error("a note of more than {NOTE_BYTES_MAX} bytes")]
    TooLong,
    /// Not UTF-8, or with control characters.
    #[error("a note is UTF-8 without control characters")]
    Characters,
    /// No text, no empty line or no signature.
    #[error("a note is a text, an empty line and at least one signature, each line ended")]
    Parts,
    /// A line of the signatures is none.
    #[error("line {line} of the signatures is none")]
    Signature {
        /// Which one, from 1.
        line: usize,
    },
    /// More than [`SIGNATURES_MAX`].
    #[error("more than {SIGNATURES_MAX} signatures")]
    TooMany,
}

/// Why a key is none.
#[derive(Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyError {
    /// Not of the form.
    #[error("expected a verifier key: name+id+base64")]
    Form,
    /// The name cannot be one.
    #[error("a key's name has 1 to {KEY_NAME_BYTES_MAX} bytes, no space, no `+` and no control character")]
    Name,
    /// The id is not that of name and key.
    #[error("the key's id does not fit its name and content")]
    Id,
    /// Neither a log's nor a witness'.
    #[error("a key of kind {found:#04x}; known are 0x01 (a log) and 0x04 (a witness)")]
    Kind {
        /// Its number.
        found: u8,
    },
    /// No point of the curve.
    #[error("the key is no Ed25519 key")]
    Key,
    /// A private key where a public one belongs.
    #[error("this is a private key; the verifier key is the one to give")]
    Private,
}

/// What a signature turned out to be.
#[derive(Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignatureError {
    /// No signature of this key.
    #[error("it is not signed by this key")]
    Missing,
    /// There is one, and it is wrong.
    #[error("the signature of this key is wrong")]
    Wrong,
}

/// One signature, with the bytes after the key's id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteSignature {
    /// Name of the key.
    pub name: String,
    /// Id of the key.
    pub id: [u8; 4],
    /// What the key made.
    pub bytes: Vec<u8>,
}

/// A text and its signatures. That it was read says nothing of whether they are right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The text, with its last line feed.
    pub text: String,
    /// The signatures.
    pub signatures: Vec<NoteSignature>,
}

fn name_is_fine(name: &str) -> bool {
    let plain = |letter: char| !letter.is_whitespace() && letter != '+' && !letter.is_control();
    (1..=KEY_NAME_BYTES_MAX).contains(&name.len()) && name.chars().all(plain)
}

/// The first four bytes of SHA-256 over name, line feed, kind and public key.
fn key_id(name: &str, kind: KeyKind, key: &VerifyingKey) -> [u8; 4] {
    let hash =
        Sha256::new().chain_update(name).chain_update([b'\n', kind.number()]).chain_update(key.as_bytes()).finalize();
    [hash[0], hash[1], hash[2], hash[3]]
}

fn hex(id: [u8; 4]) -> String {
    format!("{:08x}", u32::from_be_bytes(id))
}

/// What a witness signs.
fn cosigned(text: &str, time: u64) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

impl NoteSignature {
    /// Base64 of id and signature, as the line has it.
    pub fn encoded(&self) -> String {
        STANDARD.encode([&self.id[..], &self.bytes].concat())
    }

    /// Reads what [`encoded`](Self::encoded) writes.
    pub fn decoded(name: &str, text: &str) -> Option<Self> {
        let bytes = STANDARD.decode(text).ok()?;
        let (id, rest) = bytes.split_first_chunk()?;
        (!rest.is_empty()).then(|| Self { name: name.to_owned(), id: *id, bytes: rest.to_vec() })
    }

    fn line(line: &str) -> Option<Self> {
        let (name, signature) = line.strip_prefix(SIGNED)?.split_once(' ')?;
        if name_is_fine(name) { Self::decoded(name, signature) } else { None }
    }
}

impl Note {
    /// Reads a note.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        if bytes.len() > NOTE_BYTES_MAX {
            return Err(NoteError::TooLong);
        }
        let note = std::str::from_utf8(bytes).map_err(|_| NoteError::Characters)?;
        if note.bytes().any(|byte| byte < 0x20 && byte != b'\n') {
            return Err(NoteError::Characters);
        }
        let (text, signatures) = note.rsplit_once("\n\n").ok_or(NoteError::Parts)?;
        let signatures = signatures.strip_suffix('\n').ok_or(NoteError::Parts)?;
        let lines: Vec<&str> = signatures.split('\n').take(SIGNATURES_MAX + 1).collect();
        if lines.len() > SIGNATURES_MAX {
            return Err(NoteError::TooMany);
        }
        let read =
            |(index, line): (usize, &&str)| NoteSignature::line(line).ok_or(NoteError::Signature { line: index + 1 });
        let signatures = lines.iter().enumerate().map(read).collect::<Result<_, _>>()?;
        Ok(Self { text: format!("{text}\n"), signatures })
    }

    /// Checks the signatures of a key. One that is wrong spoils the note, also beside one that is right.
    fn check(&self, key: &VerifierKey, right: impl Fn(&[u8]) -> Option<u64>) -> Result<u64, SignatureError> {
        let of_key = self.signatures.iter().filter(|signature| signature.name == key.name && signature.id == key.id);
        let mut found = Err(SignatureError::Missing);
        for signature in of_key {
            found = Ok(right(&signature.bytes).ok_or(SignatureError::Wrong)?);
        }
        found
    }

    /// Whether a log's key signed the text.
    pub fn signed_by(&self, key: &VerifierKey) -> Result<(), SignatureError> {
        if key.kind != KeyKind::Log {
            return Err(SignatureError::Missing);
        }
        self.check(key, |bytes| {
            let signature = Ed25519::from_slice(bytes).ok()?;
            key.key.verify_strict(self.text.as_bytes(), &signature).ok().map(|()| 0)
        })
        .map(|_| ())
    }

    /// Whether a witness cosigned the text; when, in Unix seconds by its clock.
    pub fn cosigned_by(&self, key: &VerifierKey) -> Result<u64, SignatureError> {
        if key.kind != KeyKind::Witness {
            return Err(SignatureError::Missing);
        }
        self.check(key, |bytes| {
            let (time, signature) = bytes.split_first_chunk()?;
            let time = u64::from_be_bytes(*time);
            if signature.len() != SIGNATURE_BYTES || i64::try_from(time).is_err() {
                return None;
            }
            let signature = Ed25519::from_slice(signature).ok()?;
            key.key.verify_strict(cosigned(&self.text, time).as_bytes(), &signature).ok().map(|()| time)
        })
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|one| writeln!(f, "{SIGNED}{} {}", one.name, one.encoded()))
    }
}

/// A public key with its name, as one line: `name+id+base64` (C2SP *signed-note*, verifier keys).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    kind: KeyKind,
    id: [u8; 4],
    key: VerifyingKey,
}

impl VerifierKey {
    fn new(name: &str, kind: KeyKind, key: VerifyingKey) -> Self {
        Self { name: name.to_owned(), kind, id: key_id(name, kind, &key), key }
    }

    /// Reads the line, with or without a line feed.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let text = text.strip_suffix('\n').unwrap_or(text);
        if text.starts_with("PRIVATE+KEY+") {
            return Err(KeyError::Private);
        }
        // Base64 may hold a `+`; a name may not.
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(KeyError::Form);
        };
        if !name_is_fine(name) {
            return Err(KeyError::Name);
        }
        let bytes = STANDARD.decode(key).map_err(|_| KeyError::Form)?;
        let (kind, key) = bytes.split_first().ok_or(KeyError::Form)?;
        let kind = KeyKind::of_number(*kind).ok_or(KeyError::Kind { found: *kind })?;
        let key: [u8; PUBLIC_BYTES] = key.try_into().map_err(|_| KeyError::Key)?;
        let found = Self::new(name, kind, VerifyingKey::from_bytes(&key).map_err(|_| KeyError::Key)?);
        if hex(found.id) == id { Ok(found) } else { Err(KeyError::Id) }
    }

    /// Its name. A log's key is named as the log's origin.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it signs.
    pub fn kind(&self) -> KeyKind {
        self.kind
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&[self.kind.number()][..], self.key.as_bytes()].concat();
        write!(f, "{}+{}+{}", self.name, hex(self.id), STANDARD.encode(bytes))
    }
}

/// A private key with its name. Wiped when it is dropped; printed nowhere.
pub struct SignerKey {
    public: VerifierKey,
    key: SigningKey,
}

impl fmt::Debug for SignerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignerKey").field("public", &self.public).finish_non_exhaustive()
    }
}

impl SignerKey {
    /// From 32 random bytes.
    pub fn from_seed(name: &str, kind: KeyKind, seed: &[u8; 32]) -> Result<Self, KeyError> {
        if !name_is_fine(name) {
            return Err(KeyError::Name);
        }
        let key = SigningKey::from_bytes(seed);
        Ok(Self { public: VerifierKey::new(name, kind, key.verifying_key()), key })
    }

    /// The public half.
    pub fn public(&self) -> &VerifierKey {
        &self.public
    }

    /// Signs a text: a log's key the text alone, a witness' with the time, in Unix seconds.
    pub fn sign(&self, text: &str, time: u64) -> NoteSignature {
        let bytes = match self.public.kind {
            KeyKind::Log => self.key.sign(text.as_bytes()).to_bytes().to_vec(),
            KeyKind::Witness => {
                [&time.to_be_bytes()[..], &self.key.sign(cosigned(text, time).as_bytes()).to_bytes()].concat()
            }
        };
        NoteSignature { name: self.public.name.clone(), id: self.public.id, bytes }
    }
}
