//! A feed as a document: Atom (RFC 4287) and JSON Feed 1.1. Everything in it was released; the numbers and the command that recomputes
//! them stand beside each title, and the document says which program made it and how its log stood.

use std::fmt::Write as _;

use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use groundswell_gate::{AuditHead, DetectionRow, FeedMarks, Outward, Released};
use groundswell_sketch::Rfc3339;
use groundswell_store::{FeedItem, ReleasedReader as _};
use serde::Serialize;

use crate::ServerState;
use crate::params::Params;
use crate::problem::{Code, Problem};

/// Detections of a feed's document: the newest, pinned ones first.
pub const FEED_ITEMS_MAX: usize = 100;

/// What the elements and fields of our own belong to.
const NAMESPACE: &str = "urn:groundswell:feed:1";

/// Which program made a feed, and how its audit log stood.
#[derive(Debug, Serialize)]
pub(crate) struct About {
    /// The program's version.
    version: String,
    /// SHA-256 of the program's file, in hexadecimal.
    build: String,
    /// The newest head of the audit log, a C2SP signed note; none where there is no log yet.
    checkpoint: Option<String>,
    /// The verifier key of the log.
    key: Option<String>,
}

impl About {
    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string(self).expect("strings can be written")
    }

    /// What tells this installation's ids from another's: the id of the key that its log is signed with.
    fn installation(&self) -> &str {
        self.key.as_deref().and_then(|key| key.rsplit('+').nth(1)).unwrap_or("local")
    }
}

/// Which program this is, and how its log stands.
pub(crate) async fn about(state: &ServerState) -> About {
    // A log that cannot be read is complained of where it is asked for; a feed goes on without its head, and says so by that.
    let head: Option<Released<AuditHead>> = state.ask_audit("size", |audit| audit.head()).await.ok();
    About {
        version: state.status().status().version.clone(),
        build: state.status().build(),
        checkpoint: head.as_ref().map(|head| head.note.clone()),
        key: head.map(|head| head.key.clone()),
    }
}

/// A feed on its way into a document.
struct Feed<'a> {
    name: &'a str,
    /// Scheme, host and port.
    base: &'a str,
    notice: Option<&'static str>,
    about: &'a About,
    items: &'a [FeedItem],
}

impl Feed<'_> {
    fn title(&self) -> String {
        let notice = self.notice.map_or_else(String::new, |notice| format!("{notice}: "));
        format!("{notice}Groundswell: {}", self.name)
    }

    fn id(&self) -> String {
        format!("urn:groundswell:{}:feed:{}", self.about.installation(), self.name)
    }

    fn item_id(&self, row: &DetectionRow) -> String {
        format!("urn:groundswell:{}:detection:{}", self.about.installation(), row.id)
    }

    fn updated(&self) -> Rfc3339 {
        Rfc3339(self.items.iter().map(|item| item.recorded_at).max().unwrap_or(0))
    }

    fn page(&self, row: &DetectionRow) -> String {
        format!("{}{}", self.base, row.evidence.page)
    }
}

/// As text of XML and HTML. What XML 1.0 cannot hold is left out.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\t' | '\n' | '\r' => out.push(letter),
            letter if letter.is_control() || matches!(letter, '\u{fffe}' | '\u{ffff}') => {}
            letter => out.push(letter),
        }
    }
    out
}

