//! Rules as data: `rules/*.toml`, one file a kind, read once.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use hashbrown::HashMap;
use regex::bytes::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};
use serde::Deserialize;

use super::address::Addresses;
use super::checks::{self, Check};
use super::kind::Kind;

/// The rule files, by kind.
const FILES: [(&str, &str); 15] = [
    ("address", include_str!("../../rules/address.toml")),
    ("card", include_str!("../../rules/card.toml")),
    ("coordinates", include_str!("../../rules/coordinates.toml")),
    ("crypto", include_str!("../../rules/crypto.toml")),
    ("did", include_str!("../../rules/did.toml")),
    ("email", include_str!("../../rules/email.toml")),
    ("handle", include_str!("../../rules/handle.toml")),
    ("iban", include_str!("../../rules/iban.toml")),
    ("id-number", include_str!("../../rules/id-number.toml")),
    ("ip", include_str!("../../rules/ip.toml")),
    ("link", include_str!("../../rules/link.toml")),
    ("mac", include_str!("../../rules/mac.toml")),
    ("phone", include_str!("../../rules/phone.toml")),
    ("profile", include_str!("../../rules/profile.toml")),
    ("secret", include_str!("../../rules/secret.toml")),
];

/// A rule file as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RuleFile {
    pub(crate) kind: String,
    /// What the kind is and where its rules come from: for readers and the documentation.
    #[allow(dead_code, reason = "read by people")]
    summary: String,
    /// Names the hand-written scanner that finds this kind, beside or instead of patterns.
    #[allow(dead_code, reason = "read by people")]
    #[serde(default)]
    scanner: Option<String>,
    /// Context words that rules name by group.
    #[serde(default)]
    context: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    rule: Vec<RuleText>,
    #[cfg_attr(not(test), allow(dead_code, reason = "read by the tests"))]
    #[serde(default)]
    pub(crate) example: Vec<Example>,
    /// Texts that must come through unchanged.
    #[cfg_attr(not(test), allow(dead_code, reason = "read by the tests"))]
    #[serde(default)]
    pub(crate) survive: Vec<String>,
    #[serde(default)]
    platform: Vec<Personal>,
    #[serde(default)]
    tracking: Vec<String>,
    #[serde(default)]
    personal_parameters: Vec<String>,
    #[serde(default)]
    pub(crate) address: Option<super::address::AddressText>,
}

/// A text, and what it must become.
#[cfg_attr(not(test), allow(dead_code, reason = "read by the tests"))]
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Example {
    pub(crate) text: String,
    pub(crate) scrubbed: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleText {
    name: String,
    /// Which look at the text decides that the rule can match at all: `digits` (six digits close together, or letters
    /// and digits mixed), `tokens` (a long word with digits), `signs` (a degree sign, a bracketed "at").
    when: When,
    /// A regular expression on bytes, Unicode off.
    pattern: String,
    /// Names a check of digits, in `checks.rs`.
    #[serde(default)]
    check: Option<String>,
    /// A context group that must stand near.
    #[serde(default)]
    context: Option<String>,
    /// What must not touch the match: `word` (letters, digits; the default), `number` (as word, nor a decimal or a longer
    /// number with separators), `alone` (as number, nor with a blank and a further number), `digit`, `none`.
    #[serde(default)]
    guard: Guard,
    /// What must not stand directly before, white space aside.
    #[serde(default)]
    unless_before: Vec<String>,
    /// What must not stand directly after, white space aside.
    #[serde(default)]
    unless_after: Vec<String>,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq, Debug)]
#[serde(rename_all = "lowercase")]
pub(crate) enum When {
    Digits,
    Tokens,
    Signs,
}

#[derive(Clone, Copy, Default, Deserialize, PartialEq, Eq, Debug)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Guard {
    #[default]
    Word,
    Number,
    Alone,
    Digit,
    None,
}

