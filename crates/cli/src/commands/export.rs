//! `export`: released tables, in the contract's forms.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use groundswell_audit::{Act, Word};
use groundswell_gate::{K, Outward};
use groundswell_post::EventTime;
use groundswell_sources::{Clock, SystemClock};
use groundswell_store::{
    AmplificationQuery, BurstQuery, Cursor, DetectionQuery, NarrativeEventQuery, NarrativeQuery, Page, ReadError,
    ReleasedReader as _, SqliteReader, Store, ToneQuery, VolumeQuery,
};
use tokio::runtime::Runtime;

use crate::args::{
    Common, Export, ExportAmplifications, ExportBursts, ExportDetections, ExportNarratives, ExportTone, ExportVolumes,
};
use crate::audit::{self, Trail};
use crate::failure::{DONE, Failure, Outcome};
use crate::output::{self, VolumeWriter};
use crate::pipeline;
use crate::settings::{self, Settings};

/// Rows read at once.
const PAGE_ROWS: usize = 10_000;

/// Prints a released table.
pub(crate) fn export(common: &Common, export: &Export) -> Outcome {
    match export {
        Export::Volumes(arguments) => volumes(common, arguments),
        Export::Narratives(arguments) => narratives(common, arguments),
        Export::Bursts(arguments) => bursts(common, arguments),
        Export::Amplifications(arguments) => amplifications(common, arguments),
        Export::Detections(arguments) => detections(common, arguments),
        Export::Tone(arguments) => tone(common, arguments),
    }
}

/// What every table is read with.
fn opened(common: &Common) -> Result<(Settings, Runtime, SqliteReader), Failure> {
    let settings = settings::load(common)?.settings;
    let k = K::new(settings.gate.k).map_err(Failure::usage)?;
    let runtime = pipeline::runtime()?;
    let reader = runtime.block_on(Store::open_reader(&settings.data, k))?;
    Ok((settings, runtime, reader))
}

/// Tells the audit log what is asked for, before any of it is given out.
fn tell(settings: &Settings, asked: Act) -> Result<(), Failure> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    Trail::open(settings, &clock)?.record(vec![asked])
}

fn narratives(common: &Common, arguments: &ExportNarratives) -> Outcome {
    let (settings, runtime, reader) = opened(common)?;
    let from = moment("--from", arguments.from.as_deref())?;
    let to = moment("--to", arguments.to.as_deref())?;
    let asked = Act::Exported {
        table: Word::new(if arguments.events { "narrative_events" } else { "narratives" }),
        dimension: None,
        step: None,
        one_value: arguments.id.is_some(),
        from: audit::moment(from),
        to: audit::moment(to),
        format: Word::new(&arguments.format),
    };
    tell(&settings, asked)?;
    let out = arguments.out.as_deref();
    if arguments.events {
        return all_lines(out, |after| {
            let query = NarrativeEventQuery { id: arguments.id.clone(), from, to, after, limit: PAGE_ROWS };
            runtime.block_on(reader.narrative_events(&query))
        });
    }
    all_lines(out, |after| {
        let query = NarrativeQuery { id: arguments.id.clone(), from, to, state: None, after, limit: PAGE_ROWS };
        runtime.block_on(reader.narratives(&query))
    })
}

fn bursts(common: &Common, arguments: &ExportBursts) -> Outcome {
    let (settings, runtime, reader) = opened(common)?;
    let mut query = BurstQuery {
        from: moment("--from", arguments.from.as_deref())?,
        to: moment("--to", arguments.to.as_deref())?,
        kind: arguments.kind,
        value: arguments.value.clone(),
        q: arguments.budget,
        limit: PAGE_ROWS,
        ..BurstQuery::all()
    };
    let asked = Act::Exported {
        table: Word::new("bursts"),
        dimension: query.kind.map(|kind| Word::new(kind.as_str())),
        step: None,
        one_value: query.value.is_some(),
        from: audit::moment(query.from),
        to: audit::moment(query.to),
        format: Word::new(&arguments.format),
    };
    tell(&settings, asked)?;
    all_lines(arguments.out.as_deref(), |after| {
        query.after = after;
        runtime.block_on(reader.bursts(&query))
    })
}

