//! Acts on feeds, whoever does them: the command line and the server come here. A text is held against the scrubber's rules, the act is
//! done, and the audit log is told who did it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use groundswell_audit::{Act, Time, Word, Wording};
use groundswell_edge::scrub::Scrubber;
use groundswell_gate::DetectionKind;
use groundswell_serve::{AccountName, FeedAct, FeedDesk, FeedFault};
use groundswell_sources::Clock;
use groundswell_store::{FeedEdit, FeedError, FeedStore, NOTE_CHARS_MAX, StoreOptions, is_feed_name};

use crate::audit::Trail;
use crate::failure::Failure;
use crate::pipeline;

/// Longest time that a subject is muted, in seconds.
const MUTE_SECONDS_MAX: i64 = 366 * 86_400;

/// Why an act on a feed was not done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FeedRefusal {
    /// The text holds what is taken out of posts.
    #[error("this holds what is taken out of posts ({kind}), and everybody who reads the feed could read it")]
    Personal {
        /// What kind of thing.
        kind: &'static str,
    },
    /// It is not as it should be.
    #[error("{0}")]
    Form(String),
    /// The register.
    #[error(transparent)]
    Feed(#[from] FeedError),
    /// The audit log, or the file.
    #[error("{0}")]
    Other(Failure),
}

impl FeedRefusal {
    /// As a command's failure.
    pub(crate) fn failure(self) -> Failure {
        match self {
            Self::Other(failure) => failure,
            Self::Feed(error) if !error.is_usage() => Failure::from(error),
            error => Failure::usage(error),
        }
    }

    fn fault(self) -> FeedFault {
        let text = self.to_string();
        match self {
            Self::Personal { .. } | Self::Form(_) | Self::Feed(FeedError::NotAName | FeedError::Selection { .. }) => {
                FeedFault::Refused { text }
            }
            Self::Feed(FeedError::Unknown { .. }) => FeedFault::Missing { text: "there is no such feed".to_owned() },
            Self::Feed(FeedError::NotInFeed { .. }) => {
                FeedFault::Missing { text: "the feed has no such detection".to_owned() }
            }
            Self::Feed(FeedError::Exists { .. } | FeedError::TooMany { .. }) => FeedFault::Conflict { text },
            Self::Feed(_) | Self::Other(_) => {
                tracing::error!(target: "groundswell", "an editor's act could not be done: {text}");
                FeedFault::Failed
            }
        }
    }
}

