//! What each form of the contract parses to, as data.

use groundswell_query::{CostClass, LeafId, Node, PhrasePart, Term, parse};

/// The printed form of `query`, with the lints left aside.
fn check(query: &str, printed: &str) {
    match parse(query) {
        Ok(parsed) => assert_eq!(parsed.to_string(), printed, "{query}"),
        Err(error) => panic!("{query}\n{}", error.render(query)),
    }
}

#[test]
fn precedence_is_not_then_and_then_or() {
    check("a", "a");
    check("a b", "(a AND b)");
    check("a b AND c", "(a AND b AND c)");
    check("a OR b c", "(a OR (b AND c))");
    check("a AND NOT b OR c", "((a AND (NOT b)) OR c)");
    check("a NOT b c", "(a AND (NOT b) AND c)");
    check("a NOT (b OR c)", "(a AND (NOT (b OR c)))");
    check("(a OR b) (c OR d)", "((a OR b) AND (c OR d))");
    check("NOT b AND a", "((NOT b) AND a)");
    check("a NOT b NEAR/3 c", "(a AND (NOT (b NEAR/3 c)))");
    check("a OR b NEAR/3 c d", "(a OR ((b NEAR/3 c) AND d))");
}

#[test]
fn same_operators_are_one_list() {
    check("a AND (b AND (c d))", "(a AND b AND c AND d)");
    check("(a OR b) OR (c OR (d))", "(a OR b OR c OR d)");
    check("a (NOT b)", "(a AND (NOT b))");
    check("a AND (NOT b AND NOT c)", "(a AND (NOT b) AND (NOT c))");
    check("(((a)))", "a");
}

#[test]
fn the_contracts_example() {
    check(
        r#"flood* AND (river OR "heavy rain") AND NOT metaphor*"#,
        r#"(flood* AND (river OR "heavy rain") AND (NOT metaphor*))"#,
    );
}

