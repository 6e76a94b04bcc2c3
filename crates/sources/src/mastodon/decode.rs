//! From statuses to records.
//!
//! A block's lines are what the reader made of events: a letter for the kind of event and what belongs to it, `u` and a status
//! as JSON (an `update`, or a status of a timeline), `e` and a status (a `status.update`), `d` and an id (a `delete`).

use std::borrow::Cow;

use groundswell_post::{
    DeleteTarget, Deletion, EventTime, Field, RawPost, Record, Rejection, RejectionKind, Relation, TimeError,
};
use memchr::{memchr_iter, memchr2_iter};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::ids::{Instance, UriHash};
use crate::decode::{Each, each_line};
use crate::draft::{in_time, may_be_language};
use crate::html;

pub(crate) const UPDATE: u8 = b'u';
pub(crate) const EDIT: u8 = b'e';
pub(crate) const DELETE: u8 = b'd';

/// The tags by which people ask bots and indexes to leave them alone.
const LEAVE_ME_ALONE: [&str; 3] = ["nobot", "nobots", "noindex"];

/// Buffers kept from status to status.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    text: String,
}

#[derive(Deserialize)]
struct Status<'a> {
    #[serde(borrow, default)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    uri: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    created_at: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    visibility: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    language: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    content: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    spoiler_text: Option<Cow<'a, str>>,
    #[serde(default)]
    in_reply_to_id: Option<IgnoredAny>,
    #[serde(default)]
    quote: Option<IgnoredAny>,
    /// Parsed only where it is one.
    #[serde(borrow, default)]
    reblog: Option<sonic_rs::LazyValue<'a>>,
    #[serde(borrow, default)]
    account: Option<Account<'a>>,
    #[serde(borrow, default)]
    tags: Option<Vec<Tag<'a>>>,
}

#[derive(Deserialize)]
struct Account<'a> {
    #[serde(borrow, default)]
    acct: Option<Cow<'a, str>>,
    #[serde(default)]
    indexable: Option<bool>,
    #[serde(default)]
    noindex: Option<bool>,
    #[serde(borrow, default)]
    note: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    fields: Option<Vec<Pair<'a>>>,
}

#[derive(Deserialize)]
struct Pair<'a> {
    #[serde(borrow, default)]
    name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    value: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Tag<'a> {
    #[serde(borrow, default)]
    name: Option<Cow<'a, str>>,
}

/// Reads all events of a block; passes over what is not public.
pub(crate) fn decode_block<'b>(
    bytes: &'b [u8],
    instance: &Instance,
    first_line: u64,
    now: EventTime,
    scratch: &mut Scratch,
    each: &mut Each<'_, 'b>,
) {
    each_line(bytes, first_line, |line, text| match text.and_then(|text| event(text, instance, now, scratch)) {
        Ok(None) => {}
        Ok(Some(record)) => each(line, Ok(record)),
        Err(rejection) => each(line, Err(rejection)),
    });
}

fn event<'a>(
    line: &'a str,
    instance: &Instance,
    now: EventTime,
    scratch: &mut Scratch,
) -> Result<Option<Record<'a>>, Rejection> {
    match line.as_bytes().first() {
        Some(&DELETE) => {
            let id = line[1..].trim();
            if id.is_empty() {
                return Err(Rejection::new(Field::Id, RejectionKind::Missing));
            }
            // Of a status that is not known nothing is buffered: the deletion finds nothing under the id either.
            let id = instance.deleted(id).map_or(Cow::Borrowed(id), |hash| Cow::Owned(hex(&hash)));
            Ok(Some(Record::Delete(Deletion { time: None, source: None, target: DeleteTarget::Post(id) })))
        }
        Some(&UPDATE) => status(&line[1..], instance, now, false, scratch),
        Some(&EDIT) => status(&line[1..], instance, now, true, scratch),
        _ => Err(Rejection::new(Field::Record, RejectionKind::NotJson)),
    }
}

fn parse(text: &str) -> Result<Status<'_>, Rejection> {
    let text = text.trim_ascii_start();
    // An array would be taken for the fields in their order.
    if !text.starts_with('{') {
        let kind = if text.starts_with('[') { RejectionKind::NotObject } else { RejectionKind::NotJson };
        return Err(Rejection::new(Field::Record, kind));
    }
    sonic_rs::from_str(text).map_err(|error| {
        let kind = match error.classify() {
            sonic_rs::error::Category::TypeUnmatched => RejectionKind::WrongType,
            _ => RejectionKind::NotJson,
        };
        Rejection::new(Field::Record, kind)
    })
}

