//! Acts on watches through the page and the API: terms are checked, the register is changed, the audit log is told who did it, and the
//! service is told that there is something new to match.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use groundswell_audit::Act;
use groundswell_engine::ExploreIndex;
use groundswell_gate::Gate;
use groundswell_query::{PhrasePart, Query, Span, Term};
use groundswell_serve::{
    AccountName, QueryCost, QueryPart, QueryReading, WatchAct, WatchDesk, WatchDone, WatchFault, WatchNote,
    WatchReading, WatchTerms, WatchTrial,
};
use groundswell_sources::Clock;
use groundswell_store::{StoreOptions, WatchRecord, WatchStore, WatchStoreError};
use groundswell_watch::{Checker, Date, NameShown, Watch, WatchDraft};
use tokio::sync::{mpsc, oneshot};

use crate::audit::{self, Trail};
use crate::watches::{self, Watches};

/// Why an act was not done, before it is put into the words of the server.
type Refused = WatchFault;

/// How long who changed the register waits until it is in force: the service may be starting the simulator meanwhile. Less than a
/// request may take, and what was done is done.
const IN_FORCE_WAIT: Duration = Duration::from_secs(5);

/// What the service hears of changes of the register.
pub(crate) struct Changes(mpsc::UnboundedReceiver<oneshot::Sender<()>>);

impl Changes {
    /// Who changed the register since this was last asked, and waits to be told, by dropping it, that the change was taken up.
    pub(crate) fn made(&mut self) -> Vec<oneshot::Sender<()>> {
        std::iter::from_fn(|| self.0.try_recv().ok()).collect()
    }
}

/// The server's way to the register of watches.
pub(crate) struct Desk {
    inner: Arc<Inner>,
}

struct Inner {
    folder: PathBuf,
    options: StoreOptions,
    trail: Arc<Trail>,
    clock: Arc<dyn Clock>,
    shown: NameShown,
    /// The checker of the day: its rules take long to read and are the same all day. One query is read after the other.
    checker: Mutex<Option<(Date, Checker)>>,
    /// Tells the service of each change of the register.
    changed: mpsc::UnboundedSender<oneshot::Sender<()>>,
    /// What queries are tried over, and the gate that the answers pass.
    explore: Mutex<Option<(Arc<ExploreIndex>, Gate)>>,
}

impl Desk {
    /// Over the register in a folder. `shown`: which names the gate has let through; it is asked on a thread that may wait.
    pub(crate) fn new(
        folder: PathBuf,
        options: StoreOptions,
        trail: Arc<Trail>,
        clock: Arc<dyn Clock>,
        shown: NameShown,
    ) -> (Arc<Self>, Changes) {
        let (checker, explore) = (Mutex::new(None), Mutex::new(None));
        let (changed, changes) = mpsc::unbounded_channel();
        let inner = Inner { folder, options, trail, clock, shown, checker, changed, explore };
        (Arc::new(Self { inner: Arc::new(inner) }), Changes(changes))
    }

    /// What queries are tried over from now on.
    pub(crate) fn try_over(&self, index: Option<Arc<ExploreIndex>>, gate: Gate) {
        *self.inner.explore.lock().unwrap_or_else(PoisonError::into_inner) = index.map(|index| (index, gate));
    }
}

/// Where a place in bytes is in characters.
fn characters(text: &str, span: Span) -> (usize, usize) {
    let at = |byte: usize| text.char_indices().take_while(|(start, _)| *start < byte).count();
    (at(span.start), at(span.end))
}

fn part(text: &str, term: &Term, span: Span) -> QueryPart {
    let kind = match term {
        Term::Word(_) => "word",
        Term::Prefix(_) => "prefix",
        Term::Phrase(parts) if matches!(parts[..], [PhrasePart::Prefix(_)]) => "prefix",
        Term::Phrase(_) => "phrase",
        Term::Hashtag(_) => "hashtag",
        Term::Field(..) => "field",
    };
    QueryPart { kind, text: term.to_string(), place: characters(text, span) }
}

fn reading(text: &str, query: &Query) -> QueryReading {
    let cost = query.cost();
    QueryReading {
        reading: query.to_string(),
        parts: query.leaves().into_iter().map(|leaf| part(text, &leaf.term, leaf.span)).collect(),
        lints: query
            .lints
            .iter()
            .map(|lint| WatchNote {
                field: "query",
                message: lint.message.clone(),
                help: lint.help.clone(),
                place: Some(characters(text, lint.span)),
            })
            .collect(),
        cost: QueryCost { class: cost.class.as_str(), sentence: cost.to_string() },
    }
}

