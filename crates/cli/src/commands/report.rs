//! `report transparency`: one page that an installation can publish about itself, from the store, the register of watches, the
//! coverage ledger and the audit log. Nothing in it that was not released or is no operational fact.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Arc;

use anyhow::Context as _;
use groundswell_audit::{Act, ENTRIES_PAGE_MAX, Entry, Reader as AuditReader, Time, Word};
use groundswell_gate::{
    CoverageState, Dimension, K, Outward as _, REGION_K, Released, ReportSource, TransparencyReport,
};
use groundswell_sketch::Step;
use groundswell_sources::{Clock, SystemClock};
use groundswell_store::{CoverageQuery, PAGE_ROWS_MAX, Reader, ReleasedReader as _, Store, VolumeQuery};
use tokio::runtime::Runtime;

use crate::args::{Common, Report, ReportTransparency};
use crate::audit::{self, Trail};
use crate::failure::{DONE, Failure, Outcome};
use crate::settings::{self, Settings};
use crate::{output, pipeline};

/// Writes a report.
pub(crate) fn report(common: &Common, report: &Report) -> Outcome {
    let Report::Transparency(arguments) = report;
    transparency(common, arguments)
}

fn transparency(common: &Common, arguments: &ReportTransparency) -> Outcome {
    let settings = settings::load(common)?.settings;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let runtime = pipeline::runtime()?;
    let k = K::new(settings.gate.k).map_err(Failure::usage)?;
    let reader = runtime.block_on(Store::open_reader(&settings.data, k))?;
    let watches = super::run::load_watches(&settings, arguments.watches.as_deref(), &runtime, clock.as_ref())?;
    let act = Act::Exported {
        table: Word::new("transparency_report"),
        dimension: None,
        step: None,
        one_value: false,
        from: None,
        to: None,
        format: Word::new(&arguments.format),
    };
    Trail::open(&settings, &clock)?.record(vec![act])?;
    let told = told(&AuditReader::new(&audit::folder(&settings)))?;
    let hours = runtime.block_on(reader.windows(Step::Hour))?;
    let (shown, held_back) = watch_hours(&runtime, &reader)?;
    let report = Released::operational(TransparencyReport {
        made: Time::from_unix(clock.now().unix()).to_string(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        build: audit::build(),
        simulated: runtime.block_on(reader.is_simulated())?,
        k: k.get(),
        region_k: REGION_K.max(k.get()),
        narratives: settings.narratives.enabled,
        released_from: hours.map(|(first, _)| first.start_text().to_string()),
        released_to: hours.map(|(_, last)| last.end_text().to_string()),
        watch_hours_shown: shown,
        watch_hours_held_back: held_back,
        sources: sources(&runtime, &reader, &settings)?,
        watches: watches.register(),
        opt_outs_at_least: told.opt_outs,
        deletions_at_least: told.deletions,
        denied: told.denied,
        acts: told.acts,
        audit: told.head,
    });
    let text = if arguments.format == "json" { format!("{}\n", report.to_json()) } else { html(&report) };
    let mut out = output::open(arguments.out.as_deref())?;
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).context("cannot write")?;
    Ok(DONE)
}

/// What the audit log says.
struct Told {
    acts: BTreeMap<String, u64>,
    opt_outs: u64,
    deletions: u64,
    denied: u64,
    head: Released<groundswell_gate::AuditHead>,
}

