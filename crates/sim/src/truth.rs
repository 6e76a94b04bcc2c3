//! What was planted, as it is written beside the stream: one JSON object a line, told apart by `kind`.

use std::io;

use groundswell_post::EventTime;
use serde::{Serialize, Serializer};

/// Everything planted in a stream so far.
#[derive(Clone, Debug, Default)]
pub struct Truth {
    /// One record for the configuration, one for each planted thing, in order of kind and start, and one with the totals.
    pub records: Vec<TruthRecord>,
}

/// One line of a truth file.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum TruthRecord {
    /// How the stream was made.
    Config(ConfigTruth),
    /// A subject that was more talked of than usual for a time.
    Burst(BurstTruth),
    /// A story.
    Narrative(NarrativeTruth),
    /// Two stories became one, or one became two.
    Event(EventTruth),
    /// A text that many accounts copied.
    Campaign(CampaignTruth),
    /// A string that must never leave.
    Canary(CanaryTruth),
    /// Personal data in a text.
    Pii(PiiTruth),
    /// What the stream held in all.
    Totals(Totals),
}

/// How the stream was made.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ConfigTruth {
    /// The seed.
    pub seed: u64,
    /// Posts a second asked for.
    pub rate: f64,
    /// Event time of the first second.
    #[serde(serialize_with = "time")]
    pub start: EventTime,
    /// Seconds of event time asked for.
    pub duration_seconds: u64,
    /// The scenario.
    pub scenario: String,
    /// Version of the simulator's model: another one gives other bytes for the same seed.
    pub model: u32,
}

/// A subject of a burst, in the words of CONTRACT section 5.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Subject {
    /// term, hashtag, phrase or domain.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The word, the hashtag without `#`, the words of the phrase, the registrable domain.
    pub value: String,
}

/// A subject that was more talked of than usual for a time.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BurstTruth {
    /// Its id.
    pub id: String,
    /// What was talked of.
    pub subject: Subject,
    /// The language of its posts.
    pub lang: &'static str,
    /// When it began to rise.
    #[serde(serialize_with = "time")]
    pub start: EventTime,
    /// When it stood highest first.
    #[serde(serialize_with = "time")]
    pub peak: EventTime,
    /// When it had fallen to a twentieth of its height.
    #[serde(serialize_with = "time")]
    pub end: EventTime,
    /// step, ramp or spike.
    pub shape: &'static str,
    /// How many times the usual at the peak.
    pub factor: f64,
    /// Seconds after which it halves, once it falls.
    pub half_life_seconds: f64,
    /// Posts an hour with the subject that would have come at `start` without the burst.
    pub baseline_per_hour: f64,
    /// Whether the subject also stands in background posts. If not, its usual posts are planted too, from the start of
    /// the stream to its end (in a stream without end, to six hours after `end`), and `posts` counts every post with it between `start` and `end`.
    pub in_background: bool,
    /// Posts planted between `start` and `end`.
    pub posts: u64,
    /// Distinct authors of those.
    pub authors: u64,
}

/// A story.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NarrativeTruth {
    /// Its id; also the `label` of its posts.
    pub id: String,
    /// Its first second.
    #[serde(serialize_with = "time")]
    pub start: EventTime,
    /// When it stood highest first.
    #[serde(serialize_with = "time")]
    pub peak: EventTime,
    /// Its last second.
    #[serde(serialize_with = "time")]
    pub end: EventTime,
    /// The languages of its posts.
    pub langs: Vec<&'static str>,
    /// The words that its posts share, in all its languages.
    pub terms: Vec<String>,
    /// The phrases that its posts share.
    pub phrases: Vec<String>,
    /// Its hashtag.
    pub hashtag: String,
    /// The domain that its posts link to.
    pub domain: String,
    /// Posts planted.
    pub posts: u64,
    /// Distinct authors of those.
    pub authors: u64,
    /// When the tenth author had posted.
    #[serde(serialize_with = "optional_time")]
    pub tenth_author: Option<EventTime>,
}

/// Two stories became one, or one became two.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EventTruth {
    /// merge or split.
    pub event: &'static str,
    /// When.
    #[serde(serialize_with = "time")]
    pub time: EventTime,
    /// The narrative that is one.
    pub one: String,
    /// The narratives that are two.
    pub two: Vec<String>,
}

/// A text that many accounts copied.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CampaignTruth {
    /// Its id; also the `label` of its posts.
    pub id: String,
    /// Its first second.
    #[serde(serialize_with = "time")]
    pub start: EventTime,
    /// Its last second.
    #[serde(serialize_with = "time")]
    pub end: EventTime,
    /// The language of its text.
    pub lang: &'static str,
    /// The text that was copied, without the link and the hashtag.
    pub shared_text: String,
    /// The share of words that each copy changes.
    pub edits: f64,
    /// The hashtag it pushes.
    pub hashtag: String,
    /// The domain it pushes.
    pub domain: String,
    /// How many accounts take part.
    pub accounts: u32,
    /// Posts planted.
    pub posts: u64,
    /// Distinct authors of those.
    pub authors: u64,
}

/// A string that must never leave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CanaryTruth {
    /// Its id.
    pub id: String,
    /// What it is: handle, did, permalink, email, phone, …
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// As it stands in the stream.
    pub value: String,
    /// Strings that stand nowhere else: to be searched for in every output, without regard to case.
    pub needles: Vec<String>,
    /// Posts with it so far.
    pub posts: u64,
    /// Their distinct authors, always fewer than the floor of k.
    pub authors: u64,
}

/// Personal data in a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PiiTruth {
    /// What it is: email, phone, iban, …
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// As it stands in the stream.
    pub value: String,
    /// The id of the post that holds it.
    pub post: String,
}

/// What the stream held in all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Posts written, repeated deliveries aside.
    pub posts: u64,
    /// Posts delivered a second time.
    pub repeated: u64,
    /// Deletions written.
    pub deletions: u64,
    /// Posts that carry a time before that of their place in the stream.
    pub disordered: u64,
    /// Posts planted for a burst, a narrative, a campaign or a canary.
    pub planted: u64,
    /// Personal data that the truth does not list, because [`crate::PII_LISTED_MAX`] was reached.
    pub pii_unlisted: u64,
}

impl Truth {
    /// Writes the truth as JSON lines.
    pub fn write(&self, out: &mut dyn io::Write) -> io::Result<()> {
        for record in &self.records {
            serde_json::to_writer(&mut *out, record)?;
            out.write_all(b"\n")?;
        }
        out.flush()
    }

    /// Every string that must never leave, each once: what a test searches all outputs for, without regard to case.
    pub fn needles(&self) -> Vec<&str> {
        let mut needles: Vec<&str> = self
            .records
            .iter()
            .filter_map(|record| if let TruthRecord::Canary(canary) = record { Some(&canary.needles) } else { None })
            .flatten()
            .map(String::as_str)
            .collect();
        needles.sort_unstable();
        needles.dedup();
        needles
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn time<S: Serializer>(time: &EventTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(time)
}

#[expect(clippy::ref_option, reason = "serde asks for a reference")]
fn optional_time<S: Serializer>(time: &Option<EventTime>, serializer: S) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => serializer.collect_str(time),
        None => serializer.serialize_none(),
    }
}
