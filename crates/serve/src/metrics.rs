//! Counters in the Prometheus text format. Names are `groundswell_<noun>_<unit>[_total]`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::ServerState;

/// Answers by status. Statuses are few; the map is bounded by what this crate answers.
#[derive(Debug, Default)]
pub(crate) struct HttpCounters(Mutex<BTreeMap<u16, u64>>);

impl HttpCounters {
    pub(crate) fn count(&self, status: u16) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(status).or_default() += 1;
    }

    fn all(&self) -> BTreeMap<u16, u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Connections: how many stand, and how many were ended to make room or because nobody read.
#[derive(Debug, Default)]
pub(crate) struct ConnectionCounters {
    pub(crate) open: AtomicU64,
    pub(crate) ended: AtomicU64,
}

/// What becomes of records (CONTRACT section 3); shown as one metric with a label, so that they add up.
pub(crate) const RECORD_STATES: [&str; 7] =
    ["accepted", "rejected", "late", "opted_out", "deleted", "repeated", "thinned"];

#[derive(Default)]
struct Text(String);

impl Text {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        let _ = write!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: f64) {
        self.0.push_str(name);
        if !labels.is_empty() {
            let labels: Vec<String> =
                labels.iter().map(|(label, value)| format!("{label}=\"{}\"", escape(value))).collect();
            let _ = write!(self.0, "{{{}}}", labels.join(","));
        }
        let _ = writeln!(self.0, " {value}");
    }

    fn one(&mut self, name: &str, kind: &str, help: &str, value: f64) {
        self.family(name, kind, help);
        self.sample(name, &[], value);
    }
}

fn escape(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// A counter's name as a metric's.
fn metric_name(counter: &str) -> String {
    let clean: String =
        counter.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect();
    let clean = clean.trim_matches('_').to_owned();
    if clean.ends_with("_total") { format!("groundswell_{clean}") } else { format!("groundswell_{clean}_total") }
}

pub(crate) async fn metrics(State(state): State<ServerState>) -> Response {
    let mut text = Text::default();
    let status = state.status().status();
    let flag = |on: bool| if on { 1.0 } else { 0.0 };
    text.family("groundswell_build_info", "gauge", "the running version");
    text.sample("groundswell_build_info", &[("version", &status.version)], 1.0);
    text.one("groundswell_ready", "gauge", "1 while the engine runs", flag(state.is_running()));
    text.one("groundswell_simulated", "gauge", "1 while data are simulated", flag(state.is_simulated()));
    text.one("groundswell_gate_k_authors", "gauge", "distinct authors that a thing must rest on", status.k as f64);
    text.one("groundswell_workers", "gauge", "workers of the cluster", status.workers as f64);
    if let Some(watermark) = status.watermark {
        let help = "event time before which everything is closed, Unix time";
        text.one("groundswell_watermark_seconds", "gauge", help, watermark.unix() as f64);
    }
    text.family(
        "groundswell_records_total",
        "counter",
        "records by what became of them, rounded down to a multiple of k",
    );
    for name in RECORD_STATES {
        let count = status.counters.get(name).copied().unwrap_or_default();
        text.sample("groundswell_records_total", &[("state", name)], count.get() as f64);
    }
    for (name, count) in &status.counters {
        // `read` is the sum of the records above.
        if name != "read" && !RECORD_STATES.contains(&name.as_str()) {
            text.one(
                &metric_name(name),
                "counter",
                "a counter of the engine, rounded down to a multiple of k",
                count.get() as f64,
            );
        }
    }
    let sources = state.status().sources();
    for (name, help, value) in [
        (
            "groundswell_source_posts_total",
            "posts read by source, rounded down to a multiple of k",
            (|source| source.posts.get()) as fn(&groundswell_gate::SourceStatus) -> u64,
        ),
        ("groundswell_source_rejected_total", "records that could not be read, by source, rounded down", |source| {
            source.rejected.get()
        }),
        ("groundswell_source_reconnects_total", "connections made anew, by source", |source| source.reconnects),
    ] {
        text.family(name, "counter", help);
        for source in &sources {
            text.sample(name, &[("source", &source.name)], value(source) as f64);
        }
    }
    let help = "how far the newest post that is told of is behind the clock, to the minute, by source";
    text.family("groundswell_source_lag_seconds", "gauge", help);
    for source in &sources {
        if let Some(lag) = source.lag_seconds {
            text.sample("groundswell_source_lag_seconds", &[("source", &source.name)], lag as f64);
        }
    }
    text.family("groundswell_source_posts_per_second", "gauge", "posts a second over the last minute, by source");
    for source in &sources {
        text.sample("groundswell_source_posts_per_second", &[("source", &source.name)], source.rate);
    }
    let gaps = state.status().gap_totals();
    for (name, help, value) in [
        (
            "groundswell_source_gaps",
            "stretches without a connection since the start, by source",
            (|source| source.gaps) as fn(&groundswell_gate::GapTotals) -> u64,
        ),
        ("groundswell_source_gaps_open", "connections that do not stand now, by source", |source| source.open),
        ("groundswell_source_gap_seconds", "length of the last 1,024 gaps, by source", |source| source.seconds),
    ] {
        text.family(name, "gauge", help);
        for source in &gaps {
            text.sample(name, &[("source", &source.source)], value(source) as f64);
        }
    }
    text.one("groundswell_watches", "gauge", "watches in the register", state.status().watches().len() as f64);
    text.family("groundswell_http_requests_total", "counter", "answers by status");
    for (code, count) in state.http().all() {
        text.sample("groundswell_http_requests_total", &[("status", &code.to_string())], count as f64);
    }
    let connections = state.connections();
    let read = |count: &AtomicU64| count.load(Ordering::Relaxed) as f64;
    text.one("groundswell_connections", "gauge", "connections that stand", read(&connections.open));
    let help = "connections ended to make room for others, or because nobody read the answer";
    text.one("groundswell_connections_ended_total", "counter", help, read(&connections.ended));
    text.one("groundswell_streams", "gauge", "live streams that are open", state.live().streams() as f64);
    let help = "live streams ended because they were too slow";
    text.one("groundswell_streams_dropped_total", "counter", help, state.live().dropped() as f64);
    let help = "live streams of feeds that are open";
    text.one("groundswell_feed_streams", "gauge", help, state.live().feed_streams() as f64);
    let help = "how often a live stream of a feed was too slow and read from the store";
    text.one("groundswell_feed_streams_behind_total", "counter", help, state.live().feed_streams_behind() as f64);
    let help = "detections dropped since the start because they were older than store.detections_kept_days";
    text.one("groundswell_detections_pruned_total", "counter", help, state.live().detections_pruned() as f64);
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text.0).into_response()
}

#[cfg(test)]
mod tests {
    use super::{escape, metric_name};

    #[test]
    fn names_and_labels_are_well_formed() {
        assert_eq!(metric_name("posts forgotten"), "groundswell_posts_forgotten_total");
        assert_eq!(metric_name("author: missing"), "groundswell_author__missing_total");
        assert_eq!(metric_name("x_total"), "groundswell_x_total");
        assert_eq!(escape("a\"b\\c\nd"), r#"a\"b\\c\nd"#);
    }
}
