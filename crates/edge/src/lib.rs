//! The edge: identities end here, and personal data is scrubbed from text before anything else looks at it.
//!
//! Second on a post's way: `sources` hand a [`RawPost`](groundswell_post::RawPost) in, an [`EdgePost`] goes out to `text`.
//! [`EdgeShared`] is what the workers of a process share (epoch keys, repeat filter, opt-outs, names of origins), [`Edge`] is
//! one worker's; [`scrub::Scrubber`] rewrites text and can be used by itself.
//!
//! ```
//! use std::sync::Arc;
//! use groundswell_edge::{Admission, Edge, EdgeConfig, EdgePost, EdgeShared};
//! use groundswell_post::{EventTime, RawPost};
//!
//! let mut edge = Edge::new(Arc::new(EdgeShared::new(EdgeConfig::default())));
//! let raw = RawPost {
//!     time: EventTime::from_unix(1_474_588_800),
//!     author: Some("alice".into()),
//!     text: "ask @bob or bob@example.com: https://example.org/a?utm_source=b".into(),
//!     ..RawPost::default()
//! };
//! let mut post = EdgePost::default();
//! assert_eq!(edge.admit(&raw, "file", &mut post), Admission::Accepted);
//! assert_eq!(post.text, "ask ⟨handle⟩ or ⟨email⟩: ⟨link⟩");
//! assert_eq!(post.links[0].url.as_deref(), Some("https://example.org/a"));
//! ```
//!
//! Invariants, each with the test that holds it:
//! - [`EdgePost`] has no place for an identity but the author token and the post key, which no one without the epoch's key
//!   can compute (`keys::tests`, `edge::tests::workers_and_processes_with_one_root_agree_and_epochs_do_not`).
//! - A key that was wiped is not computed again (`keys::tests::wiped_keys_are_gone_and_days_and_uses_differ`).
//! - Scrubbing twice is scrubbing once, and what was removed does not come back (`tests/scrub_laws.rs`).
//! - Every rule's examples hold (`scrub::rules::tests::every_example_holds`).
//! - Nothing of a post shines through to the next one that reuses its buffers
//!   (`edge::tests::buffers_of_the_post_before_do_not_shine_through`).
//!
//! Sources: PRIVACY sections 2, 3 and 6; BLAKE3 (O'Connor, Aumasson, Neves, Wilcox-O'Hearn, 2020); the public suffix list;
//! ISO 13616 (IBAN), ISO/IEC 7812 (Luhn), BIP 173 and 350 (bech32); others beside their rules in `rules/*.toml`.
#![forbid(unsafe_code)]

mod codes;
mod edge;
mod keys;
mod opt_out;
mod post;
mod repeat;
pub mod scrub;
mod source_names;

pub use edge::{Admission, Edge, EdgeConfig, EdgeShared, EdgeStats, HASHTAG_BYTES_MAX, HASHTAGS_MAX};
pub use opt_out::{OPT_OUT_KEY_FILE, OPT_OUT_LIST_FILE, OPT_OUTS_MAX, OptOutError, OptOutList};
pub use post::{AuthorToken, DeleteKey, EdgePost, Link, PostKey, PublisherItem};
pub use repeat::REPEAT_KEYS_MAX;
pub use source_names::{OTHER_SOURCE, SOURCE_NAME_BYTES_MAX, SOURCE_NAMES_MAX};
