//! Laws of the scrubber: twice is once, what was removed does not come back, nothing else changes.

use std::cell::RefCell;

use groundswell_edge::scrub::{Kind, LinkSink, Scrubber};
use proptest::prelude::*;

thread_local! {
    static SCRUBBER: RefCell<Scrubber> = RefCell::new(Scrubber::new());
}

fn scrub(text: &str) -> String {
    let mut out = String::new();
    SCRUBBER.with_borrow_mut(|scrubber| scrubber.scrub(text, &mut out, &mut LinkSink::default()));
    out
}

/// Pieces that rules react to, so that random texts come close to matching.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => prop::sample::select(vec![
            "@", "@user", "@a.b", "://", "http://", "https://x.co/", "www.", "www.a.b", ".com", "example.com", "twitter.com/", "u/", "/u/abc", "did:",
            "did:plc:", "abc123", ":", "::", "a1:", "fe80::1", ".", "-", "/", "(", ")", "[at]", "(dot)", "+", "+44 ", "0", "1", "12", "555", "1234",
            "4111", "1111", "GB82", "WEST", "⟨", "⟩", "⟨email⟩", "⟨phone⟩", "⟨link⟩", "<", ">", "°", "'", "\"", "N", " Street", " Apt. ", "Via ", "Roma ",
            "call ", "SSN ", "P.O. Box ", "lives at ", "RT ", "RT a:", "eyJ", "sk-", "0x", "AKIA", "\u{200B}", "\u{FEFF}", "２", "＠", "．", "٣", "–", "…", "\u{A0}",
            "丁目", "号", "路", ", ", "\n", "#", "$", "%", "v", "é", "я", "漢", "😀", "\u{FE0F}", "x", "ext ", "berlin", " Berlin", "10115",
        ]).prop_map(str::to_owned),
        1 => "[a-zA-Z]{1,8}",
        1 => "[0-9]{1,9}",
        1 => "[0-9]{1,4}([ .-][0-9]{1,4}){0,5}",
        1 => Just(" ".to_owned()),
        1 => "\\PC{0,3}",
    ]
}

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(piece(), 0..14).prop_map(|pieces| pieces.concat())
}

/// Made-up personal data of every kind, each with what must not be left of it.
fn planted() -> impl Strategy<Value = String> {
    let luhn = |digits: &str| {
        let sum: u32 = digits
            .bytes()
            .rev()
            .enumerate()
            .map(|(i, b)| {
                let d = u32::from(b - b'0') * (2 - i as u32 % 2);
                if d > 9 { d - 9 } else { d }
            })
            .sum();
        format!("{digits}{}", (10 - sum % 10) % 10)
    };
    prop_oneof![
        "[a-z]{3,12}[0-9]{0,3}@[a-z]{3,10}\\.(com|org|de|co\\.uk)",
        "@[A-Za-z][A-Za-z0-9_]{3,14}",
        "did:plc:[a-z2-7]{24}",
        "https://(twitter|x)\\.com/[a-z]{4,12}/status/[1-9][0-9]{17}",
        "(instagram|facebook|t)\\.(com|me)/[a-z]{5,12}".prop_filter("a platform", |s| s != "t.com"
            && !s.starts_with("t.com")
            && !s.ends_with("about")
            && !s.starts_with("instagram.me")
            && !s.starts_with("facebook.me")),
        "\\+44 ?7[0-9]{3} ?[1-9][0-9]{5}",
        "\\([2-9][02-9]{2}\\) [2-9][0-9]{2}-[1-9][0-9]{3}",
        "[2-9][02-9]{2}-[2-9][0-9]{2}-[1-9][0-9]{3}",
        "4[0-9]{14}".prop_map(move |d| luhn(&d)),
        "4[0-9]{14}".prop_map(move |d| {
            let d = luhn(&d);
            format!("{} {} {} {}", &d[..4], &d[4..8], &d[8..12], &d[12..])
        }),
        "[0-9]{18}".prop_map(|bban| {
            let n = (bban.clone() + "131400").bytes().fold(0, |n, b| (n * 10 + u32::from(b - b'0')) % 97);
            format!("DE{:02}{bban}", 98 - n)
        }),
        "[0-9]{18}".prop_map(|bban| {
            let n = (bban.clone() + "131400").bytes().fold(0, |n, b| (n * 10 + u32::from(b - b'0')) % 97);
            let all = format!("DE{:02}{bban}", 98 - n);
            all.as_bytes().chunks(4).map(|c| String::from_utf8_lossy(c).into_owned()).collect::<Vec<_>>().join(" ")
        }),
        "[1-8][0-9]{2}-[1-9][0-9]-[1-9][0-9]{3}".prop_filter("given out", |s| !s.starts_with("666")),
        "(1[0-9]|[2-9])\\.[1-9][0-9]\\.[1-9][0-9]\\.[1-9][0-9]",
        "[0-9a-f]{2}(:[0-9a-f]{2}){5}",
        "0x[0-9a-f]{40}",
        "ghp_[A-Za-z0-9]{35}7",
        "[1-8][0-9]\\.[0-9]{5}1, -?[1-9][0-9]\\.[0-9]{5}1",
        "[1-9][0-9]{1,3} (Oak|Maple|Elm) (Street|Avenue|Road)",
    ]
}

