//! What the page is told about engine, sources and watches, and the server that tells it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use groundswell_engine::Counters;
use groundswell_gate::{
    AtLeast, EngineSettings, EngineStatus, GapTotals, K, Minute, PERTURBATION_MAX, Released, SourceStatus, WatchEntry,
};
use groundswell_post::EventTime;
use groundswell_serve::{ActSink, Live, Server, ServerState, StatusSource, Tls};
use groundswell_sources::feed::{FeedsStatus, FeedsSummary};
use groundswell_sources::file::{FileReport, FileStatus};
use groundswell_sources::{Gap, LiveState, LiveStatus, PartStatus};
use groundswell_watch::{SUNSET_DAYS, SUNSET_DAYS_MAX};
use tokio::runtime::Runtime;

use crate::args::Common;
use crate::audit::Trail;
use crate::failure::Failure;
use crate::settings::Settings;
use crate::watches::Watches;
use crate::{access, output};

/// Where a source's state can be read.
#[derive(Clone)]
pub(crate) enum Watched {
    /// Live connections, and what kind of source they are of.
    Live(&'static str, Arc<LiveStatus>),
    /// Feeds: as a whole, and one by one.
    Feeds(Arc<LiveStatus>, Arc<FeedsStatus>),
    /// Files.
    Files(Arc<FileReport>),
    /// The simulator.
    Simulator,
}

impl Watched {
    /// Its connections, where it has some.
    pub(crate) fn live(&self) -> Option<Arc<LiveStatus>> {
        match self {
            Self::Live(_, live) | Self::Feeds(live, _) => Some(Arc::clone(live)),
            Self::Files(_) | Self::Simulator => None,
        }
    }
}

/// One source of a pipeline that is shown.
pub(crate) struct ShownSource {
    pub(crate) name: String,
    pub(crate) watched: Watched,
    pub(crate) counters: Arc<Counters>,
    /// Its index in the pipeline's configuration.
    pub(crate) index: usize,
}

impl ShownSource {
    /// A source that was just started.
    pub(crate) fn new(name: &str, watched: Watched, counters: &Arc<Counters>, index: usize) -> Self {
        Self { name: name.to_owned(), watched, counters: Arc::clone(counters), index }
    }
}

/// What is shown now.
pub(crate) struct Shown {
    pub(crate) counters: Arc<Counters>,
    pub(crate) sources: Vec<ShownSource>,
    pub(crate) watches: Arc<Watches>,
    pub(crate) k: u32,
    pub(crate) workers: usize,
    pub(crate) simulated: bool,
    pub(crate) settings: EngineSettings,
}

/// What of the settings readers are told. `exact`: counts are shown as they are. `for_ever`: nothing is dropped for its age.
/// `explore_index`: queries can be tried.
pub(crate) fn told(settings: &Settings, exact: bool, for_ever: bool, explore_index: bool) -> EngineSettings {
    let kept = |days: u32| (!for_ever).then_some(days);
    let detectors = [
        ("bursts", settings.bursts.enabled),
        ("narratives", settings.narratives.enabled),
        ("amplification", settings.amplification.enabled),
    ];
    EngineSettings {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        build: build().to_owned(),
        hash: crate::audit::settings_hash(settings).hexadecimal(),
        k: u64::from(settings.gate.k),
        k_floor: u64::from(K::FLOOR),
        perturbation: if exact { 0 } else { PERTURBATION_MAX },
        detectors: detectors.into_iter().map(|(name, on)| (name.to_owned(), on)).collect(),
        false_alerts_a_day_max: groundswell_detect::burst::BUDGET_MAX,
        minutes_kept_days: kept(settings.store.minutes_kept_days),
        detections_kept_days: kept(settings.store.detections_kept_days),
        watch_days: u32::try_from(SUNSET_DAYS).unwrap_or(u32::MAX),
        watch_days_max: u32::try_from(SUNSET_DAYS_MAX).unwrap_or(u32::MAX),
        explore_index,
    }
}

/// SHA-256 of the program's file, read once.
fn build() -> &'static str {
    static BUILD: std::sync::LazyLock<String> = std::sync::LazyLock::new(crate::audit::build);
    &BUILD
}

/// The board that the server reads.
pub(crate) struct Board {
    shown: Mutex<Option<Shown>>,
    clock: Arc<dyn groundswell_sources::Clock>,
}

