//! From Jetstream's messages to records.

use std::borrow::Cow;

use groundswell_post::{DeleteTarget, Deletion, EventTime, Field, RawPost, Record, Rejection, RejectionKind, Relation};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::hidden::HiddenAccounts;
use crate::decode::{Each, each_line};
use crate::draft::{in_time, may_be_language};

/// The collection that holds posts.
const POSTS: &str = "app.bsky.feed.post";

/// The collection that holds profiles, and the key of the one profile of an account.
const PROFILES: &str = "app.bsky.actor.profile";

/// The label by which a person asks that only signed-in people see what they write.
const NO_UNAUTHENTICATED: &str = "!no-unauthenticated";

/// A buffer kept from message to message.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    /// Links and mentions of a text, by place.
    spans: Vec<(usize, usize, usize)>,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow, default)]
    did: Option<Cow<'a, str>>,
    #[serde(default)]
    time_us: Option<i64>,
    #[serde(borrow, default)]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    commit: Option<Commit<'a>>,
    #[serde(borrow, default)]
    account: Option<Account<'a>>,
}

#[derive(Deserialize)]
struct Account<'a> {
    #[serde(default)]
    active: Option<bool>,
    #[serde(borrow, default)]
    status: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Commit<'a> {
    #[serde(borrow, default)]
    operation: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    collection: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    rkey: Option<Cow<'a, str>>,
    /// Parsed only where it is a post: most messages are none.
    #[serde(borrow, default)]
    record: Option<sonic_rs::LazyValue<'a>>,
}

#[derive(Deserialize)]
struct Post<'a> {
    #[serde(borrow, default)]
    text: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    langs: Option<Vec<Cow<'a, str>>>,
    #[serde(default)]
    reply: Option<IgnoredAny>,
    #[serde(borrow, default)]
    embed: Option<Embed<'a>>,
    #[serde(borrow, default)]
    facets: Option<Vec<Facet<'a>>>,
    #[serde(borrow, default)]
    tags: Option<Vec<Cow<'a, str>>>,
    #[serde(borrow, default)]
    labels: Option<Labels<'a>>,
}

#[derive(Deserialize)]
struct Embed<'a> {
    #[serde(rename = "$type", borrow, default)]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    external: Option<External<'a>>,
    /// Of a quote with media.
    #[serde(borrow, default)]
    media: Option<Media<'a>>,
    #[serde(borrow, default)]
    record: Option<Embedded<'a>>,
}

impl Embed<'_> {
    /// Whether another post is embedded, and not a list, a feed or a starter pack.
    fn quotes(&self) -> bool {
        let uri = match (self.kind.as_deref(), &self.record) {
            (Some("app.bsky.embed.record"), Some(record)) => &record.uri,
            (Some("app.bsky.embed.recordWithMedia"), Some(Embedded { record: Some(record), .. })) => &record.uri,
            _ => return false,
        };
        uri.as_deref().is_some_and(|uri| uri.contains("/app.bsky.feed.post/"))
    }
}

#[derive(Deserialize)]
struct Embedded<'a> {
    #[serde(borrow, default)]
    uri: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    record: Option<Reference<'a>>,
}

#[derive(Deserialize)]
struct Reference<'a> {
    #[serde(borrow, default)]
    uri: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Media<'a> {
    #[serde(borrow, default)]
    external: Option<External<'a>>,
}

#[derive(Deserialize)]
struct External<'a> {
    #[serde(borrow, default)]
    uri: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Facet<'a> {
    #[serde(borrow, default)]
    features: Vec<Feature<'a>>,
    #[serde(default)]
    index: Option<Index>,
}

#[derive(Deserialize)]
struct Index {
    #[serde(rename = "byteStart")]
    start: i64,
    #[serde(rename = "byteEnd")]
    end: i64,
}

#[derive(Deserialize)]
struct Feature<'a> {
    #[serde(rename = "$type", borrow, default)]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    uri: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    tag: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Profile<'a> {
    #[serde(borrow, default)]
    labels: Option<Labels<'a>>,
}

#[derive(Deserialize)]
struct Labels<'a> {
    #[serde(borrow, default)]
    values: Vec<Label<'a>>,
}

#[derive(Deserialize)]
struct Label<'a> {
    #[serde(borrow, default)]
    val: Option<Cow<'a, str>>,
}