/// A platform where addresses are people's.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Personal {
    /// Host names; every subdomain counts too.
    hosts: Vec<String>,
    /// Any path is personal, except those whose first segment is in `except`.
    #[serde(default)]
    pub(crate) any: bool,
    #[serde(default)]
    pub(crate) except: Vec<String>,
    /// Forms of personal paths: segments, `*` for any.
    #[serde(default)]
    pub(crate) paths: Vec<String>,
    /// Accounts have host names of their own.
    #[serde(default)]
    pub(crate) subdomains: bool,
    /// The address itself is a key.
    #[serde(default)]
    pub(crate) secret: bool,
}

/// Labels before a platform's name that are no account.
const SHARED_LABELS: &[&str] = &[
    "www",
    "m",
    "mobile",
    "web",
    "en",
    "de",
    "fr",
    "es",
    "old",
    "new",
    "np",
    "amp",
    "help",
    "about",
    "blog",
    "api",
    "developer",
    "support",
    "l",
    "lm",
];

pub(crate) struct Rule {
    pub(crate) kind: Kind,
    #[allow(dead_code, reason = "names the rule in failing tests")]
    pub(crate) name: String,
    pub(crate) pattern: Regex,
    pub(crate) check: Option<Check>,
    /// The check looks for good parts of the match by itself.
    pub(crate) searches: bool,
    /// Lower-case words, one of which must stand near; empty for no such demand.
    pub(crate) context: Vec<String>,
    pub(crate) guard: Guard,
    pub(crate) unless_before: Vec<String>,
    pub(crate) unless_after: Vec<String>,
}

/// Rules that are looked at under the same condition, and the set that tells which of them match.
pub(crate) struct Group {
    pub(crate) set: RegexSet,
    pub(crate) rules: Vec<Rule>,
}

/// All rules, ready to run.
pub(crate) struct Rules {
    pub(crate) digits: Group,
    pub(crate) tokens: Group,
    pub(crate) signs: Group,
    pub(crate) platforms: Vec<Personal>,
    platform_by_host: HashMap<String, u16>,
    tracking: Vec<String>,
    personal_parameters: Vec<String>,
    pub(crate) addresses: Addresses,
}

/// The rules are part of the program: their reading cannot fail where the tests pass.
static RULES: LazyLock<Rules> = LazyLock::new(|| Rules::read(files()));

pub(crate) fn files() -> impl Iterator<Item = RuleFile> {
    FILES.iter().map(|(name, text)| {
        let file: RuleFile =
            toml::from_str(text).unwrap_or_else(|error| unreachable!("rules/{name}.toml is tested: {error}"));
        assert_eq!(file.kind, *name, "rules/{name}.toml names its kind");
        file
    })
}

fn pattern(text: &str) -> String {
    format!("(?-u){text}")
}

fn group(when: When, texts: &mut Vec<(Kind, RuleText, Vec<String>)>) -> Group {
    let (mine, others): (Vec<_>, Vec<_>) =
        std::mem::take(texts).into_iter().partition(|(_, text, _)| text.when == when);
    *texts = others;
    let set = RegexSetBuilder::new(mine.iter().map(|(_, text, _)| pattern(&text.pattern)))
        .unicode(false)
        .dfa_size_limit(16 << 20)
        .size_limit(64 << 20)
        .build()
        .unwrap_or_else(|error| unreachable!("the patterns are tested: {error}"));
    let rules = mine
        .into_iter()
        .map(|(kind, text, context)| Rule {
            kind,
            pattern: RegexBuilder::new(&pattern(&text.pattern))
                .unicode(false)
                .build()
                .unwrap_or_else(|error| unreachable!("rule {} is tested: {error}", text.name)),
            searches: text.check.as_deref() == Some("card"),
            check: text.check.map(|name| {
                checks::by_name(&name).unwrap_or_else(|| unreachable!("rule {} names the check {name}", text.name))
            }),
            name: text.name,
            context,
            guard: text.guard,
            unless_before: text.unless_before,
            unless_after: text.unless_after,
        })
        .collect();
    Group { set, rules }
}

