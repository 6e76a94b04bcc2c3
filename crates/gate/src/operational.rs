//! What may be shown because it rests on no post's content: the state of sources, the register of watches, counters.

use std::collections::BTreeMap;

use groundswell_sketch::{Step, Window};
use serde::{Serialize, Serializer};

use crate::k::K;
use crate::released::sealed::{Item, Sealed};

/// Marks things that rest on no post's content. Sealed: a new one is a change to this crate, and is reviewed as one.
#[diagnostic::on_unimplemented(message = "`{Self}` is no operational fact", note = "it must pass the gate")]
pub trait Operational: Sealed {}

/// A time to the minute: finer ones could be one person's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Minute(i64);

impl Minute {
    /// The minute that holds a Unix second.
    pub const fn containing(unix: i64) -> Self {
        Self(Window::containing(Step::Minute, unix).start)
    }

    /// Its first second, Unix time.
    pub const fn unix(self) -> i64 {
        self.0
    }
}

impl Serialize for Minute {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        groundswell_sketch::Rfc3339(self.0).serialize(serializer)
    }
}

/// A count of records, rounded down to a multiple of k: 0 says fewer than k, 20 says 20 to 29. What cannot be read, or comes
/// late, rests on no content; rounded, it does not tell of one person's record in one minute either.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AtLeast(u64);

impl AtLeast {
    /// Rounds a count down.
    pub const fn rounded(count: u64, k: K) -> Self {
        Self(count - count % k.get())
    }

    /// As it is; the gate's, where it shows true counts.
    pub(crate) const fn exactly(count: u64) -> Self {
        Self(count)
    }

    /// The rounded count.
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl Serialize for AtLeast {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// What the coverage ledger says of a source in a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CoverageState {
    /// All of its connections stood all the time, or what was missed was delivered after all; and no posts were thinned.
    Covered,
    /// Some of its connections, or some of the time, or not all of its posts.
    Partly,
    /// None of its connections, at no time: a source that says nothing here says nothing about the world.
    Gap,
}

impl CoverageState {
    /// One word for outputs. Never renamed.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Covered => "covered",
            Self::Partly => "partly",
            Self::Gap => "gap",
        }
    }
}

impl Serialize for CoverageState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.as_str().serialize(serializer)
    }
}

macro_rules! operational {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name { $($(#[$field_doc])* pub $field: $type,)* }

        impl Item for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeStruct;
                let fields = [$(stringify!($field),)*].len();
                let mut out = serializer.serialize_struct(stringify!($name), fields)?;
                $(out.serialize_field(stringify!($field), &self.$field)?;)*
                out.end()
            }
        }
        impl Sealed for $name {}
        impl Operational for $name {}
    };
}

operational! {
    /// One configured source.
    SourceStatus {
        /// Its configured name.
        name: String,
        /// Which kind of source: `jetstream`, `file`, `simulator`, …
        kind: String,
        /// `connecting`, `live`, `waiting`, `done`, `failed`, …
        state: String,
        /// What an operator should know, in a sentence; holds nothing of any post.
        detail: Option<String>,
        /// Posts read, as they may be told while they grow.
        posts: AtLeast,
        /// Records that could not be read.
        rejected: AtLeast,
        /// How often it had to connect anew.
        reconnects: u64,
        /// The newest event time when `posts` moved last, to the minute.
        last_event: Option<Minute>,
        /// How much `posts` moved in the last minute, a second.
        rate: f64,
        /// How far the newest post is behind the clock, in seconds, both to the minute: no time is told finer than that.
        lag_seconds: Option<u64>,
        /// What last went wrong, as a fixed phrase.
        last_error: Option<String>,
        /// What to do about what is wrong now.
        advice: Option<String>,
    }
}

operational! {
    /// One watch, as everyone who can read any output can read it (PRIVACY section 7).
    WatchEntry {
        /// Its name.
        name: String,
        /// The query as written.
        query: String,
        /// The query as understood.
        parenthesised: String,
        /// What it is counted by besides: the parts of its query, each once; none where it has only one.
        clauses: Vec<String>,
        /// The purpose's category.
        category: String,
        /// The purpose's sentence.
        sentence: String,
        /// When it was made, RFC 3339 or a date.
        created: String,
        /// When it ends.
        sunset: String,
        /// `active` or `ended`.
        state: String,
    }
}

operational! {
    /// One entry of the audit log (PRIVACY section 10). The log's own types let nothing of a post in.
    AuditEntry {
        /// Its number, from 0.
        number: u64,
        /// When it was written, RFC 3339, by the installation's clock.
        time: String,
        /// The account that did it; `local` where nobody is asked who they are.
        account: String,
        /// The act's name.
        act: String,
        /// The act in words.
        words: String,
        /// The line as it stands in the log: the bytes that are hashed.
        line: String,
    }
}

