//! Where the time goes: the stages of the path, timed on one post in [`SAMPLE_EVERY`] and on whole blocks where a stage works
//! by the block. Off unless `bench` asks for it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// One post in this many is timed: a clock read costs about 25 ns, which six reads a post would make visible.
pub const SAMPLE_EVERY: u64 = 16;

/// A stage of the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Bytes to records.
    Decode,
    /// Tokens, repeats, opt-outs, scrub.
    Edge,
    /// Language, words, hashtags.
    Text,
    /// Watches.
    Watch,
    /// Counting into the open minute.
    Observe,
    /// Noting for the narratives of the open minute.
    Narrative,
    /// Noting for the families of copies of the open minute.
    Copies,
    /// Holding its text for queries that somebody tries.
    Explore,
    /// Closing minutes into summaries.
    Close,
    /// Clustering a closed minute's posts.
    Cluster,
    /// Finding the copies among a closed minute's posts.
    Families,
}

impl Stage {
    /// All stages in the order of the path.
    pub const ALL: [Self; 11] = [
        Self::Decode,
        Self::Edge,
        Self::Text,
        Self::Watch,
        Self::Observe,
        Self::Narrative,
        Self::Copies,
        Self::Explore,
        Self::Close,
        Self::Cluster,
        Self::Families,
    ];

    /// Its name in the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Decode => "decode",
            Self::Edge => "edge and scrub",
            Self::Text => "text",
            Self::Watch => "watch",
            Self::Observe => "observe",
            Self::Narrative => "narrative, note",
            Self::Explore => "explore, hold",
            Self::Close => "close",
            Self::Cluster => "narrative, cluster",
            Self::Copies => "copies, note",
            Self::Families => "copies, find",
        }
    }
}

/// Nanoseconds by stage, over all workers.
#[derive(Debug, Default)]
pub struct StageTimes {
    nanos: [AtomicU64; Stage::ALL.len()],
}

impl StageTimes {
    /// Estimated core time of a stage so far.
    pub fn nanos(&self, stage: Stage) -> u64 {
        self.nanos[stage as usize].load(Ordering::Relaxed)
    }

    pub(crate) fn add(&self, stage: Stage, nanos: u64) {
        self.nanos[stage as usize].fetch_add(nanos, Ordering::Relaxed);
    }
}

/// Times consecutive stages of one sampled post; does nothing for the others.
pub(crate) struct Lap<'a> {
    times: Option<&'a StageTimes>,
    since: Option<Instant>,
}

#[allow(
    clippy::disallowed_methods,
    reason = "measures core time for the bench table; nothing that is released depends on it"
)]
fn now() -> Instant {
    Instant::now()
}

impl<'a> Lap<'a> {
    /// Starts timing if there is somewhere to put it.
    pub(crate) fn start(times: Option<&'a StageTimes>) -> Self {
        Self { times, since: times.map(|_| now()) }
    }

    /// Ends a stage that was sampled one in [`SAMPLE_EVERY`].
    pub(crate) fn sampled(&mut self, stage: Stage) {
        self.end(stage, SAMPLE_EVERY);
    }

    /// Ends a stage that is timed always.
    pub(crate) fn whole(&mut self, stage: Stage) {
        self.end(stage, 1);
    }

    fn end(&mut self, stage: Stage, weight: u64) {
        if let (Some(times), Some(since)) = (self.times, self.since.as_mut()) {
            let at = now();
            times.add(stage, (at - *since).as_nanos() as u64 * weight);
            *since = at;
        }
    }
}