/// Reads all messages of a block; passes over those that are neither a post nor a deletion.
pub(crate) fn decode_block<'b>(
    bytes: &'b [u8],
    hidden: &HiddenAccounts,
    first_line: u64,
    now: EventTime,
    scratch: &mut Scratch,
    each: &mut Each<'_, 'b>,
) {
    each_line(bytes, first_line, |line, text| match text.and_then(|text| message(text, hidden, now, scratch)) {
        Ok(None) => {}
        Ok(Some(record)) => each(line, Ok(record)),
        Err(rejection) => each(line, Err(rejection)),
    });
}

/// Reads one message; `Ok(None)` for what is neither a post nor a deletion.
pub(crate) fn message<'a>(
    text: &'a str,
    hidden: &HiddenAccounts,
    now: EventTime,
    scratch: &mut Scratch,
) -> Result<Option<Record<'a>>, Rejection> {
    let bad = |field, kind| Err(Rejection::new(field, kind));
    // An array would be taken for the fields in their order.
    if !text.trim_ascii_start().starts_with('{') {
        return bad(
            Field::Record,
            if text.trim_ascii_start().starts_with('[') { RejectionKind::NotObject } else { RejectionKind::NotJson },
        );
    }
    let message: Message<'a> = sonic_rs::from_str(text).map_err(|error| {
        let kind = match error.classify() {
            sonic_rs::error::Category::TypeUnmatched => RejectionKind::WrongType,
            _ => RejectionKind::NotJson,
        };
        Rejection::new(Field::Record, kind)
    })?;
    match (message.kind.as_deref(), message.commit, message.account) {
        (Some("commit"), Some(commit), _) if commit.collection.as_deref() == Some(POSTS) => {
            let (Some(did), Some(rkey)) = (message.did, commit.rkey) else {
                return bad(Field::Id, RejectionKind::Missing);
            };
            let id = format!("{did}/{rkey}");
            match commit.operation.as_deref() {
                Some("create") => {
                    let Some(time_us) = message.time_us else { return bad(Field::Time, RejectionKind::Missing) };
                    let time = time_of(time_us, now).map_err(|kind| Rejection::new(Field::Time, kind))?;
                    let Some(record) = commit.record else { return bad(Field::Text, RejectionKind::Missing) };
                    let hides = hidden.contains(&did);
                    let mut post = post(did, id, time, &record, scratch)?;
                    post.opted_out |= hides;
                    Ok(Some(Record::Post(post)))
                }
                Some("delete") => {
                    let time = message.time_us.and_then(|time| time_of(time, now).ok());
                    Ok(Some(Record::Delete(Deletion { time, source: None, target: DeleteTarget::Post(id.into()) })))
                }
                _ => Ok(None),
            }
        }
        (Some("commit"), Some(commit), _) if commit.collection.as_deref() == Some(PROFILES) => {
            let Some(did) = message.did else { return bad(Field::Author, RejectionKind::Missing) };
            // A profile that cannot be read says nothing; posts are what is rejected here.
            let hides = commit.record.as_ref().is_some_and(|record| {
                sonic_rs::from_str::<Profile<'_>>(record.as_raw_str()).is_ok_and(|profile| hides(profile.labels))
            });
            hidden.set(&did, hides);
            if !hides {
                return Ok(None);
            }
            // What was read of them before they asked is forgotten.
            let time = message.time_us.and_then(|time| time_of(time, now).ok());
            Ok(Some(Record::Delete(Deletion { time, source: None, target: DeleteTarget::Author(did) })))
        }
        (Some("account"), _, Some(account)) if account.active == Some(false) => {
            let Some(did) = message.did else { return bad(Field::Author, RejectionKind::Missing) };
            // `desynchronized` and `throttled` are troubles of a server and say nothing about the person's wish.
            if matches!(account.status.as_deref(), Some("desynchronized" | "throttled")) {
                return Ok(None);
            }
            let time = message.time_us.and_then(|time| time_of(time, now).ok());
            Ok(Some(Record::Delete(Deletion { time, source: None, target: DeleteTarget::Author(did) })))
        }
        _ => Ok(None),
    }
}

fn time_of(time_us: i64, now: EventTime) -> Result<EventTime, RejectionKind> {
    let time = EventTime::from_unix(time_us.div_euclid(1_000_000));
    if time < EventTime::MIN {
        return Err(RejectionKind::TooOld);
    }
    in_time(time, now)
}

