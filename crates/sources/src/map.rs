//! Where a record's fields stand: the contract's names, or other ones by `--map time=created_at,author=user.id`.

use std::fmt;
use std::str::FromStr;

/// A field as a file can hold it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Slot {
    Time,
    Author,
    Text,
    Id,
    Lang,
    Source,
    Relation,
    Kind,
    Publisher,
    Title,
    Url,
    Region,
    Links,
    Delete,
}

impl Slot {
    pub(crate) const ALL: [Self; 14] = [
        Self::Time,
        Self::Author,
        Self::Text,
        Self::Id,
        Self::Lang,
        Self::Source,
        Self::Relation,
        Self::Kind,
        Self::Publisher,
        Self::Title,
        Self::Url,
        Self::Region,
        Self::Links,
        Self::Delete,
    ];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Author => "author",
            Self::Text => "text",
            Self::Id => "id",
            Self::Lang => "lang",
            Self::Source => "source",
            Self::Relation => "relation",
            Self::Kind => "kind",
            Self::Publisher => "publisher",
            Self::Title => "title",
            Self::Url => "url",
            Self::Region => "region",
            Self::Links => "links",
            Self::Delete => "delete",
        }
    }

    /// The field of this name, by the contract's names.
    #[inline]
    pub(crate) fn of(name: &str) -> Option<Self> {
        Some(match name {
            "time" => Self::Time,
            "author" => Self::Author,
            "text" => Self::Text,
            "id" => Self::Id,
            "lang" => Self::Lang,
            "source" => Self::Source,
            "relation" => Self::Relation,
            "kind" => Self::Kind,
            "publisher" => Self::Publisher,
            "title" => Self::Title,
            "url" => Self::Url,
            "region" => Self::Region,
            "links" => Self::Links,
            "delete" => Self::Delete,
            _ => return None,
        })
    }
}

/// Why a `--map` cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MapError {
    /// A part without `=`.
    #[error("expected FIELD=PATH, found `{0}`")]
    NoEquals(String),
    /// The field is none of the contract's.
    #[error("`{0}` is no field of a post; the fields are {fields}", fields = FIELD_NAMES)]
    UnknownField(String),
    /// The path, or a part of it, is empty.
    #[error("the path of `{0}` has an empty part")]
    EmptyPath(&'static str),
    /// The field is mapped twice.
    #[error("`{0}` is mapped twice")]
    FieldTwice(&'static str),
    /// Two fields cannot be read from one place, nor one from inside the other.
    #[error("`{0}` and `{1}` are read from the same place, or one from inside the other")]
    SamePlace(&'static str, &'static str),
    /// More parts in a path than the bound.
    #[error("the path of `{0}` has more than {PATH_PARTS_MAX} parts")]
    TooDeep(&'static str),
}

const FIELD_NAMES: &str =
    "time, author, text, id, lang, source, relation (or kind), publisher, title, url, region, links, delete";

/// How deep a path of a `--map` may go.
pub const PATH_PARTS_MAX: usize = 16;

/// Renames fields. The default reads the contract's names.
///
/// ```
/// use groundswell_sources::FieldMap;
/// let map: FieldMap = "time=created_at,author=user.id".parse()?;
/// assert_eq!(map.to_string(), "time=created_at,author=user.id");
/// assert!("time".parse::<FieldMap>().is_err());
/// # Ok::<(), groundswell_sources::MapError>(())
/// ```
///
/// A field that is not named keeps its own name. A dot parts the names of nested objects; `\` before a dot, comma, equals
/// sign or backslash takes it literally.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldMap {
    renamed: Vec<(Slot, Vec<String>)>,
    /// The tree of all paths, empty for the contract's own names.
    pub(crate) tree: Node,
}

/// One level of nested objects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) children: Vec<(String, Child)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Child {
    Field(Slot),
    Object(Node),
}

impl Node {
    pub(crate) fn get(&self, name: &str) -> Option<&Child> {
        self.children.iter().find(|(child, _)| child == name).map(|(_, child)| child)
    }

    fn insert(&mut self, slot: Slot, path: &[String]) -> Result<(), MapError> {
        let (first, rest) = path.split_first().ok_or(MapError::EmptyPath(slot.as_str()))?;
        let at = self.children.iter().position(|(name, _)| name == first);
        match (at, rest.is_empty()) {
            (None, true) => self.children.push((first.clone(), Child::Field(slot))),
            (None, false) => {
                let mut node = Self::default();
                node.insert(slot, rest)?;
                self.children.push((first.clone(), Child::Object(node)));
            }
            (Some(at), last) => match &mut self.children[at].1 {
                Child::Object(node) if !last => node.insert(slot, rest)?,
                Child::Object(node) => return Err(MapError::SamePlace(slot.as_str(), node.any_field())),
                Child::Field(other) => return Err(MapError::SamePlace(other.as_str(), slot.as_str())),
            },
        }
        Ok(())
    }

    fn any_field(&self) -> &'static str {
        match self.children.first() {
            Some((_, Child::Field(slot))) => slot.as_str(),
            Some((_, Child::Object(node))) => node.any_field(),
            None => "",
        }
    }
}

impl FieldMap {
    /// Whether it is the contract's own names.
    pub fn is_default(&self) -> bool {
        self.renamed.is_empty()
    }

    /// The path of a field.
    pub(crate) fn path(&self, slot: Slot) -> Vec<String> {
        self.renamed
            .iter()
            .find(|(renamed, _)| *renamed == slot)
            .map_or_else(|| vec![slot.as_str().to_owned()], |(_, path)| path.clone())
    }

    /// The path of a field, parts joined by dots: the name of a CSV or Parquet column.
    pub(crate) fn column(&self, slot: Slot) -> String {
        self.path(slot).join(".")
    }
}