fn amplifications(common: &Common, arguments: &ExportAmplifications) -> Outcome {
    let (settings, runtime, reader) = opened(common)?;
    let from = moment("--from", arguments.from.as_deref())?;
    let to = moment("--to", arguments.to.as_deref())?;
    let asked = Act::Exported {
        table: Word::new("amplifications"),
        dimension: None,
        step: None,
        one_value: false,
        from: audit::moment(from),
        to: audit::moment(to),
        format: Word::new(&arguments.format),
    };
    tell(&settings, asked)?;
    let mut query = AmplificationQuery { id: None, from, to, after: None, limit: PAGE_ROWS };
    all_lines(arguments.out.as_deref(), |after| {
        query.after = after;
        runtime.block_on(reader.amplifications(&query))
    })
}

fn tone(common: &Common, arguments: &ExportTone) -> Outcome {
    let (settings, runtime, reader) = opened(common)?;
    let mut query = ToneQuery {
        watch: arguments.watch.clone(),
        from: moment("--from", arguments.from.as_deref())?,
        to: moment("--to", arguments.to.as_deref())?,
        after: None,
        limit: PAGE_ROWS,
    };
    let asked = Act::Exported {
        table: Word::new("tone"),
        dimension: None,
        step: None,
        one_value: query.watch.is_some(),
        from: audit::moment(query.from),
        to: audit::moment(query.to),
        format: Word::new(&arguments.format),
    };
    tell(&settings, asked)?;
    all_lines(arguments.out.as_deref(), |after| {
        query.after = after;
        runtime.block_on(reader.tone(&query))
    })
}

fn detections(common: &Common, arguments: &ExportDetections) -> Outcome {
    let (settings, runtime, reader) = opened(common)?;
    let mut query = DetectionQuery {
        id: arguments.id.clone(),
        feed: arguments.feed.clone(),
        from: moment("--from", arguments.from.as_deref())?,
        to: moment("--to", arguments.to.as_deref())?,
        limit: PAGE_ROWS,
        ..DetectionQuery::default()
    };
    let asked = Act::Exported {
        table: Word::new("detections"),
        dimension: None,
        step: None,
        one_value: query.id.is_some(),
        from: audit::moment(query.from),
        to: audit::moment(query.to),
        format: Word::new(&arguments.format),
    };
    tell(&settings, asked)?;
    all_lines(arguments.out.as_deref(), |after| {
        query.after = after;
        runtime.block_on(reader.detections(&query))
    })
}

/// Writes a table page by page, one JSON object a line. `page` gives the one behind a place.
fn all_lines<T: Outward>(
    to: Option<&Path>,
    mut page: impl FnMut(Option<Cursor>) -> Result<Page<T>, ReadError>,
) -> Outcome {
    let mut out = output::open(to)?;
    let mut after = None;
    loop {
        let Page { items, next, .. } = page(after)?;
        for row in &items {
            row.write_json(&mut out).and_then(|()| out.write_all(b"\n")).context("cannot write")?;
        }
        after = next;
        if after.is_none() {
            break;
        }
    }
    out.flush().context("cannot write")?;
    Ok(DONE)
}

fn volumes(common: &Common, arguments: &ExportVolumes) -> Outcome {
    let (settings, runtime, reader) = opened(common)?;
    let mut query = VolumeQuery {
        from: moment("--from", arguments.from.as_deref())?,
        to: moment("--to", arguments.to.as_deref())?,
        value: arguments.value.clone(),
        limit: PAGE_ROWS,
        ..VolumeQuery::new(arguments.by, arguments.step)
    };
    let asked = Act::Exported {
        table: Word::new("volumes"),
        dimension: Some(Word::new(query.dimension.as_str())),
        step: Some(Word::new(query.step.as_str())),
        one_value: query.value.is_some(),
        from: audit::moment(query.from),
        to: audit::moment(query.to),
        format: Word::new(arguments.format.as_str()),
    };
    tell(&settings, asked)?;
    let mut writer = VolumeWriter::new(arguments.format, output::open(arguments.out.as_deref())?)?;
    loop {
        let page = runtime.block_on(reader.volumes(&query))?;
        for row in &page.items {
            writer.row(row)?;
        }
        match page.next {
            Some(next) => query.after = Some(next),
            None => break,
        }
    }
    writer.finish()?;
    Ok(DONE)
}

pub(super) fn moment(option: &str, text: Option<&str>) -> Result<Option<i64>, Failure> {
    let Some(text) = text else { return Ok(None) };
    EventTime::parse(text)
        .map(|time| Some(time.unix()))
        .map_err(|_| Failure::usage_text(format!("{option}: expected an RFC 3339 time, found {text}")))
}
