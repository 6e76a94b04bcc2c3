//! Words written with letters of other scripts, and the table of these letters.
//!
//! Makes `data/look-alikes.txt` from the confusables of Unicode (UTS 39), and holds that it is what it makes:
//! `LOOK_ALIKES=write cargo test -p groundswell-text --test look_alikes` writes it anew.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test's helpers fail loudly and say what they did")]

use std::collections::BTreeMap;

use groundswell_edge::EdgePost;
use groundswell_text::names::NameFinder;
use groundswell_text::{Analysis, Analyzer};
use icu_normalizer::ComposingNormalizerBorrowed;
use icu_properties::{
    CodePointMapData,
    props::{GeneralCategory, Script},
};
use proptest::prelude::*;

/// Alphabets whose letters are of one design, so that one can be written for another. Letters of other scripts that happen to look
/// like one (the Arabic heh like an `o`) stand beside Latin words in honest posts.
const ALPHABETS: [Script; 7] =
    [Script::Latin, Script::Cyrillic, Script::Greek, Script::Armenian, Script::Cherokee, Script::Coptic, Script::Lisu];

/// What letters are read as: those that people write whole languages in.
fn targets() -> [(&'static str, Script, Vec<char>); 3] {
    [
        ("latin", Script::Latin, ('A'..='Z').chain('a'..='z').collect()),
        (
            "cyrillic",
            Script::Cyrillic,
            ('Ѐ'..='џ').chain(['Ґ', 'ґ', 'Ғ', 'ғ', 'Қ', 'қ', 'Ң', 'ң', 'Ү', 'ү', 'Һ', 'һ']).collect(),
        ),
        ("greek", Script::Greek, ('Α'..='Ω').chain('α'..='ω').filter(|c| c.is_alphabetic()).collect()),
    ]
}

fn skeleton(c: char) -> String {
    unicode_security::skeleton(c.encode_utf8(&mut [0; 4])).collect()
}

fn only(mut letters: impl Iterator<Item = char>) -> Option<char> {
    letters.next().filter(|_| letters.next().is_none())
}

fn table() -> String {
    let nfkc = ComposingNormalizerBorrowed::new_nfkc();
    let script = |c: char| CodePointMapData::<Script>::new().get(c);
    let letters: Vec<char> = ('\0'..='\u{1ffff}')
        .filter(|&c| {
            ALPHABETS.contains(&script(c))
                && matches!(
                    CodePointMapData::<GeneralCategory>::new().get(c),
                    GeneralCategory::UppercaseLetter
                        | GeneralCategory::LowercaseLetter
                        | GeneralCategory::TitlecaseLetter
                        | GeneralCategory::OtherLetter
                )
                && nfkc.is_normalized(c.encode_utf8(&mut [0; 4]))
        })
        .collect();
    let mut out = String::new();
    for (name, own, basic) in targets() {
        let mut by_skeleton: BTreeMap<String, Vec<char>> = BTreeMap::new();
        for &letter in &basic {
            by_skeleton.entry(skeleton(letter)).or_default().push(letter);
        }
        // Of the same case (`I` and `l` look alike too); for letters without case, capitals.
        let looks_like = |c: char| -> Option<char> {
            let alike = by_skeleton.get(&skeleton(c))?;
            alike.iter().find(|like| like.is_lowercase() == c.is_lowercase()).copied()
        };
        // A small letter of Cyrillic has the shape of its capital: `вitcoin`. That is our reading and not Unicode's.
        let by_capital = |c: char| -> Option<char> {
            let c = Some(c).filter(|&c| script(c) == Script::Cyrillic)?;
            let upper = only(c.to_uppercase()).filter(|&upper| upper != c)?;
            only(looks_like(upper)?.to_lowercase())
        };
        let foreign: Vec<char> = letters.iter().copied().filter(|&c| script(c) != own).collect();
        for (kind, like) in [("", &looks_like as &dyn Fn(char) -> Option<char>), (" by capitals", &by_capital)] {
            out.push_str(name);
            out.push_str(kind);
            for &c in &foreign {
                match like(c) {
                    Some(_) if !kind.is_empty() && looks_like(c).is_some() => {}
                    Some(like) => out.extend([' ', c, like]),
                    None => {}
                }
            }
            out.push('\n');
        }
    }
    out
}

#[test]
fn the_table_is_that_of_unicode() {
    let made = table();
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("data/look-alikes.txt");
    if std::env::var_os("LOOK_ALIKES").is_some() {
        std::fs::write(&path, &made).unwrap();
        println!("Unicode {:?}: {} pairs", unicode_security::UNICODE_VERSION, made.split(' ').count());
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), made);
}