/// The longest runs of letters and digits: what would still point to a person.
fn traces(value: &str) -> Vec<&str> {
    value.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| part.len() >= 4).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, ..ProptestConfig::default() })]

    #[test]
    fn twice_is_once(text in text()) {
        let once = scrub(&text);
        prop_assert_eq!(scrub(&once), once);
    }

    #[test]
    fn angle_brackets_are_placeholders_only(text in text()) {
        let mut out = scrub(&text);
        for kind in Kind::ALL {
            out = out.replace(kind.placeholder(), "");
        }
        prop_assert!(!out.contains(['⟨', '⟩']));
    }

    #[test]
    fn what_is_planted_does_not_come_out(value in planted(), before in "([a-z]{1,9} ){0,4}", after in "( [a-z]{1,9}){0,4}") {
        let out = scrub(&format!("{before}{value}{after}"));
        for trace in traces(&value) {
            // A random word around it may be the same as a short part of it.
            if !before.contains(trace) && !after.contains(trace) && !["http", "https", "Street"].contains(&trace) {
                prop_assert!(!out.contains(trace), "{} left", trace.len());
            }
        }
    }

    #[test]
    fn detections_are_in_order_and_on_characters(text in text()) {
        let mut end = 0;
        for detection in SCRUBBER.with_borrow_mut(|scrubber| scrubber.detections(&text).to_vec()) {
            prop_assert!(detection.range.start >= end && detection.range.end > detection.range.start);
            prop_assert!(text.is_char_boundary(detection.range.start) && text.is_char_boundary(detection.range.end));
            end = detection.range.end;
        }
    }

    /// Words, hashtags, years, prices, scores, counts and dates come through as they are.
    #[test]
    fn ordinary_posts_survive(words in prop::collection::vec(prop_oneof![
        "[a-z]{1,10}", "#[A-Za-z]{3,12}(20[0-9]{2})?", "(19|20)[0-9]{2}", "\\$[1-9][0-9]{0,2}(,[0-9]{3}){0,2}", "[0-9]{1,2}-[0-9]{1,2}",
        "[1-9][0-9]{0,2}(,[0-9]{3}){1,2}", "[0-9]{1,2}%", "20[0-9]{2}-(0[1-9]|1[0-2])-[0-2][0-9]", "[0-2][0-9]:[0-5][0-9]", "[1-9]\\.[0-9]",
    ], 0..10)) {
        // Single blanks between numbers can look like a phone number by chance; words stand between them here.
        let text = words.join(" so ");
        prop_assert_eq!(scrub(&text), text);
    }
}

proptest! {
    // Each case makes scrubbers of its own, which is slow.
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn a_cached_scrubber_is_a_fresh_one(texts in prop::collection::vec(text(), 1..6)) {
        let mut scrubber = Scrubber::new();
        for text in &texts {
            let mut out = String::new();
            scrubber.scrub(text, &mut out, &mut LinkSink::default());
            let mut fresh = String::new();
            Scrubber::new().scrub(text, &mut fresh, &mut LinkSink::default());
            prop_assert_eq!(out, fresh);
        }
    }
}

#[test]
fn the_troll_slice_is_hardly_touched() {
    use std::io::BufRead;
    let path =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/troll/troll-slice.ndjson.zst");
    let Ok(file) = std::fs::File::open(path) else {
        println!("SKIPPED: ../shared/data is absent");
        return;
    };
    let mut scrubber = Scrubber::new();
    let (mut posts, mut touched) = (0_u32, 0_u32);
    let lines = std::io::BufReader::new(zstd::Decoder::new(file).unwrap()).lines();
    for line in lines.step_by(5) {
        let post: serde_json::Value = serde_json::from_str(&line.unwrap()).unwrap();
        posts += 1;
        let found = scrubber.detections(post["text"].as_str().unwrap());
        touched += u32::from(found.iter().any(|d| !matches!(d.kind, Kind::Link | Kind::Profile | Kind::Handle)));
    }
    assert!(posts > 70_000);
    assert!(touched * 200 < posts, "{touched} of {posts} posts: 0.5 % or more");
    assert!(touched > 50, "the slice holds phone numbers, cards and addresses; they must be found");
}

#[test]
fn the_labelled_set_reaches_its_targets() {
    use std::io::BufRead;

    use groundswell_edge::scrub::eval::{Evaluation, LabelledSpan};
    let path =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/pii/presidio-synth.ndjson.zst");
    let Ok(file) = std::fs::File::open(path) else {
        println!("SKIPPED: ../shared/data is absent");
        return;
    };
    let mut evaluation = Evaluation::new();
    for line in std::io::BufReader::new(zstd::Decoder::new(file).unwrap()).lines() {
        let post: serde_json::Value = serde_json::from_str(&line.unwrap()).unwrap();
        let spans: Vec<LabelledSpan> = serde_json::from_value(post["spans"].clone()).unwrap();
        evaluation.add(post["text"].as_str().unwrap(), &spans);
    }
    let report = evaluation.finish();
    for (kind, recall, precision) in [
        ("EMAIL_ADDRESS", 0.99, 0.97),
        ("CREDIT_CARD", 0.99, 0.97),
        ("IBAN_CODE", 0.99, 0.97),
        ("IP_ADDRESS", 0.99, 0.97),
        ("US_SSN", 0.99, 0.97),
        ("PHONE_NUMBER", 0.95, 0.95),
        ("STREET_ADDRESS", 0.85, 0.95),
    ] {
        let figures = &report.types[kind];
        assert!(figures.recall.unwrap() >= recall, "{kind}: {figures:?}");
        assert!(figures.precision.unwrap() >= precision, "{kind}: {figures:?}");
    }
}
