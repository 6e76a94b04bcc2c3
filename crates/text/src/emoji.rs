//! Emoji as people see them: what is drawn as one sign is one term, however many characters it is written with (UTS 51).

use icu_properties::{
    CodePointSetData,
    props::{Emoji, EmojiModifier, EmojiModifierBase, EmojiPresentation},
};

/// The most signs that are joined to one. The longest that anybody has published joins four; what is longer is cut.
const JOINED_MAX: usize = 10;

const JOINER: char = '\u{200d}';
/// Asks for the coloured form of what is otherwise a letter or a line drawing, and for that instead of the coloured form.
const COLOURED: char = '\u{fe0f}';
const PLAIN: char = '\u{fe0e}';
/// Makes a key of a digit.
const KEY: char = '\u{20e3}';
/// Behind a black flag, the letters of a region (`🏴󠁧󠁢󠁳󠁣󠁴󠁿`), and their end.
const TAGS: std::ops::RangeInclusive<char> = '\u{e0020}'..='\u{e007e}';
const TAGS_END: char = '\u{e007f}';

/// Half a flag.
pub(crate) const fn is_regional(c: char) -> bool {
    matches!(c, '\u{1f1e6}'..='\u{1f1ff}')
}

/// Appends the normal form of the emoji that a text begins with: coloured where that must be asked for, in no skin tone, so
/// that one sign has one form. Returns its length in the text; 0, and nothing is appended, where there is none.
///
/// Skin tones are left out since they tell of who writes, and of nothing else.
pub(crate) fn push(text: &str, out: &mut String) -> usize {
    let mut chars = text.chars();
    if let (Some(first), Some(second)) = (chars.next(), chars.next())
        && is_regional(first)
    {
        if !is_regional(second) {
            return 0;
        }
        out.extend([first, second]);
        return first.len_utf8() + second.len_utf8();
    }
    let start = out.len();
    let mut at = sign(text, false, out);
    if at == 0 {
        out.truncate(start);
        return 0;
    }
    for _ in 1..JOINED_MAX {
        let Some(rest) = text[at..].strip_prefix(JOINER) else { break };
        let before = out.len();
        out.push(JOINER);
        let len = sign(rest, true, out);
        if len == 0 {
            out.truncate(before);
            break;
        }
        at += JOINER.len_utf8() + len;
    }
    at
}

/// One sign with what belongs to it. By itself it must be drawn in colour, or be asked to; what is joined to another is.
fn sign(text: &str, joined: bool, out: &mut String) -> usize {
    let mut chars = text.chars();
    // A letter is read as a word (`ℹ`), whatever stands before it: no sequence joins one.
    let Some(c) = chars.next().filter(|&c| !c.is_ascii() && !is_regional(c) && !c.is_alphabetic()) else { return 0 };
    if !CodePointSetData::new::<Emoji>().contains(c) {
        return 0;
    }
    let coloured = CodePointSetData::new::<EmojiPresentation>().contains(c);
    let mut rest = chars.as_str();
    let mut asked = joined;
    if CodePointSetData::new::<EmojiModifierBase>().contains(c)
        && let Some(tone) = rest.chars().next().filter(|&tone| CodePointSetData::new::<EmojiModifier>().contains(tone))
    {
        rest = &rest[tone.len_utf8()..];
        asked = true;
    }
    if let Some(behind) = rest.strip_prefix(COLOURED) {
        rest = behind;
        asked = true;
    } else if rest.starts_with(PLAIN) {
        return 0;
    }
    if !coloured && !asked {
        return 0;
    }
    out.push(c);
    if !coloured {
        out.push(COLOURED);
    }
    let tags = rest.trim_start_matches(|c| TAGS.contains(&c));
    if tags.len() < rest.len()
        && let Some(behind) = tags.strip_prefix(TAGS_END)
        && rest.len() - behind.len() <= TAGS_BYTES_MAX
    {
        out.push_str(&rest[..rest.len() - behind.len()]);
        rest = behind;
    }
    text.len() - rest.len()
}

