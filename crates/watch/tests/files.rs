//! Files of watches: what is accepted, and what people read when one is not.

use groundswell_edge::EdgePost;
use groundswell_text::{Analysis, Analyzer};
use groundswell_watch::{Checker, Date, Doc, Frequencies, Scratch, WatchId, WatchSet, WatchState, to_toml};

fn today() -> Date {
    Date::from_unix(1_795_564_800) // 2026-11-25
}

fn watch(name: &str, query: &str, rest: &str) -> String {
    format!(
        "[[watch]]\nname = {name:?}\nquery = '{query}'\npurpose = {{ category = \"research\", sentence = \"To see what is said.\" }}\n{rest}\n"
    )
}

fn refusal(text: &str) -> String {
    WatchSet::parse("watches.toml", text, today()).map(|set| set.len()).expect_err(text).to_string()
}

#[test]
fn a_file_of_watches_is_read() {
    let text = [
        watch("a", "flood*", "sunset = 2027-02-01"),
        watch("B_2.c", "river", "created = \"2026-09-01\"\nsunset = \"2026-11-25\""),
        watch("c", "rain", "created = 2026-10-01T08:00:00Z"),
    ]
    .join("\n");
    let set = WatchSet::parse("watches.toml", &text, today()).unwrap();
    assert_eq!(set.len(), 3);
    let sunsets: Vec<String> = set.watches().iter().map(|watch| watch.sunset.to_string()).collect();
    assert_eq!(sunsets, ["2027-02-01", "2026-11-25", "2026-12-30"]);
    assert_eq!(set.watches()[0].created, today());
    assert_eq!(set.find("b_2.C").map(|(id, _)| id), Some(WatchId(1)));
    // What is written is read again.
    let again = WatchSet::parse("again.toml", &to_toml(set.watches()), today()).unwrap();
    for (a, b) in set.watches().iter().zip(again.watches()) {
        assert_eq!(
            (&a.name, &a.text, &a.purpose, a.created, a.sunset),
            (&b.name, &b.text, &b.purpose, b.created, b.sunset)
        );
    }
    assert!(WatchSet::parse("empty.toml", "", today()).unwrap().is_empty());
}

#[test]
fn an_expired_watch_matches_nothing_and_is_still_listed() {
    let text = watch("old", "rain", "created = \"2026-09-01\"\nsunset = \"2026-11-25\"") + &watch("new", "rain", "");
    let set = WatchSet::parse("watches.toml", &text, today()).unwrap();
    assert_eq!(set.watches()[0].state(today()), WatchState::Expired);
    assert_eq!(set.watches()[0].state(today().plus_days(-1)), WatchState::Active);
    assert_eq!(set.expired(today()).map(|(id, _)| id).collect::<Vec<_>>(), [WatchId(0)]);
    let mut analyzer = Analyzer::new();
    let percolator = set.percolator(today(), &mut analyzer, &Frequencies::builtin()).unwrap();
    let post = EdgePost { text: "rain".to_owned(), ..EdgePost::default() };
    let (mut analysis, mut out) = (Analysis::new(), Vec::new());
    analyzer.analyze(&post, &mut analysis);
    percolator.matches(&Doc::new(&post, &analysis), &mut Scratch::new(), &mut out);
    assert_eq!(out, [WatchId(1)], "ids are places in the file, whatever has expired");
}

#[test]
fn faults_are_told_with_line_field_and_place() {
    let purpose = "purpose = { category = \"research\", sentence = \"To see what is said.\" }";
    let files = [
        "[[watch]\n".to_owned(),
        "[[watch]]\nname = \"a\"\nqurey = \"b\"\n".to_owned(),
        "watch = 3\n".to_owned(),
        "[[watch]]\n".to_owned(),
        format!("[[watch]]\nname = \"a\"\n{purpose}\n"),
        "[[watch]]\nname = \"a\"\nquery = \"b\"\npurpose = { category = \"x\" }\n".to_owned(),
        "[[watch]]\nname = \"a\"\nquery = \"b\"\npurpose = { category = \"\", sentence = \"short\" }\n".to_owned(),
        watch("a b", "x1", ""),
        watch(&"n".repeat(65), "x1", ""),
        watch("a", "flood AND (river OR rain", ""),
        watch("a", "flood", "sunset = \"2027-12-01\""),
        watch("a", "flood", "sunset = \"2026-11-25\""),
        watch("a", "flood", "sunset = \"next year\"\ncreated = 5"),
        watch("a", "flood", "created = \"2027-01-01\""),
        watch("a", "flood", "") + &watch("A", "rain", ""),
        watch("a", "flood 🔥", "") + &watch("b", "domain:news.bbc.co.uk", "") + &watch("c", "from:jane", ""),
    ];
    let out: Vec<String> = files.iter().map(|text| refusal(text)).collect();
    insta::assert_snapshot!(out.join("\n\n"));
}

