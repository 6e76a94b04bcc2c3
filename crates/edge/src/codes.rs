//! Declared languages and countries: from what sources write to two letters, by tables that are data.

use std::collections::HashMap;
use std::sync::LazyLock;

type Table = HashMap<&'static str, [u8; 2]>;

static LANGUAGES: LazyLock<Table> = LazyLock::new(|| read(include_str!("../data/languages.tsv")));
static REGIONS: LazyLock<Table> = LazyLock::new(|| read(include_str!("../data/regions.tsv")));

/// The longest name in either table fits in this many bytes.
const NAME_BYTES_MAX: usize = 64;

fn read(table: &'static str) -> Table {
    table
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| {
            let (name, code) = line.split_once('\t')?;
            Some((name, code.as_bytes().try_into().ok()?))
        })
        .collect()
}

/// Looks up a name in lower case without allocating.
fn look_up(table: &Table, name: &str) -> Option<[u8; 2]> {
    if let Some(code) = table.get(name) {
        return Some(*code);
    }
    let mut buffer = [0; NAME_BYTES_MAX];
    let lower = buffer.get_mut(..name.len())?;
    lower.copy_from_slice(name.as_bytes());
    lower.make_ascii_lowercase();
    table.get(std::str::from_utf8(lower).ok()?).copied()
}

/// The ISO 639-1 code of a BCP 47 tag; `None` where it is no language that has one.
pub(crate) fn language(tag: &str) -> Option<[u8; 2]> {
    let tag = tag.trim();
    let primary = tag.split(['-', '_']).next().unwrap_or_default();
    look_up(&LANGUAGES, primary)
}

/// The ISO 3166-1 alpha-2 code of a country's code or English name; `None` for anything else.
pub(crate) fn region(name: &str) -> Option<[u8; 2]> {
    look_up(&REGIONS, name.trim())
}

/// The names and codes of countries that are known, in lower case.
pub(crate) fn country_names() -> impl Iterator<Item = &'static str> {
    #[allow(clippy::iter_over_hash_type, reason = "the caller makes a set of them")]
    REGIONS.keys().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_by_tag() {
        for (tag, code) in [
            ("en", Some(*b"en")),
            ("EN-us", Some(*b"en")),
            ("eng", Some(*b"en")),
            ("ger", Some(*b"de")),
            ("deu", Some(*b"de")),
            ("zh-Hant-TW", Some(*b"zh")),
            ("cmn-Hans", Some(*b"zh")),
            ("iw", Some(*b"he")),
            ("in", Some(*b"id")),
            ("pt_BR", Some(*b"pt")),
            ("fil", Some(*b"tl")),
            ("und", None),
            ("zxx", None),
            ("mul", None),
            ("", None),
            ("english", None),
            ("x-private", None),
            ("haw", None),
            ("e", None),
            ("éé", None),
        ] {
            assert_eq!(language(tag), code, "{tag}");
        }
    }

    #[test]
    fn regions_by_code_and_name() {
        for (name, code) in [
            ("US", Some(*b"US")),
            ("us", Some(*b"US")),
            ("USA", Some(*b"US")),
            ("United States", Some(*b"US")),
            ("Russian Federation", Some(*b"RU")),
            ("Russia", Some(*b"RU")),
            ("Iran, Islamic Republic of", Some(*b"IR")),
            ("Czech Republic", Some(*b"CZ")),
            ("United Arab Emirates", Some(*b"AE")),
            ("DEU", Some(*b"DE")),
            ("UK", Some(*b"GB")),
            ("Atlantis", None),
            ("", None),
            ("California", None),
            ("XX", None),
        ] {
            assert_eq!(region(name), code, "{name}");
        }
        let long = "a".repeat(1000);
        assert_eq!(region(&long), None);
    }

    #[test]
    fn every_row_is_two_letters() {
        for (file, table) in
            [(include_str!("../data/languages.tsv"), &*LANGUAGES), (include_str!("../data/regions.tsv"), &*REGIONS)]
        {
            let rows = file.lines().filter(|line| !line.starts_with('#')).count();
            assert_eq!(rows, table.len());
            assert!(
                file.lines()
                    .filter(|l| !l.starts_with('#'))
                    .all(|l| l.split('\t').next().unwrap().len() <= NAME_BYTES_MAX)
            );
        }
    }
}