/// The terms with their days; `Err`: the sunset is no day.
fn draft(terms: &WatchTerms, today: Date) -> Result<WatchDraft, WatchNote> {
    let sunset = match &terms.sunset {
        None => None,
        Some(text) => Some(Date::parse(text).ok_or_else(|| WatchNote {
            field: "sunset",
            message: "it is not a day".to_owned(),
            help: format!("write it as in {today}"),
            place: None,
        })?),
    };
    Ok(WatchDraft {
        name: terms.name.clone(),
        query: terms.query.clone(),
        category: terms.category.clone(),
        sentence: terms.sentence.clone(),
        created: Some(today),
        sunset,
    })
}

impl Inner {
    fn today(&self) -> Date {
        watches::today(self.clock.as_ref())
    }

    fn checked<T>(&self, work: impl FnOnce(&mut Checker, Date) -> T) -> T {
        let today = self.today();
        let mut kept = self.checker.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.as_ref().is_none_or(|(day, _)| *day != today) {
            *kept = Some((today, Checker::knowing(today, Arc::clone(&self.shown))));
        }
        match kept.as_mut() {
            Some((_, checker)) => work(checker, today),
            None => work(&mut Checker::knowing(today, Arc::clone(&self.shown)), today),
        }
    }

    /// The watch, or everything that is wrong with the terms.
    fn watch(&self, terms: &WatchTerms) -> Result<Watch, Vec<WatchNote>> {
        self.checked(|checker, today| {
            let draft = draft(terms, today).map_err(|note| vec![note])?;
            checker.watch(draft).map_err(|errors| {
                let note = |error: groundswell_watch::WatchError| WatchNote {
                    field: error.field,
                    place: error.query.as_ref().map(|inner| characters(&terms.query, inner.span)),
                    message: error.message,
                    help: error.help,
                };
                errors.into_iter().map(note).collect()
            })
        })
    }

    fn check(&self, terms: &WatchTerms) -> WatchReading {
        let query = self.checked(|checker, _| checker.query(&terms.query).ok());
        WatchReading {
            query: query.map(|query| reading(&terms.query, &query)),
            faults: self.watch(terms).err().unwrap_or_default(),
        }
    }

    /// Counts a query over the text that is held.
    fn try_query(&self, by: Option<&AccountName>, terms: &WatchTerms) -> Result<WatchTrial, Refused> {
        let explore = self.explore.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (index, gate) = explore.ok_or_else(|| WatchFault::NoText {
            text: "no text is held here that a query could be tried over; explore.index_mib switches it on".to_owned(),
        })?;
        // Like a watch that begins now: it says what it is for, and looks for nobody.
        let terms = WatchTerms { name: "trial".to_owned(), sunset: None, ..terms.clone() };
        let watch = self.watch(&terms).map_err(first)?;
        let reading = watch.query.to_string();
        let act = audit::tried(&watch);
        let query = Watches::alone(watch, self.today()).map_err(|error| failed(&error))?.percolator;
        let now = self.clock.now();
        let ticket = index.ticket(now).map_err(|spent| WatchFault::Spent {
            text: spent.to_string(),
            seconds: ((now.day() + 1) * 86_400 - now.unix()).unsigned_abs(),
        })?;
        // Written down before anybody sees the answer.
        self.trail.record_by(by, act).map_err(|error| failed(&error))?;
        let trial = index.trial(ticket, &query, &reading, &gate, now);
        Ok(WatchTrial { reading, hours: trial.hours, one_in: trial.one_in, left: trial.left })
    }

    async fn act(&self, by: Option<&AccountName>, act: Checked) -> Result<(), Refused> {
        let mut store = WatchStore::open(&self.folder, &self.options).await.map_err(|error| failed(&error))?;
        let done = self.change(&mut store, act).await;
        let closed = store.close().await;
        let told = done?;
        closed.map_err(|error| failed(&error))?;
        // Told before the service takes it up, which tells what the log does not say yet.
        let recorded = told.map_or(Ok(()), |told| self.trail.record_by(by, told));
        self.in_force().await;
        recorded.map_err(|error| failed(&error))
    }