impl Rules {
    pub(crate) fn get() -> &'static Self {
        &RULES
    }

    fn read(files: impl Iterator<Item = RuleFile>) -> Self {
        let mut texts = Vec::new();
        let mut platforms: Vec<Personal> = Vec::new();
        let (mut tracking, mut personal_parameters) = (Vec::new(), Vec::new());
        let mut address = None;
        for file in files {
            let kind = Kind::parse(&file.kind).unwrap_or_else(|| unreachable!("{} is a kind", file.kind));
            for rule in file.rule {
                let context = rule.context.as_ref().map(|name| {
                    file.context.get(name).cloned().unwrap_or_else(|| unreachable!("context {name} is in the file"))
                });
                texts.push((kind, rule, context.unwrap_or_default()));
            }
            platforms.extend(file.platform);
            tracking.extend(file.tracking);
            personal_parameters.extend(file.personal_parameters);
            address = address.or(file.address);
        }
        let mut platform_by_host = HashMap::new();
        for (index, platform) in platforms.iter().enumerate() {
            for host in &platform.hosts {
                platform_by_host.insert(host.clone(), index as u16);
            }
        }
        Self {
            digits: group(When::Digits, &mut texts),
            tokens: group(When::Tokens, &mut texts),
            signs: group(When::Signs, &mut texts),
            platforms,
            platform_by_host,
            tracking,
            personal_parameters,
            addresses: Addresses::read(address.unwrap_or_default()),
        }
    }

    /// The platform of a host in lower case, and whether an account's own label stands before its name.
    pub(crate) fn platform(&self, host: &str) -> Option<(u16, bool)> {
        let mut rest = host;
        loop {
            if let Some(index) = self.platform_by_host.get(rest) {
                let before = host[..host.len() - rest.len()].trim_end_matches('.');
                return Some((*index, !before.is_empty() && !SHARED_LABELS.contains(&before)));
            }
            rest = rest.split_once('.')?.1;
            if !rest.contains('.') {
                return None;
            }
        }
    }

    /// The name of a platform that a host ends with.
    pub(crate) fn platform_host(&self, index: u16, host: &str) -> Option<&str> {
        self.platforms[usize::from(index)]
            .hosts
            .iter()
            .find(|name| host.strip_suffix(name.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
            .map(String::as_str)
    }

    /// Whether a query parameter only tells where a reader came from. Names ending in `*` are prefixes.
    pub(crate) fn is_tracking(&self, key: &str) -> bool {
        matches(&self.tracking, key)
    }

    /// Whether a query parameter names a person or opens a door.
    pub(crate) fn is_personal_parameter(&self, key: &str) -> bool {
        matches(&self.personal_parameters, key)
    }
}

fn matches(names: &[String], key: &str) -> bool {
    names.iter().any(|name| match name.strip_suffix('*') {
        Some(prefix) => key.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix)),
        None => name.eq_ignore_ascii_case(key),
    })
}

#[cfg(test)]
mod tests {
    use super::super::{LinkSink, Scrubber};
    use super::*;

    #[test]
    fn every_example_holds() {
        let mut scrubber = Scrubber::new();
        let mut wrong = Vec::new();
        for file in files() {
            let survive = file.survive.iter().map(|text| (text, text));
            for (text, scrubbed) in file.example.iter().map(|e| (&e.text, &e.scrubbed)).chain(survive) {
                let mut out = String::new();
                scrubber.scrub(text, &mut out, &mut LinkSink::default());
                if out != *scrubbed {
                    wrong.push(format!("{}: {text:?}\n   gave {out:?}\n expected {scrubbed:?}", file.kind));
                }
            }
        }
        assert!(wrong.is_empty(), "{} examples do not hold:\n{}", wrong.len(), wrong.join("\n"));
    }

    #[test]
    fn every_kind_has_positive_and_negative_examples() {
        for file in files() {
            assert!(file.example.len() >= 3, "{}", file.kind);
            assert!(file.survive.len() >= 2, "{}", file.kind);
            let placeholder = Kind::parse(&file.kind).unwrap().placeholder();
            assert!(file.example.iter().any(|e| e.scrubbed.contains(placeholder)), "{}", file.kind);
        }
        assert_eq!(FILES.len(), Kind::ALL.len());
    }
}
