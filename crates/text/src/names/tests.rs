use super::*;
use crate::Analyzer;

fn names(text: &str) -> Vec<String> {
    let (mut analyzer, mut analysis, mut finder, mut spans) =
        (Analyzer::new(), Analysis::new(), NameFinder::new(), Vec::new());
    analyzer.tokenize(text, &mut analysis);
    finder.find(text, &analysis, &mut spans);
    let value = |span: &NameSpan| {
        let mut value = String::new();
        NameFinder::push_value(&analysis, *span, &mut value);
        value
    };
    spans.iter().map(value).collect()
}

#[test]
fn finds_names_as_they_are_written() {
    for (text, expected) in [
        ("I saw Jane Doe at the station", &["jane doe"][..]),
        ("i saw jane doe at the station", &["jane doe"]),
        ("JANE DOE IS A LIAR AND A THIEF", &["jane doe"]),
        ("ask J. Kowalczyk about it", &["j kowalczyk"]),
        ("by J.R.R. Tolkien and others", &["j.r.r tolkien"]),
        ("Maria de la Cruz was there", &["maria de la cruz"]),
        ("it was Mr. Kowalczyk again", &["mr kowalczyk"]),
        ("the list says Kowalczyk, Anna again", &["kowalczyk anna"]),
        // No list has them, no name looks like that, and one begins the sentence.
        ("Gxqrabababa Fxqrabababa must answer for the flood", &["gxqrabababa fxqrabababa"]),
        ("Some say Gxqbarali Fxqbarali knew of the flood", &["gxqbarali fxqbarali"]),
        ("Nobody but G. Fxqbarali knew of the flood", &["g fxqbarali"]),
        ("ask D. O'Kowalczyk about it", &["d o kowalczyk"]),
        ("i saw maureen o'kowalczyk at the station", &["maureen o kowalczyk"]),
        ("iedereen zegt dat Katrijn van den Oever het geld heeft", &["katrijn van den oever"]),
        // With accents that no list has.
        ("i saw jáne doe at the station", &["jáne doe"]),
        ("みんな田中くみ子がお金を取ったと言っている", &["田中 くみ子"]),
        ("heavy rain and floods in the river valley", &[]),
        ("Heavy Rain is coming", &[]),
        ("we love New York and Los Angeles", &[]),
        ("ทุกคนบอกว่า #สมชายเลิศกิ่ง เอาเงินไป", &["สมชาย เลิศ กิ่ง"]),
        ("good morning everyone", &[]),
    ] {
        assert_eq!(names(text), expected, "{text}");
    }
}

#[test]
fn finds_names_run_together() {
    let finder = NameFinder::new();
    for name in [
        "janedoe",
        "doe_jane",
        "jane_doe",
        "annakowalczyk",
        "mariadelacruz",
        "john_smith1985",
        "김민수",
        "김민수가",
        "王小明",
        "李娜",
        "สมชายเลิศกิ่ง",
        "rikhard_vintarsson",
        "თეაარველაძე",
        "田中くみ子",
    ] {
        assert!(finder.joined(name), "{name}");
    }
    for word in [
        "flood",
        "election2016",
        "blacklivesmatter",
        "newyork",
        "marketing",
        "heavyrain",
        "brexit",
        "christmas",
        "maga",
        // Each begins like a family name.
        "洪水",
        "高速",
        "方法",
        "台風",
        "林業",
        "คอมพิวเตอร์",
        "ความเป็นส่วนตัว",
    ] {
        assert!(!finder.joined(word), "{word}");
    }
}

#[test]
fn marks_that_everyday_writing_does_without_change_nothing() {
    for (plain, marked) in [
        ("ראיתי את דוד כהן בתחנה", "ראיתי את דָּוִד כֹּהֵן בתחנה"),
        ("رأيت محمد الخطيب في المحطة", "رأيت مُحَمَّد الخَطِيب في المحطة"),
    ] {
        assert_eq!((names(plain).len(), names(marked).len()), (1, 1), "{plain}");
    }
}

#[test]
fn all_spellings_have_one_key() {
    let keys = ["jane doe", "jane-doe", "janedoe", "jane_doe"].map(name_key);
    assert!(keys.iter().all(|key| *key == keys[0]) && keys[0] != name_key("jane"));
}
