//! [`AmplifyDelta`]: what one process tells the owner of one minute: numbers, words that at least two authors wrote, and authors in
//! sets that can only be united and counted.

use std::fmt;

use groundswell_gate::AuthorBits;
use groundswell_sketch::{CellKey, Distinct};
use serde::{Deserialize, Serialize};

use super::push::ObjectDelta;
use super::words::Token;
use crate::narrative::FewAuthors;

/// Of a family, within its process. Never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LocalId(pub u64);

/// A word at a place of a family's text.
#[derive(Clone, Serialize, Deserialize)]
pub struct WordDelta {
    pub(super) place: u16,
    pub(super) token: Token,
    pub(super) form: String,
    /// Posts of the process that have it there, beyond those told before.
    pub(super) posts: u32,
    /// All of the day so far, as far as told apart.
    pub(super) authors: FewAuthors,
    pub(super) name_like: bool,
}

/// Posts in one language.
#[derive(Clone, Serialize, Deserialize)]
pub struct LanguageDelta {
    pub(super) language: [u8; 2],
    pub(super) posts: u32,
    pub(super) authors: AuthorBits,
}

/// Posts that link to one domain.
#[derive(Clone, Serialize, Deserialize)]
pub struct DomainDelta {
    pub(super) domain: String,
    pub(super) authors: FewAuthors,
}

/// What a family gained in a minute.
#[derive(Clone, Serialize, Deserialize)]
pub struct FamilyDelta {
    /// Which.
    pub(super) id: LocalId,
    /// Its text as most have it, as far as more than one post has it: place and word.
    pub(super) sequence: Vec<(u16, Token)>,
    /// Minute, posts, and authors of that minute: mostly one entry; earlier ones of what was not told before.
    pub(super) timeline: Vec<(i64, u32, u32)>,
    /// Which posts these are.
    pub(super) key: CellKey,
    /// Their authors, as far as they are of the minute's day.
    pub(super) authors: Distinct,
    /// Words of which more authors are known than before.
    pub(super) words: Vec<WordDelta>,
    pub(super) languages: Vec<LanguageDelta>,
    pub(super) domains: Vec<DomainDelta>,
    /// Posts that were passed on by the platform's own button.
    pub(super) reposts: u32,
    pub(super) repost_authors: AuthorBits,
    pub(super) repost_key: CellKey,
    /// Publishers' items with this text.
    pub(super) publishers: u32,
}

/// What one process tells of one minute.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct AmplifyDelta {
    /// The minute's start.
    pub minute: i64,
    /// All posts of persons, of families or not.
    pub(super) posts: u64,
    /// Families of at least two authors that were written to.
    pub(super) families: Vec<FamilyDelta>,
    /// Links and hashtags that were written.
    pub(super) objects: Vec<ObjectDelta>,
    /// Families that are no more.
    pub(super) ended: Vec<LocalId>,
}

macro_rules! redacted {
    ($($name:ident)*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(redacted)"))
            }
        }
    )*};
}
redacted!(WordDelta LanguageDelta DomainDelta FamilyDelta);

impl fmt::Debug for AmplifyDelta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AmplifyDelta({} families, redacted)", self.families.len())
    }
}
