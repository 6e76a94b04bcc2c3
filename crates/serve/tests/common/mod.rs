//! A server over a store that the test fills, and a validator of answers against the `OpenAPI` document.
#![allow(dead_code, reason = "each test file uses what it needs")]
#![allow(clippy::unwrap_used, reason = "a helper of tests fails like a test")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use groundswell_gate::{
    AtLeast, AuditConsistency, AuditEntry, AuditHead, AuditInclusion, AuthorBits, BurstCandidate, BurstExperience,
    BurstId, BurstMethod, BurstScale, BurstSubject, BurstType, CandidateCell, CoverageGap, CoverageMinute,
    DetectionRow, Dimension, EngineSettings, EngineStatus, GapTotals, Gate, K, Minute, NarrativeBucket,
    NarrativeCandidate, NarrativeId, NarrativeLanguage, NarrativePart, NarrativeState, Released, SourceStatus, ToneRow,
    VolumeCandidate, VolumeRow, WatchEntry, clause_value, tone_value,
};
use groundswell_serve::{
    Access, AuditFault, AuditSource, DeliveryMessage, DeliveryPreview, Live, ServerState, StatusSource, router,
};
use groundswell_sketch::{CellKey, Distinct, Step, Window};
use groundswell_store::{CoverageBatch, GapRecord, Reader, ReleaseBatch, ReleaseWriter as _, Store, StoreOptions};
use serde_json::Value;
use tower::ServiceExt as _;

pub(crate) mod door;

pub(crate) const START: i64 = 1_474_588_800;

pub(crate) struct Fixed {
    pub(crate) simulated: AtomicBool,
}

impl StatusSource for Fixed {
    fn status(&self) -> Released<EngineStatus> {
        Released::operational(EngineStatus {
            version: "0.1.0".to_owned(),
            simulated: self.simulated.load(Ordering::Relaxed),
            k: 10,
            workers: 2,
            watermark: Some(Minute::containing(START + 240)),
            counters: BTreeMap::from([
                ("accepted".to_owned(), AtLeast::rounded(1_200, K::DEFAULT)),
                ("rejected".to_owned(), AtLeast::rounded(33, K::DEFAULT)),
                ("terms_dropped".to_owned(), AtLeast::rounded(51, K::DEFAULT)),
            ]),
        })
    }

    fn settings(&self) -> Option<Released<EngineSettings>> {
        Some(Released::operational(EngineSettings {
            version: "0.1.0".to_owned(),
            build: "ab".repeat(32),
            hash: "cd".repeat(32),
            k: 10,
            k_floor: 5,
            perturbation: 4,
            detectors: BTreeMap::from([("bursts".to_owned(), true), ("narratives".to_owned(), false)]),
            false_alerts_a_day_max: 20.0,
            minutes_kept_days: Some(14),
            detections_kept_days: None,
            watch_days: 90,
            watch_days_max: 180,
            explore_index: true,
        }))
    }

    fn sources(&self) -> Vec<Released<SourceStatus>> {
        let source = SourceStatus {
            name: "bluesky".to_owned(),
            kind: "jetstream".to_owned(),
            state: "live".to_owned(),
            detail: None,
            posts: AtLeast::rounded(1_200, K::DEFAULT),
            rejected: AtLeast::rounded(33, K::DEFAULT),
            reconnects: 1,
            last_event: Some(Minute::containing(START + 299)),
            rate: 20.5,
            lag_seconds: Some(60),
            last_error: Some("the connection broke".to_owned()),
            advice: None,
        };
        let retrying = SourceStatus {
            name: "second".to_owned(),
            state: "retrying".to_owned(),
            detail: Some("the host does not answer; trying again".to_owned()),
            posts: AtLeast::default(),
            last_event: None,
            rate: 0.0,
            lag_seconds: None,
            advice: Some("check host and port in the configuration".to_owned()),
            ..source.clone()
        };
        vec![Released::operational(source), Released::operational(retrying)]
    }

    fn gap_totals(&self) -> Vec<Released<GapTotals>> {
        vec![Released::operational(GapTotals { source: "bluesky".to_owned(), gaps: 2, open: 1, seconds: 95 })]
    }

    fn watches(&self) -> Vec<Released<WatchEntry>> {
        ["river-floods", "heat", "added-lately"]
            .into_iter()
            .map(|name| {
                Released::operational(WatchEntry {
                    name: name.to_owned(),
                    query: "flood* river".to_owned(),
                    parenthesised: "(flood* AND river)".to_owned(),
                    clauses: vec!["flood*".to_owned(), "river".to_owned()],
                    category: "crisis-response".to_owned(),
                    sentence: "See where flooding is discussed.".to_owned(),
                    created: "2026-11-01".to_owned(),
                    sunset: "2027-02-01".to_owned(),
                    state: "active".to_owned(),
                })
            })
            .collect()
    }
}