/// Checks what needs no store.
fn check(act: &FeedAct, now: i64) -> Result<(), FeedRefusal> {
    let wrong = |text: String| Err(FeedRefusal::Form(text));
    match act {
        FeedAct::Add { name, selection } => {
            if !is_feed_name(name) {
                return Err(FeedError::NotAName.into());
            }
            selection.check()?;
            // A feed's name is public, and so are the names of watches in it.
            selection.watches.iter().try_for_each(|watch| impersonal(watch))
        }
        FeedAct::Edit { edit: FeedEdit::Note(text), .. } => {
            if text.trim().is_empty() || text.chars().count() > NOTE_CHARS_MAX || text.chars().any(char::is_control) {
                return wrong(format!("a note is one line of 1 to {NOTE_CHARS_MAX} characters"));
            }
            impersonal(text)
        }
        FeedAct::Edit { edit: FeedEdit::Mute(Some(until)), .. } => {
            if *until <= now || *until - now > MUTE_SECONDS_MAX {
                return wrong("a subject is muted until a moment that is to come, within a year".to_owned());
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

fn impersonal(text: &str) -> Result<(), FeedRefusal> {
    match Scrubber::new().detections(text).first() {
        Some(found) => Err(FeedRefusal::Personal { kind: found.kind.as_str() }),
        None => Ok(()),
    }
}

/// The act as the audit log holds it.
fn told(act: &FeedAct) -> Option<Act> {
    Some(match act {
        FeedAct::Add { name, .. } => Act::FeedMade { feed: Wording::new(name), receivers: Vec::new() },
        FeedAct::Remove { name } => Act::FeedRemoved { feed: Wording::new(name) },
        FeedAct::Edit { feed, detection, edit } => {
            let (feed, detection) = (Wording::new(feed), Word::new(detection));
            match edit {
                FeedEdit::Pin(pinned) => Act::FeedPinned { feed, detection, pinned: *pinned },
                FeedEdit::Mute(until) => Act::FeedMuted { feed, detection, until: until.map(Time::from_unix) },
                FeedEdit::Mark(useful) => {
                    let mark = useful.map_or("none", |useful| if useful { "useful" } else { "noise" });
                    Act::FeedMarked { feed, detection, mark: Word::new(mark) }
                }
                FeedEdit::Note(_) => Act::FeedNoted { feed, detection },
                FeedEdit::RemoveNote(_) => Act::FeedNoteRemoved { feed, detection },
            }
        }
        _ => return None,
    })
}

/// Whether a text has the form of a detection's id: then it can stand in the audit log.
fn is_detection(text: &str) -> bool {
    text.split_once('-').is_some_and(|(kind, of)| {
        DetectionKind::parse(kind).is_some()
            && !of.is_empty()
            && of.len() <= 64
            && of.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

/// Does an act in a store, after all that could refuse it was asked, and tells the audit log.
pub(crate) async fn act(
    folder: &Path,
    options: &StoreOptions,
    trail: &Trail,
    now: i64,
    by: Option<&AccountName>,
    act: FeedAct,
) -> Result<(), FeedRefusal> {
    check(&act, now)?;
    if let FeedAct::Edit { feed, detection, .. } = &act
        && !is_detection(detection)
    {
        return Err(FeedError::NotInFeed { feed: feed.clone(), detection: detection.clone() }.into());
    }
    let mut store = FeedStore::open(folder, options).await.map_err(|error| FeedRefusal::Other(error.into()))?;
    let done = match &act {
        FeedAct::Add { name, selection } => store.add(name, selection, now).await.map(drop),
        FeedAct::Remove { name } => store.remove(name, now).await,
        FeedAct::Edit { feed, detection, edit } => store.edit(feed, detection, edit, now).await,
        _ => Ok(()),
    };
    let closed = store.close().await;
    done?;
    closed?;
    match told(&act) {
        Some(act) => trail.record_by(by, act).map_err(FeedRefusal::Other),
        None => Ok(()),
    }
}

/// The server's way here.
pub(crate) struct Desk {
    /// The store that is shown.
    folder: Mutex<PathBuf>,
    options: StoreOptions,
    trail: Arc<Trail>,
    clock: Arc<dyn Clock>,
}

impl Desk {
    /// Over the store in a folder.
    pub(crate) fn new(folder: &Path, k: u32, trail: Arc<Trail>, clock: Arc<dyn Clock>) -> Result<Arc<Self>, Failure> {
        let options = pipeline::store_options(k, false)?;
        Ok(Arc::new(Self { folder: Mutex::new(folder.to_owned()), options, trail, clock }))
    }

    /// Acts are done in this folder's store from now on: the one that is shown.
    pub(crate) fn edit(&self, folder: &Path) {
        folder.clone_into(&mut self.folder.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl FeedDesk for Desk {
    fn act(&self, by: Option<AccountName>, asked: FeedAct) -> groundswell_serve::FeedDone {
        let folder = self.folder.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (options, trail, now) = (self.options.clone(), Arc::clone(&self.trail), self.clock.now().unix());
        Box::pin(
            async move { act(&folder, &options, &trail, now, by.as_ref(), asked).await.map_err(FeedRefusal::fault) },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(text: &str) -> Result<(), String> {
        let edit = FeedEdit::Note(text.to_owned());
        let act = FeedAct::Edit { feed: "everything".to_owned(), detection: "narrative-n1".to_owned(), edit };
        check(&act, 0).map_err(|error| error.to_string())
    }

    #[test]
    fn notes_hold_nothing_personal() {
        assert_eq!(note("a drill of the fire brigade, announced last week"), Ok(()));
        for wrong in
            ["ask jane@example.org", "call +49 30 901820", "@jane says so", "https://x.com/jane", "", " ", "a\nb"]
        {
            let said = note(wrong).unwrap_err();
            assert!(wrong.trim().is_empty() || !said.contains(wrong), "{said}");
        }
        assert!(note(&"x".repeat(NOTE_CHARS_MAX + 1)).is_err());
    }

    #[test]
    fn only_ids_are_told() {
        for (text, is) in [
            ("narrative-n1a", true),
            ("burst-b7", true),
            ("jane-n1", false),
            ("narrative-", false),
            ("narrative-a b", false),
        ] {
            assert_eq!(is_detection(text), is, "{text}");
        }
    }
}