#[test]
fn any_double_quotation_mark_makes_a_phrase() {
    for query in ["\"a b\"", "“a b”", "„a b“", "«a b»", "»a b«", "”a b”", "＂a b＂"] {
        check(query, "\"a b\"");
    }
    check(r#""heavy rain*""#, r#""heavy rain*""#);
    check(r#"say "a \"b\" c""#, r#"(say AND "a \"b\" c")"#);
    check("a\"b c\"d", "(a AND \"b c\" AND d)");
    // Punctuation that stands alone holds no word.
    check("\"rain - flood!\"", "\"rain flood!\"");
    check("\"what is this?\"", "\"what is this?\"");
}

#[test]
fn near_takes_words_prefixes_phrases_and_groups() {
    check("a NEAR/0 b", "(a NEAR/0 b)");
    check("a ONEAR/30 b", "(a ONEAR/30 b)");
    check("(a OR bc* OR \"d e\") NEAR/5 \"f g\"", "((a OR bc* OR \"d e\") NEAR/5 \"f g\")");
    check("((a OR (b OR c))) NEAR/5 d", "((a OR b OR c) NEAR/5 d)");
}

#[test]
fn escapes_take_the_next_character_as_it_is() {
    check(r"\AND", r"\AND");
    check(r"\NEAR/5", r"\NEAR/5");
    check(r"A\ND", r"\AND");
    check(r"c\*", r"c\*");
    check(r"what\?", r"what\?");
    check(r"\(a\)", r"\(a\)");
    check(r"re\:invent", r"re\:invent");
    check(r"\#flood", r"\#flood");
    check(r"\-x", r"\-x");
    check(r"heavy\ rain", r"heavy\ rain");
    check(r"a\\b", r"a\\b");
}

#[test]
fn words_may_hold_what_is_no_syntax() {
    for word in [
        "don't",
        "c++",
        "10:30",
        "U.S.",
        "3.5%",
        "AT&T",
        "日本語",
        "andorra",
        "ANDES",
        "e-mail",
        "-5",
        "été",
        "🔥",
        "and/or",
    ] {
        let query = parse(word).unwrap();
        assert!(matches!(&query.leaves()[0].term, Term::Word(found) if found == word), "{word}");
        assert!(parse(&query.to_string()).unwrap().same_structure(&query), "{word}");
    }
}

#[test]
fn fields_have_one_spelling() {
    check("LANG:EN", "lang:en");
    check("region:pt", "region:PT");
    check("domain:BBC.co.uk", "domain:bbc.co.uk");
    check("domain:\"münchen.de.\"", "domain:münchen.de");
    check("source:“My Feed”", "source:\"My Feed\"");
    check("kind:Publisher relation:reply", "(kind:publisher AND relation:reply)");
    check("lang:und OR #Flood_1", "(lang:und OR #Flood_1)");
}

#[test]
fn leaves_are_numbered_in_the_order_of_the_text() {
    let query = parse("a (b OR \"c d\") NOT (e NEAR/2 (ff* OR g)) lang:en #h").unwrap();
    let leaves = query.leaves();
    assert_eq!(leaves.len(), usize::from(query.leaves));
    for (i, leaf) in leaves.iter().enumerate() {
        assert_eq!(leaf.id, LeafId(i as u16));
    }
    assert_eq!(leaves[2].term, Term::Phrase(vec![PhrasePart::Word("c".into()), PhrasePart::Word("d".into())]));
    assert!(leaves.is_sorted_by_key(|leaf| leaf.span));
}

#[test]
fn spans_are_where_things_stand() {
    let text = "ä (b OR “c d”)";
    let query = parse(text).unwrap();
    let spans: Vec<&str> = query.leaves().iter().map(|leaf| &text[leaf.span.start..leaf.span.end]).collect();
    assert_eq!(spans, ["ä", "b", "“c d”"]);
    let Node::And(children) = &query.root.node else { panic!("an AND") };
    assert_eq!(&text[children[1].span.start..children[1].span.end], "(b OR “c d”)");
}

#[test]
fn limits_hold_at_their_edge() {
    let leaves = |n: usize| vec!["ab"; n].join(" OR ");
    assert!(parse(&leaves(512)).is_ok());
    assert!(parse(&leaves(513)).is_err());
    let nested = |n: usize| format!("{}a{}", "(".repeat(n), ")".repeat(n));
    assert!(parse(&nested(32)).is_ok());
    assert!(parse(&nested(33)).is_err());
    assert!(parse(&"a".repeat(4_096)).is_ok());
    assert!(parse(&"ä".repeat(4_096)).is_ok());
    assert!(parse(&"a".repeat(4_097)).is_err());
    assert!(parse(&format!("a {}b", "NOT ".repeat(4_000 / 4))).is_err());
    let alternating = (0..31)
        .fold("x".to_owned(), |inner, i| if i % 2 == 0 { format!("(a {inner})") } else { format!("(b OR {inner})") });
    let query = parse(&alternating).unwrap();
    assert!(parse(&query.to_string()).unwrap().same_structure(&query));
}

#[test]
fn cost_names_the_rarest_part() {
    let class = |query: &str| parse(query).unwrap().cost().class;
    assert_eq!(class("flood AND the"), CostClass::Low);
    assert_eq!(class("the"), CostClass::High);
    assert_eq!(class("lang:en"), CostClass::High);
    assert_eq!(class("flood OR the"), CostClass::High);
    assert_eq!(class("ab*"), CostClass::High);
    assert_eq!(class("floo*"), CostClass::Low);
    let cost = parse(r#"lang:en AND (river OR "the rain") AND NOT (a NEAR/2 bc*)"#).unwrap().cost();
    assert_eq!(
        cost.to_string(),
        r#"low: looked at for posts with river or "the rain" (2 words, 1 prefix, 1 phrase, 1 NEAR, 1 field, 1 NOT)"#
    );
}