/// A log of three entries.
#[derive(Default)]
pub(crate) struct Log {
    pub(crate) broken: AtomicBool,
}

const LOG_SIZE: u64 = 3;

impl Log {
    fn check(&self, number: u64, below: u64) -> Result<(), AuditFault> {
        if self.broken.load(Ordering::Relaxed) {
            return Err(AuditFault::Failed { cause: "/secret/place: gone".to_owned() });
        }
        if number < below { Ok(()) } else { Err(AuditFault::Beyond { size: LOG_SIZE }) }
    }
}

impl AuditSource for Log {
    fn head(&self) -> Result<Released<AuditHead>, AuditFault> {
        self.check(0, 1)?;
        Ok(Released::operational(AuditHead {
            origin: "example.org/ours".to_owned(),
            size: LOG_SIZE,
            root: "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=".to_owned(),
            key: "example.org/ours+530d903a+Aeky".to_owned(),
            note:
                "example.org/ours\n3\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\u{2014} example.org/ours AAAA\n"
                    .to_owned(),
        }))
    }

    fn entries(&self, first: u64, limit: usize) -> Result<Vec<Released<AuditEntry>>, AuditFault> {
        self.check(0, 1)?;
        let entry = |number: u64| {
            Released::operational(AuditEntry {
                number,
                time: "2026-11-25T14:02:00Z".to_owned(),
                account: "local".to_owned(),
                act: "signed_in".to_owned(),
                words: "signed in".to_owned(),
                line: format!("{{\"n\":{number}}}"),
            })
        };
        Ok((first..LOG_SIZE).take(limit).map(entry).collect())
    }

    fn inclusion(&self, entry: u64, size: Option<u64>) -> Result<Released<AuditInclusion>, AuditFault> {
        let size = size.unwrap_or(LOG_SIZE);
        self.check(entry, size.min(LOG_SIZE))?;
        let (entry_hash, root, path) = ("AAAA".to_owned(), "BBBB".to_owned(), vec!["CCCC".to_owned()]);
        Ok(Released::operational(AuditInclusion { number: entry, size, entry: entry_hash, root, path }))
    }

    fn consistency(&self, from: u64, to: Option<u64>) -> Result<Released<AuditConsistency>, AuditFault> {
        let to = to.unwrap_or(LOG_SIZE);
        self.check(from, to.min(LOG_SIZE) + 1)?;
        let (from_root, to_root, path) = ("AAAA".to_owned(), "BBBB".to_owned(), Vec::new());
        Ok(Released::operational(AuditConsistency { from, to, from_root, to_root, path }))
    }
}

pub(crate) fn minute(n: i64) -> Window {
    Window { step: Step::Minute, start: START + 60 * n }
}

/// What the gate says about cells of `(value, posts, authors)`.
pub(crate) fn released(dimension: Dimension, window: Window, cells: &[(&str, u64, u64)]) -> Vec<Released<VolumeRow>> {
    let cells = cells
        .iter()
        .map(|(value, posts, authors)| CandidateCell {
            value: (*value).to_owned(),
            posts: *posts,
            publisher_posts: 0,
            key: CellKey::default(),
            authors: Distinct::from_sorted_unique(&(0..*authors).collect::<Vec<_>>()),
            name_publishers: None,
        })
        .collect();
    Gate::exact(K::DEFAULT).release(VolumeCandidate { window, dimension, cells })
}

/// A story that grows, carried by so many, as it is told.
pub(crate) fn detection(id: u64, authors: u64) -> Released<DetectionRow> {
    let bucket = |n: i64| NarrativeBucket {
        start: START + n * 300,
        end: START + (n + 1) * 300,
        posts: if n < 3 { authors } else { 20 * authors },
        authors,
        key: CellKey::default(),
    };
    let part =
        |value: &str| NarrativePart { value: value.to_owned(), weight: 1.0, authors, name_like: false, publishers: 0 };
    let mut bits = AuthorBits::default();
    (0..1_000).for_each(|token| bits.insert(token));
    let candidate = NarrativeCandidate {
        id: NarrativeId(id),
        state: NarrativeState::Growing,
        as_of: START + 1_800,
        buckets: (0..6).map(bucket).collect(),
        authors,
        growth_minutes: 15,
        // What a text may hold that is markup elsewhere.
        terms: vec![part("<b>&'\"")],
        phrases: vec![part("dam failure")],
        hashtags: Vec::new(),
        domains: vec![part("example.org")],
        languages: vec![NarrativeLanguage { value: "pt".to_owned(), posts: 100, authors: bits }],
        parents: Vec::new(),
        merged_into: None,
        related: Vec::new(),
    };
    let row = Gate::exact(K::DEFAULT).release_narrative(candidate).unwrap();
    Released::from_narrative(&row, 15).unwrap()
}

