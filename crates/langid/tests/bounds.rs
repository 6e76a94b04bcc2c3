//! Any text: bounded time, no panic, and the same answer on every processor.

use groundswell_langid::{CHARS_MAX, Language, identify, identify_two, likeliest, likeliest_portable};
use proptest::prelude::*;

fn check(text: &str) {
    let (fast, slow) = (likeliest(text), likeliest_portable(text));
    assert_eq!(fast, slow);
    assert!((0.0..=1.0).contains(&fast.probability));
    assert_eq!(fast.language == Language::UND, fast.probability == 0.0);
    let told = identify(text);
    assert!(told == fast || told.language == Language::UND);
    let (whole, two) = identify_two(text);
    assert_eq!(whole, told);
    assert!(two.is_none_or(|two| (0.5..1.0).contains(&two.share)));
}

#[test]
fn every_code_point_in_company_and_alone() {
    let mut all = String::new();
    for c in '\0'..=char::MAX {
        all.push(c);
        if all.chars().count() == 200 {
            check(&all);
            all.clear();
        }
    }
    for c in ('\0'..'\u{3000}').chain('\u{f900}'..'\u{ffff}') {
        check(&format!("ab{c}cd {c}"));
    }
}

#[test]
fn what_is_hostile_is_read_no_further_than_the_bound() {
    let marks: String = std::iter::once('e').chain(std::iter::repeat_n('\u{301}', 10_000)).collect();
    let unspaced = "abcdefghij".repeat(100_000);
    let addresses = "http://".repeat(100_000);
    let names = "@a".repeat(100_000);
    let scripts = "aя".repeat(100_000);
    let ligatures = "a\u{fdf2}".repeat(100_000);
    for text in [&marks, &unspaced, &addresses, &names, &scripts, &ligatures] {
        check(text);
        // Nothing beyond the bound has a say.
        let read: String = text.chars().take(CHARS_MAX).collect();
        assert_eq!(likeliest(text), likeliest(&read));
    }
}

#[test]
fn what_says_nothing_is_und() {
    for text in
        ["", " ", "\0", "12:30", "😀😀😀", "\u{301}", "a", "https://example.org/this/is/a/path", "@some_body", "..."]
    {
        assert_eq!(identify(text).language, Language::UND, "{text:?}");
    }
}

proptest! {
    #[test]
    fn any_text(text in any::<String>()) {
        check(&text);
    }

    #[test]
    fn any_soup_of_letters(text in "[a-zäßéøğı \u{fefb}\u{300}\u{301}а-яёі\u{621}-\u{64a}\u{905}-\u{939}@:/h#']{0,900}") {
        check(&text);
    }

    #[test]
    fn case_makes_no_difference(text in "[a-zäéøñ ]{0,80}") {
        prop_assert_eq!(likeliest(&text), likeliest(&text.to_uppercase()));
    }

    #[test]
    fn accents_written_apart_make_no_difference(words in prop::collection::vec("[a-z]{0,3}(é|ü|ñ|č|ễ|ế)[a-z]{0,3}", 1..8)) {
        let text = words.join(" ");
        let apart = text
            .replace('é', "e\u{301}").replace('ü', "u\u{308}").replace('ñ', "n\u{303}").replace('č', "c\u{30c}")
            .replace('ễ', "e\u{302}\u{303}").replace('ế', "e\u{302}\u{301}");
        prop_assert_eq!(likeliest(&text), likeliest(&apart));
    }
}
