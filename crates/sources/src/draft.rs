//! What all decoders of files share: fields as they were found, and the rules that make a record of them.

use std::borrow::Cow;

use groundswell_post::{
    DeleteTarget, Deletion, EventTime, Field, Publisher, RawPost, Record, Rejection, RejectionKind, Relation, TimeError,
};

use crate::map::Slot;

/// A field's value as it was found.
#[derive(Debug)]
pub(crate) enum Scalar<'a> {
    Null,
    Bool(bool),
    Text(Cow<'a, str>),
    Int(i64),
    Big(u64),
    Float(f64),
    /// An array of strings; `None` where one of them is none.
    List(Option<Vec<Cow<'a, str>>>),
    /// Already a time (Parquet).
    Time(EventTime),
    /// An object or anything else that no field takes.
    Other,
}

#[derive(Debug, Default)]
enum Time<'a> {
    #[default]
    Missing,
    Text(Cow<'a, str>),
    Number(f64),
    Known(EventTime),
    WrongType,
}

/// A record in the making.
#[derive(Debug, Default)]
pub(crate) struct Draft<'a> {
    time: Time<'a>,
    author: Option<Cow<'a, str>>,
    text: Option<Cow<'a, str>>,
    id: Option<Cow<'a, str>>,
    lang: Option<Cow<'a, str>>,
    source: Option<Cow<'a, str>>,
    relation: Option<Relation>,
    kind: Option<Relation>,
    publisher: Option<Cow<'a, str>>,
    title: Option<Cow<'a, str>>,
    url: Option<Cow<'a, str>>,
    region: Option<Cow<'a, str>>,
    links: Option<Vec<Cow<'a, str>>>,
    delete: bool,
    /// One bit a slot.
    seen: u16,
    /// The first thing that was wrong.
    problem: Option<Rejection>,
}

/// A language tag's longest sensible form (RFC 5646 section 4.4.1 names 35 characters).
const LANG_BYTES_MAX: usize = 35;

impl<'a> Draft<'a> {
    fn refuse(&mut self, field: Field, kind: RejectionKind) {
        self.problem.get_or_insert(Rejection::new(field, kind));
    }

    /// Takes one field. Null is missing; of two values for one field none is right.
    #[inline]
    pub(crate) fn set(&mut self, slot: Slot, value: Scalar<'a>) {
        if matches!(value, Scalar::Null) {
            return;
        }
        let bit = 1 << slot as u16;
        if self.seen & bit != 0 {
            self.refuse(field_of(slot), RejectionKind::Duplicate);
            return;
        }
        self.seen |= bit;
        match slot {
            Slot::Time => {
                self.time = match value {
                    Scalar::Text(text) => Time::Text(text),
                    Scalar::Int(number) => Time::Number(number as f64),
                    Scalar::Big(number) => Time::Number(number as f64),
                    Scalar::Float(number) => Time::Number(number),
                    Scalar::Time(time) => Time::Known(time),
                    _ => Time::WrongType,
                }
            }
            Slot::Author => self.author = self.name(Field::Author, value),
            Slot::Id => self.id = self.name(Field::Id, value),
            Slot::Text => match value {
                Scalar::Text(text) => self.text = Some(text),
                _ => self.refuse(Field::Text, RejectionKind::WrongType),
            },
            Slot::Lang => self.lang = self.words(Field::Lang, value).filter(|lang| may_be_language(lang)),
            Slot::Source => self.source = self.words(Field::Source, value),
            Slot::Relation => match value {
                Scalar::Text(word) => match Relation::parse(&word) {
                    Some(relation) => self.relation = Some(relation),
                    None => self.refuse(Field::Relation, RejectionKind::Invalid),
                },
                _ => self.refuse(Field::Relation, RejectionKind::WrongType),
            },
            // The alias is a common word that other data use for other things, so an unknown value costs nothing.
            Slot::Kind => {
                if let Scalar::Text(word) = value {
                    self.kind = Relation::parse(&word);
                }
            }
            Slot::Publisher => self.publisher = self.words(Field::Publisher, value),
            // `title` and `url` are common words too: they only matter beside a publisher.
            Slot::Title => {
                if let Scalar::Text(title) = value {
                    self.title = Some(title);
                }
            }
            Slot::Url => {
                if let Scalar::Text(url) = value {
                    self.url = Some(url);
                }
            }
            Slot::Region => self.region = self.words(Field::Region, value),
            Slot::Links => match value {
                Scalar::List(Some(links)) => self.links = Some(links),
                _ => self.refuse(Field::Links, RejectionKind::WrongType),
            },
            Slot::Delete => match value {
                Scalar::Bool(delete) => self.delete = delete,
                _ => self.refuse(Field::Delete, RejectionKind::WrongType),
            },
        }
    }

    /// Refuses a field whose value has the right type and cannot be read.
    pub(crate) fn invalid(&mut self, slot: Slot) {
        self.refuse(field_of(slot), RejectionKind::Invalid);
    }