fn post<'a>(
    did: Cow<'a, str>,
    id: String,
    time: EventTime,
    record: &sonic_rs::LazyValue<'a>,
    scratch: &mut Scratch,
) -> Result<RawPost<'a>, Rejection> {
    let wrong = |_| Rejection::new(Field::Record, RejectionKind::WrongType);
    // The lazy value is a piece of the line, so what is parsed from it borrows from the line.
    let Cow::Borrowed(raw) = record.as_raw_cow() else {
        return Err(Rejection::new(Field::Record, RejectionKind::Invalid));
    };
    let post: Post<'a> = sonic_rs::from_str(raw).map_err(wrong)?;
    let Some(text) = post.text else { return Err(Rejection::new(Field::Text, RejectionKind::Missing)) };
    let facets = post.facets.unwrap_or_default();
    let text = with_whole_links(text, &facets, scratch);

    let mut links: Vec<Cow<'a, str>> = Vec::new();
    let mut hashtags: Vec<Cow<'a, str>> = Vec::new();
    for feature in facets.into_iter().flat_map(|facet| facet.features) {
        match feature.kind.as_deref() {
            Some("app.bsky.richtext.facet#link") => add(&mut links, feature.uri),
            Some("app.bsky.richtext.facet#tag") => add(&mut hashtags, feature.tag),
            _ => {}
        }
    }
    for tag in post.tags.into_iter().flatten() {
        add(&mut hashtags, Some(tag));
    }
    let (mut quote, mut in_text) = (false, true);
    if let Some(embed) = post.embed {
        quote = embed.quotes();
        let external = embed.external.or(embed.media.and_then(|media| media.external));
        if let Some(uri) = external.and_then(|external| external.uri) {
            in_text = links.contains(&uri);
            add(&mut links, Some(uri));
        }
    }
    Ok(RawPost {
        time,
        author: Some(did),
        id: Some(id.into()),
        text,
        lang: post.langs.and_then(|langs| langs.into_iter().next()).filter(|lang| may_be_language(lang)),
        source: None,
        relation: match (post.reply.is_some(), quote) {
            (true, _) => Relation::Reply,
            (false, true) => Relation::Quote,
            (false, false) => Relation::Post,
        },
        publisher: None,
        region: None,
        // Every link of a facet stands whole in the text by now; a list is only needed for a card that the text does not name.
        links: (!in_text).then_some(links),
        hashtags,
        opted_out: hides(post.labels),
    })
}

/// Whether labels that somebody gave themselves ask that only signed-in people see what they label.
fn hides(labels: Option<Labels<'_>>) -> bool {
    labels.is_some_and(|labels| labels.values.iter().any(|label| label.val.as_deref() == Some(NO_UNAUTHENTICATED)))
}

fn add<'a>(list: &mut Vec<Cow<'a, str>>, item: Option<Cow<'a, str>>) {
    if let Some(item) = item.filter(|item| !item.is_empty())
        && !list.contains(&item)
    {
        list.push(item);
    }
}