    /// Waits until the service has taken up what was changed: who then asks for the watches finds them so.
    async fn in_force(&self) {
        let (waits, taken_up) = oneshot::channel();
        if self.changed.send(waits).is_ok() && tokio::time::timeout(IN_FORCE_WAIT, taken_up).await.is_err() {
            tracing::warn!(target: "groundswell", "the watches were changed; the service is busy, and takes that up later");
        }
    }

    /// Changes the register; what the log is to be told of it.
    async fn change(&self, store: &mut WatchStore, act: Checked) -> Result<Option<Act>, Refused> {
        let now = self.clock.now().unix();
        match act {
            Checked::Add(watch) => {
                let taken = store.list().await.map_err(refused)?;
                if taken.iter().any(|other| other.name.eq_ignore_ascii_case(&watch.name)) {
                    return Err(WatchFault::Conflict { text: "a watch of this name exists".to_owned() });
                }
                store.add(&record(&watch, now)).await.map_err(refused)?;
                Ok(audit::made(&watch))
            }
            Checked::Change(watch) => {
                let before = store.show(&watch.name).await.map_err(refused)?;
                store.change(&record(&watch, now)).await.map_err(refused)?;
                let asks = (&before.query, &before.category, &before.sentence)
                    == (&watch.text, &watch.purpose.category, &watch.purpose.sentence);
                Ok(Some(if asks { audit::renewed(&watch.name, watch.sunset) } else { audit::changed(&watch) }))
            }
            Checked::Remove(name) => {
                store.remove(&name, now).await.map_err(refused)?;
                Ok(Some(audit::removed(&name)))
            }
        }
    }
}

/// An act whose terms were found to be right.
enum Checked {
    Add(Watch),
    Change(Watch),
    Remove(String),
}

/// A watch as the register keeps it. Changed or renewed it is made anew: its longest life begins on that day.
fn record(watch: &Watch, now: i64) -> WatchRecord {
    WatchRecord {
        name: watch.name.clone(),
        query: watch.text.clone(),
        category: watch.purpose.category.clone(),
        sentence: watch.purpose.sentence.clone(),
        created: now,
        sunset: watch.sunset.days_since(Date::from_unix(0)) * 86_400,
        removed_at: None,
    }
}

/// The first of the notes on terms that are refused.
fn first(mut notes: Vec<WatchNote>) -> Refused {
    if notes.is_empty() { WatchFault::Failed } else { WatchFault::Refused(notes.swap_remove(0)) }
}

fn failed(error: &dyn std::fmt::Display) -> Refused {
    tracing::error!(target: "groundswell", "an act on a watch could not be done: {error}");
    WatchFault::Failed
}

fn refused(error: WatchStoreError) -> Refused {
    match error {
        WatchStoreError::Exists { .. } => WatchFault::Conflict { text: "a watch of this name exists".to_owned() },
        WatchStoreError::TooMany { .. } => WatchFault::Conflict { text: error.to_string() },
        WatchStoreError::Unknown { .. } => WatchFault::Missing {
            text: "the register has no such watch; one that stands in a file of watches is changed there".to_owned(),
        },
        error => failed(&error),
    }
}

impl WatchDesk for Desk {
    fn check(&self, terms: WatchTerms) -> WatchDone<WatchReading> {
        let inner = Arc::clone(&self.inner);
        Box::pin(async move {
            tokio::task::spawn_blocking(move || inner.check(&terms)).await.map_err(|error| failed(&error))
        })
    }

    fn try_query(&self, by: Option<AccountName>, terms: WatchTerms) -> WatchDone<WatchTrial> {
        let inner = Arc::clone(&self.inner);
        Box::pin(async move {
            let tried = tokio::task::spawn_blocking(move || inner.try_query(by.as_ref(), &terms));
            tried.await.map_err(|error| failed(&error))?
        })
    }

    fn act(&self, by: Option<AccountName>, act: WatchAct) -> WatchDone<()> {
        let inner = Arc::clone(&self.inner);
        Box::pin(async move {
            let reads = Arc::clone(&inner);
            let checked = tokio::task::spawn_blocking(move || {
                Ok(match act {
                    WatchAct::Add(terms) => Checked::Add(reads.watch(&terms).map_err(first)?),
                    WatchAct::Change(terms) => Checked::Change(reads.watch(&terms).map_err(first)?),
                    WatchAct::Remove { name } => Checked::Remove(name),
                    _ => return Err(WatchFault::Failed),
                })
            });
            let checked = checked.await.map_err(|error| failed(&error))??;
            inner.act(by.as_ref(), checked).await
        })
    }
}