impl FromStr for FieldMap {
    type Err = MapError;

    fn from_str(text: &str) -> Result<Self, MapError> {
        let mut renamed: Vec<(Slot, Vec<String>)> = Vec::new();
        for part in split_unescaped(text, ',') {
            if part.trim().is_empty() {
                continue;
            }
            let mut sides = split_unescaped(part, '=').into_iter();
            let (Some(name), Some(path), None) = (sides.next(), sides.next(), sides.next()) else {
                return Err(MapError::NoEquals(part.trim().to_owned()));
            };
            let name = name.trim();
            let slot = Slot::of(name).ok_or_else(|| MapError::UnknownField(name.to_owned()))?;
            // `kind` is an alias: only one of the two can be mapped, and it then is a strict `relation`'s lenient twin.
            if renamed.iter().any(|(other, _)| *other == slot) {
                return Err(MapError::FieldTwice(slot.as_str()));
            }
            let path: Vec<String> = split_unescaped(trim_unescaped(path), '.').into_iter().map(unescape).collect();
            if path.iter().any(String::is_empty) {
                return Err(MapError::EmptyPath(slot.as_str()));
            }
            if path.len() > PATH_PARTS_MAX {
                return Err(MapError::TooDeep(slot.as_str()));
            }
            renamed.push((slot, path));
        }
        let mut tree = Node::default();
        if !renamed.is_empty() {
            for (slot, path) in &renamed {
                tree.insert(*slot, path)?;
            }
            for slot in Slot::ALL {
                // A field that keeps its name gives way where a mapped one is read from there.
                if !renamed.iter().any(|(other, _)| *other == slot) && tree.get(slot.as_str()).is_none() {
                    tree.children.push((slot.as_str().to_owned(), Child::Field(slot)));
                }
            }
        }
        Ok(Self { renamed, tree })
    }
}

impl fmt::Display for FieldMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (slot, path)) in self.renamed.iter().enumerate() {
            if i > 0 {
                f.write_str(",")?;
            }
            write!(f, "{}=", slot.as_str())?;
            for (j, part) in path.iter().enumerate() {
                if j > 0 {
                    f.write_str(".")?;
                }
                for c in part.chars() {
                    // White space too: around a path it would be taken for nobody's.
                    if matches!(c, '.' | ',' | '=' | '\\') || c.is_whitespace() {
                        f.write_str("\\")?;
                    }
                    write!(f, "{c}")?;
                }
            }
        }
        Ok(())
    }
}

/// Without the white space around it, but for what a backslash stands before.
fn trim_unescaped(text: &str) -> &str {
    let text = text.trim_start();
    let trimmed = text.trim_end();
    let backslashes = trimmed.bytes().rev().take_while(|b| *b == b'\\').count();
    match text[trimmed.len()..].chars().next() {
        Some(escaped) if backslashes % 2 == 1 => &text[..trimmed.len() + escaped.len_utf8()],
        _ => trimmed,
    }
}

/// Splits at a character that no backslash stands before; the backslashes stay.
fn split_unescaped(text: &str, at: char) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut escaped) = (0, false);
    for (i, c) in text.char_indices() {
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if c == at {
            parts.push(&text[start..i]);
            start = i + c.len_utf8();
        }
    }
    parts.push(&text[start..]);
    parts
}

fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        // A backslash at the very end is taken literally.
        out.push(if c == '\\' { chars.next().unwrap_or('\\') } else { c });
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn says_what_is_wrong() {
        let error = |text: &str| text.parse::<FieldMap>().expect_err(text).to_string();
        insta::assert_snapshot!(
            ["time", "tme=a", "time=", "time=a..b", "time=a,time=b", "author=u,id=u", "author=u,id=u.id", "author=u.id,id=u",
             "time=a=b"].map(error).join("\n"),
            @r"
        expected FIELD=PATH, found `time`
        `tme` is no field of a post; the fields are time, author, text, id, lang, source, relation (or kind), publisher, title, url, region, links, delete
        the path of `time` has an empty part
        the path of `time` has an empty part
        `time` is mapped twice
        `author` and `id` are read from the same place, or one from inside the other
        `author` and `id` are read from the same place, or one from inside the other
        `id` and `author` are read from the same place, or one from inside the other
        expected FIELD=PATH, found `time=a=b`
        "
        );
    }

    #[test]
    fn a_mapped_field_takes_the_place_of_one_that_keeps_its_name() {
        let map: FieldMap = r"text=title,author=user\.name".parse().unwrap();
        assert_eq!(map.tree.get("title"), Some(&Child::Field(Slot::Text)));
        assert_eq!(map.tree.get("user.name"), Some(&Child::Field(Slot::Author)));
        assert_eq!(map.tree.get("text"), None);
        assert_eq!(map.tree.get("time"), Some(&Child::Field(Slot::Time)));
    }

    proptest! {
        #[test]
        fn prints_what_it_reads(path in prop::collection::vec("[a-z.,=\\\\]{1,4}", 1..4)) {
            let map = FieldMap { renamed: vec![(Slot::Time, path.clone())], tree: Node::default() };
            let read: FieldMap = map.to_string().parse().unwrap();
            prop_assert_eq!(read.path(Slot::Time), path);
        }

        /// What is read prints and reads again as the same, with any white space and any escape.
        #[test]
        fn whatever_is_read_reads_again(path in "[ \\t\\x0b\u{a0}ab.\\\\]{0,8}") {
            if let Ok(map) = format!("id={path}").parse::<FieldMap>() {
                let again: FieldMap = map.to_string().parse().unwrap();
                prop_assert_eq!(again, map);
            }
        }

        #[test]
        fn never_panics(text in "\\PC{0,60}") {
            let _ = text.parse::<FieldMap>();
        }
    }
}
