//! What a source sends: a post or a deletion, borrowed from the source's buffer wherever possible.

use std::borrow::Cow;
use std::fmt;

use crate::EventTime;

/// How a post stands to another one. Never says which other one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Relation {
    /// A post of its own.
    #[default]
    Post,
    /// An answer to another post.
    Reply,
    /// Another post passed on by the platform's own button.
    Repost,
    /// A post that embeds another one.
    Quote,
}

impl Relation {
    /// All relations, in a fixed order.
    pub const ALL: [Self; 4] = [Self::Post, Self::Reply, Self::Repost, Self::Quote];

    /// The word used in files, queries and outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Post => "post",
            Self::Reply => "reply",
            Self::Repost => "repost",
            Self::Quote => "quote",
        }
    }

    /// Reads the word used in files and queries; `None` for any other word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|relation| relation.as_str() == word)
    }
}

/// Who speaks: a person, or an institution that publishes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A person: counted only, and only in company (PRIVACY section 4).
    #[default]
    Person,
    /// A publisher: a feed, or an account that the operator lists as an institution.
    Publisher,
}

impl Kind {
    /// The word used in queries and outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Publisher => "publisher",
        }
    }
}

/// What makes an item a publisher's: public speech by an institution.
#[derive(Clone, Default)]
pub struct Publisher<'a> {
    /// The institution's name.
    pub name: Cow<'a, str>,
    /// The item's title.
    pub title: Option<Cow<'a, str>>,
    /// The item's address.
    pub url: Option<Cow<'a, str>>,
}

/// What the source sent about one post, identities included. Lives only until the edge has read it.
#[derive(Clone, Default)]
pub struct RawPost<'a> {
    /// When it was posted, by the source's clock.
    pub time: EventTime,
    /// Any id of the author; absent means that the post adds no author to any count.
    pub author: Option<Cow<'a, str>>,
    /// Any id of the post; absent means that it cannot be deleted or recognised as repeated.
    pub id: Option<Cow<'a, str>>,
    /// The text as written.
    pub text: Cow<'a, str>,
    /// Declared language, BCP 47, not yet validated.
    pub lang: Option<Cow<'a, str>>,
    /// The record's own name of its origin; `None` means the configured name of the source that read it.
    pub source: Option<Cow<'a, str>>,
    /// Post, reply, repost or quote.
    pub relation: Relation,
    /// Present on publisher items.
    pub publisher: Option<Publisher<'a>>,
    /// Declared country, not yet validated.
    pub region: Option<Cow<'a, str>>,
    /// Links that the record lists; `None` means "take them from the text".
    pub links: Option<Vec<Cow<'a, str>>>,
    /// Hashtags that the record lists beside its text, without `#`.
    pub hashtags: Vec<Cow<'a, str>>,
    /// The platform says that this author or post wants not to be read by machines.
    pub opted_out: bool,
}

impl fmt::Debug for RawPost<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawPost(redacted, {} bytes of text)", self.text.len())
    }
}

impl fmt::Debug for Publisher<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Publisher(redacted)")
    }
}

/// Which posts a deletion names.
#[derive(Clone)]
pub enum DeleteTarget<'a> {
    /// One post, by the id it came with.
    Post(Cow<'a, str>),
    /// All posts of one author, by the id they came with.
    Author(Cow<'a, str>),
}

/// A source's word that a post or an author's posts are to be forgotten.
#[derive(Clone)]
pub struct Deletion<'a> {
    /// When it was said, where the record says so.
    pub time: Option<EventTime>,
    /// The record's own name of its origin, as in [`RawPost::source`].
    pub source: Option<Cow<'a, str>>,
    /// What is to be forgotten.
    pub target: DeleteTarget<'a>,
}

impl fmt::Debug for Deletion<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.target {
            DeleteTarget::Post(_) => "Deletion(post, redacted)",
            DeleteTarget::Author(_) => "Deletion(author, redacted)",
        })
    }
}

impl fmt::Debug for DeleteTarget<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Post(_) => "Post(redacted)",
            Self::Author(_) => "Author(redacted)",
        })
    }
}

/// One decoded record.
#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant, reason = "nearly all records are posts; a box would cost an allocation a post")]
pub enum Record<'a> {
    /// A post, boxed nowhere: it borrows from the source's buffer.
    Post(RawPost<'a>),
    /// A deletion.
    Delete(Deletion<'a>),
}
