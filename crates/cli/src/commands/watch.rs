//! `watch`: named queries with a purpose and a sunset.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use groundswell_engine::{Closed, ReleaseSink};
use groundswell_gate::{Dimension, Outward as _, Released, VolumeRow, WatchEntry};
use groundswell_sketch::Step;
use groundswell_sources::file::FileSetConfig;
use groundswell_sources::{Clock, DecodeOptions, FileSet, SystemClock};
use groundswell_store::{WatchRecord, WatchStore};
use groundswell_watch::{Checker, Date, SUNSET_DAYS, SUNSET_DAYS_MAX, WatchDraft};

use super::replay::field_map;
use crate::args::{Common, Format, Watch, WatchTerms};
use crate::audit::{self, Trail};
use crate::failure::{DONE, FAILED, Failure, Outcome};
use crate::output::{self, VolumeWriter};
use crate::pipeline::{self, Feed, Plan};
use crate::settings;
use crate::settings::Settings;
use crate::watches::{self, Watches};

/// Adds, lists, shows, checks, tries, renews and removes watches.
pub(crate) fn watch(common: &Common, command: Watch) -> Outcome {
    match command {
        Watch::Check { query, json } => check(common, &query, json),
        Watch::Test { query, on, map, format } => test(common, &query, on, map.as_deref(), format),
        Watch::Add(terms) => add(common, terms),
        Watch::List { json } => list(common, json),
        Watch::Show { name, json } => show(common, &name, json),
        Watch::Renew { name, sunset } => renew(common, &name, sunset.as_deref()),
        Watch::Remove { name } => remove(common, &name),
    }
}

/// Knows which names this installation has shown.
fn checker(settings: &Settings, today: Date) -> Result<Checker, Failure> {
    let runtime = pipeline::runtime()?;
    let shown = watches::names_shown(settings, runtime.handle())?;
    // The runtime lives as long as it is asked.
    Ok(Checker::knowing(
        today,
        Arc::new(move |name, since| {
            let _runs = &runtime;
            shown(name, since)
        }),
    ))
}

fn check(common: &Common, text: &str, json: bool) -> Outcome {
    let settings = settings::load(common)?.settings;
    let mut checker = checker(&settings, watches::today(&SystemClock::default()))?;
    let query = checker.query(text).map_err(|error| Failure::usage_text(error.render(text)))?;
    let cost = query.cost();
    if json {
        let lints: Vec<_> = query
            .lints
            .iter()
            .map(|lint| serde_json::json!({"start": lint.span.start, "end": lint.span.end, "message": lint.message, "help": lint.help}))
            .collect();
        let object = serde_json::json!({
            "reading": query.to_string(),
            "lints": lints,
            "cost": {
                "class": cost.class.as_str(), "words": cost.words, "prefixes": cost.prefixes, "phrases": cost.phrases,
                "nears": cost.nears, "fields": cost.fields, "nots": cost.nots, "anchors": cost.anchors,
            },
        });
        output::write_stdout(format!("{object}\n").as_bytes())?;
        return Ok(DONE);
    }
    let mut out = format!("{query}\n");
    for lint in &query.lints {
        let _ = write!(out, "\n{}\n", lint.render(text).trim_end());
    }
    let _ = write!(
        out,
        "\ncost: {} ({} words, {} prefixes, {} phrases, {} nears, {} fields, {} nots; found by {})\n",
        cost.class.as_str(),
        cost.words,
        cost.prefixes,
        cost.phrases,
        cost.nears,
        cost.fields,
        cost.nots,
        if cost.anchors.is_empty() { "every post".to_owned() } else { cost.anchors.join(", ") },
    );
    output::write_stdout(out.as_bytes())?;
    Ok(DONE)
}

/// Keeps the hours of one watch.
struct Hours(Arc<Mutex<Vec<Released<VolumeRow>>>>);

