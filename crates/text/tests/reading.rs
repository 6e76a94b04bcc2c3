//! What comes out of a post, case by case.

use groundswell_edge::EdgePost;
use groundswell_text::{Analysis, Analyzer, EMOJI_MAX, Language};
use proptest::prelude::*;

fn words(text: &str) -> Vec<String> {
    let mut analysis = Analysis::new();
    Analyzer::new().tokenize(text, &mut analysis);
    analysis.words.iter().map(|word| analysis.word(word).to_owned()).collect()
}

fn read(post: &EdgePost) -> Analysis {
    let mut analysis = Analysis::new();
    Analyzer::new().analyze(post, &mut analysis);
    analysis
}

fn tags(text: &str, listed: &[&str]) -> Vec<String> {
    let post = EdgePost {
        text: text.to_owned(),
        hashtags: listed.iter().map(|&tag| tag.to_owned()).collect(),
        ..EdgePost::default()
    };
    let analysis = read(&post);
    analysis.hashtags.iter().map(|tag| analysis.hashtag(tag).to_owned()).collect()
}

#[test]
fn words_are_uax_29_segments_in_normal_form() {
    for (text, expected) in [
        ("", vec![]),
        ("Hello, World!", vec!["hello", "world"]),
        (
            "Trump's l'eau d’été rock＇n＇roll ‘quoted’",
            vec!["trump", "s", "l", "eau", "d", "été", "rock", "n", "roll", "quoted"],
        ),
        ("foo_bar U.S.A. 3.14 1,000 v2.0", vec!["foo_bar", "u.s.a", "3.14", "1,000", "v2.0"]),
        ("___ --- 😀 ❤️ ①", vec![]),
        ("ＦＬＯＯＤ ﬁre Ⅷ", vec!["flood", "fire", "viii"]),
        ("ÉTÉ e\u{301}te\u{301} İstanbul ΟΔΟΣ", vec!["été", "été", "i\u{307}stanbul", "οδος"]),
        ("наводнение м'яч", vec!["наводнение", "м", "яч"]),
        ("سيلاب في المدينة", vec!["سيلاب", "في", "المدينة"]),
        ("हिन्दी में बाढ़", vec!["हिन्दी", "में", "बाढ़"]),
        ("홍수 경보", vec!["홍수", "경보"]),
        ("soft\u{ad}ware flood\u{200f} \u{feff}bom", vec!["software", "flood", "bom"]),
    ] {
        assert_eq!(words(text), expected, "{text}");
    }
}

#[test]
fn scripts_without_spaces_are_cut_by_dictionary() {
    for (text, expected) in [
        ("洪水警报", vec!["洪水", "警报"]),
        ("今日は天気", vec!["今日", "は", "天気"]),
        ("ภาษาไทย", vec!["ภาษา", "ไทย"]),
        ("カタカナ", vec!["カタカナ"]),
        ("iPhone发布了", vec!["iphone", "发布", "了"]),
    ] {
        assert_eq!(words(text), expected, "{text}");
    }
}

#[test]
fn placeholders_hold_no_words_and_leave_no_gap() {
    assert_eq!(words("call ⟨phone⟩ now ⟨link⟩"), ["call", "now"]);
    assert_eq!(words("flo⟨link⟩od 洪⟨email⟩水"), ["flo", "od", "洪", "水"]);
    assert_eq!(words("⟨not closed here"), ["not", "closed", "here"]);
    assert_eq!(words(&format!("⟨{}⟩", "a".repeat(65))), ["a".repeat(65)]);
    assert_eq!(words("⟨a⟨b⟩ c ⟨⟩ d"), ["a", "c", "d"]);
}

#[test]
fn raw_ranges_show_the_spelling() {
    let mut analysis = Analysis::new();
    let text = "Ça, «ÉTÉ» ⟨link⟩ Ｘ2";
    Analyzer::new().tokenize(text, &mut analysis);
    let raw: Vec<&str> = analysis.words.iter().map(|w| &text[w.raw.0 as usize..w.raw.1 as usize]).collect();
    assert_eq!(raw, ["Ça", "ÉTÉ", "Ｘ2"]);
}

#[test]
fn hashtags_are_found_once_each() {
    for (text, expected) in [
        ("#Flood #flood #FLOOD!", vec!["flood"]),
        ("#foo_bar, #covid19 #1 #2016 #19a", vec!["foo_bar", "covid19", "19a"]),
        ("a#b &#39; x_#y 1#z ##double", vec!["double"]),
        ("＃洪水警報 です #l'eau", vec!["洪水警報", "l"]),
        ("#a#b #a-b #foo.bar", vec!["a", "foo"]),
        ("#️⃣ #1️⃣ # #_ #हिन्दी", vec!["हिन्दी"]),
        ("#⟨link⟩ #می‌خواهم", vec!["می‌خواهم"]),
        ("(#paren) \"#quoted\"", vec!["paren", "quoted"]),
    ] {
        assert_eq!(tags(text, &[]), expected, "{text}");
    }
}

#[test]
fn listed_hashtags_join_those_of_the_text() {
    assert_eq!(tags("#Flood here", &["FLOOD", "river", "#sea", ""]), ["flood", "river", "sea"]);
}

#[test]
fn a_hashtag_is_also_a_word_where_it_stands() {
    assert_eq!(words("see #flood now #foo_bar"), ["see", "flood", "now", "foo_bar"]);
    assert_eq!(words("＃洪水警報"), ["洪水", "警報"]);
}