/// The further readings of a text's words and hashtags, each with what it is a reading of.
fn readings(text: &str, listed: &[&str]) -> Vec<(String, String)> {
    let mut analysis = Analysis::new();
    let hashtags = listed.iter().map(|&tag| tag.to_owned()).collect();
    let post = EdgePost { text: text.to_owned(), hashtags, ..EdgePost::default() };
    Analyzer::new().analyze(&post, &mut analysis);
    let words =
        analysis.word_readings.iter().map(|reading| (analysis.word(&analysis.words[reading.of as usize]), reading));
    let tags = analysis
        .hashtag_readings
        .iter()
        .map(|reading| (analysis.hashtag(&analysis.hashtags[reading.of as usize]), reading));
    words.chain(tags).map(|(of, reading)| (of.to_owned(), analysis.reading(reading).to_owned())).collect()
}

/// Each letter of an alphabet with what is written for it.
fn tricks(alphabet: &str) -> BTreeMap<char, Vec<char>> {
    let table = include_str!("../data/look-alikes.txt");
    let pairs = table.lines().filter_map(|line| line.strip_prefix(alphabet)).flat_map(|line| line.split(' '));
    let mut all: BTreeMap<char, Vec<char>> = BTreeMap::new();
    for pair in pairs.filter(|pair| pair.chars().count() == 2 && *pair != "by") {
        let (trick, letter) = pair.chars().next().zip(pair.chars().nth(1)).unwrap();
        all.entry(letter).or_default().push(trick);
    }
    all
}

/// The word with another letter written at the places where `choices` says so.
fn tricked(word: &str, tricks: &BTreeMap<char, Vec<char>>, choices: &[Option<usize>]) -> String {
    let written =
        word.chars().zip(choices.iter().cycle()).map(|(letter, choice)| match (choice, tricks.get(&letter)) {
            (Some(choice), Some(tricks)) => tricks[choice % tricks.len()],
            _ => letter,
        });
    written.collect()
}

#[test]
fn a_word_of_one_script_is_read_in_another_only_in_company_of_words_of_that() {
    for (text, expected) in [
        ("buy раypal now", vec![("раypal", "paypal")]),
        ("Покупайте в Рoccии", vec![("рoccии", "россии")]),
        // All Cyrillic: an honest word of Russian, unless all around it is Latin.
        ("сор", vec![]),
        ("сор из избы", vec![]),
        ("the сор is here", vec![("сор", "cop")]),
        ("the сор из here", vec![]),
        ("the 地震 сор is", vec![]),
        ("one or сор", vec![]),
        ("the word так is here", vec![]),
        ("see нтв.ru and rocks:а", vec![]),
        ("ура ура ура", vec![]),
        // What is wholly Latin is nothing else.
        ("это cop там и тут", vec![]),
        ("#раypal it", vec![("раypal", "paypal"), ("раypal", "paypal")]),
        ("see the old #сор", vec![("сор", "cop"), ("сор", "cop")]),
        ("#сор", vec![]),
    ] {
        let expected: Vec<_> = expected.into_iter().map(|(a, b)| (a.to_owned(), b.to_owned())).collect();
        assert_eq!(readings(text, &[]), expected, "{text}");
    }
    assert_eq!(readings("", &["сovid"]), [("сovid".to_owned(), "covid".to_owned())]);
}

