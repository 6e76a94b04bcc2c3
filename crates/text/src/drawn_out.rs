//! Words that are drawn out: `sooooo`, `floooood`, `оооочень`.

/// Letters of one kind in a row, at least. Hardly any word is spelt with three (`Schifffahrt`, which was spelt with two for long).
const DRAWN_OUT: usize = 3;

/// Whether a text, in small letters as far as ASCII goes, may hold such a word: a byte that stands three times in a row, or two that
/// stand so. Written so that it takes many bytes at a time.
pub(crate) fn may_be_in(text: &[u8]) -> bool {
    let from = |at: usize| text.get(at..).unwrap_or_default().iter();
    // Bytes are equal where nothing is left of one without the other.
    let once = from(0).zip(from(1)).zip(from(2));
    let once = once.fold(0, |found, ((a, b), c)| found | u8::from((a ^ b) | (b ^ c) == 0) & u8::from(*a >= b'a'));
    let twice = || {
        let rows = from(0).zip(from(2)).zip(from(4)).zip(from(1).zip(from(3)).zip(from(5)));
        rows.fold(0, |found, (((a, c), e), ((b, d), f))| {
            found | u8::from((a ^ c) | (c ^ e) | (b ^ d) | (d ^ f) == 0) & (*a >> 7)
        })
    };
    once != 0 || !text.is_ascii() && twice() != 0
}

/// Letters of a word in capitals, at most, that is no drawn-out word where three are the same, but an abbreviation: `СССР`.
const ABBREVIATION_MAX: usize = 5;

/// The readings of a word in normal form, by its spelling: each row of three letters or more that are the same as one letter, and as two.
/// None of a word that is nothing else (`aaa`, `www`), with anything but letters in it, or with a Roman number at its end (`WWIII`); nor of
/// an abbreviation.
pub(crate) fn readings(word: &str, spelling: &str) -> impl Iterator<Item = String> + use<> {
    let letters: Vec<char> = word.chars().collect();
    let longest = letters.chunk_by(|a, b| a == b).map(<[char]>::len).max().unwrap_or(0);
    let is_abbreviation = || letters.len() <= ABBREVIATION_MAX && !spelling.contains(char::is_lowercase);
    let is_drawn_out = longest >= DRAWN_OUT
        && longest < letters.len()
        && letters.iter().all(|letter| letter.is_alphabetic())
        && !(longest == DRAWN_OUT && (word.ends_with("iii") || is_abbreviation()));
    let kept = if is_drawn_out { &[1, 2][..] } else { &[] };
    kept.iter().map(move |kept| {
        let rows = letters.chunk_by(|a, b| a == b);
        rows.flat_map(|row| if row.len() >= DRAWN_OUT { &row[..*kept] } else { row }).collect()
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(word: &str) -> Vec<String> {
        readings(&word.to_lowercase(), word).collect()
    }

    #[test]
    fn drawn_out_words_and_others() {
        for (word, expected) in [
            ("sooooo", vec!["so", "soo"]),
            ("floooood", vec!["flod", "flood"]),
            ("goooaaal", vec!["goal", "gooaal"]),
            ("оооочень", vec!["очень", "оочень"]),
            ("coool", vec!["col", "cool"]),
            ("cool", vec![]),
            ("www", vec![]),
            ("XIII", vec![]),
            ("wwiii", vec![]),
            ("СССР", vec![]),
            ("NOOOO", vec!["no", "noo"]),
            ("whaaaTTT", vec!["what", "whaatt"]),
            ("aaa.com", vec![]),
            ("10000000", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(all(word), expected, "{word}");
            assert!(expected.is_empty() || may_be_in(word.to_lowercase().as_bytes()), "{word}");
        }
        assert!(!may_be_in("what is this... ___ 1000 --- к тому же".as_bytes()));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_letter_drawn_out_is_read_as_it_was(
            word in prop_oneof!["[a-z]{2,9}", "[а-я]{2,9}", "[a-zé]{2,9}"],
            at in any::<prop::sample::Index>(),
            more in 2..9_usize,
        ) {
            let letters: Vec<char> = word.chars().collect();
            let rows: Vec<&[char]> = letters.chunk_by(|a, b| a == b).collect();
            prop_assume!(rows.len() > 1 && rows.iter().all(|row| row.len() < 3));
            let at = at.index(rows.len());
            let drawn: String = rows.iter().enumerate().flat_map(|(row, letters)| {
                letters.iter().chain(std::iter::repeat_n(&letters[0], if row == at { more } else { 0 }))
            }).collect();
            prop_assume!(!drawn.ends_with("iii"));
            prop_assert!(all(&drawn).contains(&word), "{}", drawn);
            prop_assert!(may_be_in(drawn.as_bytes()));
            prop_assert_eq!(all(&word), Vec::<String>::new());
        }
    }
}
