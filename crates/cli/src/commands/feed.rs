//! `feed`: named selections of detections, what editors do with them, and how deliveries stand.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use groundswell_audit::{Act, Wording};
use groundswell_gate::{FeedEntry, K, Outward as _, Released};
use groundswell_serve::FeedAct;
use groundswell_sketch::Rfc3339;
use groundswell_sources::{Clock, SystemClock};
use groundswell_store::{
    DetectionQuery, FeedEdit, FeedItem, FeedSelection, FeedStore, Outbox, Reader, ReleasedReader as _, Store,
};
use tokio::runtime::Runtime;

use super::export::moment;
use crate::args::{Common, Feed, FeedTerms};
use crate::audit::Trail;
use crate::failure::{DONE, Failure, Outcome};
use crate::feeds::{self, FeedRefusal};
use crate::settings::{self, Settings};
use crate::{output, pipeline};

/// Detections read at once.
const PAGE: usize = 1_000;

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
        Feed::Note { feed, detection, text } => edit(feed, detection, FeedEdit::Note(text)),
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

/// What editors of any feed made of a detection: the last one that is read counts.
fn marks(runtime: &Runtime, reader: &Reader, feeds: &[Released<FeedEntry>]) -> Result<BTreeMap<String, bool>, Failure> {
    let mut marks = BTreeMap::new();
    for feed in feeds.iter().filter(|feed| feed.useful + feed.noise > 0) {
        let mut seq = 0;
        loop {
            let items = runtime.block_on(reader.detections_since(Some(&feed.name), seq, PAGE))?;
            let Some(last) = items.last() else { break };
            seq = last.seq;
            for item in &items {
                if let Some(mark) = &item.marks.mark {
                    marks.insert(item.row.id.clone(), mark == "useful");
                }
            }
        }
    }
    Ok(marks)
}

/// What a feed would have told: the same selection, over what was detected already.
fn test(common: &Common, terms: &FeedTerms, from: Option<&str>, to: Option<&str>, json: bool) -> Outcome {
    let settings = settings::load(common)?.settings;
    let selection = selection(terms);
    selection.check().map_err(Failure::usage)?;
    let runtime = pipeline::runtime()?;
    let reader = reader(&settings, &runtime)?;
    let feeds = runtime.block_on(reader.feeds())?;
    let marks = marks(&runtime, &reader, &feeds)?;
    let mut query = DetectionQuery {
        from: moment("--from", from)?,
        to: moment("--to", to)?,
        limit: PAGE,
        ..DetectionQuery::default()
    };
    let (mut days, mut titles): (BTreeMap<i64, u64>, Vec<String>) = (BTreeMap::new(), Vec::new());
    let (mut detections, mut useful, mut noise) = (0_u64, 0_u64, 0_u64);
    loop {
        let page = runtime.block_on(reader.detections(&query))?;
        for row in page.items.iter().filter(|row| selection.takes(row)) {
            detections += 1;
            *days.entry(row.detected_at.0.div_euclid(86_400)).or_default() += 1;
            match marks.get(&row.id) {
                Some(true) => useful += 1,
                Some(false) => noise += 1,
                None => {}
            }
            if titles.len() < 20 {
                titles.push(format!("{}\t{}\t{}\t{}", row.detected_at, row.id, row.severity, row.title));
            }
        }
        query.after = page.next;
        if query.after.is_none() {
            break;
        }
    }
    // Days without any are days too.
    let span = match (days.first_key_value(), days.last_key_value()) {
        (Some((first, _)), Some((last, _))) => last - first + 1,
        _ => 0,
    };
    let a_day = if span > 0 { (detections as f64 * 100.0 / span as f64).round() / 100.0 } else { 0.0 };
    let precision = (useful + noise > 0).then(|| (useful as f64 * 100.0 / (useful + noise) as f64).round() / 100.0);
    let day = |day: i64| Rfc3339(day * 86_400).to_string()[..10].to_owned();
    let text = if json {
        let days: Vec<_> =
            days.iter().map(|(at, count)| serde_json::json!({"day": day(*at), "detections": count})).collect();
        let object = serde_json::json!({
            "detections": detections, "days": days, "a_day": a_day, "useful": useful, "noise": noise, "precision": precision,
        });
        format!("{object}\n")
    } else {
        let mut text = format!("{detections} detections in {span} days, {a_day} a day");
        match precision {
            Some(precision) => {
                let _ = writeln!(text, "; precision {precision} where there are marks ({})", useful + noise);
            }
            None => text.push_str("; none of them is marked\n"),
        }
        days.iter().for_each(|(at, count)| {
            let _ = writeln!(text, "{}\t{count}", day(*at));
        });
        if !titles.is_empty() {
            let _ = write!(text, "\nthe newest:\n{}\n", titles.join("\n"));
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
