//! NDJSON: one object a line.

use std::borrow::Cow;
use std::fmt;

use groundswell_post::{EventTime, Field, Record, Rejection, RejectionKind};
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::block::Messages;
use crate::decode::{self, Each, each_line, too_deep};
use crate::draft::{Draft, Scalar};
use crate::map::{Child, FieldMap, Node, Slot};

/// Reads all lines of a block.
pub(crate) fn decode<'b>(bytes: &'b [u8], first_line: u64, map: &FieldMap, now: EventTime, each: &mut Each<'_, 'b>) {
    each_line(bytes, first_line, |line, text| each(line, text.and_then(|text| record(text, map, now))));
}

/// Reads all messages of a block: each one record, whatever line breaks it holds. One that is only white space is passed over.
pub(crate) fn decode_messages<'b>(messages: &'b Messages, map: &FieldMap, now: EventTime, each: &mut Each<'_, 'b>) {
    // One pass of SIMD over the whole block instead of one start a message.
    let whole = simdutf8::basic::from_utf8(messages.bytes()).ok();
    let mut start = 0;
    for (number, message) in messages.iter() {
        let end = start + message.len();
        if !message.trim_ascii().is_empty() {
            // Two messages may each hold a half of a character: the whole is text then and they are not.
            let text = decode::bounded(message)
                .and_then(|()| whole.and_then(|whole| whole.get(start..end)).map_or_else(|| decode::text(message), Ok));
            each(number, text.and_then(|text| record(text, map, now)));
        }
        start = end;
    }
}

/// Reads one line.
#[inline]
pub(crate) fn record<'a>(line: &'a str, map: &FieldMap, now: EventTime) -> Result<Record<'a>, Rejection> {
    let mut draft = Draft::default();
    let mut json = sonic_rs::Deserializer::from_str(line);
    let read = if map.is_default() {
        json.deserialize_any(Top { draft: &mut draft, keys: ContractKeys })
    } else {
        json.deserialize_any(Top { draft: &mut draft, keys: &map.tree })
    };
    match read.and_then(|object| json.end().map(|()| object)) {
        Ok(true) => draft.finish(now),
        Ok(false) => Err(Rejection::new(Field::Record, RejectionKind::NotObject)),
        Err(_) => Err(Rejection::new(Field::Record, RejectionKind::NotJson)),
    }
}

/// What a key means at one level of nesting.
enum Meaning<K> {
    Field(Slot),
    Inside(K),
    Nothing,
}

trait Keys: Copy {
    fn meaning(self, key: &str) -> Meaning<Self>;
}

/// The contract's own names: no nesting, and a `match` instead of a tree.
#[derive(Clone, Copy)]
struct ContractKeys;

impl Keys for ContractKeys {
    #[inline]
    fn meaning(self, key: &str) -> Meaning<Self> {
        Slot::of(key).map_or(Meaning::Nothing, Meaning::Field)
    }
}

impl Keys for &Node {
    fn meaning(self, key: &str) -> Meaning<Self> {
        match self.get(key) {
            Some(Child::Field(slot)) => Meaning::Field(*slot),
            Some(Child::Object(node)) => Meaning::Inside(node),
            None => Meaning::Nothing,
        }
    }
}

/// Reads an object into the draft; true if it was one.
struct Top<'d, 'a, K> {
    draft: &'d mut Draft<'a>,
    keys: K,
}

impl<'de, K: Keys> DeserializeSeed<'de> for Top<'_, 'de, K> {
    type Value = bool;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

macro_rules! no_object {
    ($($method:ident: $type:ty),*) => { $(
        fn $method<E>(self, _: $type) -> Result<bool, E> {
            Ok(false)
        }
    )* };
}

impl<'de, K: Keys> Visitor<'de> for Top<'_, 'de, K> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    no_object!(visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64, visit_str: &str);

    fn visit_unit<E>(self) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<bool, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(false)
    }

    #[inline]
    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<bool, A::Error> {
        while let Some(meaning) = object.next_key_seed(KeySeed(self.keys))? {
            match meaning {
                Meaning::Field(slot @ Slot::Links) => self.draft.set(slot, object.next_value_seed(ScalarSeed::<true>)?),
                Meaning::Field(slot) => self.draft.set(slot, object.next_value_seed(ScalarSeed::<false>)?),
                Meaning::Inside(keys) => {
                    object.next_value_seed(Top { draft: &mut *self.draft, keys })?;
                }
                Meaning::Nothing => {
                    object.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(true)
    }
}

struct KeySeed<K>(K);

impl<'de, K: Keys> DeserializeSeed<'de> for KeySeed<K> {
    type Value = Meaning<K>;

    #[inline]
    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Meaning<K>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<K: Keys> Visitor<'_> for KeySeed<K> {
    type Value = Meaning<K>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field's name")
    }

    #[inline]
    fn visit_str<E>(self, key: &str) -> Result<Meaning<K>, E> {
        Ok(self.0.meaning(key))
    }
}

/// Reads any value; strings in an array are kept only where `LIST` says that the field takes them.
struct ScalarSeed<const LIST: bool>;

impl<'de, const LIST: bool> DeserializeSeed<'de> for ScalarSeed<LIST> {
    type Value = Scalar<'de>;

    #[inline]
    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Scalar<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, const LIST: bool> Visitor<'de> for ScalarSeed<LIST> {
    type Value = Scalar<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    #[inline]
    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Text(Cow::Borrowed(text)))
    }

    #[inline]
    fn visit_str<E>(self, text: &str) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Int(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Scalar<'de>, E> {
        Ok(i64::try_from(number).map_or(Scalar::Big(number), Scalar::Int))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Float(number))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Bool(value))
    }

    fn visit_unit<E>(self) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Scalar<'de>, A::Error> {
        if !LIST {
            while items.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(Scalar::Other);
        }
        let mut list = Some(Vec::new());
        while let Some(item) = items.next_element_seed(ScalarSeed::<false>)? {
            match item {
                Scalar::Text(text) => {
                    if let Some(list) = &mut list {
                        list.push(text);
                    }
                }
                Scalar::Null => {}
                _ => list = None,
            }
        }
        Ok(Scalar::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Scalar<'de>, A::Error> {
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar::Other)
    }
}

/// The contract's fields, borrowed, and nothing else: what [`parse_only`] parses into.
#[derive(Deserialize)]
struct Skim<'a> {
    #[serde(borrow, default)]
    time: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    author: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    text: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    lang: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    source: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    relation: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    region: Option<Cow<'a, str>>,
}

impl Skim<'_> {
    fn bytes(&self) -> usize {
        [&self.time, &self.author, &self.text, &self.id, &self.lang, &self.source, &self.relation, &self.region]
            .into_iter()
            .flatten()
            .map(|field| field.len())
            .sum()
    }
}

/// Parses every line of an NDJSON block with sonic-rs into a borrowed struct of the contract's fields and does nothing else: the
/// yardstick of `groundswell bench`. Returns how many lines parsed and how many bytes their fields hold, so that nothing is
/// optimised away.
pub fn parse_only(bytes: &[u8]) -> (u64, u64) {
    let (mut lines, mut held) = (0, 0);
    for line in bytes.split(|&b| b == b'\n') {
        if too_deep(line) {
            continue;
        }
        if let Ok(post) = sonic_rs::from_slice::<Skim<'_>>(line) {
            lines += 1;
            held += post.bytes() as u64;
        }
    }
    (lines, held)
}