operational! {
    /// The newest head of the audit log.
    AuditHead {
        /// Whose log it is.
        origin: String,
        /// How many entries it is over.
        size: u64,
        /// The root over them, base64.
        root: String,
        /// The public key, as a verifier key of C2SP signed-note.
        key: String,
        /// The signed note.
        note: String,
    }
}

operational! {
    /// That an entry is in the audit log of a size (RFC 6962, section 2.1.1).
    AuditInclusion {
        /// The entry's number, from 0.
        number: u64,
        /// Size of the log.
        size: u64,
        /// Hash of the entry, base64.
        entry: String,
        /// Root of the log, base64.
        root: String,
        /// The audit path, from the entry up, base64.
        path: Vec<String>,
    }
}

operational! {
    /// That the audit log of one size is the beginning of that of another (RFC 6962, section 2.1.2).
    AuditConsistency {
        /// Size of the earlier log.
        from: u64,
        /// Size of the later log.
        to: u64,
        /// Root of the earlier log, base64.
        from_root: String,
        /// Root of the later log, base64.
        to_root: String,
        /// The path, base64.
        path: Vec<String>,
    }
}

operational! {
    /// A source, as a transparency report tells of it.
    ReportSource {
        /// Its configured name.
        name: String,
        /// Whether it is read now.
        enabled: bool,
        /// Days of the ledger in which it was listened to all the time.
        covered_days: u64,
        /// Days in which it was listened to in part.
        partly_days: u64,
        /// Days in which it was not.
        gap_days: u64,
        /// Seconds in which no connection stood, and that were not made up for.
        blind_seconds: u64,
    }
}

operational! {
    /// What an installation tells the public about itself.
    TransparencyReport {
        /// When it was made, RFC 3339.
        made: String,
        /// The program's version.
        version: String,
        /// SHA-256 of the program's file.
        build: String,
        /// Whether what is in the store is made up.
        simulated: bool,
        /// The gate's k.
        k: u64,
        /// What a country needs instead of k.
        region_k: u64,
        /// Whether narratives are looked for.
        narratives: bool,
        /// First and last hour that something was released for, RFC 3339; none where nothing was.
        released_from: Option<String>,
        /// The end of the last such hour.
        released_to: Option<String>,
        /// Hours of watches for which numbers were released.
        watch_hours_shown: u64,
        /// Hours of watches that were held back: fewer than k authors, or none.
        watch_hours_held_back: u64,
        /// Where posts come from, and how well they were listened to.
        sources: Vec<crate::Released<ReportSource>>,
        /// The register of watches.
        watches: Vec<crate::Released<WatchEntry>>,
        /// Records dropped because their authors or platforms asked for it: at least so many since the log began.
        opt_outs_at_least: u64,
        /// Deletions taken: at least so many since the log began.
        deletions_at_least: u64,
        /// Requests denied since the log began.
        denied: u64,
        /// How often each act stands in the audit log.
        acts: BTreeMap<String, u64>,
        /// The head of the audit log.
        audit: crate::Released<AuditHead>,
    }
}

operational! {
    /// A subject that a feed does not speak of for a time.
    FeedMute {
        /// What kind of thing.
        subject: String,
        /// Which one.
        value: String,
        /// Until when, to the minute.
        until: Minute,
    }
}

operational! {
    /// A feed: a named selection of detections. Its editors' acts are theirs; nobody's post is in it.
    FeedEntry {
        /// Its name.
        name: String,
        /// Kinds of detections; empty means all.
        kinds: Vec<String>,
        /// Watches that a detection must be about; empty means that it need not be.
        watches: Vec<String>,
        /// Languages (ISO 639-1), one of which must carry it; empty means all.
        languages: Vec<String>,
        /// Severities; empty means all.
        severities: Vec<String>,
        /// False alerts a day that it may bring; none: whatever the detectors tell.
        budget: Option<f64>,
        /// When it was made.
        created: Minute,
        /// Detections in it.
        items: u64,
        /// How many of them editors found useful.
        useful: u64,
        /// How many of them editors found to be noise.
        noise: u64,
        /// Useful over useful and noise; none where nothing was marked.
        precision: Option<f64>,
        /// The share of useful ones lies between these most likely (95 %, Wilson); none where nothing was marked.
        precision_interval: Option<[f64; 2]>,
        /// What it does not speak of at present.
        muted: Vec<crate::Released<FeedMute>>,
        /// Who receives it, by the names in the configuration.
        receivers: Vec<String>,
        /// How their deliveries stand, in the same order.
        deliveries: Vec<crate::Released<FeedReceiver>>,
    }
}

