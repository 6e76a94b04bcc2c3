//! Amplification: the same or nearly the same text, or one link or hashtag, posted by many accounts in short time.
//!
//! Each worker has [`AmplifyLogs`], the posts of every minute that is still open, so that a deletion can reach them, and each process
//! an [`AmplifyObserver`]: at a minute's close it finds for each post whether its text has company, and an [`AmplifyDelta`] says what
//! its families gained. The owner, [`Amplifications`], puts the families of all processes together and says by a published rule which
//! of them are amplifications. It is evidence about texts: accounts are counted and compared in number, and that is all.
//! `docs/methods/amplification.md` has the method, its sources and its figures.
//!
//! ```
//! use groundswell_detect::amplify::{Amplifications, AmplifyConfig, AmplifyObserver};
//! use groundswell_edge::{AuthorToken, EdgePost};
//! use groundswell_text::{Analysis, Analyzer};
//!
//! use groundswell_post::EventTime;
//!
//! let (mut analyzer, mut analysis) = (Analyzer::new(), Analysis::new());
//! let mut observer = AmplifyObserver::new(AmplifyConfig::default());
//! let mut owner = Amplifications::new(AmplifyConfig::default(), 10);
//! let mut say = |minute: i64, author: i64, text: &str| {
//!     let (time, author) = (EventTime::from_unix(minute * 60), Some(AuthorToken::from_bits(author as u64)));
//!     let post = EdgePost { text: text.to_owned(), author, time, ..EdgePost::default() };
//!     analyzer.analyze(&post, &mut analysis);
//!     observer.observe(&post, &analysis);
//! };
//! // Five hours of other talk, and ten minutes of a campaign.
//! for minute in 0..300 {
//!     say(minute, minute, &format!("nobody else says {minute} today"));
//!     if (200..212).contains(&minute) {
//!         say(minute, 1_000 + minute, "Ask your senator why the river report was hidden from us");
//!     }
//! }
//! observer.close(i64::MAX, &mut |delta| owner.merge(0, delta));
//! let found = owner.close(i64::MAX);
//! let words: Vec<&str> = found[0].words.iter().map(|word| word.value.as_str()).collect();
//! assert_eq!(words.join(" "), "ask your senator why the river report was hidden from us");
//! ```

mod config;
mod delta;
mod families;
mod index;
mod judge;
mod log;
mod logs;
mod observer;
mod owned;
mod owner;
mod places;
mod push;
mod singles;
mod words;

pub use config::{
    ALONE_MINUTES_MAX, AmplifyConfig, AmplifyCounters, CHOICES_MAX, DOMAINS_MAX, FAMILIES_BYTES_MAX, FAMILIES_MAX,
    LANGUAGES_MAX, LINK_BYTES_MAX, LOG_BYTES_MAX, MEMBERS_MAX, NEAR_WORDS_MIN, OBJECT_SECONDS, OBJECTS_ALONE_MAX,
    OBJECTS_BYTES_MAX, OBJECTS_MAX, OWNED_BYTES_MAX, OWNED_MAX, POST_LINKS_MAX, PUSH_Q_MAX, SCAN_A_DAY_MAX,
    SINGLES_MAX, VALUE_MEMBERS_MAX, VALUES_MAX, WINDOW_SECONDS, WORDS_MAX, WORDS_MIN,
};
pub use delta::{AmplifyDelta, DomainDelta, FamilyDelta, LanguageDelta, LocalId, WordDelta};
pub use judge::{HALF_LIFE_SECONDS, SHORT_SECONDS, SHORT_SHARE, SILENCE_CHANCE_MAX, SYNCHRONY_MIN};
pub(crate) use log::REPOST;
pub use logs::{AmplifyLogs, AmplifyMinute};
pub use observer::AmplifyObserver;
pub use owner::{Amplifications, SavedAmplifications};