    /// Refuses a field whose bytes are no text.
    pub(crate) fn not_utf8(&mut self, slot: Slot) {
        self.refuse(field_of(slot), RejectionKind::NotUtf8);
    }

    /// An id: a string or an integer. An empty one names nobody.
    fn name(&mut self, field: Field, value: Scalar<'a>) -> Option<Cow<'a, str>> {
        match value {
            Scalar::Text(text) => Some(text).filter(|text| !text.is_empty()),
            Scalar::Int(number) => Some(number.to_string().into()),
            Scalar::Big(number) => Some(number.to_string().into()),
            _ => {
                self.refuse(field, RejectionKind::WrongType);
                None
            }
        }
    }

    /// A string; an empty one counts as missing.
    fn words(&mut self, field: Field, value: Scalar<'a>) -> Option<Cow<'a, str>> {
        if let Scalar::Text(text) = value {
            return Some(text).filter(|text| !text.is_empty());
        }
        self.refuse(field, RejectionKind::WrongType);
        None
    }

    /// The record, or the first reason why there is none.
    #[inline]
    pub(crate) fn finish(self, now: EventTime) -> Result<Record<'a>, Rejection> {
        if self.delete {
            return self.deletion(now);
        }
        if let Some(problem) = self.problem {
            return Err(problem);
        }
        let time = match check_time(&self.time, now) {
            Ok(Some(time)) => time,
            Ok(None) => return Err(Rejection::new(Field::Time, RejectionKind::Missing)),
            Err(kind) => return Err(Rejection::new(Field::Time, kind)),
        };
        let Some(text) = self.text else { return Err(Rejection::new(Field::Text, RejectionKind::Missing)) };
        let (title, url) = (self.title, self.url);
        Ok(Record::Post(RawPost {
            time,
            author: self.author,
            id: self.id,
            text,
            lang: self.lang,
            source: self.source,
            relation: self.relation.or(self.kind).unwrap_or_default(),
            publisher: self.publisher.map(|name| Publisher { name, title, url }),
            region: self.region,
            links: self.links,
            hashtags: Vec::new(),
            opted_out: false,
        }))
    }

    /// A deletion is honoured whatever else is wrong with the record, as long as it says what to forget.
    fn deletion(self, now: EventTime) -> Result<Record<'a>, Rejection> {
        let named = |field| self.problem.is_some_and(|problem| problem.field == field);
        let target = match (self.id, self.author) {
            (Some(id), _) => DeleteTarget::Post(id),
            // An id that could not be read means one post: never take it for all posts of its author.
            (None, Some(author)) if !named(Field::Id) => DeleteTarget::Author(author),
            _ => {
                let missing = Rejection::new(Field::Delete, RejectionKind::Missing);
                return Err(self.problem.filter(|p| matches!(p.field, Field::Id | Field::Author)).unwrap_or(missing));
            }
        };
        let time = check_time(&self.time, now).ok().flatten();
        Ok(Record::Delete(Deletion { time, source: self.source, target }))
    }
}

fn check_time(time: &Time<'_>, now: EventTime) -> Result<Option<EventTime>, RejectionKind> {
    let read = match time {
        Time::Missing => return Ok(None),
        Time::WrongType => return Err(RejectionKind::WrongType),
        Time::Text(text) if text.is_empty() => return Ok(None),
        Time::Text(text) => EventTime::parse(text),
        Time::Number(number) => EventTime::from_number(*number),
        Time::Known(time) if *time < EventTime::MIN => Err(TimeError::TooOld),
        Time::Known(time) => Ok(*time),
    };
    match read {
        Ok(time) => in_time(time, now).map(Some),
        Err(TimeError::TooOld) => Err(RejectionKind::TooOld),
        Err(TimeError::Invalid) => Err(RejectionKind::Invalid),
    }
}

/// Refuses what claims to be from the future.
pub(crate) fn in_time(time: EventTime, now: EventTime) -> Result<EventTime, RejectionKind> {
    if time.unix() > now.unix().saturating_add(EventTime::FUTURE_SECONDS_MAX) {
        return Err(RejectionKind::InFuture);
    }
    Ok(time)
}

pub(crate) fn may_be_language(tag: &str) -> bool {
    (2..=LANG_BYTES_MAX).contains(&tag.len())
        && tag.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        && tag.bytes().take(2).all(|b| b.is_ascii_alphabetic())
}

pub(crate) fn field_of(slot: Slot) -> Field {
    match slot {
        Slot::Time => Field::Time,
        Slot::Author => Field::Author,
        Slot::Text => Field::Text,
        Slot::Id => Field::Id,
        Slot::Lang => Field::Lang,
        Slot::Source => Field::Source,
        Slot::Relation | Slot::Kind => Field::Relation,
        Slot::Publisher | Slot::Title | Slot::Url => Field::Publisher,
        Slot::Region => Field::Region,
        Slot::Links => Field::Links,
        Slot::Delete => Field::Delete,
    }
}