/// Letters of a region and their end, in bytes.
const TAGS_BYTES_MAX: usize = 8 * 4;

/// Appends the normal form of the key whose [`KEY`] stands at `at`.
pub(crate) fn push_key(text: &str, at: usize, out: &mut String) -> bool {
    let before = text[..at].strip_suffix(COLOURED).unwrap_or(&text[..at]);
    let Some(of) = before.chars().next_back().filter(|&c| c.is_ascii_digit() || matches!(c, '#' | '*')) else {
        return false;
    };
    // `21⃣` is no key.
    if of.is_ascii_digit() && before[..before.len() - 1].ends_with(char::is_alphanumeric) {
        return false;
    }
    out.extend([of, COLOURED, KEY]);
    true
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn first(text: &str) -> (String, usize) {
        let mut out = String::new();
        let len = push(text, &mut out);
        (out, len)
    }

    #[test]
    fn what_is_drawn_as_one_is_one() {
        for (text, normal) in [
            ("😀😀", "😀"),
            ("👏🏽👏", "👏"),
            ("👩🏿‍🚀 up", "👩‍🚀"),
            ("🤷🏻‍♀️", "🤷‍♀️"),
            // Less than fully qualified.
            ("🤷‍♀", "🤷‍♀️"),
            ("❤️‍🔥", "❤️‍🔥"),
            ("❤‍🔥", ""),
            ("❤️", "❤️"),
            ("❤", ""),
            ("☝🏽", "☝️"),
            ("⚡", "⚡"),
            ("⚡\u{fe0f}", "⚡"),
            ("⚡\u{fe0e}", ""),
            ("©", ""),
            ("©️", "©️"),
            ("🇵🇹🇪🇸", "🇵🇹"),
            ("🇵 🇹", ""),
            ("🇵", ""),
            ("🏴󠁧󠁢󠁳󠁣󠁴󠁿!", "🏴󠁧󠁢󠁳󠁣󠁴󠁿"),
            ("👨‍👩‍👧‍👦", "👨‍👩‍👧‍👦"),
            ("😀\u{200d}a", "😀"),
            ("😀\u{200d}ℹ", "😀"),
            ("😀\u{200d}ℹ\u{fe0f}", "😀"),
            ("a", ""),
            ("1", ""),
            ("\u{1f3fd}", "\u{1f3fd}"),
            ("", ""),
        ] {
            let (found, len) = first(text);
            assert_eq!(found, normal, "{text}");
            assert_eq!(len == 0, normal.is_empty(), "{text}");
        }
    }

    #[test]
    fn keys_are_of_one_digit() {
        for (text, key) in [("1️⃣", "1️⃣"), ("1⃣", "1️⃣"), ("#️⃣", "#️⃣"), ("x *⃣", "*️⃣"), ("21⃣", ""), ("a⃣", ""), ("⃣", "")]
        {
            let mut out = String::new();
            let at = text.find(KEY).unwrap();
            assert_eq!(push_key(text, at, &mut out), !key.is_empty(), "{text}");
            assert_eq!(out, key, "{text}");
        }
    }

    proptest! {
        /// Whatever stands there: a normal form is its own, and what is appended was read.
        #[test]
        fn a_normal_form_is_its_own(
            text in "[😀👏🏽🏿👩🚀❤♀☝⚡©🇵🇹🏴🏽\u{200d}\u{200d}\u{200d}\u{fe0f}\u{fe0f}\u{fe0e}\u{e0067}\u{e007f}a]{0,24}",
        ) {
            let (normal, len) = first(&text);
            prop_assert!(len <= text.len() && text.is_char_boundary(len));
            prop_assert_eq!(len == 0, normal.is_empty());
            if len > 0 {
                prop_assert_eq!(first(&normal), (normal.clone(), normal.len()));
            }
        }
    }
}