/// The detection in HTML: what it rests on, and how to compute it again.
fn html(row: &DetectionRow, marks: &FeedMarks) -> String {
    let evidence = &row.evidence;
    let mut out = format!("<p>{}</p>", escaped(&row.summary));
    for note in &marks.notes {
        let _ = write!(out, "<blockquote>{}</blockquote>", escaped(note));
    }
    out.push_str("<ul>");
    let mut line = |name: &str, value: String| {
        let _ = write!(out, "<li>{name}: {}</li>", escaped(&value));
    };
    line("posts", evidence.observed.to_string());
    if let Some(expected) = evidence.expected {
        line("expected", expected.to_string());
    }
    if let Some(share) = &evidence.share {
        let observed = share.observed.map_or_else(|| "held back".to_owned(), |observed| observed.to_string());
        line("share of all posts", format!("{observed}, expected {}", share.expected));
    }
    if let Some([low, high]) = evidence.interval {
        line("ratio, most likely", format!("{low} to {high}"));
    }
    if let Some(baseline) = &evidence.baseline {
        line("baseline", format!("{} ({} windows)", baseline.method, baseline.windows));
    }
    line("authors", evidence.authors.to_string());
    if let Some(q) = evidence.q {
        line("false alerts a day at this level", q.to_string());
    }
    if let Some(coverage) = evidence.coverage {
        line("coverage", coverage.to_string());
    }
    let parts = |parts: Vec<String>| parts.join(", ");
    if !evidence.languages.is_empty() {
        let share = |(code, share): (&String, &f64)| format!("{code} {:.0} %", share * 100.0);
        line("languages", parts(evidence.languages.iter().map(share).collect()));
    }
    if !evidence.domains.is_empty() {
        line("domains", parts(evidence.domains.clone()));
    }
    for clause in &evidence.clauses {
        line("matched", format!("{} ({} posts)", clause.clause, clause.posts));
    }
    line("method", format!("{}, version {}, {}", evidence.method.name, evidence.method.version, row.maturity));
    line("severity", row.severity.to_string());
    let _ = write!(out, "</ul><p>Recompute: <code>{}</code></p>", escaped(&evidence.command));
    out
}

/// The feed in Atom.
fn atom(feed: &Feed<'_>) -> String {
    let Feed { name, base, about, .. } = feed;
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
         <feed xmlns=\"http://www.w3.org/2005/Atom\" xmlns:g=\"{NAMESPACE}\" xml:lang=\"en\">\n\
         <id>{}</id>\n<title>{}</title>\n<updated>{}</updated>\n<author><name>Groundswell</name></author>\n\
         <generator version=\"{}\">Groundswell</generator>\n\
         <link rel=\"self\" type=\"application/atom+xml\" href=\"{base}/feeds/{name}.atom\"/>\n\
         <link rel=\"alternate\" type=\"text/html\" href=\"{base}/\"/>\n<g:build>{}</g:build>\n",
        escaped(&feed.id()),
        escaped(&feed.title()),
        feed.updated(),
        escaped(&about.version),
        escaped(&about.build),
    );
    if let (Some(checkpoint), Some(key)) = (&about.checkpoint, &about.key) {
        let _ = writeln!(out, "<g:checkpoint key=\"{}\">{}</g:checkpoint>", escaped(key), escaped(checkpoint));
    }
    for item in feed.items {
        let row = &item.row;
        let _ = writeln!(
            out,
            "<entry>\n<id>{}</id>\n<title>{}</title>\n<published>{}</published>\n<updated>{}</updated>\n\
             <link rel=\"alternate\" type=\"text/html\" href=\"{}\"/>\n<category term=\"{}\"/>\n<category term=\"severity-{}\"/>",
            escaped(&feed.item_id(row)),
            escaped(&row.title),
            row.detected_at,
            Rfc3339(item.recorded_at),
            escaped(&feed.page(row)),
            row.kind,
            row.severity,
        );
        if item.marks.pinned {
            out.push_str("<category term=\"pinned\"/>\n");
        }
        if let Some(mark) = &item.marks.mark {
            let _ = writeln!(out, "<category term=\"{}\"/>", escaped(mark));
        }
        let _ = writeln!(
            out,
            "<summary>{}</summary>\n<content type=\"html\">{}</content>\n<g:detection>{}</g:detection>\n</entry>",
            escaped(&row.summary),
            escaped(&html(row, &item.marks)),
            escaped(&row.to_json()),
        );
    }
    out.push_str("</feed>\n");
    out
}

#[derive(Serialize)]
struct JsonFeed<'a> {
    version: &'static str,
    title: String,
    home_page_url: String,
    feed_url: String,
    description: &'static str,
    language: &'static str,
    authors: [Name; 1],
    _groundswell: Ours<'a>,
    items: Vec<JsonItem<'a>>,
}

#[derive(Serialize)]
struct Name {
    name: &'static str,
}

#[derive(Serialize)]
struct Ours<'a> {
    about: &'static str,
    id: String,
    #[serde(flatten)]
    program: &'a About,
    #[serde(skip_serializing_if = "Option::is_none")]
    notice: Option<&'static str>,
}