/// A burst as it stands: how many posts, and how unlikely.
pub(crate) fn burst(posts: u64, log10_q: f64) -> Released<DetectionRow> {
    let value = "flood".to_owned();
    let candidate = BurstCandidate {
        id: BurstId::of(BurstType::Hashtag, "flood", START),
        detected_at: START + 300,
        as_of: START + 3_600,
        subject: BurstSubject { kind: BurstType::Hashtag, value, authors: posts / 2, name_publishers: None },
        start: START,
        peak: START,
        end: None,
        scale: BurstScale::Minutes,
        from: START,
        to: START + 300,
        posts,
        key: CellKey::default(),
        expected: 2.0,
        expected_of_one: 0.01,
        shape: 10.0,
        method: BurstMethod::Recent,
        windows: 30,
        log10_q,
        log10_q_of_one: -0.1,
        experience: BurstExperience::default(),
        coverage: 1.0,
        related: Vec::new(),
    };
    Released::from_burst(&Gate::exact(K::DEFAULT).release_burst(candidate).unwrap(), [], None).unwrap()
}

/// Detections by number, as they are committed.
pub(crate) fn found(ids: impl IntoIterator<Item = u64>) -> ReleaseBatch {
    let detections = ids.into_iter().map(|id| detection(id, 20)).collect();
    ReleaseBatch { detections, now: 1_800_000_000, ..ReleaseBatch::default() }
}

/// How the posts of an hour of a watch sound.
fn tones(window: Window) -> Vec<Released<ToneRow>> {
    let cell = |cell, posts| CandidateCell {
        value: tone_value("river-floods", "en", cell),
        posts,
        publisher_posts: 0,
        key: CellKey::default(),
        authors: Distinct::of_number(120),
        name_publishers: None,
    };
    let cells = vec![cell(None, 280), cell(Some(0), 280)];
    let bars = [[0.52, 0.43, 0.61], [0.31, 0.22, 0.4], [0.17, 0.1, 0.24]];
    let candidate = VolumeCandidate { window, dimension: Dimension::Tone, cells };
    Gate::exact(K::DEFAULT).release_tone(candidate, |_, _| Some(bars))
}

/// Four minutes and their hour, in which one of the watches has a tone.
pub(crate) fn batch() -> ReleaseBatch {
    let mut batch = ReleaseBatch::default();
    for n in 0..4_u64 {
        let window = minute(n as i64);
        batch.windows.push(window);
        let total = if n == 2 { 4 } else { 100 + 10 * n };
        batch.rows.extend(released(Dimension::Total, window, &[("all", total, total)]));
        batch.rows.extend(released(
            Dimension::Hashtag,
            window,
            &[
                ("flood", 20 * (n + 1), 15),
                ("river", if n == 2 { 5 } else { 30 }, if n == 2 { 5 } else { 30 }),
                ("rare", 9, 9),
            ],
        ));
        batch.rows.extend(released(
            Dimension::Source,
            window,
            &[("bluesky", if n == 1 { 4 } else { 90 }, if n == 1 { 4 } else { 80 }), ("second", 30, 30)],
        ));
        batch.rows.extend(released(Dimension::Watch, window, &[("heat", 3, 3), ("river-floods", 12 + n, 12)]));
        let clauses = ["flood*", "river"].map(|clause| clause_value("river-floods", clause));
        batch.rows.extend(released(Dimension::Clause, window, &[(&clauses[0], 12 + n, 12), (&clauses[1], 8 + n, 8)]));
    }
    let hour = Window::containing(Step::Hour, START);
    batch.windows.push(hour);
    batch.rows.extend(released(Dimension::Total, hour, &[("all", 400, 200)]));
    batch.rows.extend(released(Dimension::Watch, hour, &[("heat", 3, 3), ("river-floods", 300, 120)]));
    batch.tones = tones(hour);
    batch
}