operational! {
    /// How the deliveries of a receiver stand. Nothing of its address or its secret, which the store does not know.
    FeedReceiver {
        /// Its name in the configuration.
        name: String,
        /// Deliveries that wait.
        waiting: u64,
        /// Dead letters that are kept.
        dead: u64,
        /// When something was delivered last, to the minute.
        delivered: Option<Minute>,
        /// When a try failed last, to the minute.
        failed: Option<Minute>,
        /// What was wrong then: a fixed phrase, never what the receiver said.
        trouble: Option<String>,
    }
}

operational! {
    /// How many detections a day of event time has.
    FeedTrialDay {
        /// The day, `2026-01-31`.
        day: String,
        /// Detections of that day.
        detections: u64,
    }
}

operational! {
    /// What a feed would have told: counts of detections that were released already.
    FeedTrial {
        /// Detections that it would have had.
        detections: u64,
        /// By day of `detected_at`, from the first to the last day of which there is any detection, selected or not.
        days: Vec<crate::Released<FeedTrialDay>>,
        /// Detections over days.
        a_day: f64,
        /// How many of them editors found useful, in whichever feed.
        useful: u64,
        /// How many of them editors found to be noise.
        noise: u64,
        /// Useful over useful and noise; none where nothing was marked.
        precision: Option<f64>,
        /// The share of useful ones lies between these most likely (95 %, Wilson); none where nothing was marked.
        precision_interval: Option<[f64; 2]>,
        /// Whether all detections of the period were looked at; else only the newest were.
        complete: bool,
    }
}

operational! {
    /// What the editors of a feed did with one of its detections.
    FeedMarks {
        /// It stands first.
        pinned: bool,
        /// `useful` or `noise`.
        mark: Option<String>,
        /// Their notes, oldest first.
        notes: Vec<String>,
    }
}

operational! {
    /// A minute of wall time of one source, as the coverage ledger keeps it.
    CoverageMinute {
        /// The source's configured name.
        source: String,
        /// The minute.
        start: Minute,
        /// Seconds of it in which no connection stood, and that were not made up for.
        blind_seconds: u64,
        /// Seconds of it in which at least one connection did not stand, and that were not made up for.
        partly_seconds: u64,
        /// Records that could not be read.
        rejected: AtLeast,
        /// Posts that came after their window had closed.
        late: AtLeast,
        /// Posts that were left out because the workers did not keep up.
        thinned: AtLeast,
    }
}

operational! {
    /// One source in one window of wall time, as the coverage ledger says it.
    Coverage {
        /// The source's configured name.
        source: String,
        /// First minute of the window.
        start: Minute,
        /// How long the window is.
        step: Step,
        /// Whether it was covered.
        state: CoverageState,
        /// Seconds in which no connection stood, and that were not made up for.
        blind_seconds: u64,
        /// Records that could not be read; a lower bound.
        rejected: AtLeast,
        /// Posts that came after their window had closed; a lower bound.
        late: AtLeast,
        /// Posts that were left out because the workers did not keep up; a lower bound.
        thinned: AtLeast,
    }
}

operational! {
    /// A stretch of wall time in which a connection of a source did not stand.
    CoverageGap {
        /// The source's configured name.
        source: String,
        /// Which of its connections.
        part: String,
        /// The minute in which something was last heard.
        start: Minute,
        /// The minute after the one in which the next connection stood; none while the gap is open.
        end: Option<Minute>,
        /// How long it was; none while it is open.
        seconds: Option<u64>,
        /// What began it, in one word.
        cause: String,
        /// The same in a phrase.
        phrase: String,
        /// Everything was delivered after all.
        recovered: bool,
    }
}

operational! {
    /// The gaps of one source since the program started.
    GapTotals {
        /// The source's configured name.
        source: String,
        /// How many began.
        gaps: u64,
        /// How many of its connections have one now.
        open: u64,
        /// How long those that are remembered were in all, the open ones up to now; of whole minutes, since a gap begins when
        /// something was last heard.
        seconds: u64,
    }
}

operational! {
    /// The running engine.
    EngineStatus {
        /// Its version.
        version: String,
        /// Whether any of its posts are made up.
        simulated: bool,
        /// The gate's k.
        k: u64,
        /// Workers in the cluster.
        workers: usize,
        /// Before this minute everything is closed.
        watermark: Option<Minute>,
        /// Named counters.
        counters: BTreeMap<String, AtLeast>,
    }
}

