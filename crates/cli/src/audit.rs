//! The audit log from the program's side: what is told of which act, when heads are published, and how the server reads it.
//!
//! A command that cannot write its act fails before it does anything that others could see. A service that runs goes on: what
//! could not be written is kept (up to [`PENDING_MAX`]), complained of as something that somebody must mend, and tried again.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use groundswell_audit::{
    APPEND_ENTRIES_MAX, Act, Day, Entry, Hash, Head, KEY_FILE, KeyFileError, Log, LogError, LogOptions, Marks,
    ReadError, Reader, Time, WatchEnd, Word, Wording,
};
use groundswell_engine::Records;
use groundswell_gate::{AuditConsistency, AuditEntry, AuditHead, AuditInclusion, Released};
use groundswell_serve::{AccountName, ActSink, AuditFault, AuditSource, HttpAct};
use groundswell_sources::Clock;
use groundswell_watch::{Date, Purpose, Watch, WatchState};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::output;
use crate::settings::Settings;
use crate::watches::Watches;

/// Folder of the log inside the data folder.
pub(crate) const FOLDER: &str = "audit";

/// How often a head is published while the service runs.
const PUBLISHED_MILLIS: u64 = 3_600_000;

/// How long after a failure it is tried again.
const AGAIN_MILLIS: u64 = 60_000;

/// Acts that wait for a disk that has room again, at most; more are lost, and said to be.
const PENDING_MAX: usize = 10_000;

/// Stands for who is not known.
const NOBODY: &str = "nobody";

/// The audit log.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AuditSettings {
    /// The name of the log in its heads, best an address without its scheme, such as `example.org/groundswell`. It is given once,
    /// when the log is begun; empty means one made from the log's key.
    pub(crate) origin: String,
    /// File of the key that heads are signed with, made where it is missing (mode 0600). Default: `audit/key` in the data folder.
    pub(crate) key: PathBuf,
}

/// The folder of a data folder's log.
pub(crate) fn folder(settings: &Settings) -> PathBuf {
    settings.data.join(FOLDER)
}

fn options(settings: &Settings) -> LogOptions {
    let AuditSettings { origin, key } = &settings.audit;
    LogOptions {
        folder: folder(settings),
        key: (!key.as_os_str().is_empty()).then(|| key.clone()),
        origin: (!origin.is_empty()).then(|| origin.clone()),
    }
}

/// Where the key is.
pub(crate) fn key_file(settings: &Settings) -> PathBuf {
    options(settings).key.unwrap_or_else(|| folder(settings).join(KEY_FILE))
}

fn refused(error: LogError) -> Failure {
    // What the operator wrote is wrong usage; everything else has failed.
    let usage = matches!(&error, LogError::Key(KeyFileError::Origin(_) | KeyFileError::OtherOrigin { .. }));
    let failure = if usage { Failure::usage(error) } else { Failure::from(error) };
    failure.context("the audit log")
}

/// What the log knows of the watches: which are in force, and as what.
#[derive(Default)]
struct Register {
    watches: BTreeMap<String, Known>,
    /// Who receives which feed, by the names of both.
    receivers: BTreeMap<String, Vec<String>>,
}

/// A watch in force.
struct Known {
    /// Of query and purpose.
    asks: Hash,
    sunset: Day,
}

/// A hash of what a watch asks for and why, with its parts kept apart.
fn asks(query: &Wording, category: &Wording, sentence: &Wording) -> Hash {
    Hash::of_entry(format!("{query}\n{category}\n{sentence}").as_bytes())
}

