//! The edge: identities end here, and personal data is scrubbed from text before anything else looks at it.
//! (Skeleton: the types below are fixed; the edge helper writes the rest.)

mod post;

pub use post::{AuthorToken, DeleteKey, EdgePost, Link, PostKey, PublisherItem};
