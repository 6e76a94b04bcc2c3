//! Words in Han and kana are found wherever they stand, however the dictionary cuts what is around them.

#![allow(clippy::unwrap_used, reason = "a test's helpers fail loudly")]

use groundswell_edge::EdgePost;
use groundswell_query::parse;
use groundswell_text::{Analysis, Analyzer, is_han, is_han_or_kana};
use groundswell_watch::{Doc, Frequencies, Percolator, Scratch, WatchId};
use proptest::prelude::*;

/// The spellings of the places at which a query's leaves stand, if it matches.
fn found(query: &str, text: &str) -> Option<Vec<String>> {
    let mut analyzer = Analyzer::new();
    let query = parse(query).unwrap();
    let percolator = Percolator::compile([&query], &mut analyzer, &Frequencies::builtin()).unwrap();
    let post = EdgePost { text: text.to_owned(), ..EdgePost::default() };
    let mut analysis = Analysis::new();
    analyzer.analyze(&post, &mut analysis);
    let doc = Doc::new(&post, &analysis);
    let (mut scratch, mut out) = (Scratch::new(), Vec::new());
    percolator.matches(&doc, &mut scratch, &mut out);
    let told = percolator.explain(WatchId(0), &doc, &mut scratch);
    assert!(!out.is_empty() || told.is_empty());
    let places = told.iter().flat_map(|clause| &clause.words).map(|words| {
        let (first, last) = (&analysis.words[words.start as usize], &analysis.words[words.end as usize - 1]);
        text[first.raw.0 as usize..last.raw.1 as usize].to_owned()
    });
    (!out.is_empty()).then(|| places.collect())
}

#[test]
fn a_word_is_found_inside_of_others() {
    for (query, text, expected) in [
        ("地震", "地震速報", Some(vec!["地震"])),
        // Cut as 東京, 大地, 震.
        ("地震", "東京大地震", Some(vec!["大地震"])),
        ("台北", "台北县有大雨", Some(vec!["台北县"])),
        ("洪水 AND 大雨", "特大洪水，台北县有大雨", Some(vec!["洪水", "大雨"])),
        ("地震 NEAR/2 津波", "東京大地震で津波警報", Some(vec!["大地震", "津波"])),
        ("取り組み", "新しい取り組みを", Some(vec!["取り組み"])),
        // In quotation marks: the words that the dictionary finds.
        ("\"地震\"", "東京大地震", None),
        ("\"地震\"", "地震速報", Some(vec!["地震"])),
        // A gap, another script and a placeholder part words.
        ("地震", "大地 震", None),
        ("地震", "地a震", None),
        ("地震", "地⟨link⟩震", None),
        // Kana alone, one ideograph and other scripts: the words that the dictionary finds.
        ("あり", "おはようありま", None),
        ("コロナ", "コロナウイルス", None),
        ("コロナ*", "コロナウイルス", Some(vec!["コロナウイルス"])),
        ("震", "余震", None),
        ("น้ำท่วม", "กรุงเทพน้ำท่วม", Some(vec!["น้ำท่วม"])),
        ("flood", "floods", None),
    ] {
        let expected = expected.map(|places| places.into_iter().map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(found(query, text), expected, "{query} in {text}");
    }
}

const LETTERS: &str = "地震大東京洪水研究生台北的有一あのりコロ";

fn letters(count: std::ops::Range<usize>) -> impl Strategy<Value = String> {
    let letters = LETTERS.chars().collect::<Vec<_>>();
    prop::collection::vec(prop::sample::select(letters), count).prop_map(|letters| letters.into_iter().collect())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1_500) })]

    /// With two ideographs at least a word is found exactly where its characters stand side by side.
    #[test]
    fn found_is_what_is_contained(
        query in letters(2..5),
        runs in prop::collection::vec(letters(1..12), 1..4),
        planted in any::<prop::sample::Index>(),
        plant in any::<bool>(),
        gap in prop::sample::select(vec![" ", " a ", "，", "1"]),
    ) {
        prop_assume!(query.chars().filter(|c| is_han(*c)).count() >= 2 && query.chars().all(is_han_or_kana));
        let mut runs = runs;
        if plant {
            let at = planted.index(runs.len());
            runs[at].push_str(&query);
        }
        let text = runs.join(gap);
        let contained = runs.iter().any(|run| run.contains(&query));
        let places = found(&query, &text);
        if contained {
            prop_assert!(places.as_ref().is_some_and(|places| places.iter().any(|place| place.contains(&query))), "{} in {}", query, text);
        } else if gap == " a " || gap == "1" {
            prop_assert_eq!(&places, &None, "{} in {}", query, text);
        }
        let (either, both) = (format!("{query} OR zebra"), format!("zebra AND {query}"));
        prop_assert_eq!(found(&either, &text).is_some(), places.is_some());
        prop_assert!(found(&both, &text).is_none());
    }
}