#[test]
fn zero_width_spaces_part_no_word_of_letters() {
    let words = |text: &str| {
        let mut analysis = Analysis::new();
        Analyzer::new().tokenize(text, &mut analysis);
        analysis.words.iter().map(|word| analysis.word(word).to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(words("fl\u{200b}oo\u{200c}d пав\u{200b}\u{200b}одок"), ["flood", "паводок"]);
    assert_eq!(words("flood\u{200b} \u{200b}now #a\u{200b}#b 1\u{200b}2"), ["flood", "now", "a", "b", "1", "2"]);
    // Thai parts words with it.
    assert_eq!(words("น้ำ\u{200b}ท่วม"), words("น้ำ ท่วม"));
}

#[test]
fn names_are_names_in_whatever_letters() {
    let finder = NameFinder::new();
    let tricks = tricks("latin");
    for name in ["janedoe", "doe_jane", "mariagarcia", "johnsmith"] {
        assert!(finder.joined(name), "{name}");
        let mut other = 0;
        for at in 0..name.len() {
            let choices: Vec<_> = (0..name.len()).map(|i| (i == at).then_some(0)).collect();
            let written = tricked(name, &tricks, &choices);
            other += usize::from(written != name);
            assert!(finder.joined(&written), "{written}");
        }
        assert!(other > name.len() / 2);
    }
    assert!(finder.phrase(&["maria", "garcia"]) && finder.phrase(&["mаria", "gаrcia"]));
    assert!(finder.surely_pair("piotr", "kowalczyk") && finder.surely_pair("рiotr", "kоwalczyk"));
    assert!(finder.spelt("MariaVexlinova") && finder.spelt("MаriaVexlinоva"));
}

/// What the scrubber takes out of texts does not come back by reading: no reading is anything that it would have taken out.
#[test]
fn no_reading_is_what_is_scrubbed() {
    let mut scrubber = groundswell_edge::scrub::Scrubber::new();
    let tricks = tricks("latin");
    let mut tried = 0;
    for secret in [
        "GB82WEST12345698765432",
        "NO9386011117947",
        "DE89370400440532013000",
        "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2",
        "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",
        "AKIAIOSFODNN7EXAMPLE",
        "X1234567L",
        "12345678Z",
        "AB123456C",
    ] {
        for at in 0..secret.len() {
            let choices: Vec<_> = (0..secret.len()).map(|i| (i == at).then_some(0)).collect();
            let written = tricked(secret, &tricks, &choices);
            tried += usize::from(written != secret);
            for (_, reading) in readings(&format!("my {written} is"), &[]) {
                assert!(scrubber.detections(&reading).is_empty(), "{written}: {reading}");
                assert!(!reading.eq_ignore_ascii_case(secret), "{written}");
            }
        }
    }
    assert!(tried > 30, "{tried}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_word_is_read_through_the_letters_written_for_others(
        word in prop_oneof!["[a-z]{2,12}", "[а-яіј]{2,12}", "[α-ω]{2,12}"],
        choices in proptest::collection::vec(proptest::option::weighted(0.4, any::<usize>()), 12),
    ) {
        let alphabet = match word.chars().next() {
            Some('a'..='z') => "latin",
            Some('α'..='ω') => "greek",
            _ => "cyrillic",
        };
        let written = tricked(&word, &tricks(alphabet), &choices);
        let kept = written.chars().zip(word.chars()).any(|(a, b)| a == b);
        let mut normal = Analysis::new();
        Analyzer::new().tokenize(&word, &mut normal);
        prop_assume!(normal.words.len() == 1 && written != word && kept);
        let word = normal.word(&normal.words[0]);
        let read = readings(&written, &[]);
        prop_assert!(read.iter().any(|(_, reading)| reading == word), "{} as {}: {:?}", word, written, read);
    }

    #[test]
    fn texts_of_one_script_have_one_reading(
        text in prop_oneof!["[a-zA-ZéüßñøłăÅ #'.]{0,40}", "[а-яА-ЯёЁіїєґјљђҮһ #'.0-9]{0,40}", "[α-ωΑ-Ωάέώϊ #'.]{0,40}", "[ա-ֆԱ-Ֆ #.]{0,40}"],
    ) {
        prop_assert_eq!(readings(&text, &[]), []);
    }
}

/// How many posts of real sets have a further reading, and which: printed, for reading.
#[test]
fn honest_texts_have_hardly_any() {
    use std::io::Read as _;
    let data = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    for (file, field) in [
        ("langid/lingua-short.ndjson.zst", "lang"),
        ("sentiment/xlmt-sentiment.ndjson.zst", "lang"),
        ("troll/troll-slice.ndjson.zst", "lang"),
    ] {
        let Ok(opened) = std::fs::File::open(data.join(file)) else {
            println!("SKIPPED: ../shared/data is absent");
            return;
        };
        let mut lines = String::new();
        zstd::Decoder::new(opened).unwrap().read_to_string(&mut lines).unwrap();
        let (mut analyzer, mut analysis) = (Analyzer::new(), Analysis::new());
        let (mut posts, mut with, mut with_whole, mut spaced) = (0_u32, 0_u32, 0_u32, 0_u32);
        let mut found: BTreeMap<(String, String, String), u32> = BTreeMap::new();
        for line in lines.lines() {
            let post: serde_json::Value = serde_json::from_str(line).unwrap();
            let text = post["text"].as_str().unwrap();
            analyzer.tokenize(text, &mut analysis);
            posts += 1;
            with += u32::from(!analysis.word_readings.is_empty());
            let is_whole = |word: &str| !word.contains(|c: char| c.is_ascii_alphabetic());
            with_whole += u32::from(analysis.word_readings.iter().any(|reading| {
                is_whole(analysis.word(&analysis.words[reading.of as usize])) && analysis.reading(reading).is_ascii()
            }));
            spaced += u32::from(
                analysis.words.iter().any(|word| text[word.raw.0 as usize..word.raw.1 as usize].contains('\u{200b}')),
            );
            for reading in &analysis.word_readings {
                let word = analysis.word(&analysis.words[reading.of as usize]).to_owned();
                let language = post[field].as_str().unwrap_or_default().to_owned();
                *found.entry((word, analysis.reading(reading).to_owned(), language)).or_default() += 1;
            }
        }
        println!(
            "{file}: {with} of {posts} posts ({with_whole} a word of one script), {} words; {spaced} posts with a word parted by nothing",
            found.len()
        );
        let mut found: Vec<_> = found.into_iter().collect();
        found.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        for ((word, reading, language), count) in found.iter().take(120) {
            print!("{word} → {reading} ({language} {count}); ");
        }
        println!();
        assert!(with * 100 < posts, "{file}");
    }
}
