use groundswell_edge::EdgePost;
use proptest::prelude::*;

use super::*;
use crate::names::NameFinder;

fn countries(text: &str) -> String {
    let post = EdgePost { text: text.to_owned(), ..EdgePost::default() };
    let (mut analyzer, mut analysis) = (Analyzer::new(), Analysis::new());
    analyzer.analyze(&post, &mut analysis);
    found(&post.text, &analysis)
}

fn in_language(text: &str, language: [u8; 2]) -> String {
    let post = EdgePost { text: text.to_owned(), language: Some(language), ..EdgePost::default() };
    let (mut analyzer, mut analysis) = (Analyzer::new(), Analysis::new());
    analyzer.analyze(&post, &mut analysis);
    found(&post.text, &analysis)
}

fn found(text: &str, analysis: &Analysis) -> String {
    let (mut finder, mut names, mut spans, mut out) = (CountryFinder::new(), NameFinder::new(), Vec::new(), Vec::new());
    names.find(text, analysis, &mut spans);
    let may_name: Vec<usize> =
        (0..analysis.words.len()).filter(|at| finder.may_name(analysis.words[*at].hash)).collect();
    finder.find(text, analysis, &may_name, &spans, &mut out);
    out.extend(analysis.hashtags.iter().filter_map(|tag| finder.of_hashtag(tag.hash, analysis.language)));
    out.sort_unstable();
    out.dedup();
    out.iter().map(Country::as_str).collect::<Vec<_>>().join(" ")
}

#[test]
fn names_in_many_languages() {
    for (text, language) in [
        ("the floods in Portugal", *b"en"),
        ("las inundaciones de Portugal", *b"es"),
        ("葡萄牙发生洪水", *b"zh"),
        ("पुर्तगाल में बाढ़", *b"hi"),
        ("الفيضانات في البرتغال", *b"ar"),
        ("les inondations au Portugal", *b"fr"),
        ("পর্তুগালে বন্যা", *b"bn"),
        ("as cheias em Portugal", *b"pt"),
        ("наводнение в Португалии", *b"ru"),
        ("پرتگال میں سیلاب", *b"ur"),
        ("banjir di Portugal", *b"id"),
        ("die Überschwemmungen in Portugal", *b"de"),
        ("ポルトガルで洪水", *b"ja"),
        ("पोर्तुगाल मधील पूर", *b"mr"),
        ("lũ lụt ở Bồ Đào Nha", *b"vi"),
        ("Portekiz'de sel", *b"tr"),
        ("포르투갈에서 홍수", *b"ko"),
        ("le alluvioni in Portogallo", *b"it"),
        ("سیل در پرتغال", *b"fa"),
    ] {
        assert_eq!(in_language(text, language), "PT", "{text}");
    }
}

#[test]
fn demonyms_capitals_flags_and_hashtags() {
    assert_eq!(countries("the Portuguese and the Germans met in Kyiv"), "DE PT UA");
    assert_eq!(countries("go 🇵🇹🇪🇸 go"), "ES PT");
    assert_eq!(countries("🇵 🇵🇹 🇿🇿"), "PT", "half a flag and one of nobody");
    assert_eq!(countries("so it begins #southafrica #NewZealand"), "NZ ZA");
    assert_eq!(countries("Portugal's team beat the U.S. in South Korea"), "KR PT US");
    assert_eq!(in_language("los mexicanos y las peruanas", *b"es"), "MX PE");
    assert_eq!(in_language("российские войска в Сирии", *b"ru"), "RU SY");
}

#[test]
fn a_longer_name_is_not_the_shorter_one() {
    assert_eq!(countries("elections in Guinea-Bissau"), "GW");
    assert_eq!(countries("elections in Guinea"), "GN");
    assert_eq!(countries("a trip to Papua New Guinea"), "PG");
    assert_eq!(countries("fighting in South Sudan"), "SS");
    assert_eq!(countries("she moved to New Mexico"), "");
    assert_eq!(countries("African American voters, Latin American music, a guinea pig"), "");
    assert_eq!(countries("the Central African Republic"), "CF");
}

#[test]
fn what_is_ambiguous_needs_more() {
    assert_eq!(countries("please tell us in time"), "");
    assert_eq!(countries("the US said so"), "US");
    assert_eq!(countries("TELL US NOW, my friend"), "");
    assert_eq!(countries("you should polish the china"), "CN", "`china` counts in small letters, too");
    assert_eq!(countries("a Polish film"), "PL");
    assert_eq!(countries("roast Turkey for dinner"), "");
    assert_eq!(countries("talks between Turkey and Syria"), "SY TR");
    assert_eq!(countries("Jordan played well"), "");
    assert_eq!(countries("Jordan and Israel signed"), "IL JO");
    assert_eq!(countries("vote in Georgia"), "");
    assert_eq!(countries("Georgia, Russia and Armenia"), "AM GE RU");
    assert_eq!(countries("Georgia and Florida in the United States"), "US");
    // Two that need company are no company.
    assert_eq!(countries("Jordan and Chad and Georgia"), "");
    assert_eq!(countries("trouble in the Congo"), "", "which of the two is not said");
}

#[test]
fn a_persons_name_is_no_country() {
    assert_eq!(countries("I saw Paris Jackson there"), "");
    assert_eq!(countries("a talk with Jordan Smith about Israel"), "IL");
}

#[test]
fn a_word_of_one_language_counts_there() {
    assert_eq!(in_language("Vulkane auf Island", *b"de"), "IS");
    assert_eq!(in_language("a small Island in the sea", *b"en"), "");
    assert_eq!(in_language("um comboio na Polónia", *b"pt"), "PL");
    assert_eq!(in_language("una reunión en Perú", *b"es"), "PE");
}

#[test]
fn every_line_of_the_table_is_read() {
    let table = Table::shared();
    assert!(table.languages.len() < 32, "a bit each");
    assert!(table.languages.iter().all(|language| *language != Language::UND));
    let mut names = 0;
    for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
        let fields: Vec<&str> = line.split('\t').collect();
        assert!(fields.len() >= 4 && matches!(fields[1], "." | "^" | "!" | "?"), "{line}");
        assert!(fields[0] == "-" || fields[0].len() == 2, "{line}");
        names += fields.len() - 3;
    }
    assert_eq!(table.entries.len(), names, "a name is too long, or holds no word");
    assert_eq!(table.countries.len(), 231);
}

proptest! {
    /// Whatever stands around a country's name, parted from it, it is found where no one is named; and what is found is a country.
    #[test]
    fn any_text_is_read(text in "\\PC{0,40}|([a-zA-Z]{1,7} ){0,8}|(US |Jordan |🇵|🇹|#chad |New ){0,20}") {
        let found = countries(&text);
        let known = &Table::shared().countries;
        for code in found.split_whitespace() {
            prop_assert!(known.iter().any(|country| country.as_str() == code));
        }
        let with = countries(&format!("{text} 🇵🇹"));
        prop_assert!(with.contains("PT"), "a flag counts beside anything");
        prop_assert!(found.split_whitespace().all(|code| with.contains(code)), "nothing is lost by company");
    }
}

#[test]
fn a_hostile_text_is_read() {
    for piece in ["US ", "Turkey ", "Jane Doe Jordan ", "🇵🇹", "new south wales new ", "United "] {
        let text = piece.repeat(60_000 / piece.len());
        countries(&text);
    }
}