operational! {
    /// What an installation runs with, as far as a reader of its numbers must know it: no secret, no path, no address.
    EngineSettings {
        /// Version of the program.
        version: String,
        /// SHA-256 of the program's file, in hexadecimal.
        build: String,
        /// SHA-256 of all settings, as the audit log has it under `settings_in_force`.
        hash: String,
        /// Distinct authors that a thing must rest on before it is shown.
        k: u64,
        /// Below this k cannot be set.
        k_floor: u64,
        /// How far a released count may be off; 0 where made-up data are shown as they are.
        perturbation: u64,
        /// Detectors by name, and whether they run.
        detectors: BTreeMap<String, bool>,
        /// False alerts a day up to which detections are told at all: no feed can have a larger budget.
        false_alerts_a_day_max: f64,
        /// Days of event time that minute rows are kept; none: for ever, as hours and days are.
        minutes_kept_days: Option<u32>,
        /// Days of event time that detections are kept; none: for ever.
        detections_kept_days: Option<u32>,
        /// Days that a watch runs unless its maker says otherwise.
        watch_days: u32,
        /// Days that a watch runs at most.
        watch_days_max: u32,
        /// Whether scrubbed text is held for a day or two, so that a query can be tried before it becomes a watch.
        explore_index: bool,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use groundswell_sketch::Step;

    use super::{AtLeast, Coverage, CoverageGap, CoverageState, EngineStatus, Minute, SourceStatus};
    use crate::{K, Outward, Released};

    #[test]
    fn the_ledger_is_rounded() {
        let rounded = [0, 9, 10, 29, u64::MAX].map(|count| AtLeast::rounded(count, K::DEFAULT).get());
        assert_eq!(rounded, [0, 0, 10, 20, u64::MAX - u64::MAX % 10]);
        let coverage = Coverage {
            source: "bluesky".to_owned(),
            start: Minute::containing(1_474_588_859),
            step: Step::Minute,
            state: CoverageState::Partly,
            blind_seconds: 12,
            rejected: AtLeast::rounded(19, K::DEFAULT),
            late: AtLeast::rounded(3, K::DEFAULT),
            thinned: AtLeast::rounded(31, K::DEFAULT),
        };
        insta::assert_snapshot!(Released::operational(coverage).to_json(), @r#"{"source":"bluesky","start":"2016-09-23T00:00:00Z","step":"minute","state":"partly","blind_seconds":12,"rejected":10,"late":0,"thinned":30}"#);
        let gap = CoverageGap {
            source: "bluesky".to_owned(),
            part: "bluesky".to_owned(),
            start: Minute::containing(1_474_588_859),
            end: None,
            seconds: None,
            cause: "refused".to_owned(),
            phrase: "the connection was refused".to_owned(),
            recovered: false,
        };
        insta::assert_snapshot!(Released::operational(gap).to_json(), @r#"{"source":"bluesky","part":"bluesky","start":"2016-09-23T00:00:00Z","end":null,"seconds":null,"cause":"refused","phrase":"the connection was refused","recovered":false}"#);
    }

    #[test]
    fn facts_are_shown_to_the_minute() {
        let source = SourceStatus {
            name: "bluesky".to_owned(),
            kind: "jetstream".to_owned(),
            state: "live".to_owned(),
            detail: None,
            posts: AtLeast::rounded(12, K::DEFAULT),
            rejected: AtLeast::rounded(1, K::DEFAULT),
            reconnects: 2,
            last_event: Some(Minute::containing(1_474_588_859)),
            rate: 1.5,
            lag_seconds: Some(120),
            last_error: Some("the connection broke".to_owned()),
            advice: None,
        };
        insta::assert_snapshot!(Released::operational(source).to_json(), @r#"{"name":"bluesky","kind":"jetstream","state":"live","detail":null,"posts":10,"rejected":0,"reconnects":2,"last_event":"2016-09-23T00:00:00Z","rate":1.5,"lag_seconds":120,"last_error":"the connection broke","advice":null}"#);
        let engine = EngineStatus {
            version: "0.1.0".to_owned(),
            simulated: true,
            k: 10,
            workers: 2,
            watermark: None,
            counters: BTreeMap::from([("late".to_owned(), AtLeast::rounded(33, K::DEFAULT))]),
        };
        insta::assert_snapshot!(Released::operational(engine).to_json(), @r#"{"version":"0.1.0","simulated":true,"k":10,"workers":2,"watermark":null,"counters":{"late":30}}"#);
    }
}
