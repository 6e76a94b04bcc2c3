//! `feed`: named selections of detections, what editors do with them, and how deliveries stand.

use std::fmt::Write as _;
use std::sync::Arc;

use groundswell_audit::{Act, Wording};
use groundswell_gate::{FeedEntry, K, Outward as _};
use groundswell_serve::FeedAct;
use groundswell_sketch::Rfc3339;
use groundswell_sources::{Clock, SystemClock};
use groundswell_store::{
    FeedEdit, FeedItem, FeedSelection, FeedStore, Outbox, Reader, ReleasedReader as _, Store, TRIAL_DAYS_MAX,
    TRIAL_DETECTIONS_MAX, Trial,
};
use tokio::runtime::Runtime;

use super::export::moment;
use crate::args::{Common, Feed, FeedTerms};
use crate::audit::Trail;
use crate::failure::{DONE, Failure, Outcome};
use crate::feeds::{self, FeedRefusal};
use crate::settings::{self, Settings};
use crate::{output, pipeline};

/// Detections of which `feed test` prints a line.
const TRIAL_LINES: usize = 20;

/// Makes, lists, shows, edits and ends feeds.
pub(crate) fn feed(common: &Common, command: Feed) -> Outcome {
    let edit = |feed: String, detection: String, edit: FeedEdit| {
        change(common, FeedAct::Edit { feed, detection, edit }, "done")
    };
    match command {
        Feed::Add { name, terms } => {
            let said = format!("feed {name} is there; /feeds/{name}.atom, .json and /stream serve it");
            change(common, FeedAct::Add { name, selection: selection(&terms) }, &said)
        }
        Feed::List { json } => list(common, json),
        Feed::Show { name, last, json } => show(common, &name, last, json),
        Feed::Remove { name } => {
            let said = format!("feed {name} has ended; its detections stay");
            change(common, FeedAct::Remove { name }, &said)
        }
        Feed::Pin { feed, detection, off } => edit(feed, detection, FeedEdit::Pin(!off)),
        Feed::Mute { feed, detection, r#for, off } => {
            let seconds = i64::try_from(r#for.as_secs()).unwrap_or(i64::MAX);
            let until = (!off).then(|| SystemClock::default().now().unix().saturating_add(seconds));
            edit(feed, detection, FeedEdit::Mute(until))
        }
        Feed::Mark { feed, detection, mark } => {
            let useful = match mark.as_str() {
                "useful" => Some(true),
                "noise" => Some(false),
                _ => None,
            };
            edit(feed, detection, FeedEdit::Mark(useful))
        }
        Feed::Note { feed, detection, text, remove: false } => edit(feed, detection, FeedEdit::Note(text)),
        Feed::Note { feed, detection, text, remove: true } => edit(feed, detection, FeedEdit::RemoveNote(text)),
        Feed::Test { terms, from, to, json } => test(common, &terms, from.as_deref(), to.as_deref(), json),
        Feed::Deliveries { last, json } => deliveries(common, last, json),
        Feed::Retry { receiver } => retry(common, &receiver),
    }
}

fn selection(terms: &FeedTerms) -> FeedSelection {
    FeedSelection {
        kinds: terms.kind.clone(),
        watches: terms.watch.clone(),
        languages: terms.language.clone(),
        severities: terms.severity.clone(),
        budget: terms.budget,
    }
}

fn trail(settings: &Settings) -> Result<Arc<Trail>, Failure> {
    pipeline::make_data_dir(&settings.data)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    Trail::open(settings, &clock)
}

fn change(common: &Common, act: FeedAct, said: &str) -> Outcome {
    let settings = settings::load(common)?.settings;
    // Opened before anything is changed: what cannot be told is not done.
    let trail = trail(&settings)?;
    let options = pipeline::store_options(settings.gate.k, false)?;
    let now = SystemClock::default().now().unix();
    let runtime = pipeline::runtime()?;
    runtime.block_on(feeds::act(&settings.data, &options, &trail, now, None, act)).map_err(FeedRefusal::failure)?;
    output::note(common, said);
    Ok(DONE)
}

/// A reader of the store. Feeds are there from the start, so the store is made where there is none.
fn reader(settings: &Settings, runtime: &Runtime) -> Result<Reader, Failure> {
    let k = K::new(settings.gate.k).map_err(Failure::usage)?;
    pipeline::make_data_dir(&settings.data)?;
    let options = pipeline::store_options(settings.gate.k, false)?;
    runtime.block_on(async {
        FeedStore::open(&settings.data, &options).await?.close().await?;
        Ok(Store::open_reader(&settings.data, k).await?)
    })
}

fn or_all(words: &[String]) -> String {
    if words.is_empty() { "all".to_owned() } else { words.join(",") }
}

fn said_precision(feed: &FeedEntry) -> String {
    match (feed.precision, feed.precision_interval) {
        (Some(precision), Some([low, high])) => {
            format!("precision {precision} ({low} to {high}, of {} marks)", feed.useful + feed.noise)
        }
        _ => "no marks yet".to_owned(),
    }
}

fn list(common: &Common, json: bool) -> Outcome {
    let settings = settings::load(common)?.settings;
    let runtime = pipeline::runtime()?;
    let reader = reader(&settings, &runtime)?;
    let feeds = runtime.block_on(reader.feeds())?;
    let text = if json {
        format!("{{\"items\":{}}}\n", feeds.to_json())
    } else {
        feeds.iter().fold(String::new(), |mut text, feed| {
            let _ = writeln!(
                text,
                "{}\t{} detections\tkinds {}\tlanguages {}\t{}",
                feed.name,
                feed.items,
                or_all(&feed.kinds),
                or_all(&feed.languages),
                said_precision(feed)
            );
            text
        })
    };
    output::write_stdout(text.as_bytes())?;
    Ok(DONE)
}

fn line(text: &mut String, item: &FeedItem) {
    let mut marks = String::new();
    if item.marks.pinned {
        marks.push_str(" [pinned]");
    }
    if let Some(mark) = &item.marks.mark {
        let _ = write!(marks, " [{mark}]");
    }
    let _ =
        writeln!(text, "{}\t{}\t{}\t{}{marks}", item.row.detected_at, item.row.id, item.row.severity, item.row.title);
    for note in &item.marks.notes {
        let _ = writeln!(text, "\t{note}");
    }
}

fn show(common: &Common, name: &str, last: usize, json: bool) -> Outcome {
    let settings = settings::load(common)?.settings;
    let runtime = pipeline::runtime()?;
    let reader = reader(&settings, &runtime)?;
    let feed = runtime.block_on(reader.feeds())?.into_iter().find(|feed| feed.name == name);
    let items = runtime.block_on(reader.feed_newest(name, last))?;
    let (Some(feed), Some(items)) = (feed, items) else {
        return Err(Failure::usage(groundswell_store::FeedError::Unknown { name: name.to_owned() }));
    };
    let text = if json {
        let rows: Vec<String> = items
            .iter()
            .map(|item| format!("{{\"detection\":{},\"marks\":{}}}", item.row.to_json(), item.marks.to_json()))
            .collect();
        format!("{{\"feed\":{},\"items\":[{}]}}\n", feed.to_json(), rows.join(","))
    } else {
        let budget = feed.budget.map_or_else(|| "none".to_owned(), |budget| format!("{budget} false alerts a day"));
        let mut text = format!(
            "name        {}\nkinds       {}\nwatches     {}\nlanguages   {}\nseverities  {}\nbudget      {budget}\nreceivers   {}\nmuted       {}\n            {}\n\n",
            feed.name,
            or_all(&feed.kinds),
            or_all(&feed.watches),
            or_all(&feed.languages),
            or_all(&feed.severities),
            if feed.receivers.is_empty() { "nobody".to_owned() } else { feed.receivers.join(",") },
            feed.muted.len(),
            said_precision(&feed),
        );
        items.iter().for_each(|item| line(&mut text, item));
        text
    };
    output::write_stdout(text.as_bytes())?;
    Ok(DONE)
}

/// What a feed would have told: the same selection, over what was detected already.
fn test(common: &Common, terms: &FeedTerms, from: Option<&str>, to: Option<&str>, json: bool) -> Outcome {
    let settings = settings::load(common)?.settings;
    let selection = selection(terms);
    selection.check().map_err(Failure::usage)?;
    let (from, to) = (moment("--from", from)?, moment("--to", to)?);
    let runtime = pipeline::runtime()?;
    let reader = reader(&settings, &runtime)?;
    let Trial { trial, newest } = runtime.block_on(reader.feed_trial(&selection, from, to, TRIAL_LINES))?;
    let text = if json {
        format!("{}\n", trial.to_json())
    } else {
        let mut text = format!("{} detections in {} days, {} a day", trial.detections, trial.days.len(), trial.a_day);
        match (trial.precision, trial.precision_interval) {
            (Some(precision), Some([low, high])) => {
                let marks = trial.useful + trial.noise;
                let _ = writeln!(text, "; precision {precision} ({low} to {high}) where there are marks ({marks})");
            }
            _ => text.push_str("; none of them is marked\n"),
        }
        if !trial.complete {
            let _ = writeln!(
                text,
                "only the newest {TRIAL_DETECTIONS_MAX} detections or {TRIAL_DAYS_MAX} days were looked at"
            );
        }
        for day in &trial.days {
            let _ = writeln!(text, "{}\t{}", day.day, day.detections);
        }
        if !newest.is_empty() {
            text.push_str("\nthe newest:\n");
        }
        for row in &newest {
            let _ = writeln!(text, "{}\t{}\t{}\t{}", row.detected_at, row.id, row.severity, row.title);
        }
        text
    };
    output::write_stdout(text.as_bytes())?;
    Ok(DONE)
}

fn outbox<T>(
    settings: &Settings,
    work: impl AsyncFnOnce(&mut Outbox) -> Result<T, groundswell_store::FeedError>,
) -> Result<T, Failure> {
    pipeline::make_data_dir(&settings.data)?;
    let options = pipeline::store_options(settings.gate.k, false)?;
    pipeline::runtime()?.block_on(async {
        let mut outbox = Outbox::open(&settings.data, &options).await?;
        let result = work(&mut outbox).await;
        outbox.close().await?;
        Ok(result?)
    })
}

fn deliveries(common: &Common, last: usize, json: bool) -> Outcome {
    let settings = settings::load(common)?.settings;
    let (counts, dead) =
        outbox(&settings, async |outbox| Ok((outbox.counts().await?, outbox.dead_letters(None, last).await?)))?;
    let text = if json {
        let receivers: Vec<_> = counts
            .iter()
            .map(|count| {
                serde_json::json!({
                    "receiver": count.receiver, "feed": count.feed, "waiting": count.waiting,
                    "delivered": count.delivered, "dead": count.dead,
                })
            })
            .collect();
        let dead: Vec<_> = dead
            .iter()
            .map(|letter| {
                serde_json::json!({
                    "receiver": letter.receiver, "feed": letter.feed, "detection": letter.detection,
                    "attempts": letter.attempts, "trouble": letter.trouble, "ended_at": Rfc3339(letter.ended_at),
                })
            })
            .collect();
        format!("{}\n", serde_json::json!({ "receivers": receivers, "dead_letters": dead }))
    } else {
        let mut text = String::new();
        for count in &counts {
            let _ = writeln!(
                text,
                "{}\tfeed {}\t{} waiting\t{} delivered\t{} dead",
                count.receiver, count.feed, count.waiting, count.delivered, count.dead
            );
        }
        for letter in &dead {
            let _ = writeln!(
                text,
                "dead\t{}\t{}\t{}\t{} tries\t{}",
                Rfc3339(letter.ended_at),
                letter.receiver,
                letter.detection,
                letter.attempts,
                letter.trouble
            );
        }
        text
    };
    output::write_stdout(text.as_bytes())?;
    Ok(DONE)
}

fn retry(common: &Common, receiver: &str) -> Outcome {
    let settings = settings::load(common)?.settings;
    let trail = trail(&settings)?;
    let now = SystemClock::default().now().unix();
    let count = outbox(&settings, async |outbox| outbox.revive(receiver, now).await)?;
    if count > 0 {
        trail.record(vec![Act::DeliveriesRevived { receiver: Wording::new(receiver), count }])?;
    }
    output::note(common, &format!("{count} dead letters of {receiver} wait again"));
    Ok(DONE)
}
