//! Fields: their names, the names that are refused, and what their values may be.

use crate::SOURCE_BYTES_MAX;
use crate::error::{QueryError, QueryErrorKind, Span};
use crate::lint::{Lint, LintKind};

/// A field that a query may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FieldName {
    /// Language, ISO 639-1 or `und`.
    Lang,
    /// Name of the origin.
    Source,
    /// Registrable domain of a link.
    Domain,
    /// `person` or `publisher`.
    Kind,
    /// `post`, `reply`, `repost` or `quote`.
    Relation,
    /// Country, ISO 3166-1 alpha-2.
    Region,
}

impl FieldName {
    /// All fields, in the order of the contract.
    pub const ALL: [Self; 6] = [Self::Lang, Self::Source, Self::Domain, Self::Kind, Self::Relation, Self::Region];

    /// The name as written in a query, without the colon.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Lang => "lang",
            Self::Source => "source",
            Self::Domain => "domain",
            Self::Kind => "kind",
            Self::Relation => "relation",
            Self::Region => "region",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.as_str() == name)
    }
}

const KINDS: [&str; 2] = ["person", "publisher"];
const RELATIONS: [&str; 4] = ["post", "reply", "repost", "quote"];

/// Names by which other tools search for people. Refused by name, with the reason (PRIVACY section 7).
const PERSON_FIELDS: &[&str] = &[
    "author",
    "from",
    "to",
    "user",
    "mentions",
    "profile",
    "mention",
    "by",
    "username",
    "userid",
    "handle",
    "account",
    "did",
    "name",
    "bio",
    "followers",
    "retweets_of",
    "in_reply_to",
    "conversation",
    "id",
];
/// Names by which other tools search for places below a country.
const PLACE_FIELDS: &[&str] =
    &["near", "geo", "geocode", "place", "point_radius", "bounding_box", "lat", "lon", "city", "location"];
/// Names that mean one of our fields elsewhere.
const OTHER_NAMES: &[(&str, FieldName)] = &[
    ("language", FieldName::Lang),
    ("country", FieldName::Region),
    ("place_country", FieldName::Region),
    ("site", FieldName::Domain),
    ("url", FieldName::Domain),
    ("link", FieldName::Domain),
    ("is", FieldName::Relation),
    ("type", FieldName::Relation),
    ("platform", FieldName::Source),
];

/// Reads a field's name, or says why it cannot be one.
pub(crate) fn read_name(name: &str, span: Span) -> Result<FieldName, QueryError> {
    let lower = name.to_lowercase();
    if let Some(field) = FieldName::parse(&lower) {
        return Ok(field);
    }
    if PERSON_FIELDS.contains(&lower.as_str()) {
        return Err(QueryError::new(
            QueryErrorKind::Private,
            span,
            format!("`{name}:` is refused: a watch asks what is said, never who says it"),
            "leave it out; `source:`, `kind:` and `domain:` narrow a query without naming anyone",
        ));
    }
    if PLACE_FIELDS.contains(&lower.as_str()) {
        let help = if matches!(name, "NEAR" | "ONEAR") {
            "for words near each other write `flood NEAR/5 river`; for a country `region:PT`"
        } else {
            "a country can be asked for: `region:PT`; for words near each other write `flood NEAR/5 river`"
        };
        return Err(QueryError::new(
            QueryErrorKind::Private,
            span,
            format!("`{name}:` is refused: no place below a country can be watched, since it can point at a home"),
            help,
        ));
    }
    if matches!(lower.as_str(), "http" | "https" | "ftp") {
        return Err(QueryError::new(
            QueryErrorKind::UnknownField,
            span,
            "links hold no words, so a link cannot be looked for as text",
            "ask for posts that link to a site: `domain:example.org`",
        ));
    }
    let known = FieldName::ALL.map(|field| format!("{}:", field.as_str())).join(" ");
    let close = OTHER_NAMES
        .iter()
        .find(|other| other.0 == lower)
        .map(|other| other.1)
        .or_else(|| nearest(&lower, FieldName::ALL.map(FieldName::as_str)).and_then(FieldName::parse));
    let help = match close {
        Some(field) => format!("did you mean `{}:`? known: {known}", field.as_str()),
        None => format!("known: {known}; to look for the colon itself write `{name}\\:` or use quotes"),
    };
    Err(QueryError::new(QueryErrorKind::UnknownField, span, format!("there is no field `{name}:`"), help))
}

