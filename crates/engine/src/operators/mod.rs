//! The operators of the dataflow, one a file, in the order in which a post travels.

pub(crate) mod ingest;
pub(crate) mod merge;
pub(crate) mod release;

use groundswell_detect::amplify::AmplifyDelta;
use groundswell_detect::anomaly::HeardHour;
use groundswell_detect::burst::ShardMinute;
use groundswell_detect::narrative::MinuteDelta;
use groundswell_gate::{AmplificationCandidate, NarrativeCandidate, NarrativeEventCandidate, VolumeCandidate};
use groundswell_sketch::{Summary, Window};
use serde::{Deserialize, Serialize};

use crate::coverage::Heard;

/// Timely's timestamp: the number of a UTC minute since 1970. All that is exchanged is a minute's.
pub(crate) type Minute = u64;

/// One worker's counts of one minute for one shard.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Part {
    pub(crate) shard: u64,
    pub(crate) window: Window,
    pub(crate) summary: Summary,
}

/// What one worker says of one minute: but for the keys of deletions the only thing about posts that workers exchange.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Seen {
    /// Its counts for one shard.
    Volume(Part),
    /// What its clusters gained, for the owner of all narratives.
    Narratives { owner: u64, worker: u16, delta: MinuteDelta },
    /// How much of a minute its process could hear, for one shard; each is told the same.
    Coverage { shard: u64, minute: i64, heard: Heard },
    /// What its families of copies gained, for the owner of all of them.
    Copies { owner: u64, worker: u16, delta: AmplifyDelta },
}

impl Seen {
    /// The worker that it is for.
    pub(crate) fn owner(&self) -> u64 {
        match self {
            Self::Volume(part) => part.shard,
            Self::Coverage { shard, .. } => *shard,
            Self::Narratives { owner, .. } | Self::Copies { owner, .. } => *owner,
        }
    }
}

/// What the detectors would like to say of what closed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Proposal {
    Volume(VolumeCandidate),
    Narrative(NarrativeCandidate),
    NarrativeEvent(NarrativeEventCandidate),
    /// What a shard says of bursts in a minute. Decided when all shards have told of it.
    Bursts(ShardMinute),
    /// An hour is over of which all volumes were proposed.
    Hour(HeardHour),
    Amplification(AmplificationCandidate),
}

/// The minute that starts at a Unix second, or holds it.
pub(crate) fn minute_of(unix: i64) -> Minute {
    unix.div_euclid(60).max(0) as Minute
}