/// Writes whole links where the text shows shortened ones, and `@mention` where a mention does not look like one, so that the
/// scrubber sees what they are. Facets say in bytes where they stand; those that point nowhere sensible are passed over.
fn with_whole_links<'a>(text: Cow<'a, str>, facets: &[Facet<'_>], scratch: &mut Scratch) -> Cow<'a, str> {
    scratch.spans.clear();
    for (number, facet) in facets.iter().enumerate() {
        let Some(index) = &facet.index else { continue };
        let (Ok(start), Ok(end)) = (usize::try_from(index.start), usize::try_from(index.end)) else { continue };
        if start < end && text.is_char_boundary(start) && text.is_char_boundary(end) {
            scratch.spans.push((start, end, number));
        }
    }
    scratch.spans.sort_unstable();
    let mut out = String::new();
    let mut done = 0;
    for &(start, end, number) in &scratch.spans {
        if start < done {
            continue;
        }
        let shown = &text[start..end];
        let feature = facets[number].features.iter().find_map(|feature| match feature.kind.as_deref() {
            Some("app.bsky.richtext.facet#link") => feature.uri.as_deref().filter(|uri| !uri.is_empty()).map(Some),
            Some("app.bsky.richtext.facet#mention") => Some(None),
            _ => None,
        });
        match feature {
            Some(Some(uri)) if shown != uri => {
                out.push_str(&text[done..start]);
                if !shortens(shown, uri) {
                    // A link behind words: the words stay.
                    out.push_str(shown);
                    out.push(' ');
                }
                out.push_str(uri);
                // What follows must not be taken for a part of the link.
                if text[end..].chars().next().is_some_and(|next| !next.is_whitespace()) {
                    out.push(' ');
                }
            }
            Some(None) if !shown.starts_with('@') => {
                out.push_str(&text[done..start]);
                out.push_str("@mention");
            }
            _ => out.push_str(&text[done..end]),
        }
        done = end;
    }
    if done == 0 || out == text[..done] {
        return text;
    }
    out.push_str(&text[done..]);
    Cow::Owned(out)
}

/// Whether what is shown is the link with something left out.
fn shortens(shown: &str, uri: &str) -> bool {
    let bare = |link: &str| {
        let link = link.split_once("://").map_or(link, |(_, rest)| rest).to_ascii_lowercase();
        link.strip_prefix("www.").map_or(link.clone(), str::to_owned)
    };
    let shown = shown.trim().trim_end_matches(['.', '\u{2026}']);
    !shown.is_empty() && bare(uri).starts_with(&bare(shown))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: EventTime = EventTime::from_unix(1_800_000_000);

    fn read(json: &str) -> Result<Option<Record<'_>>, Rejection> {
        message(json, &HiddenAccounts::default(), NOW, &mut Scratch::default())
    }

    fn read_post(json: &str) -> RawPost<'_> {
        match read(json) {
            Ok(Some(Record::Post(post))) => post,
            other => panic!("expected a post, found {other:?}"),
        }
    }

    fn commit(record: &str) -> String {
        format!(
            r#"{{"did":"did:plc:a","time_us":1783175888090631,"kind":"commit","commit":{{"operation":"create","collection":"app.bsky.feed.post","rkey":"r","record":{record}}}}}"#
        )
    }

    /// Structure only: what people wrote stays out of the repository.
    #[test]
    fn reads_recorded_messages() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/feeds/bluesky-jetstream.ndjson");
        let Ok(recorded) = std::fs::read_to_string(path) else {
            println!("SKIPPED: ../shared/data is absent");
            return;
        };
        let mut facts = Vec::new();
        for (number, line) in recorded.lines().enumerate() {
            let fact = match read(line) {
                Ok(None) => continue,
                Ok(Some(Record::Post(post))) => format!(
                    "{} links {} hashtags {} lang {} opted out {}",
                    post.relation.as_str(),
                    post.links.as_ref().map_or_else(|| "in text".to_owned(), |links| links.len().to_string()),
                    post.hashtags.len(),
                    post.lang.as_deref().unwrap_or("none"),
                    post.opted_out,
                ),
                Ok(Some(deletion)) => format!("{deletion:?}"),
                Err(rejection) => rejection.to_string(),
            };
            facts.push(format!("{}: {fact}", number + 1));
        }
        insta::assert_snapshot!(facts.join("\n"));
    }

    #[test]
    fn a_shortened_link_becomes_whole() {
        let json = commit(
            r#"{"text":"é see example.org/a...!","facets":[{"index":{"byteStart":7,"byteEnd":23},"features":[{"$type":"app.bsky.richtext.facet#link","uri":"https://example.org/about"}]}]}"#,
        );
        let post = read_post(&json);
        assert_eq!(post.text, "é see https://example.org/about !");
        assert!(post.links.is_none());
    }

    #[test]
    fn words_before_a_link_stay_and_mentions_look_like_mentions() {
        let json = commit(
            r#"{"text":"this by Ann","facets":[{"index":{"byteStart":8,"byteEnd":11},"features":[{"$type":"app.bsky.richtext.facet#mention","did":"did:plc:b"}]},{"index":{"byteStart":0,"byteEnd":4},"features":[{"$type":"app.bsky.richtext.facet#link","uri":"https://example.org/x"}]}]}"#,
        );
        assert_eq!(read_post(&json).text, "this https://example.org/x by @mention");
    }

    #[test]
    fn facets_that_point_nowhere_change_nothing() {
        for (start, end) in [(1, 3), (-1, 2), (0, 900), (3, 3), (5, 2)] {
            let json = commit(&format!(
                r#"{{"text":"éa b","facets":[{{"index":{{"byteStart":{start},"byteEnd":{end}}},"features":[{{"$type":"app.bsky.richtext.facet#link","uri":"https://example.org/"}}]}}]}}"#
            ));
            assert_eq!(read_post(&json).text, "éa b");
        }
    }

    #[test]
    fn a_card_that_the_text_does_not_name_is_listed() {
        let json = commit(
            r#"{"text":"look","langs":["??","en"],"embed":{"$type":"app.bsky.embed.external","external":{"uri":"https://example.org/"}},"tags":["b","a","b"],"labels":{"$type":"com.atproto.label.defs#selfLabels","values":[{"val":"!no-unauthenticated"}]}}"#,
        );
        let post = read_post(&json);
        assert_eq!(post.links.unwrap(), ["https://example.org/"]);
        assert_eq!(post.hashtags, ["b", "a"]);
        assert_eq!((post.lang, post.opted_out), (None, true));
        assert_eq!(post.id.unwrap(), "did:plc:a/r");
    }

    #[test]
    fn quotes_are_of_posts_only() {
        for (embed, relation) in [
            (
                r#"{"$type":"app.bsky.embed.record","record":{"uri":"at://did:plc:b/app.bsky.feed.post/x"}}"#,
                Relation::Quote,
            ),
            (
                r#"{"$type":"app.bsky.embed.recordWithMedia","record":{"record":{"uri":"at://did:plc:b/app.bsky.feed.post/x"}}}"#,
                Relation::Quote,
            ),
            (
                r#"{"$type":"app.bsky.embed.record","record":{"uri":"at://did:plc:b/app.bsky.graph.list/x"}}"#,
                Relation::Post,
            ),
        ] {
            assert_eq!(read_post(&commit(&format!(r#"{{"text":"x","embed":{embed}}}"#))).relation, relation);
        }
    }

    #[test]
    fn deletions_of_posts_and_of_accounts() {
        let post = read(
            r#"{"did":"did:plc:a","time_us":1783175888090631,"kind":"commit","commit":{"operation":"delete","collection":"app.bsky.feed.post","rkey":"r"}}"#,
        );
        assert!(
            matches!(post, Ok(Some(Record::Delete(Deletion { target: DeleteTarget::Post(id), .. }))) if id == "did:plc:a/r")
        );
        for (status, gone) in [("deleted", true), ("takendown", true), ("deactivated", true), ("desynchronized", false)]
        {
            let json = format!(
                r#"{{"did":"did:plc:a","time_us":1783175888090631,"kind":"account","account":{{"active":false,"did":"did:plc:a","status":"{status}"}}}}"#
            );
            let found =
                matches!(read(&json), Ok(Some(Record::Delete(Deletion { target: DeleteTarget::Author(_), .. }))));
            assert_eq!(found, gone, "{status}");
        }
    }

    #[test]
    fn a_profile_that_asks_not_to_be_shown_hides_its_posts() {
        let hidden = HiddenAccounts::default();
        let read = |json: &str| {
            let record = message(json, &hidden, NOW, &mut Scratch::default()).unwrap();
            record.map(|record| match record {
                Record::Post(post) => post.opted_out.to_string(),
                Record::Delete(Deletion { target: DeleteTarget::Author(did), .. }) => format!("forget {did}"),
                Record::Delete(_) => "another deletion".to_owned(),
            })
        };
        let post = commit(r#"{"text":"x"}"#);
        let profile = |operation: &str, record: &str| {
            format!(
                r#"{{"did":"did:plc:a","time_us":1783175888090631,"kind":"commit","commit":{{"operation":"{operation}","collection":"app.bsky.actor.profile","rkey":"self"{record}}}}}"#
            )
        };
        let asks = r#","record":{"labels":{"values":[{"val":"!no-unauthenticated"}]}}"#;
        assert_eq!(read(&post).as_deref(), Some("false"));
        assert_eq!(read(&profile("update", r#","record":{"displayName":"A"}"#)), None);
        assert_eq!(read(&profile("create", asks)).as_deref(), Some("forget did:plc:a"));
        assert_eq!(read(&post).as_deref(), Some("true"));
        assert_eq!(read(&post.replace("did:plc:a", "did:plc:b")).as_deref(), Some("false"));
        assert_eq!(format!("{hidden:?}"), "HiddenAccounts(1 redacted)");
        for over in [profile("update", r#","record":{"labels":{"values":[]}}"#), profile("delete", "")] {
            assert_eq!(read(&profile("update", asks)).as_deref(), Some("forget did:plc:a"));
            assert_eq!(read(&over), None);
            assert_eq!(read(&post).as_deref(), Some("false"));
        }
    }

    #[test]
    fn bad_messages_are_rejections() {
        let reject = |json: &str| read(json).map(|_| ()).expect_err(json).to_string();
        assert_eq!(reject("{"), "record: not JSON");
        assert_eq!(reject("[]"), "record: not an object");
        assert_eq!(reject(r#"{"did":5}"#), "record: wrong type");
        assert_eq!(reject(&commit("{}")), "text: missing");
        assert_eq!(reject(&commit(r#"{"text":5}"#)), "record: wrong type");
        assert_eq!(reject(&commit(r#"{"text":"a"}"#).replace("1783175888090631", "1")), "time: too old");
        assert_eq!(
            reject(&commit(r#"{"text":"a"}"#).replace("1783175888090631", "4102444800000000")),
            "time: in the future"
        );
    }
}