impl ReleaseSink for Hours {
    fn commit(&mut self, closed: Closed) -> Result<(), anyhow::Error> {
        let hours =
            closed.rows.into_iter().filter(|row| row.dimension == Dimension::Watch && row.window.step == Step::Hour);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(hours);
        Ok(())
    }
}

fn test(common: &Common, query: &str, files: Vec<PathBuf>, map: Option<&str>, format: Format) -> Outcome {
    let settings = settings::load(common)?.settings;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let asked = pipeline::runtime()?;
    let shown = watches::names_shown(&settings, asked.handle())?;
    let watches = Arc::new(Watches::single("test", query, shown, clock.as_ref())?);
    let map = field_map(map)?;
    let set = FileSet::new(FileSetConfig { map: map.clone(), ..FileSetConfig::new(files) }, Arc::clone(&clock));
    let report = set.report();
    let rows = Arc::new(Mutex::new(Vec::new()));
    let plan = Plan {
        workers: settings.worker_count(),
        cluster: None,
        gate: pipeline::gate(settings.gate.k)?,
        watches,
        // They say nothing about a query.
        narratives: false,
        bursts: false,
        amplification: false,
        explore: None,
        stage_times: None,
        clock,
        feeds: vec![Feed { decode: DecodeOptions { map }, source: Box::new(set) }],
        spare: Vec::new(),
        checkpoint_every: None,
        resume: None,
        data: Some(settings.data),
    };
    let (_, errors) = pipeline::start(plan, Box::new(Hours(Arc::clone(&rows))))?.join()?;
    let mut writer = VolumeWriter::new(format, output::open(None)?)?;
    let mut rows = std::mem::take(&mut *rows.lock().unwrap_or_else(PoisonError::into_inner));
    rows.sort_by_key(|row| row.window);
    for row in &rows {
        writer.row(row)?;
    }
    writer.finish()?;
    let failures = report.failures();
    for error in failures.iter().map(|(_, error)| error).chain(&errors) {
        output::complain(error);
    }
    Ok(if failures.is_empty() && errors.is_empty() { DONE } else { FAILED })
}

/// Opens the watches of the data folder, does something with them, and closes them.
fn with_store<T>(
    settings: &Settings,
    work: impl AsyncFnOnce(&mut WatchStore) -> Result<T, groundswell_store::WatchStoreError>,
) -> Result<T, Failure> {
    pipeline::make_data_dir(&settings.data)?;
    let options = pipeline::store_options(settings.gate.k, false)?;
    let runtime = pipeline::runtime()?;
    runtime.block_on(async {
        let mut store = WatchStore::open(&settings.data, &options).await?;
        let result = work(&mut store).await;
        store.close().await?;
        Ok(result?)
    })
}

/// The audit log, opened before anything is changed: what cannot be told is not done.
fn trail(settings: &Settings) -> Result<Arc<Trail>, Failure> {
    pipeline::make_data_dir(&settings.data)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    Trail::open(settings, &clock)
}

fn sunset(text: Option<&str>, today: Date) -> Result<Date, Failure> {
    let Some(text) = text else { return Ok(today.plus_days(SUNSET_DAYS)) };
    let date =
        Date::parse(text).ok_or_else(|| Failure::usage_text(format!("--sunset: expected YYYY-MM-DD, found {text}")))?;
    let days = date.days_since(today);
    if !(1..=SUNSET_DAYS_MAX).contains(&days) {
        return Err(Failure::usage_text(format!(
            "--sunset: expected a day within the next {SUNSET_DAYS_MAX} days, found {text}, which is {days} days ahead"
        )));
    }
    Ok(date)
}