impl Register {
    fn see(&mut self, act: &Act) {
        match act {
            Act::WatchMade { watch, query, category, sentence, sunset }
            | Act::WatchChanged { watch, query, category, sentence, sunset } => {
                let known = Known { asks: asks(query, category, sentence), sunset: *sunset };
                self.watches.insert(watch.as_str().to_owned(), known);
            }
            Act::WatchRenewed { watch, sunset } => {
                if let Some(known) = self.watches.get_mut(watch.as_str()) {
                    known.sunset = *sunset;
                }
            }
            Act::WatchEnded { watch, .. } => {
                self.watches.remove(watch.as_str());
            }
            Act::FeedReceivers { feed, receivers } => {
                let names = receivers.iter().map(|name| name.as_str().to_owned()).collect();
                self.receivers.insert(feed.as_str().to_owned(), names);
            }
            _ => {}
        }
    }

    /// What is to be told so that the log says what is in force now. `all`: a watch that is not among these is gone.
    fn changes(&self, watches: &[Watch], today: Date, all: bool) -> Vec<Act> {
        let mut acts = Vec::new();
        let mut there = BTreeSet::new();
        for watch in watches {
            there.insert(watch.name.as_str());
            let known = self.watches.get(&watch.name);
            if watch.state(today) == WatchState::Expired {
                if known.is_some() {
                    acts.push(Act::WatchEnded { watch: Wording::new(&watch.name), reason: WatchEnd::Sunset });
                }
                continue;
            }
            acts.extend(told(watch, known));
        }
        if all {
            let gone = self.watches.keys().filter(|name| !there.contains(name.as_str()));
            acts.extend(gone.map(|name| Act::WatchEnded { watch: Wording::new(name), reason: WatchEnd::Gone }));
        }
        acts
    }
}

fn day(date: Date) -> Day {
    Day::from_days(date.days_since(Date::from_unix(0)))
}

/// A watch as it is told: made, changed or renewed; nothing where the log says it already.
fn told(watch: &Watch, known: Option<&Known>) -> Option<Act> {
    let (name, query) = (Wording::new(&watch.name), Wording::new(&watch.text));
    let (category, sentence) = (Wording::new(&watch.purpose.category), Wording::new(&watch.purpose.sentence));
    let sunset = day(watch.sunset);
    match known {
        None => Some(Act::WatchMade { watch: name, query, category, sentence, sunset }),
        Some(known) if known.asks != asks(&query, &category, &sentence) => {
            Some(Act::WatchChanged { watch: name, query, category, sentence, sunset })
        }
        Some(known) if known.sunset != sunset => Some(Act::WatchRenewed { watch: name, sunset }),
        Some(_) => None,
    }
}

/// A query that is tried, with its purpose.
pub(crate) fn tried(watch: &Watch) -> Act {
    let Purpose { category, sentence } = &watch.purpose;
    Act::WatchTried {
        query: Wording::new(&watch.text),
        category: Wording::new(category),
        sentence: Wording::new(sentence),
    }
}

/// A watch that was just added.
pub(crate) fn made(watch: &Watch) -> Option<Act> {
    told(watch, None)
}

/// A watch that was given other terms.
pub(crate) fn changed(watch: &Watch) -> Act {
    Act::WatchChanged {
        watch: Wording::new(&watch.name),
        query: Wording::new(&watch.text),
        category: Wording::new(&watch.purpose.category),
        sentence: Wording::new(&watch.purpose.sentence),
        sunset: day(watch.sunset),
    }
}

/// A watch that was given a new sunset.
pub(crate) fn renewed(name: &str, sunset: Date) -> Act {
    Act::WatchRenewed { watch: Wording::new(name), sunset: day(sunset) }
}

/// A watch that was taken out of the register.
pub(crate) fn removed(name: &str) -> Act {
    Act::WatchEnded { watch: Wording::new(name), reason: WatchEnd::Removed }
}

/// The log of this process.
pub(crate) struct Trail {
    clock: Arc<dyn Clock>,
    k: u32,
    register: Arc<Mutex<Register>>,
    inner: Mutex<Inner>,
    /// Apart, so that a request is never held up by the disk.
    door: Mutex<Vec<(Wording, Act)>>,
}

