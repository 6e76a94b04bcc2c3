//! The watches in force: from files, from the store, or generated for `bench`.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use groundswell_gate::{K, Released, WatchEntry};
use groundswell_sources::Clock;
use groundswell_store::{Store, WatchRecord};
use groundswell_text::Analyzer;
use groundswell_watch::{
    Checker, Date, Frequencies, NameShown, Percolator, Watch, WatchDraft, WatchSet, WatchState, generate,
};
use tokio::runtime::Handle;

use crate::args::Common;
use crate::failure::Failure;
use crate::output;
use crate::settings::Settings;

/// Which names the gate has let through, by what this installation has stored. A store that is missing, of another version or not
/// readable has shown nothing: whoever asks for a name is refused, and can ask again.
pub(crate) fn names_shown(settings: &Settings, runtime: &Handle) -> Result<NameShown, Failure> {
    let k = K::new(settings.gate.k).map_err(Failure::usage)?;
    let reader = runtime.block_on(Store::open_reader(&settings.data, k)).ok();
    let runtime = runtime.clone();
    Ok(Arc::new(move |name, since| {
        let since = since.days_since(Date::from_unix(0)) * 86_400;
        reader.as_ref().is_some_and(|reader| runtime.block_on(reader.name_was_shown(name, since)).unwrap_or(false))
    }))
}

/// The same for a service that runs on: its store may not be there yet when it begins, so it is opened for each question. Few queries
/// hold what could be a name.
pub(crate) fn names_shown_now(settings: &Settings, runtime: &Handle) -> NameShown {
    let (settings, runtime) = (settings.clone(), runtime.clone());
    Arc::new(move |name, since| names_shown(&settings, &runtime).is_ok_and(|shown| shown(name, since)))
}

/// Watches, compiled.
pub(crate) struct Watches {
    set: WatchSet,
    today: Date,
    pub(crate) percolator: Arc<Percolator>,
    pub(crate) names: Arc<[String]>,
}

/// Today in UTC.
pub(crate) fn today(clock: &dyn Clock) -> Date {
    Date::from_unix(clock.now().unix())
}

