//! Posts in two languages: who is asked, and that the language of a post is what it was.

use groundswell_edge::EdgePost;
use groundswell_text::{Analysis, Analyzer, TWO_WORDS_MIN, detect_language, detect_languages};
use proptest::prelude::*;

const MIXED: &str =
    "O rio está a subir muito depressa e ninguém veio, please share this with everyone you know in town";

fn read(text: &str, language: Option<[u8; 2]>) -> Analysis {
    let mut analysis = Analysis::new();
    analysis.languages = Some([groundswell_text::Language::UND; 2]);
    Analyzer::new().analyze(&EdgePost { text: text.to_owned(), language, ..EdgePost::default() }, &mut analysis);
    analysis
}

fn pair(analysis: &Analysis) -> Option<String> {
    analysis.languages.map(|[first, second]| format!("{}+{}", first.as_str(), second.as_str()))
}

#[test]
fn a_long_post_in_two_languages_says_so_whatever_it_declares() {
    let detected = read(MIXED, None);
    assert_eq!(pair(&detected).as_deref(), Some("pt+en"));
    let declared = read(MIXED, Some(*b"de"));
    assert_eq!((declared.language.as_str(), pair(&declared).as_deref()), ("de", Some("pt+en")));
}

#[test]
fn what_is_no_prose_has_no_part_in_it() {
    for text in [
        "The river is rising and nobody has come to help us ⟨mention⟩ #OrioEstáASubirDepressa #NinguémVeio #AjudemNos ⟨link⟩",
        "The river is rising and nobody has come to help us tonight, we are all waiting on the roof",
        "O rio sobe. Please share this with all",
    ] {
        assert_eq!(pair(&read(text, None)), None, "{text}");
    }
}

proptest! {
    #[test]
    fn short_posts_are_not_asked_and_the_language_is_what_it_was(
        text in "([a-zéãß]{1,8} |[а-я]{1,8} |#[a-z]{1,5} |⟨link⟩ |[ぁ-ん一-十]{1,6} ){0,40}",
    ) {
        let analysis = read(&text, None);
        prop_assert_eq!(analysis.language, detect_language(&text));
        prop_assert_eq!(detect_languages(&text).0, detect_language(&text));
        if analysis.words.len() < TWO_WORDS_MIN {
            prop_assert_eq!(analysis.languages, None);
        } else {
            prop_assert_eq!(analysis.languages, detect_languages(&text).1);
        }
    }
}