#[test]
fn what_is_taken_out_of_posts_cannot_be_looked_for() {
    let mut checker = Checker::new(today());
    for query in [
        "\"jane@example.com\"",
        "jane\\@example.com",
        "rain AND jane@example.com",
        "\"+44 20 7946 0958\"",
        "\\+442079460958",
        "\"4111 1111 1111 1111\"",
        "4111 1111 1111 1111",
        "4111 AND 1111 AND 1111 AND 1111",
        "\"4111 1111\" ONEAR/0 \"1111 1111\"",
        "\"GB29 NWBK 6016 1331 9268 19\"",
        "GB29NWBK60161331926819",
        "\"192.168.0.1\"",
        "\"https\\://twitter.com/jane\"",
        "twitter.com/jane",
        "\"a\" NOT \"jane@example.com\"",
        "(rain OR \"jane@example.com\")",
        "\"jane@example.com\" NEAR/3 rain",
        "www.example.com",
    ] {
        let error = checker.query(query).expect_err(query);
        assert_eq!(error.kind, groundswell_query::QueryErrorKind::Private, "{query}: {error}");
        assert!(query.get(error.span.start..error.span.end).is_some_and(|place| !place.is_empty()), "{query}");
    }
    for query in [
        "flood* river",
        "2019 OR 2020 OR 2021",
        "covid 19",
        "\"G20 summit\"",
        "domain:bbc.co.uk",
        "U.S. 9/11",
        "COP 30 2025",
    ] {
        if let Err(error) = checker.query(query) {
            panic!("{}", error.render(query));
        }
    }
}

#[test]
fn names_that_the_gate_has_shown_are_public() {
    let shown = |name: &str, since: Date| {
        assert_eq!(since, today().plus_days(-7), "asked of the week before");
        ["anna kowalczyk", "janedoe"].contains(&name)
    };
    let mut checker = Checker::knowing(today(), std::sync::Arc::new(shown));
    for query in
        ["\"Anna Kowalczyk\"", "anna kowalczyk", "kowalczyk NEAR/3 anna", "#JaneDoe", "flood AND \"anna kowalczyk\""]
    {
        checker.query(query).expect(query);
    }
    for query in ["\"maria kowalczyk\"", "#annadoe", "\"anna kowalczyk\" OR \"maria kowalczyk\""] {
        checker.query(query).expect_err(query);
    }
}

#[test]
fn nobody_is_looked_for_by_name() {
    let mut checker = Checker::new(today());
    for (query, place) in [
        ("\"jane doe\"", "\"jane doe\""),
        ("flood AND \"Jane Kowalczyk\"", "\"Jane Kowalczyk\""),
        ("flood OR \"jane doe\"", "\"jane doe\""),
        ("#janedoe", "#janedoe"),
        ("#ZquillaraVanterpoolski", "#ZquillaraVanterpoolski"),
        ("jane_doe", "jane_doe"),
        ("anna kowalczyk", "anna kowalczyk"),
        ("flood anna kowalczyk", "anna kowalczyk"),
        ("jane AND doe", "jane AND doe"),
        ("kowalczyk NEAR/3 anna", "kowalczyk NEAR/3 anna"),
        ("김민수", "김민수"),
        ("王小明", "王小明"),
        ("李娜", "李娜"),
        ("\"Maria de la Cruz\"", "\"Maria de la Cruz\""),
    ] {
        let error = checker.query(query).expect_err(query);
        assert_eq!(error.kind, groundswell_query::QueryErrorKind::Private, "{query}: {error}");
        assert_eq!(&query[error.span.start..error.span.end], place, "{query}");
        assert!(error.to_string().contains("name"), "{error}");
    }
    // Everyday phrases, and one that only excludes.
    for query in [
        // Words of two ideographs whose first is a family name, too.
        "洪水 OR 台風 OR 林業",
        "\"climate change\"",
        "\"heavy rain\"",
        "flood* AND (river OR \"heavy rain\") AND NOT metaphor*",
        "\"new york\"",
        "\"supreme court\"",
        "\"health care\"",
        "\"black friday\"",
        "\"general strike\"",
        "\"power outage\"",
        "\"bus drivers\"",
        "\"white house\"",
        "\"cost of living\"",
        "\"interest rates\"",
        "\"royal mail\"",
        "train delays",
        "river banks",
        "#climatestrike",
        "#heatwave",
        "#blacklivesmatter",
        "\"schwere regenfälle\"",
        "\"changement climatique\"",
        "\"cambio climático\"",
        "\"изменение климата\"",
        "\"气候变化\"",
        "\"기후 변화\"",
        "\"تغير المناخ\"",
        "flood NOT \"jane doe\"",
        "\"world cup\"",
        "\"air quality\"",
        "\"school closures\"",
    ] {
        if let Err(error) = checker.query(query) {
            panic!("{}", error.render(query));
        }
    }
}

#[test]
fn names_and_purposes_hold_nothing_personal_either() {
    let text = "[[watch]]\nname = \"a\"\nquery = \"rain\"\npurpose = { category = \"x\", sentence = \"Ask jane@example.com about it.\" }\n";
    assert!(
        refusal(text).contains("purpose.sentence: it holds what is taken out of posts: email"),
        "{}",
        refusal(text)
    );
}

#[test]
fn so_many_faults_are_told_and_no_more() {
    let text: String = (0..50).map(|i| watch(&format!("w{i}"), "(", "")).collect();
    let error = WatchSet::parse("watches.toml", &text, today()).unwrap_err();
    assert_eq!(error.problems.len(), groundswell_watch::PROBLEMS_MAX);
}
