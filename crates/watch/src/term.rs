//! Terms: everything a query can look up, as 64-bit keys in one space.
//!
//! A word's key is its hash in the analysis, so that a post's words are looked up as they come. Everything else is moved
//! away from the words by a salt of its own. Two terms with one key would be one term; at a million terms the chance that any
//! two of them meet is one in 37 million.

use groundswell_query::{FieldName, SOURCE_BYTES_MAX};
use groundswell_text::hash_word;

/// What is looked up. Texts are normal forms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TermKey {
    Word { hash: u64, normal: String },
    Prefix { normal: String },
    Tag { hash: u64, normal: String },
    Field { name: FieldName, value: String },
}

const PREFIX: u64 = 0x9e37_79b9_7f4a_7c15;
const TAG: u64 = 0xc2b2_ae3d_27d4_eb4f;
const FIELDS: [u64; 6] = [
    0x1656_67b1_9e37_79f9,
    0x27d4_eb2f_1656_67c5,
    0x85eb_ca77_c2b2_ae63,
    0xd6e8_feb8_6659_fd93,
    0xa076_1d64_78bd_642f,
    0xe703_7ed1_a0b4_28db,
];

/// Salted away from all other kinds, and stirred so that its high bits are as good as a hash's.
const fn salted(hash: u64, salt: u64) -> u64 {
    let x = (hash ^ salt).wrapping_mul(0xff51_afd7_ed55_8ccd);
    x ^ (x >> 32)
}

pub(crate) fn prefix_key(prefix: &str) -> u64 {
    salted(hash_word(prefix), PREFIX)
}

pub(crate) const fn tag_key(hash: u64) -> u64 {
    salted(hash, TAG)
}

pub(crate) fn field_key(name: FieldName, value: &str) -> u64 {
    salted(hash_word(value), FIELDS[name as usize])
}

/// Sources are compared without regard to the case of ASCII letters. Longer names than a source can have are none.
pub(crate) fn source_key(source: &str) -> u64 {
    let mut lower = [0; SOURCE_BYTES_MAX];
    let Some(lower) = lower.get_mut(..source.len()) else { return 0 };
    lower.copy_from_slice(source.as_bytes());
    lower.make_ascii_lowercase();
    field_key(FieldName::Source, std::str::from_utf8(lower).unwrap_or_default())
}

impl TermKey {
    pub(crate) fn bits(&self) -> u64 {
        match self {
            Self::Word { hash, .. } => *hash,
            Self::Prefix { normal } => prefix_key(normal),
            Self::Tag { hash, .. } => tag_key(*hash),
            Self::Field { name: FieldName::Source, value } => source_key(value),
            Self::Field { name, value } => field_key(*name, value),
        }
    }
}
