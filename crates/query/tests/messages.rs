//! What people read when a query is refused or doubted. Review each line of the snapshots as if it were code.

use std::fmt::Write as _;

use groundswell_query::parse;

#[test]
fn errors() {
    let long = format!("{} from:x {}", "word ".repeat(60), "word ".repeat(60));
    let too_long = "a ".repeat(2_100);
    let too_many = vec!["ab"; 513].join(" OR ");
    let too_deep = format!("{}a{}", "(".repeat(33), ")".repeat(33));
    let queries = [
        // nothing
        "",
        "   ",
        "()",
        "a ()",
        "\"\"",
        "\" - \"",
        "...",
        "a && b",
        "a || b",
        "a | b",
        // partners
        "(a OR b",
        "a (",
        "a)",
        ")",
        "a OR (b",
        "\"a b",
        "“a b",
        "a \\",
        // sides
        "AND",
        "a AND",
        "OR a",
        "a OR",
        "a AND OR b",
        "NOT",
        "a NOT",
        "a NEAR/3",
        "NEAR/3 a",
        "(a AND) b",
        "a AND AND b",
        // NOT
        "NOT a",
        "NOT a AND NOT b",
        "a OR NOT b",
        "a AND NOT NOT b",
        "a AND (NOT b OR c)",
        "(NOT a) OR b",
        "a AND NOT (NOT b AND NOT c)",
        // NEAR
        "a NEAR b",
        "a NEAR/ b",
        "a NEAR/31 b",
        "a ONEAR/999 b",
        "a NEAR/x b",
        "a NEAR/2 b NEAR/2 c",
        "a NEAR/2 (b AND c)",
        "#a NEAR/2 b",
        "a NEAR/2 lang:en",
        "a NEAR/2 NOT b",
        "(a NEAR/2 b) NEAR/3 c",
        "a NEAR/2 (b OR (c d))",
        "NEAR:5",
        // wildcards
        "*fix",
        "w?rd",
        "wor*d",
        "a*",
        "*",
        "flood**",
        "why?",
        "#flo*",
        "\"he*vy rain\"",
        "\"a* b\"",
        // foreign
        "-flood",
        "flood !rain",
        // fields
        "lnag:en",
        "foo:bar",
        "language:en",
        "site:bbc.co.uk",
        "https://example.org/a",
        "lang:",
        "lang: en",
        "lang:eng",
        "lang:pt-BR",
        "lang:en,fr",
        "lang:(en OR fr)",
        "lang:e*",
        "kind:post",
        "kind:persn",
        "relation:retweet",
        "relation:answer",
        "region:PRT",
        "domain:bbc",
        "domain:www.bbc.co.uk",
        "domain:https://bbc.co.uk/x",
        "source:\"\"",
        // people and places
        "author:jane",
        "from:jane",
        "to:jane",
        "user:jane",
        "@jane",
        "rain @jane",
        "\"hello @jane\"",
        "\\@jane",
        "＠jane",
        "mentions:jane",
        "profile:jane",
        "near:lisbon",
        "geo:38.7,-9.1",
        // hashtags
        "#",
        "##flood",
        "#covid-19",
        "#a.b",
        // limits
        &too_long,
        &too_many,
        &too_deep,
        // drawing
        &long,
        "flood AND\n  (river OR\n\tfrom:x)",
        "日本語 AND 日本 from:x",
        "e\u{301}te\u{301} from:x",
        "a\tb from:x",
    ];
    let mut out = String::new();
    for query in queries {
        let error = parse(query).expect_err(query);
        write!(out, "{:?}: ", error.kind).unwrap();
        out.push_str(&error.render(query));
        out.push('\n');
    }
    insta::assert_snapshot!(out);
}

#[test]
fn lints() {
    let queries = [
        "flood and rain",
        "not flood",
        "flood or (rain)",
        "flood near rain",
        "flood near/5 rain",
        "and flood",
        "a1 OR flood rain",
        "(flood AND rain) OR storm",
        "flood OR rain AND storm OR hail",
        "flood rain Flood",
        "flood OR \"a b\" OR \"a b\"",
        "flood AND NOT flood",
        "flood OR floods OR flood*",
        "flood OR #flood",
        "#flood AND flood",
        "ab*",
        "abc*",
        "\"flood\"",
        "“flood\"",
        "'heavy rain'",
        "the",
        "the OR flood",
        "x",
        "lang:en",
        "lang:en AND NOT kind:publisher",
        "lang:jp flood",
        "lang:xx flood",
        "region:UK flood",
    ];
    let mut out = String::new();
    for query in queries {
        let parsed = parse(query).unwrap();
        writeln!(out, "> {query}").unwrap();
        for lint in &parsed.lints {
            write!(out, "{:?}: {}", lint.kind, lint.render(query)).unwrap();
        }
        out.push('\n');
    }
    insta::assert_snapshot!(out);
}