#[cfg(test)]
mod tests {
    use groundswell_post::EventTime;
    use groundswell_sources::ManualClock;

    use super::*;
    use crate::settings::Settings;

    struct Office {
        desk: Arc<Desk>,
        changes: Changes,
        settings: Settings,
        runtime: tokio::runtime::Runtime,
        _folder: tempfile::TempDir,
    }

    fn office() -> Office {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings { data: folder.path().to_owned(), ..Settings::default() };
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(EventTime::from_unix(1_800_000_000)));
        let trail = Trail::open(&settings, &clock).unwrap();
        let options = StoreOptions::default();
        let (desk, changes) = Desk::new(folder.path().to_owned(), options, trail, clock, Arc::new(|_, _| false));
        Office { desk, changes, settings, runtime: crate::pipeline::runtime().unwrap(), _folder: folder }
    }

    fn floods() -> WatchTerms {
        WatchTerms {
            name: "floods".to_owned(),
            query: "flood* river".to_owned(),
            category: "crisis".to_owned(),
            sentence: "See where floods are discussed.".to_owned(),
            sunset: None,
        }
    }

    impl Office {
        fn check(&self, query: &str) -> WatchReading {
            let terms = WatchTerms { query: query.to_owned(), ..floods() };
            self.runtime.block_on(self.desk.check(terms)).unwrap()
        }

        /// What came of it, and how many changes a service took up meanwhile.
        fn act(&mut self, act: WatchAct) -> (Result<(), WatchFault>, usize) {
            let mut acting = self.desk.act(None, act);
            let mut taken_up = 0;
            self.runtime.block_on(async {
                loop {
                    match tokio::time::timeout(Duration::from_millis(5), &mut acting).await {
                        Ok(done) => return (done, taken_up),
                        Err(_) => taken_up += self.changes.made().len(),
                    }
                }
            })
        }

        fn list(&self) -> Vec<WatchRecord> {
            self.runtime.block_on(async {
                let mut store = WatchStore::open(&self.settings.data, &StoreOptions::default()).await.unwrap();
                store.list().await.unwrap()
            })
        }

        fn log(&self) -> String {
            let reader = groundswell_audit::Reader::new(&audit::folder(&self.settings));
            let entries = reader.entries(0, 100).unwrap();
            let lines: Vec<String> = entries.into_iter().map(|entry| entry.1).collect();
            lines.join("\n")
        }
    }

    #[test]
    fn a_query_is_read_and_refused_where_it_is_wrong_in_characters() {
        let office = office();
        let read = office.check("flood* (river OR “heavy rain”) #台風 lang:en");
        assert!(read.faults.is_empty(), "{:?}", read.faults);
        let query = read.query.unwrap();
        assert_eq!(query.reading, "(flood* AND (river OR \"heavy rain\") AND #台風 AND lang:en)");
        let kinds: Vec<_> = query.parts.iter().map(|part| (part.kind, part.place)).collect();
        assert_eq!(
            kinds,
            [("prefix", (0, 6)), ("word", (8, 13)), ("phrase", (17, 29)), ("hashtag", (31, 34)), ("field", (35, 42))]
        );
        assert_eq!(query.cost.class, "low");
        // Places are in characters, not bytes: each of these three is three bytes.
        for (text, place) in [
            ("台風進 AND from:someone", (8, 13)),
            ("台風進 AND jane@example.org", (8, 24)),
            ("台風進 AND https://x.com/jane", (8, 14)),
        ] {
            let read = office.check(text);
            assert_eq!(read.query, None, "{text}");
            assert_eq!(read.faults.len(), 1, "{text}: {:?}", read.faults);
            assert_eq!((read.faults[0].field, read.faults[0].place), ("query", Some(place)), "{text}");
        }
        assert_eq!(office.check("flood flood").query.unwrap().lints[0].place, Some((6, 11)));
        assert!(office.list().is_empty(), "nothing is kept of what was checked");
    }

    #[test]
    fn a_query_is_tried_with_a_purpose_and_that_is_told() {
        let office = office();
        let tried = |terms: WatchTerms| office.runtime.block_on(office.desk.try_query(None, terms));
        let Err(WatchFault::NoText { text }) = tried(floods()) else { panic!("there is nothing to try it over") };
        assert!(text.contains("explore.index_mib"));
        let gate = Gate::new(groundswell_gate::K::DEFAULT);
        office.desk.try_over(Some(Arc::new(ExploreIndex::new(1, 1 << 20))), gate);
        for wrong in [
            WatchTerms { query: "jane@example.org".to_owned(), ..floods() },
            WatchTerms { sentence: String::new(), ..floods() },
            WatchTerms { category: String::new(), ..floods() },
        ] {
            assert!(matches!(tried(wrong), Err(WatchFault::Refused(_))));
        }
        // Neither name nor end: it is no watch yet.
        let terms = WatchTerms { name: String::new(), sunset: Some("never".to_owned()), ..floods() };
        for left in (0..groundswell_engine::TRIALS_A_DAY).rev() {
            let trial = tried(terms.clone()).unwrap();
            assert_eq!((trial.reading.as_str(), trial.one_in, trial.left), ("(flood* AND river)", 1, left));
        }
        let Err(WatchFault::Spent { seconds, .. }) = tried(terms) else { panic!("a day has no more") };
        assert!((1..=86_400).contains(&seconds));
        let log = office.log();
        assert_eq!(log.matches("watch_tried").count(), groundswell_engine::TRIALS_A_DAY as usize);
        assert!(log.contains("See where floods are discussed.") && log.contains("flood* river"));
        assert!(office.list().is_empty());
    }

    #[test]
    fn a_watch_is_made_changed_renewed_and_ended_and_each_is_told() {
        let mut office = office();
        assert_eq!(office.act(WatchAct::Add(floods())), (Ok(()), 1));
        let twice = WatchTerms { name: "FLOODS".to_owned(), ..floods() };
        assert!(matches!(office.act(WatchAct::Add(twice)), (Err(WatchFault::Conflict { .. }), 0)));
        let wrong =
            WatchTerms { sentence: "ask jane@example.org about it".to_owned(), name: "x".to_owned(), ..floods() };
        let (Err(WatchFault::Refused(note)), 0) = office.act(WatchAct::Add(wrong)) else { panic!("it is refused") };
        assert_eq!(note.field, "purpose.sentence");
        assert!(!note.message.contains("jane"));
        let wrong = WatchTerms { sunset: Some("tomorrow".to_owned()), ..floods() };
        assert!(matches!(
            office.act(WatchAct::Change(wrong)),
            (Err(WatchFault::Refused(WatchNote { field: "sunset", .. })), 0)
        ));
        let other = WatchTerms { query: "flood* AND rain".to_owned(), ..floods() };
        assert_eq!(office.act(WatchAct::Change(other.clone())), (Ok(()), 1));
        let longer = WatchTerms { sunset: Some("2027-06-01".to_owned()), ..other };
        assert_eq!(office.act(WatchAct::Change(longer)), (Ok(()), 1));
        let list = office.list();
        assert_eq!((list.len(), list[0].query.as_str()), (1, "flood* AND rain"));
        assert_eq!(office.act(WatchAct::Remove { name: "floods".to_owned() }), (Ok(()), 1));
        let gone = office.act(WatchAct::Remove { name: "floods".to_owned() });
        assert!(matches!(gone, (Err(WatchFault::Missing { .. }), 0)));
        assert!(office.list().is_empty());
        let log = office.log();
        for words in ["watch_made", "watch_changed", "watch_renewed", "watch_ended"] {
            assert_eq!(log.matches(words).count(), 1, "{words} in\n{log}");
        }
        assert!(!log.contains("jane"));
    }

    #[test]
    fn who_changes_the_register_is_answered_when_the_service_has_taken_that_up() {
        let Office { desk, mut changes, runtime, _folder, .. } = office();
        let mut acting = desk.act(None, WatchAct::Add(floods()));
        let brief = Duration::from_millis(5);
        runtime.block_on(async {
            let waiting = loop {
                let done = tokio::time::timeout(brief, &mut acting).await;
                assert!(done.is_err(), "nobody has taken it up");
                let made = changes.made();
                if !made.is_empty() {
                    break made;
                }
            };
            assert!(tokio::time::timeout(brief, &mut acting).await.is_err(), "it is being taken up");
            drop(waiting);
            assert_eq!(acting.await, Ok(()));
            // Where no service is left nobody waits for it.
            drop(changes);
            let began = std::time::Instant::now();
            assert_eq!(desk.act(None, WatchAct::Remove { name: "floods".to_owned() }).await, Ok(()));
            assert!(began.elapsed() < IN_FORCE_WAIT);
        });
    }
}