impl Watches {
    /// Reads a file, adds those of the store, and compiles what has not expired.
    pub(crate) fn load(
        file: Option<&Path>,
        stored: Vec<WatchRecord>,
        shown: &NameShown,
        clock: &dyn Clock,
    ) -> Result<Self, Failure> {
        let today = today(clock);
        let mut watches = Vec::new();
        if let Some(path) = file {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("{}: cannot be read", path.display()))
                .map_err(Failure::usage)?;
            let checker = Checker::knowing(today, Arc::clone(shown));
            let set = WatchSet::read(&path.display().to_string(), &text, checker).map_err(Failure::usage)?;
            watches.extend(set.watches().iter().cloned());
        }
        let mut checker = Checker::knowing(today, Arc::clone(shown));
        for record in stored {
            watches.push(from_record(&mut checker, &record)?);
        }
        let set = WatchSet::new(watches).map_err(|error| Failure::usage_text(error.to_string()))?;
        Self::compile(set, today, &Frequencies::builtin())
    }

    /// One query alone, under a name, for `watch test`.
    pub(crate) fn single(name: &str, query: &str, shown: NameShown, clock: &dyn Clock) -> Result<Self, Failure> {
        let today = today(clock);
        let draft = WatchDraft {
            name: name.to_owned(),
            query: query.to_owned(),
            category: "test".to_owned(),
            sentence: "Try a query before it becomes a watch.".to_owned(),
            created: Some(today),
            sunset: None,
        };
        let watch = Checker::knowing(today, shown).watch(draft).map_err(|errors| refused(query, &errors))?;
        Self::alone(watch, today)
    }

    /// One watch by itself.
    pub(crate) fn alone(watch: Watch, today: Date) -> Result<Self, Failure> {
        let set = WatchSet::new(vec![watch]).map_err(|error| Failure::usage_text(error.to_string()))?;
        Self::compile(set, today, &Frequencies::builtin())
    }

    /// Realistic watches over a vocabulary, for `bench`.
    pub(crate) fn generated(seed: u64, count: usize, vocabulary: &[(String, f64)]) -> Result<Self, Failure> {
        let today = Date::from_unix(1_767_571_200);
        let words: Vec<&str> = vocabulary.iter().map(|(word, _)| word.as_str()).collect();
        let set = generate::watches(seed, count, &words, today);
        Self::compile(set, today, &Frequencies::builtin())
    }

    fn compile(set: WatchSet, today: Date, frequencies: &Frequencies) -> Result<Self, Failure> {
        let percolator = set.percolator(today, &mut Analyzer::new(), frequencies).map_err(Failure::usage)?;
        let names = set.watches().iter().map(|watch| watch.name.clone()).collect();
        Ok(Self { set, today, percolator: Arc::new(percolator), names })
    }

    /// How many watches are new, changed and gone against those before.
    pub(crate) fn since(&self, before: &Self) -> (usize, usize, usize) {
        let by_name = |watches: &Self| -> BTreeMap<String, WatchEntry> {
            watches.set.watches().iter().map(|watch| (watch.name.clone(), entry(watch, watches.today))).collect()
        };
        let (before, now) = (by_name(before), by_name(self));
        let new = now.keys().filter(|name| !before.contains_key(*name)).count();
        let gone = before.keys().filter(|name| !now.contains_key(*name)).count();
        let changed = now.iter().filter(|(name, entry)| before.get(*name).is_some_and(|before| before != *entry));
        (new, changed.count(), gone)
    }

    /// All of them, also those that have expired.
    pub(crate) fn all(&self) -> &[Watch] {
        self.set.watches()
    }

    /// The day of which they are.
    pub(crate) fn today(&self) -> Date {
        self.today
    }

    /// The same on another day: what has expired by then matches no more.
    pub(crate) fn on(&self, today: Date) -> Result<Self, Failure> {
        Self::compile(self.set.clone(), today, &Frequencies::builtin())
    }

    /// Says on stderr which watches have expired.
    pub(crate) fn report(&self, common: &Common) {
        for (_, watch) in self.set.expired(self.today) {
            output::note(
                common,
                &format!(
                    "watch {}: its sunset was {}; it matches nothing until it is renewed",
                    watch.name, watch.sunset
                ),
            );
        }
    }

    /// The register, by name.
    pub(crate) fn register(&self) -> Vec<Released<WatchEntry>> {
        let mut entries: Vec<WatchEntry> = self.set.watches().iter().map(|watch| entry(watch, self.today)).collect();
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        entries.into_iter().map(Released::operational).collect()
    }
}

/// A watch as everybody may read it.
pub(crate) fn entry(watch: &Watch, today: Date) -> WatchEntry {
    WatchEntry {
        name: watch.name.clone(),
        query: watch.text.clone(),
        parenthesised: watch.query.to_string(),
        clauses: watch.clauses(),
        category: watch.purpose.category.clone(),
        sentence: watch.purpose.sentence.clone(),
        created: watch.created.to_string(),
        sunset: watch.sunset.to_string(),
        state: match watch.state(today) {
            WatchState::Active => "active".to_owned(),
            WatchState::Expired => "ended".to_owned(),
        },
    }
}

/// A watch as the store keeps it, checked again: rules may have become stricter since it was added.
pub(crate) fn from_record(checker: &mut Checker, record: &WatchRecord) -> Result<Watch, Failure> {
    let draft = WatchDraft {
        name: record.name.clone(),
        query: record.query.clone(),
        category: record.category.clone(),
        sentence: record.sentence.clone(),
        created: Some(Date::from_unix(record.created)),
        sunset: Some(Date::from_unix(record.sunset)),
    };
    checker.watch(draft).map_err(|errors| refused(&record.query, &errors).context(format!("watch {}", record.name)))
}

/// What is wrong with a watch, with a caret where its query is wrong.
pub(crate) fn refused(query: &str, errors: &[groundswell_watch::WatchError]) -> Failure {
    let texts: Vec<String> = errors
        .iter()
        .map(|error| match &error.query {
            Some(inner) => inner.render(query),
            None => format!("{}: {}; {}", error.field, error.message, error.help),
        })
        .collect();
    Failure::usage_text(texts.join("\n"))
}