fn add(common: &Common, terms: WatchTerms) -> Outcome {
    let settings = settings::load(common)?.settings;
    let clock = SystemClock::default();
    let today = watches::today(&clock);
    let draft = WatchDraft {
        name: terms.name,
        query: terms.query.clone(),
        category: terms.category,
        sentence: terms.purpose,
        created: Some(today),
        sunset: Some(sunset(terms.sunset.as_deref(), today)?),
    };
    let watch = checker(&settings, today)?.watch(draft).map_err(|errors| watches::refused(&terms.query, &errors))?;
    let record = WatchRecord {
        name: watch.name.clone(),
        query: watch.text.clone(),
        category: watch.purpose.category.clone(),
        sentence: watch.purpose.sentence.clone(),
        created: clock.now().unix(),
        sunset: watch.sunset.days_since(Date::from_unix(0)) * 86_400,
        removed_at: None,
    };
    let trail = trail(&settings)?;
    with_store(&settings, async |store| store.add(&record).await)?;
    trail.record(audit::made(&watch).into_iter().collect())?;
    output::note(
        common,
        &format!(
            "watch {} is in the register until {}; `run` matches it from its next start",
            watch.name, watch.sunset
        ),
    );
    Ok(DONE)
}

fn entries(settings: &Settings) -> Result<Vec<WatchEntry>, Failure> {
    let records = with_store(settings, async |store| store.list().await)?;
    let today = watches::today(&SystemClock::default());
    let mut checker = checker(settings, today)?;
    records.iter().map(|record| Ok(watches::entry(&watches::from_record(&mut checker, record)?, today))).collect()
}

fn list(common: &Common, json: bool) -> Outcome {
    let entries = entries(&settings::load(common)?.settings)?;
    let text = if json {
        let items: Vec<_> = entries.into_iter().map(Released::operational).collect();
        format!("{{\"items\":{}}}\n", items.to_json())
    } else {
        entries.iter().fold(String::new(), |mut text, entry| {
            let _ = writeln!(text, "{}\t{}\tuntil {}\t{}", entry.name, entry.state, entry.sunset, entry.query);
            text
        })
    };
    output::write_stdout(text.as_bytes())?;
    Ok(DONE)
}

fn show(common: &Common, name: &str, json: bool) -> Outcome {
    let settings = settings::load(common)?.settings;
    let record = with_store(&settings, async |store| store.show(name).await)?;
    let today = watches::today(&SystemClock::default());
    let entry = watches::entry(&watches::from_record(&mut checker(&settings, today)?, &record)?, today);
    let text = if json {
        format!("{}\n", Released::operational(entry).to_json())
    } else {
        format!(
            "name      {}\nquery     {}\nreading   {}\npurpose   {}: {}\ncreated   {}\nsunset    {}\nstate     {}\n",
            entry.name,
            entry.query,
            entry.parenthesised,
            entry.category,
            entry.sentence,
            entry.created,
            entry.sunset,
            entry.state
        )
    };
    output::write_stdout(text.as_bytes())?;
    Ok(DONE)
}

fn renew(common: &Common, name: &str, date: Option<&str>) -> Outcome {
    let settings = settings::load(common)?.settings;
    let sunset = sunset(date, watches::today(&SystemClock::default()))?;
    let unix = sunset.days_since(Date::from_unix(0)) * 86_400;
    let now = SystemClock::default().now().unix();
    let trail = trail(&settings)?;
    // Made anew: its longest life begins today, or `run` would refuse a watch that is older than that.
    with_store(&settings, async |store| {
        let before = store.show(name).await?;
        store.change(&WatchRecord { created: now, sunset: unix, ..before }).await
    })?;
    trail.record(vec![audit::renewed(name, sunset)])?;
    output::note(common, &format!("watch {name} now ends on {sunset}"));
    Ok(DONE)
}

fn remove(common: &Common, name: &str) -> Outcome {
    let settings = settings::load(common)?.settings;
    let now = SystemClock::default().now().unix();
    let trail = trail(&settings)?;
    with_store(&settings, async |store| store.remove(name, now).await)?;
    trail.record(vec![audit::removed(name)])?;
    output::note(common, &format!("watch {name} is removed; what it released stays"));
    Ok(DONE)
}