/// Checks a value and brings it into its one spelling.
pub(crate) fn read_value(
    field: FieldName,
    value: &str,
    span: Span,
    lints: &mut Vec<Lint>,
) -> Result<String, QueryError> {
    let name = field.as_str();
    let fail = |message: String, help: String| Err(QueryError::new(QueryErrorKind::Value, span, message, help));
    let value = value.trim();
    if value.is_empty() {
        return fail(format!("`{name}:` has no value"), format!("write it right after the colon: {}", example(field)));
    }
    if field != FieldName::Source && value.contains([',', '|', ';']) {
        return fail(
            format!("`{name}:` takes one value"),
            format!("write `({name}:… OR {name}:…)`, for instance {}", example(field)),
        );
    }
    match field {
        FieldName::Lang => {
            let lower = value.to_ascii_lowercase();
            let letters = |code: &str| code.bytes().all(|b| b.is_ascii_lowercase());
            if lower == "und" || (lower.len() == 2 && letters(&lower)) {
                if lower != "und" && !LANGUAGES.split(' ').any(|code| code == lower) {
                    let meant = LANGUAGE_SLIPS.iter().find(|slip| slip.0 == lower);
                    let help = meant.map_or_else(
                        || "languages have the codes of ISO 639-1, `und` where none was found".to_owned(),
                        |slip| format!("did you mean `lang:{}`? languages and countries have different codes", slip.1),
                    );
                    lints.push(Lint::new(
                        LintKind::UnknownCode,
                        span,
                        format!("no language has the code `{lower}`"),
                        help,
                    ));
                }
                return Ok(lower);
            }
            if let Some((language, rest)) = lower.split_once(['-', '_'])
                && language.len() == 2
                && letters(language)
            {
                let region = if rest.len() == 2 { format!(" region:{}", rest.to_uppercase()) } else { String::new() };
                return fail("`lang:` takes the language alone".to_owned(), format!("write `lang:{language}{region}`"));
            }
            fail(
                "`lang:` takes two letters of ISO 639-1, or `und`".to_owned(),
                format!("for instance {}, {}", example(field), "`lang:pt`"),
            )
        }
        FieldName::Region => {
            if value.len() == 2 && value.bytes().all(|b| b.is_ascii_alphabetic()) {
                let upper = value.to_ascii_uppercase();
                if upper == "UK" || upper == "EU" {
                    let help =
                        if upper == "UK" { "did you mean `region:GB`?" } else { "name the countries one by one" };
                    lints.push(Lint::new(
                        LintKind::UnknownCode,
                        span,
                        format!("no country has the code `{upper}`"),
                        help,
                    ));
                }
                return Ok(upper);
            }
            fail(
                "`region:` takes a country's two letters of ISO 3166-1".to_owned(),
                format!("for instance {}; nothing below a country can be asked for", example(field)),
            )
        }
        FieldName::Kind => one_of(field, value, &KINDS, span),
        FieldName::Relation => one_of(field, value, &RELATIONS, span),
        FieldName::Source => {
            if value.len() > SOURCE_BYTES_MAX {
                return fail(
                    format!("a source's name has at most {SOURCE_BYTES_MAX} bytes, this has {}", value.len()),
                    "write the name as the list of sources shows it".to_owned(),
                );
            }
            Ok(value.to_owned())
        }
        FieldName::Domain => {
            let lower = value.to_lowercase();
            let domain = lower.trim_end_matches('.');
            if domain.contains(['/', ':', '@', '?']) {
                return fail(
                    "`domain:` takes a domain, not a link".to_owned(),
                    format!("for instance {}", example(field)),
                );
            }
            if let Some(bare) = domain.strip_prefix("www.") {
                return fail(
                    "`domain:` takes the registrable domain, without what stands before it".to_owned(),
                    format!("write `domain:{bare}`"),
                );
            }
            let label = |label: &str| {
                !label.is_empty()
                    && label.len() <= 63
                    && !label.starts_with('-')
                    && !label.ends_with('-')
                    && label
                        .chars()
                        .all(|c| c.is_ascii_alphanumeric() || c == '-' || (!c.is_ascii() && !c.is_whitespace()))
            };
            if domain.len() > 253 || !domain.contains('.') || !domain.split('.').all(label) {
                return fail(
                    "`domain:` takes a domain with at least one dot".to_owned(),
                    format!("for instance {}", example(field)),
                );
            }
            Ok(domain.to_owned())
        }
    }
}

