//! What an emoji is called in English: the short names of Unicode CLDR. `scripts/emoji/build.mjs` makes the table.

use std::collections::HashMap;
use std::sync::LazyLock;

static NAMES: LazyLock<HashMap<&str, &str>> = LazyLock::new(|| {
    include_str!("../data/emoji-names.txt").lines().filter_map(|line| line.split_once('\t')).collect()
});

/// Asks for the coloured form of what is otherwise a letter or a line drawing. The table leaves it out.
const COLOURED: char = '\u{fe0f}';

/// `fire` for `🔥`; `None` for what is no emoji, or is newer than the table.
///
/// ```
/// assert_eq!(groundswell_gate::emoji_name("❤️‍🔥"), Some("heart on fire"));
/// assert_eq!(groundswell_gate::emoji_name("fire"), None);
/// ```
pub fn emoji_name(term: &str) -> Option<&'static str> {
    if term.is_ascii() {
        return None;
    }
    NAMES.get(&*term.replace(COLOURED, "")).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emoji_have_names_and_nothing_else_has() {
        for (emoji, name) in [
            ("🔥", "fire"),
            ("❤️", "red heart"),
            ("🇵🇹", "flag: Portugal"),
            ("1️⃣", "keycap: 1"),
            ("👩‍🚀", "woman astronaut"),
            ("🏴󠁧󠁢󠁳󠁣󠁴󠁿", "flag: Scotland"),
            // Two hands in two skin tones, which terms leave aside.
            ("🫱‍🫲", "handshake"),
        ] {
            assert_eq!(emoji_name(emoji), Some(name), "{emoji}");
        }
        for term in ["", "fire", "1", "#", "🔥🔥", "fire 🔥", "\u{fe0f}", "‍"] {
            assert_eq!(emoji_name(term), None, "{term}");
        }
    }

    #[test]
    fn the_table_is_whole() {
        let lines: Vec<&str> = include_str!("../data/emoji-names.txt").lines().collect();
        assert_eq!(NAMES.len(), lines.len(), "no emoji comes twice");
        for line in lines {
            let (emoji, name) = line.split_once('\t').unwrap();
            assert!(!emoji.contains(COLOURED) && !emoji.is_ascii() && !name.is_empty(), "{emoji} {name}");
            assert!(name.chars().all(|letter| !letter.is_control() && letter != '\''), "{emoji} {name}");
        }
    }
}