impl Board {
    /// An empty board.
    pub(crate) fn new(clock: Arc<dyn groundswell_sources::Clock>) -> Self {
        Self { shown: Mutex::new(None), clock }
    }

    /// Shows this from now on.
    pub(crate) fn show(&self, shown: Shown) {
        *self.lock() = Some(shown);
    }

    /// Looks at the counters, so that they move each minute whether anybody asks for them or not.
    pub(crate) fn look(&self) {
        let now = self.clock.now().unix();
        if let Some(shown) = self.lock().as_ref() {
            shown.counters.told(now);
        }
    }

    /// Shows other watches.
    pub(crate) fn show_watches(&self, watches: &Arc<Watches>) {
        if let Some(shown) = self.lock().as_mut() {
            shown.watches = Arc::clone(watches);
        }
    }

    /// Other settings are in force.
    pub(crate) fn show_settings(&self, settings: &Settings) {
        if let Some(shown) = self.lock().as_mut() {
            shown.settings.hash = crate::audit::settings_hash(settings).hexadecimal();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Shown>> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StatusSource for Board {
    fn status(&self) -> Released<EngineStatus> {
        let shown = self.lock();
        let now = self.clock.now().unix();
        let counters = shown.as_ref().map_or_else(BTreeMap::new, |shown| shown.counters.told(now));
        Released::operational(EngineStatus {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            simulated: shown.as_ref().is_some_and(|shown| shown.simulated),
            k: shown.as_ref().map_or(0, |shown| u64::from(shown.k)),
            workers: shown.as_ref().map_or(0, |shown| shown.workers),
            watermark: shown.as_ref().and_then(|shown| shown.counters.watermark()).map(Minute::containing),
            counters,
        })
    }

    fn build(&self) -> String {
        build().to_owned()
    }

    fn settings(&self) -> Option<Released<EngineSettings>> {
        self.lock().as_ref().map(|shown| Released::operational(shown.settings.clone()))
    }

    fn is_simulated(&self) -> bool {
        self.lock().as_ref().is_some_and(|shown| shown.simulated)
    }

    fn sources(&self) -> Vec<Released<SourceStatus>> {
        let now = self.clock.now().unix();
        let shown = self.lock();
        let Some(shown) = shown.as_ref() else { return Vec::new() };
        shown.sources.iter().map(|source| Released::operational(source_status(source, now, shown.k))).collect()
    }

    fn gap_totals(&self) -> Vec<Released<GapTotals>> {
        let now = self.clock.now().unix();
        let shown = self.lock();
        let Some(shown) = shown.as_ref() else { return Vec::new() };
        let totals = |source: &ShownSource| Some(gap_totals(&source.name, source.watched.live()?.as_ref(), now));
        shown.sources.iter().filter_map(totals).map(Released::operational).collect()
    }

    fn watches(&self) -> Vec<Released<WatchEntry>> {
        self.lock().as_ref().map_or_else(Vec::new, |shown| shown.watches.register())
    }
}

fn gap_totals(source: &str, live: &LiveStatus, now: i64) -> GapTotals {
    let gaps = live.gaps();
    let length =
        |gap: &Gap| gap.end.map_or(now, EventTime::unix).saturating_sub(gap.start.unix()).max(0).unsigned_abs();
    GapTotals {
        source: source.to_owned(),
        gaps: gaps.len() as u64 + live.gaps_left_out(),
        open: gaps.iter().filter(|gap| gap.end.is_none()).count() as u64,
        // A gap begins when something was last heard, which may have been one post: no finer than a minute.
        seconds: gaps.iter().map(|gap| length(gap) / 60 * 60).sum(),
    }
}

/// What is wrong with a source and what to do about it, for people.
#[derive(Debug, Default, PartialEq, Eq)]
struct Wrong {
    last_error: Option<String>,
    advice: Option<String>,
}

fn source_status(source: &ShownSource, now: i64, k: u32) -> SourceStatus {
    let told = source.counters.told_source(source.index, now);
    let quiet = told.is_some_and(|told| told.quiet_minutes >= QUIET_MINUTES);
    let mut wrong = Wrong::default();
    let (kind, state, detail, reconnects) = match &source.watched {
        Watched::Live(kind, status) => {
            let parts = status.parts();
            let (state, detail) = live_state(&parts, quiet, k);
            wrong = live_wrong(&parts);
            // Each part's first connection is no reconnection.
            (*kind, state, detail, status.connections().saturating_sub(parts.len() as u64))
        }
        Watched::Feeds(live, feeds) => {
            let summary = feeds.summary();
            let (state, detail) = feeds_state(live.state(), &summary);
            wrong = feeds_wrong(&summary);
            ("feeds", state, Some(detail), live.connections().saturating_sub(1))
        }
        Watched::Files(report) => {
            let files = report.files();
            let failed = files.iter().filter(|file| matches!(file.status, FileStatus::Failed(_))).count();
            let read = files.iter().filter(|file| matches!(file.status, FileStatus::Read(_))).count();
            if failed > 0 {
                wrong.advice = Some("the log names each file that was given up, and why".to_owned());
            }
            let state = if failed + read < files.len() {
                "reading"
            } else if failed > 0 {
                "failed"
            } else {
                "done"
            };
            ("file", state, Some(format!("{read} of {} files read to the end, {failed} given up", files.len())), 0)
        }
        Watched::Simulator => ("simulator", "live", Some("made-up posts".to_owned()), 0),
    };
    let last_event = told.and_then(|told| told.newest);
    // Old posts of a file do not lag.
    let lives = !matches!(source.watched, Watched::Files(_));
    let lag = |event: Minute| Minute::containing(now).unix().saturating_sub(event.unix()).max(0).unsigned_abs();
    SourceStatus {
        name: source.name.clone(),
        kind: kind.to_owned(),
        state: state.to_owned(),
        detail,
        posts: told.map_or_else(AtLeast::default, |told| told.posts),
        rejected: told.map_or_else(AtLeast::default, |told| told.rejected),
        reconnects,
        last_event,
        rate: told.map_or(0.0, |told| (told.rate * 10.0).round() / 10.0),
        lag_seconds: last_event.filter(|_| lives).map(lag),
        last_error: wrong.last_error,
        advice: wrong.advice,
    }
}

/// What troubles a part now goes before what troubled one that does well again.
fn live_wrong(parts: &[PartStatus]) -> Wrong {
    let now = parts.iter().find_map(|part| match part.state {
        LiveState::Waiting { reason, .. } => Some(reason),
        // The next try has begun, and has not shown yet that it helps.
        LiveState::Connecting => part.last_error,
        _ => None,
    });
    let last = now.or_else(|| parts.iter().find_map(|part| part.last_error));
    Wrong {
        last_error: last.map(|trouble| trouble.phrase().to_owned()),
        advice: now.map(|trouble| trouble.advice().to_owned()),
    }
}

fn feeds_wrong(summary: &FeedsSummary) -> Wrong {
    let advice = match summary {
        FeedsSummary { failing: 0, .. } => None,
        FeedsSummary { read: 0, .. } => Some("check network and firewall: feeds are not read through a proxy"),
        _ => Some("a feed that goes on failing has perhaps moved: mend its address, or take it out"),
    };
    Wrong { last_error: summary.trouble.clone(), advice: advice.map(str::to_owned) }
}

/// How long a source's count of posts may stand still before it is idle. Not less: who sees at once that a source of few people is
/// not idle any more sees that one of them has written.
const QUIET_MINUTES: u64 = 10;

/// How many connections are described one by one.
const PARTS_SHOWN_MAX: usize = 4;

/// The state of the part that does best, and what there is to say of those that do not. Whether it is quiet is known of the source
/// and not of its parts.
fn live_state(parts: &[PartStatus], quiet: bool, k: u32) -> (&'static str, Option<String>) {
    let state = |part: &PartStatus| match part.state {
        LiveState::Connected if quiet => (1, "idle"),
        LiveState::Connected => (0, "live"),
        LiveState::Connecting => (2, "connecting"),
        LiveState::Waiting { .. } => (3, "retrying"),
        LiveState::Closed => (4, "stopped"),
    };
    let best = parts.iter().map(state).min().map_or("stopped", |(_, state)| state);
    let describe = |part: &PartStatus| match part.state {
        LiveState::Connected if quiet => {
            format!("connected to {}, where fewer than {k} people wrote in {QUIET_MINUTES} minutes", part.endpoint)
        }
        LiveState::Waiting { reason, wait } => {
            format!("{}: {reason}; next try after {} s; {}", part.endpoint, wait.as_secs().max(1), reason.advice())
        }
        _ => part.endpoint.to_string(),
    };
    // What does not do well is said first.
    let mut order: Vec<&PartStatus> = parts.iter().collect();
    order.sort_by_key(|part| std::cmp::Reverse(state(part).0));
    let mut told: Vec<String> = order.iter().take(PARTS_SHOWN_MAX).map(|part| describe(part)).collect();
    told.retain(|text| !text.is_empty());
    if parts.len() > PARTS_SHOWN_MAX {
        told.push(format!("and {} more", parts.len() - PARTS_SHOWN_MAX));
    }
    (best, (!told.is_empty()).then(|| told.join("; ")))
}

/// How feeds are as a whole, and what there is to say of those that fail.
fn feeds_state(live: LiveState, summary: &FeedsSummary) -> (&'static str, String) {
    let FeedsSummary { feeds, waiting, read, failing, ended, trouble } = summary;
    let state = match live {
        LiveState::Closed => "stopped",
        _ if *read > 0 => "live",
        _ if *waiting > 0 => "connecting",
        _ => "retrying",
    };
    let mut detail = format!("{read} of {feeds} feeds read");
    for (count, word) in [(waiting, "not asked yet"), (failing, "failing"), (ended, "gone for good")] {
        if *count > 0 {
            let _ = write!(detail, ", {count} {word}");
        }
    }
    if let Some(trouble) = trouble {
        let _ = write!(detail, "; {trouble}");
    }
    (state, detail)
}

/// The listening server with its board.
pub(crate) struct Serving {
    pub(crate) state: ServerState,
    pub(crate) board: Arc<Board>,
    pub(crate) address: SocketAddr,
    tls: Option<Tls>,
    stop: tokio::sync::watch::Sender<bool>,
    task: tokio::task::JoinHandle<std::io::Result<()>>,
}

/// Listens and answers from now on.
pub(crate) fn serve(
    runtime: &Runtime,
    address: SocketAddr,
    settings: &Settings,
    trail: &Arc<Trail>,
    clock: Arc<dyn groundswell_sources::Clock>,
) -> Result<Serving, Failure> {
    let (access, tls) =
        (access::access(settings, Arc::clone(trail) as Arc<dyn ActSink>, &clock)?, access::tls(settings)?);
    let board = Arc::new(Board::new(clock));
    let state = ServerState::with_access(Arc::clone(&board) as Arc<dyn StatusSource>, Live::new(), access);
    let mut server = runtime.block_on(Server::bind(address, state.clone()))?;
    if let Some(tls) = &tls {
        server = server.with_tls(tls.clone());
    }
    if !address.ip().to_canonical().is_loopback() && !access::is_encrypted(settings) {
        tracing::warn!(
            target: "groundswell",
            "passwords, tokens and numbers go over the network in the clear: set server.tls, or server.public_url to the https:// \
             of a proxy before it"
        );
    }
    let address = server.address();
    let (stop, mut stopped) = tokio::sync::watch::channel(false);
    let task = runtime.spawn(server.run(async move {
        // Told to stop, or nobody is left who could tell.
        let _ = stopped.wait_for(|stopped| *stopped).await;
    }));
    Ok(Serving { state, board, address, tls, stop, task })
}

impl Serving {
    /// The page's address.
    pub(crate) fn page(&self) -> String {
        format!("{}://{}/", if self.tls.is_some() { "https" } else { "http" }, self.address)
    }

    /// Reads certificate and key again; on an error what was in force stays.
    pub(crate) fn reload_tls(&self, settings: &Settings) -> Result<(), Failure> {
        access::reload_tls(self.tls.as_ref(), settings)
    }

    /// Says where the page is.
    pub(crate) fn announce(&self, common: &Common) {
        output::note(common, &self.page());
    }

    /// Asks open answers to end, and listens no more.
    pub(crate) fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Ends open answers and stops listening.
    pub(crate) fn end(self, runtime: &Runtime) {
        self.stop();
        if let Ok(Err(error)) = runtime.block_on(self.task) {
            tracing::warn!(target: "groundswell", "the server ended with an error: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use groundswell_post::EventTime;
    use groundswell_sources::{Clock, ManualClock, Trouble};

    use super::*;

    #[test]
    fn a_source_s_state_is_that_of_its_best_part_and_what_troubles_the_others_is_said_first() {
        let clock = Arc::new(ManualClock::at(EventTime::from_unix(1_800_000_000)));
        let status = LiveStatus::new(Arc::clone(&clock) as Arc<dyn Clock>);
        let (one, two) = (status.part("a.example"), status.part("b.example"));
        let state = |quiet| live_state(&status.parts(), quiet, 10);
        assert_eq!(state(false), ("stopped", None));
        one.connecting("a.example");
        assert_eq!(state(false), ("connecting", Some("a.example".to_owned())));
        two.connecting("b.example");
        two.failed(Trouble::Unauthorized, Duration::from_mins(5));
        one.connected();
        let (word, detail) = state(true);
        assert_eq!(word, "idle");
        assert_eq!(
            detail.unwrap(),
            "b.example: the server does not accept the token; next try after 300 s; make a new token with the right to read, \
             and put it where the configuration names it; connected to a.example, where fewer than 10 people wrote in 10 minutes"
        );
        let before = state(false);
        assert_eq!(before.0, "live");
        clock.advance_millis(11_000);
        let silent = state(false);
        one.message(1);
        assert_eq!((&silent, &before), (&state(false), &silent), "one message shows in nothing");
        for name in ["c", "d", "e"] {
            status.part(name).failed(Trouble::Refused, Duration::ZERO);
        }
        assert!(state(false).1.unwrap().ends_with("; and 1 more"));
    }

    #[test]
    fn a_source_says_how_far_it_is_behind_and_what_to_do() {
        let clock = Arc::new(ManualClock::at(EventTime::from_unix(1_800_000_059)));
        let status = LiveStatus::new(Arc::clone(&clock) as Arc<dyn Clock>);
        let (one, two) = (status.part("a.example"), status.part("b.example"));
        assert_eq!(live_wrong(&status.parts()), Wrong::default());
        one.connecting("a.example");
        one.failed(Trouble::Refused, Duration::from_secs(1));
        two.connecting("b.example");
        two.connected();
        let said = |trouble: Trouble, now: bool| Wrong {
            last_error: Some(trouble.phrase().to_owned()),
            advice: now.then(|| trouble.advice().to_owned()),
        };
        assert_eq!(live_wrong(&status.parts()), said(Trouble::Refused, true));
        one.connecting("a.example");
        assert_eq!(live_wrong(&status.parts()), said(Trouble::Refused, true));
        one.connected();
        assert_eq!(live_wrong(&status.parts()), said(Trouble::Refused, false), "over, and remembered");

        let counters = Arc::new(Counters::new(1));
        let shown = ShownSource::new("bluesky", Watched::Live("jetstream", status), &counters, 0);
        assert_eq!(source_status(&shown, 1_800_000_059, 10).lag_seconds, None, "before the first post");
        let failing =
            FeedsSummary { feeds: 2, failing: 2, trouble: Some("a: gone".to_owned()), ..FeedsSummary::default() };
        assert!(feeds_wrong(&failing).advice.unwrap().starts_with("check network"));
        assert!(
            feeds_wrong(&FeedsSummary { read: 1, failing: 1, ..failing }).advice.unwrap().contains("has perhaps moved")
        );
        assert_eq!(feeds_wrong(&FeedsSummary { feeds: 2, read: 2, ..FeedsSummary::default() }), Wrong::default());
    }

    #[test]
    fn feeds_are_shown_as_a_whole_with_one_trouble() {
        let mut summary = FeedsSummary { feeds: 5, waiting: 5, ..FeedsSummary::default() };
        let shown = |live, summary: &FeedsSummary| {
            let (state, detail) = feeds_state(live, summary);
            format!("{state}: {detail}")
        };
        assert_eq!(shown(LiveState::Connecting, &summary), "connecting: 0 of 5 feeds read, 5 not asked yet");
        summary = FeedsSummary { waiting: 0, read: 3, failing: 1, ended: 1, ..summary };
        summary.trouble = Some("a.example/feed: no answer in time".to_owned());
        assert_eq!(
            shown(LiveState::Connected, &summary),
            "live: 3 of 5 feeds read, 1 failing, 1 gone for good; a.example/feed: no answer in time"
        );
        summary = FeedsSummary { read: 0, failing: 4, ..summary };
        assert!(shown(LiveState::Connected, &summary).starts_with("retrying: 0 of 5 feeds read, 4 failing"));
        assert!(shown(LiveState::Closed, &summary).starts_with("stopped: "));
    }
}
