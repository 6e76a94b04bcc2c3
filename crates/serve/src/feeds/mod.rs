//! Feeds: selections of detections as Atom, JSON Feed and live stream, and what editors do with them.

mod desk;
pub(crate) mod document;
pub(crate) mod hub;
pub(crate) mod stream;

pub use desk::{DeliveryMessage, DeliveryPreview, FeedAct, FeedDesk, FeedDone, FeedFault};
pub use document::FEED_ITEMS_MAX;
pub use hub::{FEED_EVENTS_KEPT_MAX, FEED_STREAMS_MAX};