fn one_of(field: FieldName, value: &str, words: &[&'static str], span: Span) -> Result<String, QueryError> {
    let lower = value.to_lowercase();
    if words.contains(&lower.as_str()) {
        return Ok(lower);
    }
    let other = [(FieldName::Kind, &KINDS[..]), (FieldName::Relation, &RELATIONS[..])]
        .into_iter()
        .find(|(other, words)| *other != field && words.contains(&lower.as_str()));
    let name = field.as_str();
    let help = match (other, nearest(&lower, words.iter().copied())) {
        (Some((other, _)), _) => format!("did you mean `{}:{lower}`?", other.as_str()),
        (None, Some(word)) => format!("did you mean `{name}:{word}`?"),
        (None, None) if lower == "retweet" || lower == "share" => "did you mean `relation:repost`?".to_owned(),
        (None, None) => format!("for instance {}", example(field)),
    };
    Err(QueryError::new(QueryErrorKind::Value, span, format!("`{name}:` is one of {}", words.join(", ")), help))
}

fn example(field: FieldName) -> &'static str {
    match field {
        FieldName::Lang => "`lang:en`",
        FieldName::Source => "`source:bluesky`",
        FieldName::Domain => "`domain:bbc.co.uk`",
        FieldName::Kind => "`kind:publisher`",
        FieldName::Relation => "`relation:reply`",
        FieldName::Region => "`region:PT`",
    }
}

/// The closest of `words` by edit distance, where that is close enough to be a slip.
fn nearest<'w>(word: &str, words: impl IntoIterator<Item = &'w str>) -> Option<&'w str> {
    words
        .into_iter()
        .map(|candidate| (edit_distance(word, candidate), candidate))
        .filter(|(distance, candidate)| {
            *distance <= 1 + candidate.len() / 5
                || swapped(word, candidate)
                || candidate.starts_with(word) && word.len() > 1
        })
        .min()
        .map(|(_, candidate)| candidate)
}

/// Whether two neighbouring letters changed places, the commonest slip, which Levenshtein counts as two.
fn swapped(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let Some(at) = a.iter().zip(b).position(|(x, y)| x != y) else { return false };
    a.len() == b.len() && at + 1 < a.len() && a[at] == b[at + 1] && a[at + 1] == b[at] && a[at + 2..] == b[at + 2..]
}

/// Levenshtein's distance, by the table of two rows. The words are a few characters long.
fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().take(64).enumerate() {
        let mut corner = i;
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let next = (corner + usize::from(x != *y)).min(row[j] + 1).min(row[j + 1] + 1);
            corner = row[j + 1];
            row[j + 1] = next;
        }
    }
    row[b.len()]
}

/// ISO 639-1.
const LANGUAGES: &str = "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv \
    dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja \
    jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl \
    nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta te \
    tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu";

/// Country codes that people take for languages.
const LANGUAGE_SLIPS: &[(&str, &str)] = &[
    ("jp", "ja"),
    ("cn", "zh"),
    ("ua", "uk"),
    ("gr", "el"),
    ("dk", "da"),
    ("cz", "cs"),
    ("us", "en"),
    ("gb", "en"),
    ("br", "pt"),
    ("mx", "es"),
    ("at", "de"),
    ("ir", "fa"),
    ("il", "he"),
    ("in", "hi"),
    ("rs", "sr"),
    ("by", "be"),
    ("ee", "et"),
    ("vn", "vi"),
    ("iw", "he"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edit_distance_is_levenshteins() {
        for (a, b, distance) in [("", "abc", 3), ("kitten", "sitting", 3), ("lang", "lang", 0), ("lagn", "lang", 2)] {
            assert_eq!(edit_distance(a, b), distance, "{a} {b}");
            assert_eq!(edit_distance(b, a), distance, "{b} {a}");
        }
    }

    #[test]
    fn no_name_is_both_known_and_refused() {
        for field in FieldName::ALL {
            assert!(!PERSON_FIELDS.contains(&field.as_str()) && !PLACE_FIELDS.contains(&field.as_str()));
        }
        for (name, _) in OTHER_NAMES {
            assert!(FieldName::parse(name).is_none());
        }
    }
}