fn told(reader: &AuditReader) -> Result<Told, Failure> {
    let head = reader.head()?;
    let mut told = Told { acts: BTreeMap::new(), opt_outs: 0, deletions: 0, denied: 0, head: audit::head(&head) };
    // Counts go up within a run; a new one begins at zero.
    let (mut opt_outs, mut deletions) = (0, 0);
    let mut next = 0;
    while next < head.checkpoint.size {
        let lines = reader.entries(next, ENTRIES_PAGE_MAX)?;
        if lines.is_empty() {
            break;
        }
        for (number, line) in lines {
            next = number + 1;
            match Entry::parse(line.as_bytes()).map(|entry| entry.act) {
                Ok(Act::Started { .. }) => {
                    told.opt_outs += std::mem::take(&mut opt_outs);
                    told.deletions += std::mem::take(&mut deletions);
                }
                Ok(Act::OptOutsCounted { at_least }) => opt_outs = at_least,
                Ok(Act::DeletionsCounted { at_least }) => deletions = at_least,
                Ok(Act::RequestsDenied { count, .. }) => told.denied += count,
                _ => {}
            }
            *told.acts.entry(audit::entry(number, line).act.clone()).or_default() += 1;
        }
    }
    told.opt_outs += opt_outs;
    told.deletions += deletions;
    Ok(told)
}

/// Hours of watches with and without numbers.
fn watch_hours(runtime: &Runtime, reader: &Reader) -> Result<(u64, u64), Failure> {
    let mut query = VolumeQuery { limit: PAGE_ROWS_MAX, ..VolumeQuery::new(Dimension::Watch, Step::Hour) };
    let (mut shown, mut held_back) = (0, 0);
    loop {
        let page = runtime.block_on(reader.volumes(&query))?;
        for row in &page.items {
            *(if row.figures.is_some() { &mut shown } else { &mut held_back }) += 1;
        }
        match page.next {
            Some(next) => query.after = Some(next),
            None => return Ok((shown, held_back)),
        }
    }
}

/// The sources that are read now, and those that the ledger knows.
fn sources(runtime: &Runtime, reader: &Reader, settings: &Settings) -> Result<Vec<Released<ReportSource>>, Failure> {
    let new = |name: &str, enabled: bool| ReportSource {
        name: name.to_owned(),
        enabled,
        covered_days: 0,
        partly_days: 0,
        gap_days: 0,
        blind_seconds: 0,
    };
    let push = settings.push.token_file.as_os_str().is_empty() && settings.push.token.0.is_empty();
    let mut sources: BTreeMap<String, ReportSource> = [
        ("bluesky", settings.bluesky.enabled),
        ("feeds", settings.feeds.enabled),
        ("kafka", !settings.kafka.brokers.is_empty()),
        ("mastodon", settings.mastodon.enabled),
        ("push", !push),
    ]
    .into_iter()
    .map(|(name, enabled)| (name.to_owned(), new(name, enabled)))
    .collect();
    let mut query = CoverageQuery::new(Step::Day);
    loop {
        let page = runtime.block_on(reader.coverage(&query))?;
        for day in &page.items {
            let source = sources.entry(day.source.clone()).or_insert_with(|| new(&day.source, false));
            match day.state {
                CoverageState::Covered => source.covered_days += 1,
                CoverageState::Partly => source.partly_days += 1,
                CoverageState::Gap => source.gap_days += 1,
            }
            source.blind_seconds += day.blind_seconds;
        }
        match page.next {
            Some(next) => query.after = Some(next),
            None => break,
        }
    }
    Ok(sources.into_values().map(Released::operational).collect())
}

/// Text as HTML.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            letter => out.push(letter),
        }
    }
    out
}

/// A table, each cell as text.
fn table(out: &mut String, heads: &[&str], rows: impl Iterator<Item = Vec<String>>) {
    let cells = |tag: &str, cells: &[String]| {
        cells.iter().fold(String::new(), |mut text, cell| {
            let _ = write!(text, "<{tag}><bdi>{}</bdi></{tag}>", escaped(cell));
            text
        })
    };
    let heads: Vec<String> = heads.iter().map(|head| (*head).to_owned()).collect();
    let _ = writeln!(out, "<table>\n<tr>{}</tr>", cells("th", &heads));
    for row in rows {
        let _ = writeln!(out, "<tr>{}</tr>", cells("td", &row));
    }
    out.push_str("</table>\n");
}

