//! [`Act`]: everything that can be in the log. Each has its fields and no other; none has a place for what anyone posted.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::{Day, Hash, Time, Word, Wording};

/// Receivers of a feed that are named, at most; more are counted by the last of them.
pub const RECEIVERS_MAX: usize = 64;

/// Changed settings that are named, at most.
pub const CHANGED_MAX: usize = 256;

/// Why a watch no longer matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WatchEnd {
    /// Its last day has passed.
    Sunset,
    /// It was taken out of the register.
    Removed,
    /// The file that held it holds it no more, or is not read any more.
    Gone,
}

/// What was done. Names of acts and fields are never changed; new ones may come. No field may be named as one that every entry has
/// (`n`, `time`, `by`, `act`, `prev`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Act {
    /// The program began to read posts.
    Started {
        /// `run` or `replay`.
        command: Word,
        /// Its version.
        version: Word,
        /// SHA-256 of the program's file, in hexadecimal, as `sha256sum` prints it.
        build: Word,
    },
    /// It ended in order.
    Stopped {
        /// `run` or `replay`.
        command: Word,
    },
    /// What is in force from now on.
    SettingsInForce {
        /// SHA-256 of all settings as `config show` prints their values, secrets as `(set)`.
        hash: Hash,
        /// The gate's k.
        k: u32,
        /// Whether narratives are looked for.
        narratives: bool,
        /// Whether bursts are; entries from before there were any do not say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bursts: Option<bool>,
        /// Whether amplification is; as with bursts.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        amplification: Option<bool>,
        /// The keys that changed at a reload, without their values.
        changed: Vec<Word>,
    },
    /// A watch matches from now on.
    WatchMade {
        /// Its name.
        watch: Wording,
        /// Its query.
        query: Wording,
        /// Its purpose's category.
        category: Wording,
        /// Its purpose.
        sentence: Wording,
        /// The day from whose beginning it no longer matches.
        sunset: Day,
    },
    /// A watch asks for something else, or for another purpose.
    WatchChanged {
        /// Its name.
        watch: Wording,
        /// Its query.
        query: Wording,
        /// Its purpose's category.
        category: Wording,
        /// Its purpose.
        sentence: Wording,
        /// The day from whose beginning it no longer matches.
        sunset: Day,
    },
    /// A watch has a new sunset and is otherwise as it was.
    WatchRenewed {
        /// Its name.
        watch: Wording,
        /// The day from whose beginning it no longer matches.
        sunset: Day,
    },
    /// A query was counted over text that was still held, before there is a watch of it.
    WatchTried {
        /// The query.
        query: Wording,
        /// The category of its purpose.
        category: Wording,
        /// Its purpose.
        sentence: Wording,
    },
    /// A watch no longer matches.
    WatchEnded {
        /// Its name.
        watch: Wording,
        /// Why.
        reason: WatchEnd,
    },
    /// A released table was asked for.
    Exported {
        /// Which one.
        table: Word,
        /// What it is counted by.
        dimension: Option<Word>,
        /// Length of its windows.
        step: Option<Word>,
        /// Whether one value alone was asked for. Which one is not said: it may be a word that someone wrote.
        one_value: bool,
        /// First moment.
        from: Option<Time>,
        /// Last moment.
        to: Option<Time>,
        /// Form.
        format: Word,
    },
    /// A feed was made.
    FeedMade {
        /// Its name.
        feed: Wording,
        /// Who receives it, by the names that the operator gave them.
        receivers: Vec<Wording>,
    },
    /// A feed was removed.
    FeedRemoved {
        /// Its name.
        feed: Wording,
    },
    /// Who receives a feed from now on.
    FeedReceivers {
        /// Its name.
        feed: Wording,
        /// Who, by the names that the operator gave them.
        receivers: Vec<Wording>,
    },
    /// A detection stands first in a feed, or no longer does.
    FeedPinned {
        /// The feed's name.
        feed: Wording,
        /// The detection's id.
        detection: Word,
        /// Whether it stands first.
        pinned: bool,
    },
    /// Nothing is told of a detection's subject in a feed until a moment.
    FeedMuted {
        /// The feed's name.
        feed: Wording,
        /// The detection's id.
        detection: Word,
        /// Until when; none: it is told of again.
        until: Option<Time>,
    },
    /// A detection of a feed was useful or noise.
    FeedMarked {
        /// The feed's name.
        feed: Wording,
        /// The detection's id.
        detection: Word,
        /// `useful`, `noise` or `none`.
        mark: Word,
    },
    /// Somebody wrote a note beside a detection of a feed. What it says stands in the feed.
    FeedNoted {
        /// The feed's name.
        feed: Wording,
        /// The detection's id.
        detection: Word,
    },
    /// Somebody took a note back from beside a detection of a feed.
    FeedNoteRemoved {
        /// The feed's name.
        feed: Wording,
        /// The detection's id.
        detection: Word,
    },
    /// Dead letters of a receiver wait again.
    DeliveriesRevived {
        /// Its name.
        receiver: Wording,
        /// How many.
        count: u64,
    },
    /// Requests were refused.
    RequestsDenied {
        /// The route's template, never the address that was asked for.
        route: Word,
        /// The HTTP status.
        status: u16,
        /// How many since this was last said.
        count: u64,
    },
    /// Records were dropped because their authors or platforms asked for it.
    OptOutsCounted {
        /// How many since the start, rounded down to a multiple of k: one person's record must not show.
        at_least: u64,
    },
    /// Deletions came in; each reaches what is still held of its post.
    DeletionsCounted {
        /// How many since the start, rounded down to a multiple of k.
        at_least: u64,
    },
    /// A head was published: that of all entries before this one.
    CheckpointPublished {
        /// How many entries it is over.
        size: u64,
        /// Its root.
        root: Hash,
        /// Its signature, as it stands in the signed note: base64 of key id and signature.
        signature: String,
    },
    /// Someone signed in.
    SignedIn {},
    /// Someone signed out.
    SignedOut {},
    /// Sign-ins failed; the account is who they were for.
    SignInsFailed {
        /// How many since this was last said.
        count: u64,
    },
    /// A token of the API was used after its end.
    ExpiredTokenUsed {
        /// The name that its owner gave it.
        token: Wording,
        /// How often since this was last said.
        count: u64,
    },
    /// An account has another password.
    PasswordChanged {
        /// Its name.
        account: Wording,
    },
    /// An account was made.
    AccountMade {
        /// Its name.
        account: Wording,
        /// Its role.
        role: Word,
    },
    /// An account was removed.
    AccountRemoved {
        /// Its name.
        account: Wording,
    },
    /// A token of the API was made.
    TokenMade {
        /// The name that its owner gave it.
        token: Wording,
        /// What it may be used for.
        scope: Word,
        /// Until when.
        expires: Option<Time>,
    },
    /// A token of the API was removed.
    TokenRemoved {
        /// The name that its owner gave it.
        token: Wording,
    },
    /// The log was found as a crash leaves one.
    Mended {
        /// Entries that no head was signed over.
        unsigned: u64,
        /// Bytes of an entry that was written in part, and was cut off.
        cut_bytes: u64,
    },
}