#[derive(Serialize)]
struct JsonItem<'a> {
    id: String,
    url: String,
    title: &'a str,
    summary: &'a str,
    content_html: String,
    date_published: Rfc3339,
    date_modified: Rfc3339,
    tags: Vec<String>,
    _groundswell: OursOfItem<'a>,
}

#[derive(Serialize)]
struct OursOfItem<'a> {
    detection: &'a Released<DetectionRow>,
    marks: &'a Released<FeedMarks>,
}

/// The feed in JSON Feed.
fn json_feed(feed: &Feed<'_>) -> String {
    let item = |item| {
        let FeedItem { row, marks, recorded_at, .. }: &FeedItem = item;
        let mut tags = vec![row.kind.to_string(), format!("severity-{}", row.severity)];
        tags.extend(marks.pinned.then(|| "pinned".to_owned()));
        tags.extend(marks.mark.clone());
        JsonItem {
            id: feed.item_id(row),
            url: feed.page(row),
            title: &row.title,
            summary: &row.summary,
            content_html: html(row, marks),
            date_published: row.detected_at,
            date_modified: Rfc3339(*recorded_at),
            tags,
            _groundswell: OursOfItem { detection: row, marks },
        }
    };
    let whole = JsonFeed {
        version: "https://jsonfeed.org/version/1.1",
        title: feed.title(),
        home_page_url: format!("{}/", feed.base),
        feed_url: format!("{}/feeds/{}.json", feed.base, feed.name),
        description: "Detections, each with its numbers, its baseline and the command that recomputes it.",
        language: "en",
        authors: [Name { name: "Groundswell" }],
        _groundswell: Ours { about: NAMESPACE, id: feed.id(), program: feed.about, notice: feed.notice },
        items: feed.items.iter().map(item).collect(),
    };
    serde_json::to_string(&whole).expect("wire types have string keys and finite numbers only")
}

/// Whether a reader has this already.
fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let known = headers.get(header::IF_NONE_MATCH).and_then(|known| known.to_str().ok()).unwrap_or("");
    known.split(',').any(|known| known.trim().trim_start_matches("W/") == tag)
}

/// A feed as a document: `NAME.atom` (RFC 4287) or `NAME.json` (JSON Feed 1.1), the newest 100 detections, pinned ones first.
///
/// It says which program made it (version and SHA-256 of its file) and how the audit log stood (a C2SP signed note).
#[utoipa::path(
    get, path = "/feeds/{feed}", operation_id = "feed", tag = "feeds",
    params(("feed" = String, Path, description = "the feed's name with `.atom` or `.json`", example = "everything.json")),
    responses(
        (status = 200, description = "the feed", content(
            (String = "application/atom+xml"),
            (String = "application/feed+json"),
        )),
        (status = "default", description = "a problem", body = crate::problem::Wire, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn document(
    State(state): State<ServerState>,
    Path(file): Path<String>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    Params::parse(query.as_deref(), &[])?;
    let missing = || Problem::new(Code::NotFound).detail("there is no such feed; /api/v1/feeds lists them");
    let (name, form) = file.rsplit_once('.').ok_or_else(missing)?;
    if !matches!(form, "atom" | "json") {
        return Err(Problem::new(Code::NotFound).detail("a feed is there as NAME.atom and NAME.json"));
    }
    let items = state.reader()?.feed_newest(name, FEED_ITEMS_MAX).await?.ok_or_else(missing)?;
    let (about, base) = (about(&state).await, state.access().network().base(&headers));
    let feed = Feed { name, base: &base, notice: state.notice(), about: &about, items: &items };
    let (body, kind) = match form {
        "atom" => (atom(&feed), "application/atom+xml; charset=utf-8"),
        _ => (json_feed(&feed), "application/feed+json; charset=utf-8"),
    };
    let tag = format!("\"{}\"", &blake3::hash(body.as_bytes()).to_hex()[..32]);
    let mut response = if is_known(&headers, &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, kind)], body).into_response()
    };
    let set = response.headers_mut();
    set.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        set.insert(header::ETAG, tag);
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn what_xml_cannot_hold_is_left_out() {
        assert_eq!(escaped("a<b> & \"c\" 'd'\u{0}\u{b}\u{fffe}\n"), "a&lt;b&gt; &amp; &quot;c&quot; &#39;d&#39;\n");
    }
}