/// Minutes of two sources; one of them was away in the second minute, and is away again.
pub(crate) fn ledger() -> CoverageBatch {
    let row = |source: &str, n: i64, blind: u64, rejected: u64| {
        Released::operational(CoverageMinute {
            source: source.to_owned(),
            start: Minute::containing(minute(n).start),
            blind_seconds: blind,
            partly_seconds: blind,
            rejected: AtLeast::rounded(rejected, K::DEFAULT),
            late: AtLeast::rounded(0, K::DEFAULT),
            thinned: AtLeast::rounded(0, K::DEFAULT),
        })
    };
    let gap = |number: i64, start: i64, end: Option<i64>, cause: &str| GapRecord {
        run: START,
        number,
        gap: Released::operational(CoverageGap {
            source: "bluesky".to_owned(),
            part: "bluesky".to_owned(),
            start: Minute::containing(minute(start).start),
            end: end.map(|end| Minute::containing(minute(end).start)),
            seconds: end.map(|_| 75),
            cause: cause.to_owned(),
            phrase: "nothing was heard, not even an answer to a ping".to_owned(),
            recovered: false,
        }),
    };
    CoverageBatch {
        sources: vec!["bluesky".to_owned(), "second".to_owned()],
        recorded_until: minute(4).start,
        minutes: vec![
            row("bluesky", 0, 0, 23),
            row("bluesky", 1, 60, 0),
            row("bluesky", 2, 15, 3),
            row("bluesky", 3, 0, 0),
            row("second", 0, 0, 0),
            row("second", 1, 0, 0),
        ],
        gaps: vec![gap(0, 1, Some(3), "silent"), gap(1, 3, None, "silent")],
    }
}

pub(crate) struct Served {
    pub(crate) state: ServerState,
    pub(crate) status: Arc<Fixed>,
    pub(crate) log: Arc<Log>,
    pub(crate) app: Router,
    pub(crate) reader: Reader,
    pub(crate) writer: groundswell_store::Writer,
    pub(crate) folder: tempfile::TempDir,
}

pub(crate) async fn served() -> Served {
    served_with(Access::default()).await
}

pub(crate) async fn served_with(access: Access) -> Served {
    let folder = tempfile::tempdir().unwrap();
    let (mut writer, reader) = Store::open(folder.path(), &StoreOptions::default()).await.unwrap();
    writer.commit(&batch()).await.unwrap();
    writer.record_coverage(&ledger()).await.unwrap();
    let status = Arc::new(Fixed { simulated: AtomicBool::new(false) });
    let state = ServerState::with_access(Arc::clone(&status) as Arc<dyn StatusSource>, Live::new(), access);
    state.replace_reader(reader.clone(), false);
    state.set_running(true);
    let log = Arc::new(Log::default());
    state.open_audit(Arc::clone(&log) as Arc<dyn AuditSource>);
    Served { app: router(state.clone()), state, status, log, reader, writer, folder }
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    pub(crate) fn pretty(&self) -> String {
        serde_json::to_string_pretty(&self.json()).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl Served {
    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.app.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, 10_000_000).await.unwrap();
        // The page's typeface is no text.
        let body = String::from_utf8_lossy(&body).into_owned();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path).header("host", "localhost:8750").body(Body::empty()).unwrap()).await
    }
}

/// Where a value differs from a schema. Stricter than JSON Schema: a property that the schema does not name is wrong.
pub(crate) fn differences(value: &Value, schema: &Value, document: &Value) -> Vec<String> {
    let mut found = Vec::new();
    check(value, schema, document, "", &mut found);
    found
}

fn check(value: &Value, schema: &Value, document: &Value, at: &str, found: &mut Vec<String>) {
    if let Some(reference) = schema["$ref"].as_str() {
        let pointer = reference.strip_prefix('#').unwrap();
        let target = document.pointer(pointer).unwrap_or_else(|| panic!("{reference} leads nowhere"));
        return check(value, target, document, at, found);
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        let fits = choices.iter().any(|choice| differences(value, choice, document).is_empty());
        if !fits {
            found.push(format!("{at}: fits none of the choices"));
        }
        return;
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_u64() || number.is_i64() => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one.as_str()],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let fits = types.contains(&kind) || (kind == "integer" && types.contains(&"number"));
    if !fits {
        found.push(format!("{at}: {kind}, expected {types:?}"));
        return;
    }
    if let Some(words) = schema["enum"].as_array()
        && !words.contains(value)
    {
        found.push(format!("{at}: {value} is none of {words:?}"));
    }
    if let Some(items) = value.as_array() {
        for (index, item) in items.iter().enumerate() {
            check(item, &schema["items"], document, &format!("{at}/{index}"), found);
        }
    }
    if let Some(object) = value.as_object() {
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !object.contains_key(name) {
                found.push(format!("{at}/{name}: missing"));
            }
        }
        for (name, member) in object {
            let at = format!("{at}/{name}");
            if let Some(property) = schema["properties"].get(name) {
                check(member, property, document, &at, found);
            } else if schema["additionalProperties"].is_object() {
                check(member, &schema["additionalProperties"], document, &at, found);
            } else {
                found.push(format!("{at}: not in the document"));
            }
        }
    }
}

/// Says back what it was asked about, in place of what sends.
pub(crate) struct Previews;

impl DeliveryPreview for Previews {
    fn preview(&self, feed: &str, row: Released<DetectionRow>) -> Vec<DeliveryMessage> {
        let body = format!("{feed}: {}", row.id.as_str());
        vec![DeliveryMessage { kind: "email", subject: Some(row.title.clone()), body }]
    }
}
