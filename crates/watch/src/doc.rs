//! [`Doc`]: what of a post a query can see.

use groundswell_edge::{EdgePost, Link};
use groundswell_text::Analysis;

/// What of a post a query can see. Borrows everything; making one costs nothing.
#[derive(Clone, Copy)]
pub struct Doc<'a> {
    /// Words, hashtags, language.
    pub analysis: &'a Analysis,
    /// The text that the words were read from; only to tell a hashtag's word from the same word in [`Percolator::explain`].
    ///
    /// [`Percolator::explain`]: crate::Percolator::explain
    pub text: &'a str,
    /// Name of the origin.
    pub source: &'a str,
    /// `person` or `publisher`.
    pub kind: &'a str,
    /// `post`, `reply`, `repost` or `quote`.
    pub relation: &'a str,
    /// Country, ISO 3166-1 alpha-2, in capitals.
    pub region: Option<[u8; 2]>,
    /// Links; only their domains are looked at.
    pub links: &'a [Link],
}

impl<'a> Doc<'a> {
    /// From a post behind the edge and its reading.
    pub fn new(post: &'a EdgePost, analysis: &'a Analysis) -> Self {
        Self {
            analysis,
            text: &post.text,
            source: &post.source,
            kind: post.kind.as_str(),
            relation: post.relation.as_str(),
            region: post.region,
            links: &post.links,
        }
    }
}

impl std::fmt::Debug for Doc<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Doc(redacted, {} words)", self.analysis.words.len())
    }
}