const STYLE: &str = "body{max-width:60rem;margin:2rem auto;padding:0 1rem;font:1rem/1.5 system-ui,sans-serif}\
    table{border-collapse:collapse;width:100%;margin:.5rem 0 1.5rem}\
    th,td{border-top:1px solid #8884;padding:.35rem .75rem .35rem 0;text-align:start;vertical-align:top;overflow-wrap:anywhere}\
    strong{background:#c00;color:#fff;padding:.2rem .6rem}pre{overflow:auto}";

fn html(report: &TransparencyReport) -> String {
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>Transparency report</title>\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <h1>What this installation watches, why, and until when</h1>\n"
    );
    if report.simulated {
        out.push_str("<p><strong>SIMULATED DATA</strong> Invented posts. Nothing here happened.</p>\n");
    }
    let _ = writeln!(
        out,
        "<p>Made {} by Groundswell {}, build <code>{}</code>.</p>",
        escaped(&report.made),
        escaped(&report.version),
        escaped(&report.build)
    );
    let _ = writeln!(
        out,
        "<p>Nothing is shown that rests on fewer than {} distinct authors, no country below {}. Accounts are counted, never shown. \
         Narratives are {}.</p>",
        report.k,
        report.region_k,
        if report.narratives { "looked for" } else { "not looked for" }
    );
    out.push_str("<h2>Watches</h2>\n");
    if report.watches.is_empty() {
        out.push_str("<p>No watch is set.</p>\n");
    } else {
        let rows = report.watches.iter().map(|watch| {
            let purpose = format!("{}: {}", watch.category, watch.sentence);
            vec![watch.name.clone(), purpose, watch.query.clone(), watch.sunset.clone(), watch.state.clone()]
        });
        table(&mut out, &["Watch", "Purpose", "Query", "Until", "State"], rows);
    }
    let hours = report.watch_hours_shown + report.watch_hours_held_back;
    let _ = writeln!(
        out,
        "<p>Of {hours} hours of watches, {} were held back: fewer than {} authors, or none.</p>",
        report.watch_hours_held_back, report.k
    );
    if let (Some(from), Some(to)) = (&report.released_from, &report.released_to) {
        let _ = writeln!(out, "<p>Numbers are there from {} to {}.</p>", escaped(from), escaped(to));
    }
    out.push_str("<h2>Sources</h2>\n");
    let rows = report.sources.iter().map(|source| {
        let enabled = if source.enabled { "yes" } else { "no" }.to_owned();
        let numbers = [source.covered_days, source.partly_days, source.gap_days, source.blind_seconds];
        [source.name.clone(), enabled].into_iter().chain(numbers.map(|number| number.to_string())).collect()
    });
    table(&mut out, &["Source", "Read now", "Days covered", "Days in part", "Days of gap", "Seconds blind"], rows);
    let _ = writeln!(
        out,
        "<h2>What people asked for</h2>\n<p>At least {} records were dropped because their authors or platforms asked not to be \
         read, and at least {} deletions were taken. A deletion reaches what is still held of its post within 60 seconds of event \
         time; counts of closed windows hold no one and stay. Both numbers are rounded down to multiples of {} in each run, so that \
         no single person shows.</p>",
        report.opt_outs_at_least, report.deletions_at_least, report.k
    );
    let _ = writeln!(
        out,
        "<h2>The audit log</h2>\n<p>{} entries of <bdi>{}</bdi>; {} requests were denied.</p>",
        report.audit.size,
        escaped(&report.audit.origin),
        report.denied
    );
    let rows = report.acts.iter().map(|(act, count)| vec![act.replace('_', " "), count.to_string()]);
    table(&mut out, &["Act", "How often"], rows);
    let _ = writeln!(
        out,
        "<p>Its head, signed by <code>{}</code>:</p>\n<pre>{}</pre>\n</body>\n</html>",
        escaped(&report.audit.key),
        escaped(&report.audit.note)
    );
    out
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn nothing_that_an_operator_writes_is_markup() {
        assert_eq!(escaped("<b a='\"'>&"), "&lt;b a=&#39;&quot;&#39;&gt;&amp;");
    }
}