impl Act {
    /// The act in words, for people.
    pub fn words(&self) -> String {
        match self {
            Self::Started { command, version, build } => {
                let short = build.as_str().get(..12).unwrap_or(build.as_str());
                format!("{command} started, version {version}, build {short}")
            }
            Self::Stopped { command } => format!("{command} stopped"),
            Self::SettingsInForce { k, narratives, bursts, amplification, changed, .. } => {
                let mut text = format!("settings in force: k = {k}");
                for (detector, on) in
                    [("narratives", Some(*narratives)), ("bursts", *bursts), ("amplification", *amplification)]
                {
                    if let Some(on) = on {
                        let _ = write!(text, ", {detector} {}", if on { "on" } else { "off" });
                    }
                }
                if !changed.is_empty() {
                    let keys: Vec<&str> = changed.iter().map(Word::as_str).collect();
                    let _ = write!(text, "; changed: {}", keys.join(", "));
                }
                text
            }
            Self::WatchMade { watch, query, category, sentence, sunset } => {
                format!("watch {watch} made until {sunset}: {query} ({category}: {sentence})")
            }
            Self::WatchChanged { watch, query, category, sentence, sunset } => {
                format!("watch {watch} changed, until {sunset}: {query} ({category}: {sentence})")
            }
            Self::WatchRenewed { watch, sunset } => format!("watch {watch} renewed until {sunset}"),
            Self::WatchTried { query, category, sentence } => {
                format!("query tried over the text that is held: {query} ({category}: {sentence})")
            }
            Self::WatchEnded { watch, reason } => match reason {
                WatchEnd::Sunset => format!("watch {watch} ended: its sunset came"),
                WatchEnd::Removed => format!("watch {watch} ended: it was removed"),
                WatchEnd::Gone => format!("watch {watch} ended: it is not configured any more"),
            },
            Self::Exported { table, dimension, step, one_value, from, to, format } => {
                let mut text = format!("{table} exported as {format}");
                for (word, value) in [("by", dimension), ("step", step)] {
                    if let Some(value) = value {
                        let _ = write!(text, ", {word} {value}");
                    }
                }
                if *one_value {
                    text.push_str(", one value alone");
                }
                for (word, value) in [("from", from), ("to", to)] {
                    if let Some(value) = value {
                        let _ = write!(text, ", {word} {value}");
                    }
                }
                text
            }
            Self::FeedMade { feed, receivers } => {
                let names: Vec<&str> = receivers.iter().map(Wording::as_str).collect();
                format!(
                    "feed {feed} made for {}",
                    if names.is_empty() { "nobody yet".to_owned() } else { names.join(", ") }
                )
            }
            Self::FeedRemoved { feed } => format!("feed {feed} removed"),
            Self::FeedReceivers { feed, receivers } => {
                let names: Vec<&str> = receivers.iter().map(Wording::as_str).collect();
                format!("feed {feed} goes to {}", if names.is_empty() { "nobody".to_owned() } else { names.join(", ") })
            }
            Self::FeedPinned { feed, detection, pinned } => {
                format!("{detection} {} in feed {feed}", if *pinned { "pinned" } else { "no longer pinned" })
            }
            Self::FeedMuted { feed, detection, until } => match until {
                Some(until) => format!("the subject of {detection} muted in feed {feed} until {until}"),
                None => format!("the subject of {detection} no longer muted in feed {feed}"),
            },
            Self::FeedMarked { feed, detection, mark } => match mark.as_str() {
                "none" => format!("the mark of {detection} in feed {feed} taken back"),
                mark => format!("{detection} marked as {mark} in feed {feed}"),
            },
            Self::FeedNoted { feed, detection } => format!("a note written beside {detection} in feed {feed}"),
            Self::FeedNoteRemoved { feed, detection } => format!("a note beside {detection} in feed {feed} taken back"),
            Self::DeliveriesRevived { receiver, count } => {
                format!(
                    "{count} dead {} of receiver {receiver} wait again",
                    if *count == 1 { "letter" } else { "letters" }
                )
            }
            Self::RequestsDenied { route, status, count } => {
                format!("{count} {} to {route} denied with {status}", if *count == 1 { "request" } else { "requests" })
            }
            Self::OptOutsCounted { at_least } => {
                format!("at least {at_least} records dropped by opt-outs since the start")
            }
            Self::DeletionsCounted { at_least } => format!("at least {at_least} deletions taken since the start"),
            Self::CheckpointPublished { size, .. } => format!("head over {size} entries published"),
            Self::SignedIn {} => "signed in".to_owned(),
            Self::SignedOut {} => "signed out".to_owned(),
            Self::SignInsFailed { count } => {
                format!("{count} {} failed", if *count == 1 { "sign-in" } else { "sign-ins" })
            }
            Self::ExpiredTokenUsed { token, count } => format!("token {token} used after its end, {count} times"),
            Self::PasswordChanged { account } => format!("account {account} has another password"),
            Self::AccountMade { account, role } => format!("account {account} made, role {role}"),
            Self::AccountRemoved { account } => format!("account {account} removed"),
            Self::TokenMade { token, scope, expires } => match expires {
                Some(expires) => format!("token {token} made for {scope} until {expires}"),
                None => format!("token {token} made for {scope} without an end"),
            },
            Self::TokenRemoved { token } => format!("token {token} removed"),
            Self::Mended { unsigned, cut_bytes } => format!(
                "log mended after a crash: {unsigned} entries had no head, {cut_bytes} bytes of a torn entry were cut off"
            ),
        }
    }

    /// The same act within the bounds of lists.
    pub(crate) fn bounded(mut self) -> Self {
        match &mut self {
            Self::FeedMade { receivers, .. } | Self::FeedReceivers { receivers, .. }
                if receivers.len() > RECEIVERS_MAX =>
            {
                let more = receivers.len() - (RECEIVERS_MAX - 1);
                receivers.truncate(RECEIVERS_MAX - 1);
                receivers.push(Wording::new(&format!("{more} more")));
            }
            Self::SettingsInForce { changed, .. } => changed.truncate(CHANGED_MAX),
            _ => {}
        }
        self
    }
}