fn status<'a>(
    text: &'a str,
    instance: &Instance,
    now: EventTime,
    edit: bool,
    scratch: &mut Scratch,
) -> Result<Option<Record<'a>>, Rejection> {
    let missing = |field| Rejection::new(field, RejectionKind::Missing);
    let mut status = parse(text)?;
    if status.visibility.as_deref() != Some("public") {
        return Ok(None);
    }
    let uri = status.uri.take().filter(|uri| !uri.is_empty()).ok_or_else(|| missing(Field::Id))?;
    let hash = hash_of(&uri);
    let account = status.account.take().ok_or_else(|| missing(Field::Author))?;
    let time = time_of(status.created_at.as_deref(), now)?;
    let deleted = status.id.as_deref().is_some_and(|id| instance.seen(id, hash));

    let mut opted_out = wants_out(&account, scratch) || deleted;
    let mut relation = match (&status.in_reply_to_id, &status.quote) {
        (Some(_), _) => Relation::Reply,
        (None, Some(_)) => Relation::Quote,
        (None, None) => Relation::Post,
    };
    let boosted = match &status.reblog {
        // The lazy value is a piece of the line, so what is parsed from it borrows from the line.
        Some(lazy) if lazy.as_raw_str() != "null" => match lazy.as_raw_cow() {
            Cow::Borrowed(raw) => Some(parse(raw)?),
            Cow::Owned(_) => return Err(Rejection::new(Field::Record, RejectionKind::Invalid)),
        },
        _ => None,
    };
    let said = if let Some(boosted) = boosted {
        if boosted.visibility.as_deref() != Some("public") {
            return Ok(None);
        }
        relation = Relation::Repost;
        opted_out |= boosted.account.as_ref().is_some_and(|account| wants_out(account, scratch));
        boosted
    } else {
        status
    };
    let content = said.content.ok_or_else(|| missing(Field::Text))?;
    scratch.text.clear();
    if let Some(warning) = said.spoiler_text.as_deref().map(str::trim).filter(|warning| !warning.is_empty()) {
        scratch.text.push_str(warning);
        scratch.text.push_str("\n\n");
    }
    html::to_text(&content, &mut scratch.text);
    let hashtags: Vec<Cow<'a, str>> = said.tags.into_iter().flatten().filter_map(|tag| tag.name).collect();
    opted_out |= asks(&scratch.text) || hashtags.iter().any(|tag| leaves_alone(tag));
    if edit && opted_out {
        // Who adds such a tag afterwards wants what was read before to be forgotten.
        let target = DeleteTarget::Post(hex(&hash).into());
        return Ok(Some(Record::Delete(Deletion { time: Some(time), source: None, target })));
    }
    Ok(Some(Record::Post(RawPost {
        time,
        author: Some(author_of(&account, instance).ok_or_else(|| missing(Field::Author))?.into()),
        id: Some(hex(&hash).into()),
        text: scratch.text.clone().into(),
        lang: said.language.filter(|lang| may_be_language(lang)),
        source: None,
        relation,
        publisher: None,
        region: None,
        // Links stand whole in the text.
        links: None,
        hashtags,
        opted_out,
    })))
}

fn time_of(text: Option<&str>, now: EventTime) -> Result<EventTime, Rejection> {
    let read = match text {
        None | Some("") => Err(RejectionKind::Missing),
        Some(text) => match EventTime::parse(text) {
            Ok(time) => in_time(time, now),
            Err(TimeError::TooOld) => Err(RejectionKind::TooOld),
            Err(TimeError::Invalid) => Err(RejectionKind::Invalid),
        },
    };
    read.map_err(|kind| Rejection::new(Field::Time, kind))
}

/// `user@domain` in lower case, the same wherever the author is seen: on their own instance the domain is left out.
fn author_of(account: &Account<'_>, instance: &Instance) -> Option<String> {
    let acct = account.acct.as_deref().filter(|acct| !acct.is_empty())?;
    let mut author = acct.to_ascii_lowercase();
    if !author.contains('@') {
        author.push('@');
        author.push_str(instance.domain());
    }
    Some(author)
}

fn hash_of(uri: &str) -> UriHash {
    let mut hash = [0; 16];
    hash.copy_from_slice(&blake3::hash(uri.as_bytes()).as_bytes()[..16]);
    hash
}

fn hex(hash: &UriHash) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    hash.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

/// Whether an account asks not to be read by machines, in its settings or in its own words.
fn wants_out(account: &Account<'_>, scratch: &mut Scratch) -> bool {
    let mut says = |text: &Option<Cow<'_, str>>| text.as_deref().is_some_and(|html| asks_in_html(html, scratch));
    account.indexable == Some(false)
        || account.noindex == Some(true)
        || says(&account.note)
        || account.fields.iter().flatten().any(|pair| says(&pair.name) || says(&pair.value))
}

