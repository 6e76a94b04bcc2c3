//! [`EdgePost`]: what is left of a post once its identities are gone (PRIVACY section 2).

use std::fmt;

use groundswell_post::{EventTime, Kind, Relation};

/// The first 64 bits of keyed BLAKE3 over (source, author id). Exists only to count distinct authors and to look up
/// deletions; its key changes with every epoch and is never written.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AuthorToken(pub(crate) u64);

/// Keyed likewise from (source, post id): finds a post that is still buffered when it is deleted or delivered again.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PostKey(pub(crate) u64);

macro_rules! opaque_key {
    ($name:ident) => {
        impl $name {
            /// The bits, for a counter or a set. They must not leave the process except to workers of the same cluster.
            pub const fn bits(self) -> u64 {
                self.0
            }

            /// From bits that [`Self::bits`] gave (or that a test or simulator made up).
            pub const fn from_bits(bits: u64) -> Self {
                Self(bits)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(redacted)"))
            }
        }
    };
}
opaque_key!(AuthorToken);
opaque_key!(PostKey);

/// What a deletion looks like behind the edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeleteKey {
    /// One post.
    Post(PostKey),
    /// All posts of one author within one epoch.
    Author(AuthorToken),
}

/// A link: always its registrable domain; the whole address only where it leads to no profile and no personal post.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// Registrable domain by the public suffix list, lower case, Punycode decoded to Unicode never (ASCII form).
    pub domain: String,
    /// The address without fragment and tracking parameters; `None` for profiles and personal posts.
    pub url: Option<String>,
}

/// What a publisher's item shows: public speech by an institution.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PublisherItem {
    /// The institution's name.
    pub name: String,
    /// The item's title.
    pub title: Option<String>,
    /// The item's address.
    pub url: Option<String>,
}

/// A post behind the edge. Has no place for an identity; not serialisable. Buffers are reused from post to post.
#[derive(Clone, Default)]
pub struct EdgePost {
    /// Event time, to the second.
    pub time: EventTime,
    /// Name of the origin (at most 64 bytes, scrubbed).
    pub source: String,
    /// Person or publisher.
    pub kind: Kind,
    /// Declared language as ISO 639-1, where it was valid.
    pub language: Option<[u8; 2]>,
    /// Scrubbed text. Placeholders and links stand as `⟨email⟩`, `⟨link⟩`, …; `⟨` and `⟩` occur nowhere else.
    pub text: String,
    /// Hashtags that the record listed beside its text, scrubbed, without `#`.
    pub hashtags: Vec<String>,
    /// Links, from the record where it lists them, else from the text.
    pub links: Vec<Link>,
    /// Post, reply, repost or quote.
    pub relation: Relation,
    /// Declared country, ISO 3166-1 alpha-2.
    pub region: Option<[u8; 2]>,
    /// Absent where the record named no author.
    pub author: Option<AuthorToken>,
    /// Absent where the record had no id.
    pub key: Option<PostKey>,
    /// Present exactly when `kind` is `Publisher`.
    pub publisher: Option<PublisherItem>,
}

impl fmt::Debug for EdgePost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EdgePost(redacted, {} bytes of text)", self.text.len())
    }
}