struct Inner {
    log: Log,
    pending: Vec<(Wording, Act)>,
    lost: u64,
    /// When the next head is published, by the clock's milliseconds: a clock that is set does not shift it.
    due: u64,
    /// When it is tried again, where something waits.
    again: u64,
    /// What was told of these.
    told: Asked,
    /// What an earlier run had counted, from which this one goes on.
    before: Asked,
}

/// Records by which someone asked to be left out or forgotten, since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    /// Dropped by opt-outs.
    pub(crate) opted_out: u64,
    /// Deletions taken.
    pub(crate) deleted: u64,
}

impl Asked {
    /// What a run has counted.
    pub(crate) fn of(records: &Records) -> Self {
        Self { opted_out: records.opted_out, deleted: records.deleted }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Trail {
    /// Opens the log of a data folder, and makes it where there is none. What a crash left is mended and said.
    pub(crate) fn open(settings: &Settings, clock: &Arc<dyn Clock>) -> Result<Arc<Self>, Failure> {
        let now = clock.now().unix();
        let register = Arc::new(Mutex::new(Register::default()));
        let seen = Arc::clone(&register);
        let seen = Box::new(move |entry: &Entry| lock(&seen).see(&entry.act));
        let (log, found) = Log::open(&options(settings), now, seen).map_err(refused)?;
        if found.unsigned > 0 || found.cut_bytes > 0 {
            tracing::warn!(
                target: "groundswell",
                "the audit log was mended after a crash: {} entries had no head, {} bytes of a torn entry were cut off",
                found.unsigned,
                found.cut_bytes
            );
        }
        Ok(Arc::new(Self {
            clock: Arc::clone(clock),
            k: settings.gate.k,
            register,
            inner: Mutex::new(Inner {
                log,
                pending: Vec::new(),
                lost: 0,
                due: clock.millis() + PUBLISHED_MILLIS,
                again: 0,
                told: Asked::default(),
                before: Asked::default(),
            }),
            door: Mutex::default(),
        }))
    }

    /// Writes acts, or fails.
    pub(crate) fn record(&self, acts: Vec<Act>) -> Result<(), Failure> {
        let now = self.clock.now().unix();
        let mut inner = lock(&self.inner);
        acts.chunks(APPEND_ENTRIES_MAX)
            .try_for_each(|some| inner.log.append(now, &Wording::local(), some.to_vec()))
            .map_err(refused)
    }

    /// Writes acts, now or when the disk lets it.
    pub(crate) fn note(&self, acts: Vec<Act>) {
        let mut inner = lock(&self.inner);
        inner.pending.extend(acts.into_iter().map(|act| (Wording::local(), act)));
        self.write(&mut inner);
    }

    /// Writes what waits. What cannot be written goes on waiting, up to a bound.
    fn write(&self, inner: &mut Inner) {
        let now = self.clock.now().unix();
        while !inner.pending.is_empty() {
            let by = inner.pending[0].0.clone();
            let theirs = inner.pending.iter().take_while(|(other, _)| *other == by).take(APPEND_ENTRIES_MAX);
            let acts: Vec<Act> = theirs.map(|(_, act)| act.clone()).collect();
            let some = acts.len();
            if let Err(error) = inner.log.append(now, &by, acts) {
                inner.lost += inner.pending.len().saturating_sub(PENDING_MAX) as u64;
                inner.pending.truncate(PENDING_MAX);
                inner.again = self.clock.millis() + AGAIN_MILLIS;
                tracing::error!(
                    target: "groundswell",
                    acts = inner.pending.len(),
                    "the audit log cannot be written, its acts are kept and tried again: {}",
                    refused(error)
                );
                return;
            }
            inner.pending.drain(..some);
        }
        if inner.lost > 0 {
            tracing::error!(
                target: "groundswell",
                acts = inner.lost,
                "acts are missing in the audit log: it could not be written for too long"
            );
            inner.lost = 0;
        }
    }

    /// Tells that a command begins to read posts, with what, and which watches are in force. `all`: other watches no longer are.
    pub(crate) fn started(
        &self,
        command: &str,
        settings: &Settings,
        watches: &Watches,
        all: bool,
    ) -> Result<(), Failure> {
        let mut acts = vec![
            Act::Started {
                command: Word::new(command),
                version: Word::new(env!("CARGO_PKG_VERSION")),
                build: Word::new(&build()),
            },
            in_force(settings, &[]),
        ];
        acts.extend(lock(&self.register).changes(watches.all(), watches.today(), all));
        self.record(acts)?;
        self.publish()
    }

    /// An earlier run had counted so much, and told it.
    pub(crate) fn goes_on_from(&self, before: Asked) {
        lock(&self.inner).before = before;
    }

    /// Tells who receives which feed from now on, where that is not what the log says.
    pub(crate) fn receivers(&self, now: &BTreeMap<String, Vec<String>>) -> Result<(), Failure> {
        let told = lock(&self.register).receivers.clone();
        let feeds: BTreeSet<&String> = told.keys().chain(now.keys()).collect();
        let mut acts = Vec::new();
        for feed in feeds {
            let (before, now) = (told.get(feed), now.get(feed));
            if before.map_or(&[][..], Vec::as_slice) != now.map_or(&[][..], Vec::as_slice) {
                let receivers = now.into_iter().flatten().map(|name| Wording::new(name)).collect();
                acts.push(Act::FeedReceivers { feed: Wording::new(feed), receivers });
            }
        }
        if acts.is_empty() { Ok(()) } else { self.record(acts) }
    }

    /// Writes what an account did through the page or the API; fails where it cannot be written.
    pub(crate) fn record_by(&self, by: Option<&AccountName>, act: Act) -> Result<(), Failure> {
        let by = by.map_or_else(Wording::local, |account| Wording::new(account.as_str()));
        let now = self.clock.now().unix();
        lock(&self.inner).log.append(now, &by, vec![act]).map_err(refused)
    }

    /// The newest head, a signed note.
    pub(crate) fn newest_head(settings: &Settings) -> Option<String> {
        Reader::new(&folder(settings)).head().ok().map(|head| head.note.to_string())
    }

    /// Tells what a reload changed.
    pub(crate) fn reloaded(&self, settings: &Settings, changed: &[String], watches: &Watches) {
        let mut acts = Vec::new();
        if !changed.is_empty() {
            acts.push(in_force(settings, changed));
        }
        self.catch_up();
        acts.extend(lock(&self.register).changes(watches.all(), watches.today(), true));
        if !acts.is_empty() {
            self.note(acts);
        }
    }

    /// Reads what other processes appended, so that what `watch add` told is not told again.
    fn catch_up(&self) {
        let now = self.clock.now().unix();
        if let Err(error) = lock(&self.inner).log.append(now, &Wording::local(), Vec::new()) {
            tracing::error!(target: "groundswell", "{}", refused(error));
        }
    }

    fn publish(&self) -> Result<(), Failure> {
        let now = self.clock.now().unix();
        let mut inner = lock(&self.inner);
        // Not again at once where it fails.
        inner.due = self.clock.millis() + AGAIN_MILLIS;
        inner.log.publish(now).map_err(refused)?;
        inner.due = self.clock.millis() + PUBLISHED_MILLIS;
        Ok(())
    }

    /// What was counted since it was last told: opt-outs and deletions, rounded down to a multiple of k.
    fn counted(&self, asked: Asked) -> Vec<Act> {
        let mut acts = Vec::new();
        let k = u64::from(self.k.max(1));
        let mut inner = lock(&self.inner);
        let since = |count: u64, before: u64| {
            let count = count.saturating_sub(before);
            count - count % k
        };
        let Asked { opted_out, deleted } = inner.before;
        let asked = Asked { opted_out: since(asked.opted_out, opted_out), deleted: since(asked.deleted, deleted) };
        let told = std::mem::replace(&mut inner.told, asked);
        if asked.opted_out > told.opted_out {
            acts.push(Act::OptOutsCounted { at_least: asked.opted_out });
        }
        if asked.deleted > told.deleted {
            acts.push(Act::DeletionsCounted { at_least: asked.deleted });
        }
        acts
    }

    /// Looks whether the hour is over or something waits. Called all the time; costs nothing most of the time.
    pub(crate) fn look(&self, asked: impl FnOnce() -> Asked) {
        let now = self.clock.millis();
        self.write_door();
        let (due, again) = {
            let inner = lock(&self.inner);
            (now >= inner.due, !inner.pending.is_empty() && now >= inner.again)
        };
        if due {
            let acts = self.counted(asked());
            self.note(acts);
            if let Err(failure) = self.publish() {
                tracing::error!(target: "groundswell", "no head of the audit log could be published: {failure}");
            }
        } else if again {
            self.write(&mut lock(&self.inner));
        }
    }

    /// Tells the end of a command, with a last head.
    pub(crate) fn stopped(&self, command: &str, asked: Asked) {
        self.write_door();
        let mut acts = self.counted(asked);
        acts.push(Act::Stopped { command: Word::new(command) });
        self.note(acts);
        if let Err(failure) = self.publish() {
            output::complain(&format!("no last head of the audit log: {failure}"));
        }
    }

    /// Writes what happened at the door.
    fn write_door(&self) {
        let acts = std::mem::take(&mut *lock(&self.door));
        if !acts.is_empty() {
            let mut inner = lock(&self.inner);
            inner.pending.extend(acts);
            self.write(&mut inner);
        }
    }
}

/// What happens at the door waits for the next look, so that no request is held up by the disk. It comes bounded: repetitions are
/// told once a minute with their number.
impl ActSink for Trail {
    fn act(&self, act: HttpAct) {
        let name = |account: &AccountName| Wording::new(account.as_str());
        let nobody = |account: Option<&AccountName>| account.map_or_else(|| Wording::new(NOBODY), name);
        let (by, act) = match act {
            HttpAct::SignedIn { account, .. } => (name(&account), Act::SignedIn {}),
            HttpAct::SignedOut { account } => (name(&account), Act::SignedOut {}),
            HttpAct::SignInFailed { account, times } => (nobody(account.as_ref()), Act::SignInsFailed { count: times }),
            HttpAct::TokenUsedAfterExpiry { token, times } => {
                (Wording::new(NOBODY), Act::ExpiredTokenUsed { token: name(&token), count: times })
            }
            HttpAct::Denied { account, route, status, times, .. } => {
                let act = Act::RequestsDenied { route: Word::new(route), status, count: times };
                (nobody(account.as_ref()), act)
            }
            // One that this program does not know yet cannot be told in its words.
            _ => return,
        };
        let mut door = lock(&self.door);
        if door.len() < PENDING_MAX {
            door.push((by, act));
        } else {
            lock(&self.inner).lost += 1;
        }
    }
}

/// SHA-256 of all settings as `config show` prints them: a secret is "(set)".
pub(crate) fn settings_hash(settings: &Settings) -> Hash {
    let text = toml::Table::try_from(settings).map(|table| table.to_string()).unwrap_or_default();
    Hash::of_all(text.as_bytes()).unwrap_or(Hash::NONE)
}

/// The settings as they are told: their hash, and what the gate works with.
fn in_force(settings: &Settings, changed: &[String]) -> Act {
    Act::SettingsInForce {
        hash: settings_hash(settings),
        k: settings.gate.k,
        narratives: settings.narratives.enabled,
        bursts: Some(settings.bursts.enabled),
        amplification: Some(settings.amplification.enabled),
        changed: changed.iter().map(|key| Word::new(key)).collect(),
    }
}

/// SHA-256 of the program's own file; `unknown` where it cannot be read.
pub(crate) fn build() -> String {
    let read = || -> std::io::Result<Hash> { Hash::of_all(File::open("/proc/self/exe")?) };
    read().map_or_else(|_| "unknown".to_owned(), Hash::hexadecimal)
}

/// An entry as everyone may read it.
pub(crate) fn entry(number: u64, line: String) -> Released<AuditEntry> {
    let (time, account, act, words) = match (Entry::parse(line.as_bytes()), Marks::parse(line.as_bytes())) {
        (Ok(entry), Ok(marks)) => (entry.time.to_string(), entry.by.to_string(), marks.act, entry.act.words()),
        (_, Ok(marks)) => {
            let words = format!("{}, an act that this version does not know", marks.act);
            (marks.time.to_string(), marks.by.to_string(), marks.act, words)
        }
        _ => (String::new(), String::new(), String::new(), "no entry".to_owned()),
    };
    Released::operational(AuditEntry { number, time, account, act, words, line })
}

/// A head as everyone may read it.
pub(crate) fn head(head: &Head) -> Released<AuditHead> {
    Released::operational(AuditHead {
        origin: head.checkpoint.origin.clone(),
        size: head.checkpoint.size,
        root: head.checkpoint.root.to_string(),
        key: head.key.to_string(),
        note: head.note.to_string(),
    })
}

fn texts(path: &[Hash]) -> Vec<String> {
    path.iter().map(ToString::to_string).collect()
}

/// A proof as everyone may read it.
pub(crate) fn inclusion(reader: &Reader, entry: u64, size: Option<u64>) -> Result<Released<AuditInclusion>, ReadError> {
    let proof = reader.inclusion(entry, size)?;
    Ok(Released::operational(AuditInclusion {
        number: proof.number,
        size: proof.size,
        entry: proof.entry.to_string(),
        root: proof.root.to_string(),
        path: texts(&proof.path),
    }))
}

/// A proof as everyone may read it.
pub(crate) fn consistency(
    reader: &Reader,
    from: u64,
    to: Option<u64>,
) -> Result<Released<AuditConsistency>, ReadError> {
    let proof = reader.consistency(from, to)?;
    Ok(Released::operational(AuditConsistency {
        from: proof.from,
        to: proof.to,
        from_root: proof.from_root.to_string(),
        to_root: proof.to_root.to_string(),
        path: texts(&proof.path),
    }))
}

/// A moment of an export.
pub(crate) fn moment(unix: Option<i64>) -> Option<Time> {
    unix.map(Time::from_unix)
}

/// What the server reads.
pub(crate) struct AuditDesk(Reader);

impl AuditDesk {
    /// Over the log of a data folder.
    pub(crate) fn new(data: &Path) -> Arc<Self> {
        Arc::new(Self(Reader::new(&data.join(FOLDER))))
    }
}

fn fault(error: ReadError) -> AuditFault {
    match error {
        ReadError::Missing { .. } => AuditFault::Missing,
        ReadError::Beyond { size, .. } => AuditFault::Beyond { size },
        error => AuditFault::Failed { cause: error.to_string() },
    }
}

impl AuditSource for AuditDesk {
    fn head(&self) -> Result<Released<AuditHead>, AuditFault> {
        self.0.head().map(|found| head(&found)).map_err(fault)
    }

    fn entries(&self, first: u64, limit: usize) -> Result<Vec<Released<AuditEntry>>, AuditFault> {
        let lines = self.0.entries(first, limit).map_err(fault)?;
        Ok(lines.into_iter().map(|(number, line)| entry(number, line)).collect())
    }

    fn inclusion(&self, entry: u64, size: Option<u64>) -> Result<Released<AuditInclusion>, AuditFault> {
        inclusion(&self.0, entry, size).map_err(fault)
    }

    fn consistency(&self, from: u64, to: Option<u64>) -> Result<Released<AuditConsistency>, AuditFault> {
        consistency(&self.0, from, to).map_err(fault)
    }
}

#[cfg(test)]
mod tests {
    use groundswell_post::EventTime;
    use groundswell_serve::Role;
    use groundswell_sources::ManualClock;

    use super::*;

    /// 2026-11-26, at 00:00:00 UTC.
    const MIDNIGHT: i64 = 1_795_651_200;

    struct Desk {
        _dir: tempfile::TempDir,
        settings: Settings,
        hand: Arc<ManualClock>,
        clock: Arc<dyn Clock>,
    }

    fn desk() -> Desk {
        let dir = tempfile::tempdir().unwrap();
        let settings = Settings { data: dir.path().to_owned(), ..Settings::default() };
        let hand = Arc::new(ManualClock::at(EventTime::from_unix(MIDNIGHT)));
        Desk { _dir: dir, settings, clock: Arc::clone(&hand) as Arc<dyn Clock>, hand }
    }

    impl Desk {
        fn pass(&self, seconds: u64) {
            self.hand.advance_millis(seconds * 1_000);
        }

        fn watches(&self, text: &str) -> Watches {
            let path = self.settings.data.join("watches.toml");
            std::fs::write(&path, text).unwrap();
            let nothing: groundswell_watch::NameShown = Arc::new(|_, _| false);
            Watches::load(Some(&path), Vec::new(), &nothing, self.clock.as_ref()).unwrap()
        }

        /// The acts in words, from an entry on.
        fn told(&self, from: u64) -> Vec<String> {
            let lines = Reader::new(&folder(&self.settings)).entries(from, 1_000).unwrap();
            lines.into_iter().map(|(number, line)| entry(number, line).words.clone()).collect()
        }
    }

    fn watch(name: &str, query: &str, sunset: &str) -> String {
        format!(
            "[[watch]]\nname = \"{name}\"\nquery = '{query}'\nsunset = \"{sunset}\"\n\
             purpose = {{ category = \"crisis-response\", sentence = \"See where flooding is discussed.\" }}\n"
        )
    }

    #[test]
    fn a_head_is_published_each_hour() {
        let asked = |count: u64| Asked { opted_out: count, deleted: if count > 9 { 2 * count - 5 } else { 0 } };
        let desk = desk();
        let trail = Trail::open(&desk.settings, &desk.clock).unwrap();
        trail.started("run", &desk.settings, &desk.watches(""), true).unwrap();
        assert_eq!(desk.told(2), ["head over 2 entries published"]);
        for _ in 0..10 {
            desk.pass(359);
            trail.look(|| asked(7));
        }
        assert_eq!(desk.told(3).len(), 0, "the hour is not over");
        desk.pass(10);
        let ada = AccountName::parse("ada").unwrap();
        let denied =
            |account, times| HttpAct::Denied { account, method: "POST", route: "/api/v1/ingest", status: 401, times };
        trail.act(denied(None, 2));
        trail.act(denied(Some(ada.clone()), 1));
        trail.act(HttpAct::SignedIn { account: ada.clone(), role: Role::Viewer });
        trail.act(HttpAct::SignInFailed { account: Some(ada), times: 3 });
        // Fewer than k opt-outs are not told: they could be one person's.
        trail.look(|| asked(7));
        trail.look(|| asked(27));
        let expected = [
            "2 requests to /api/v1/ingest denied with 401",
            "1 request to /api/v1/ingest denied with 401",
            "signed in",
            "3 sign-ins failed",
            "head over 7 entries published",
        ];
        assert_eq!(desk.told(3), expected);
        let lines = Reader::new(&folder(&desk.settings)).entries(3, 4).unwrap();
        let by: Vec<String> =
            lines.iter().map(|(_, line)| Entry::parse(line.as_bytes()).unwrap().by.to_string()).collect();
        assert_eq!(by, ["nobody", "ada", "ada", "ada"]);
        desk.pass(3_600);
        trail.look(|| asked(27));
        trail.stopped("run", asked(29));
        let expected = [
            "at least 20 records dropped by opt-outs since the start",
            "at least 40 deletions taken since the start",
            "head over 10 entries published",
            "at least 50 deletions taken since the start",
            "run stopped",
            "head over 13 entries published",
        ];
        assert_eq!(desk.told(8), expected);
    }

    #[test]
    fn a_sunset_is_told_once_and_ends_the_watch() {
        let desk = desk();
        let trail = Trail::open(&desk.settings, &desk.clock).unwrap();
        let text = watch("floods", "flood AND river", "2026-11-28") + &watch("heat", "heat*", "2027-01-01");
        let watches = desk.watches(&text);
        trail.started("run", &desk.settings, &watches, true).unwrap();
        let from = desk.told(0).len() as u64;
        desk.pass(86_400);
        let tomorrow = watches.on(crate::watches::today(desk.clock.as_ref())).unwrap();
        trail.reloaded(&desk.settings, &[], &tomorrow);
        assert!(desk.told(from).is_empty(), "its last day is not over");
        desk.pass(86_400);
        let after = watches.on(crate::watches::today(desk.clock.as_ref())).unwrap();
        assert_eq!(after.all()[0].state(after.today()), WatchState::Expired);
        for _ in 0..2 {
            trail.reloaded(&desk.settings, &[], &after);
        }
        assert_eq!(desk.told(from), ["watch floods ended: its sunset came"]);
        // It may come back with a new sunset; another purpose or query is another act than a new sunset.
        let text = watch("floods", "flood AND river", "2027-02-01") + &watch("heat", "heat*", "2027-01-02");
        trail.reloaded(&desk.settings, &[], &desk.watches(&text));
        let text = watch("floods", "flood AND river", "2027-02-01") + &watch("heat", "heat* OR drought", "2027-01-02");
        trail.reloaded(&desk.settings, &[], &desk.watches(&text));
        trail.reloaded(&desk.settings, &["log.level".to_owned()], &desk.watches(""));
        // After a restart the log is what is known.
        let trail = Trail::open(&desk.settings, &desk.clock).unwrap();
        trail.reloaded(&desk.settings, &[], &desk.watches(""));
        let sentence = "(crisis-response: See where flooding is discussed.)";
        let expected = [
            format!("watch floods made until 2027-02-01: flood AND river {sentence}"),
            "watch heat renewed until 2027-01-02".to_owned(),
            format!("watch heat changed, until 2027-01-02: heat* OR drought {sentence}"),
            "settings in force: k = 10, narratives off, bursts on, amplification on; changed: log.level".to_owned(),
            "watch floods ended: it is not configured any more".to_owned(),
            "watch heat ended: it is not configured any more".to_owned(),
        ];
        assert_eq!(desk.told(from + 1), expected);
    }

    #[test]
    fn what_cannot_be_written_now_is_written_later() {
        let desk = desk();
        let trail = Trail::open(&desk.settings, &desk.clock).unwrap();
        let (here, away) = (folder(&desk.settings), desk.settings.data.join("away"));
        std::fs::rename(&here, &away).unwrap();
        trail.note((0..PENDING_MAX + 7).map(|_| removed("heat")).collect());
        assert!(trail.record(vec![removed("heat")]).is_err(), "a command fails");
        std::fs::rename(&away, &here).unwrap();
        trail.look(Asked::default);
        desk.pass(AGAIN_MILLIS / 1_000);
        trail.look(Asked::default);
        assert_eq!(desk.told(0)[0], "watch heat ended: it was removed");
        let size = Reader::new(&here).head().unwrap().checkpoint.size;
        assert_eq!(size, PENDING_MAX as u64, "what waits is bounded, and written in pieces");
    }

    #[test]
    fn what_happens_at_the_door_waits_in_bounded_space() {
        let desk = desk();
        let trail = Trail::open(&desk.settings, &desk.clock).unwrap();
        for _ in 0..2 * PENDING_MAX {
            trail.act(HttpAct::SignInFailed { account: None, times: 1 });
        }
        assert_eq!(lock(&trail.door).len(), PENDING_MAX);
        trail.look(Asked::default);
        assert!(lock(&trail.door).is_empty());
    }
}