fn asks_in_html(html: &str, scratch: &mut Scratch) -> bool {
    if !may_ask(html) {
        return false;
    }
    scratch.text.clear();
    html::to_text(html, &mut scratch.text);
    asks(&scratch.text)
}

/// Whether it is worth reading: all of the tags begin with `no` and go on with `b` or `i`.
fn may_ask(html: &str) -> bool {
    let bytes = html.as_bytes();
    memchr2_iter(b'n', b'N', bytes).any(|at| {
        let tail = &bytes[at..];
        LEAVE_ME_ALONE
            .iter()
            .any(|tag| tail.get(..tag.len()).is_some_and(|tail| tail.eq_ignore_ascii_case(tag.as_bytes())))
    })
}

/// Whether a text holds one of the tags.
fn asks(text: &str) -> bool {
    memchr_iter(b'#', text.as_bytes()).any(|at| {
        let tail = &text[at + 1..];
        let end = tail.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(tail.len());
        leaves_alone(&tail[..end])
    })
}

fn leaves_alone(tag: &str) -> bool {
    LEAVE_ME_ALONE.iter().any(|one| one.eq_ignore_ascii_case(tag))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: EventTime = EventTime::from_unix(1_800_000_000);

    fn instance() -> Instance {
        Instance::new("here.example")
    }

    fn read_on(line: &str, instance: &Instance) -> Result<Option<Record<'static>>, Rejection> {
        let line: &'static str = Box::leak(line.to_owned().into_boxed_str());
        event(line, instance, NOW, &mut Scratch::default())
    }

    fn post_on(line: &str, instance: &Instance) -> RawPost<'static> {
        match read_on(line, instance) {
            Ok(Some(Record::Post(post))) => post,
            other => panic!("{other:?}"),
        }
    }

    /// A status with these fields beside the usual ones.
    fn status_with(extra: &str, account: &str) -> String {
        format!(
            r#"u{{"id":"17","uri":"https://a.example/s/17","created_at":"2026-11-25T08:00:00.000Z","visibility":"public","language":"en","content":"<p>hello</p>","account":{{"id":"1","acct":"Ann"{account}}}{extra}}}"#
        )
    }

    fn post(extra: &str, account: &str) -> RawPost<'static> {
        post_on(&status_with(extra, account), &instance())
    }

    #[test]
    fn a_status_becomes_a_post() {
        let post = post(r#","in_reply_to_id":null,"reblog":null,"quote":null,"tags":[{"name":"rust"}]"#, "");
        assert_eq!(post.time.to_string(), "2026-11-25T08:00:00Z");
        assert_eq!(post.author.unwrap(), "ann@here.example");
        assert_eq!((post.text.as_ref(), post.lang.unwrap().as_ref()), ("hello", "en"));
        assert_eq!((post.relation, post.opted_out), (Relation::Post, false));
        assert_eq!(post.hashtags, ["rust"]);
        assert!(post.links.is_none() && post.source.is_none());
    }

    #[test]
    fn one_status_is_one_wherever_it_is_seen() {
        let home = Instance::new("web.a.example");
        home.set_domain("A.example");
        let here = post_on(&status_with("", ""), &home);
        let there = post_on(
            &status_with("", "").replace("\"Ann\"", "\"ann@a.example\"").replace("\"17\"", "\"9\""),
            &instance(),
        );
        assert_eq!((here.id, here.author), (there.id, there.author));
    }

    #[test]
    fn relations() {
        for (extra, relation, text) in [
            (r#","in_reply_to_id":"5""#, Relation::Reply, "hello"),
            (r#","quote":{"state":"accepted"}"#, Relation::Quote, "hello"),
            (
                r#","reblog":{"visibility":"public","content":"<p>theirs</p>","account":{"acct":"b"}}"#,
                Relation::Repost,
                "theirs",
            ),
            (r#","spoiler_text":"politics""#, Relation::Post, "politics\n\nhello"),
        ] {
            let post = post(extra, "");
            assert_eq!((post.relation, post.text.as_ref()), (relation, text));
        }
    }

    #[test]
    fn only_what_is_public_is_read() {
        for visibility in ["unlisted", "private", "direct", "local", ""] {
            let line = status_with("", "").replace("\"public\"", &format!("\"{visibility}\""));
            assert!(matches!(read_on(&line, &instance()), Ok(None)), "{visibility}");
        }
        let boost = status_with(r#","reblog":{"visibility":"private","content":"x","account":{"acct":"b"}}"#, "");
        assert!(matches!(read_on(&boost, &instance()), Ok(None)));
    }

    #[test]
    fn who_asks_not_to_be_read_is_not() {
        for (extra, account, out) in [
            ("", r#","indexable":true,"noindex":false,"note":"<p>no bot, nor index</p>""#, false),
            ("", r#","indexable":null,"noindex":null"#, false),
            ("", r#","indexable":false"#, true),
            ("", r#","noindex":true"#, true),
            ("", r#","note":"<p>hi #NoBot</p>""#, true),
            (
                "",
                r#","note":"<p><a href=\"https://a.example/tags/noindex\" class=\"mention hashtag\" rel=\"tag\">#<span>noindex</span></a></p>""#,
                true,
            ),
            ("", r##","note":"#nobotany #noindexes""##, false),
            ("", r##","fields":[{"name":"bots","value":"#nobots please"}]"##, true),
            ("", r##","fields":[{"name":"#noindex","value":""}]"##, true),
            (r#","tags":[{"name":"NoIndex"}]"#, "", true),
            (r##","spoiler_text":"#nobot""##, "", true),
            (r#","reblog":{"visibility":"public","content":"x","account":{"acct":"b","noindex":true}}"#, "", true),
        ] {
            assert_eq!(post(extra, account).opted_out, out, "{extra}{account}");
        }
        let in_text = status_with("", "").replace("hello", "hello #<span>nobot</span>");
        assert!(post_on(&in_text, &instance()).opted_out);
    }

    #[test]
    fn deletions_find_their_status() {
        let instance = instance();
        let post = post_on(&status_with("", ""), &instance);
        let deleted = |line: &str| match read_on(line, &instance) {
            Ok(Some(Record::Delete(Deletion { target: DeleteTarget::Post(id), .. }))) => id,
            other => panic!("{other:?}"),
        };
        assert_eq!(deleted("d17"), post.id.clone().unwrap());
        // Seen after its deletion (another instance's boost, a block that was slower): dropped at the edge.
        assert!(post_on(&status_with("", ""), &instance).opted_out);
        assert_eq!(deleted("d99"), "99");
        // An edit is the same post; one that asks to be left alone is a deletion.
        let fresh = Instance::new("here.example");
        let edit = status_with("", "").replacen('u', "e", 1);
        assert_eq!(post_on(&edit, &fresh).id, post.id);
        let edit = edit.replace("hello", "hello #nobot");
        assert!(matches!(read_on(&edit, &fresh), Ok(Some(Record::Delete(_)))));
    }

    #[test]
    fn bad_statuses_are_rejections() {
        let good = status_with("", "");
        for (line, expected) in [
            ("u{".to_owned(), "record: not JSON"),
            ("u[]".to_owned(), "record: not an object"),
            ("x{}".to_owned(), "record: not JSON"),
            ("d ".to_owned(), "id: missing"),
            (good.replace("\"https://a.example/s/17\"", "null"), "id: missing"),
            (good.replace("\"2026-11-25T08:00:00.000Z\"", "\"yesterday\""), "time: invalid"),
            (good.replace("2026-11-25", "2127-11-25"), "time: in the future"),
            (good.replace("\"<p>hello</p>\"", "null"), "text: missing"),
            (good.replace("\"<p>hello</p>\"", "5"), "record: wrong type"),
            (good.replace("\"Ann\"", "\"\""), "author: missing"),
            (good.replace("\"account\"", "\"accounts\""), "author: missing"),
        ] {
            assert_eq!(read_on(&line, &instance()).map(|_| ()).expect_err(&line).to_string(), expected, "{line}");
        }
    }

    #[test]
    fn reads_recorded_statuses() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/feeds/mastodon-statuses.ndjson");
        let Ok(recorded) = std::fs::read_to_string(path) else {
            println!("SKIPPED: ../shared/data is absent");
            return;
        };
        let mut facts = Vec::new();
        for line in recorded.lines() {
            let post = post_on(&format!("u{line}"), &instance());
            facts.push(format!(
                "{} {} lang {} hashtags {} {} characters, {} lines, {} links, opted out {}",
                post.time,
                post.relation.as_str(),
                post.lang.as_deref().unwrap_or("none"),
                post.hashtags.len(),
                post.text.chars().count(),
                post.text.lines().count(),
                post.text.matches("https://").count(),
                post.opted_out,
            ));
            assert!(!post.text.contains(['<', '>']) || line.contains("&lt;"), "HTML was left");
        }
        insta::assert_snapshot!(facts.join("\n"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), head in "[ued]?") {
            let mut block = head.into_bytes();
            block.extend(bytes);
            decode_block(&block, &instance(), 1, NOW, &mut Scratch::default(), &mut |_, _| {});
        }
    }
}