#[test]
fn a_declared_language_is_trusted() {
    let mut post = EdgePost { text: "The river is rising".to_owned(), ..EdgePost::default() };
    assert_eq!(read(&post).language.as_str(), "en");
    post.language = Some(*b"de");
    assert_eq!(read(&post).language, Language::from_code(*b"de"));
}

#[test]
fn an_analysis_holds_nothing_of_the_post_before() {
    let mut analyzer = Analyzer::new();
    let mut analysis = Analysis::new();
    let first = EdgePost { text: "#one two".to_owned(), ..EdgePost::default() };
    let second = EdgePost::default();
    analyzer.analyze(&first, &mut analysis);
    analyzer.analyze(&second, &mut analysis);
    assert!(analysis.words.is_empty() && analysis.hashtags.is_empty() && analysis.normal.is_empty());
    assert_eq!(analysis.language, Language::UND);
}

#[test]
fn a_listed_hashtag_is_a_hashtag_only() {
    let post = EdgePost { text: "here".to_owned(), hashtags: vec!["Flood".to_owned()], ..EdgePost::default() };
    let analysis = read(&post);
    assert_eq!(analysis.words.len(), 1);
    assert_eq!(analysis.hashtags[0].hash, groundswell_text::hash_word("flood"));
}

#[test]
fn scripts_with_one_language_tell_it() {
    for (text, expected) in [
        ("홍수 경보", "ko"),
        ("洪水警報です", "ja"),
        ("洪水警报 iPhone", "zh"),
        ("น้ำท่วม", "th"),
        ("Πλημμύρα στην πόλη", "el"),
        ("שיטפון בעיר", "he"),
        ("წყალდიდობა", "ka"),
        ("বন্যা", "bn"),
        ("Паводок у місті, і їх багато", "uk"),
        ("Наводнение в городе", "ru"),
        ("سیلاب در شهر و گزارش‌ها", "fa"),
        ("الفيضانات في المدينة", "ar"),
        ("Powódź w mieście, ale wszyscy są bezpieczni", "pl"),
        ("Árvíz a városban, de mindenki biztonságban van", "hu"),
        ("#flood ⟨link⟩ Überschwemmung in der Stadt", "de"),
        ("#the #of #and Überschwemmung in der Stadt", "de"),
        ("12:30 😀", "und"),
    ] {
        assert_eq!(groundswell_text::detect_language(text).as_str(), expected, "{text}");
    }
}

/// As written, and the one form that is counted.
const EMOJI: [(&str, &str); 8] = [
    ("🔥", "🔥"),
    ("❤️", "❤️"),
    ("👏🏽", "👏"),
    ("🤷🏿\u{200d}♀️", "🤷\u{200d}♀️"),
    ("👨\u{200d}👩\u{200d}👧", "👨\u{200d}👩\u{200d}👧"),
    ("🇵🇹", "🇵🇹"),
    (
        "🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}",
        "🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}",
    ),
    ("#️⃣", "#️⃣"),
];

proptest! {
    /// A watch's phrases and distances go over emoji as over commas; and each emoji is found, once.
    #[test]
    fn emoji_are_found_and_take_no_place_among_the_words(
        pieces in prop::collection::vec((prop::option::of(0..EMOJI.len()), "[a-zéя]{1,6}|洪水|#tag|⟨link⟩", " ?"), 0..12),
    ) {
        let (mut with, mut without, mut expected) = (String::new(), String::new(), Vec::new());
        for (emoji, word, space) in &pieces {
            if let Some(emoji) = emoji {
                with.push_str(EMOJI[*emoji].0);
                if !expected.contains(&EMOJI[*emoji].1) {
                    expected.push(EMOJI[*emoji].1);
                }
            } else {
                with.push(' ');
            }
            without.push(' ');
            for text in [&mut with, &mut without] {
                text.push_str(word);
                text.push_str(space);
            }
        }
        // Two pieces without a gap are two words in both.
        prop_assert_eq!(words(&with), words(&without));
        let analysis = read(&EdgePost { text: with, ..EdgePost::default() });
        let found: Vec<&str> = analysis.emoji.iter().map(|emoji| analysis.emoji(emoji)).collect();
        prop_assert_eq!(found, expected);
    }
}

#[test]
fn digits_that_are_keys_stay_words() {
    let analysis = read(&EdgePost { text: "1️⃣ then 12 and 2⃣".to_owned(), ..EdgePost::default() });
    assert_eq!(words("1️⃣ then 12 and 2⃣"), ["1⃣", "then", "12", "and", "2⃣"]);
    let emoji: Vec<&str> = analysis.emoji.iter().map(|emoji| analysis.emoji(emoji)).collect();
    assert_eq!(emoji, ["1️⃣", "2️⃣"]);
}

#[test]
fn more_emoji_than_the_bound_are_left_out_and_said() {
    let text: String = ('\u{1f600}'..).take(EMOJI_MAX).collect();
    let reading = read(&EdgePost { text: text.clone() + "\u{1f600}", ..EdgePost::default() });
    assert_eq!((reading.emoji.len(), reading.truncated), (EMOJI_MAX, false));
    let reading = read(&EdgePost { text: text + "🔥", ..EdgePost::default() });
    assert_eq!((reading.emoji.len(), reading.truncated), (EMOJI_MAX, true));
}
