//! Laws: printing and parsing are inverse; nothing panics; places are real places.

use groundswell_query::{Expr, Node, QueryError, parse};
use proptest::prelude::*;

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-z]{1,8}",
        1 => r#"[a-zA-Z0-9#@:*?()"“\\\\ '!-]{1,6}"#.prop_filter("handles are refused", |w| !w.starts_with('@')),
        1 => Just("AND".to_owned()),
        1 => Just("NEAR/5".to_owned()),
        1 => "[äßλ日本語🔥]{1,4}",
    ]
    .prop_filter("a word holds more than ASCII punctuation", |w| w.chars().any(char::is_alphanumeric))
}

/// A word as one would write it: everything that could be syntax is escaped.
fn escape(word: &str) -> String {
    let mut out = String::new();
    for (i, c) in word.chars().enumerate() {
        if i == 0 || !c.is_alphanumeric() {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

fn atom() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => word().prop_map(|w| escape(&w)),
        1 => "[a-z]{2,6}".prop_map(|w| format!("{w}*")),
        2 => prop::collection::vec(word(), 1..4).prop_map(|ws| {
            format!("\"{}\"", ws.iter().map(|w| escape(w)).collect::<Vec<_>>().join(" "))
        }),
    ]
}

fn leaf() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => atom(),
        1 => "[a-z]{1,6}".prop_map(|w| format!("#{w}")),
        1 => prop::sample::select(vec!["lang:en", "kind:person", "region:PT", "domain:a.org", "source:\"a b\"", "relation:quote"])
            .prop_map(str::to_owned),
        2 => (atom(), any::<bool>(), 0..=30_u8, prop::collection::vec(atom(), 1..3)).prop_map(|(a, ordered, n, b)| {
            format!("{a} {}/{n} ({})", if ordered { "ONEAR" } else { "NEAR" }, b.join(" OR "))
        }),
    ]
}

fn query() -> impl Strategy<Value = String> {
    leaf().prop_recursive(5, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(|c| format!("({})", c.join(" OR "))),
            prop::collection::vec(inner.clone(), 2..4).prop_map(|c| format!("({})", c.join(" AND "))),
            prop::collection::vec(inner.clone(), 2..4).prop_map(|c| c.join(" ")),
            (inner.clone(), inner).prop_map(|(a, b)| format!("({a} AND NOT ({b}))")),
        ]
    })
}

fn well_formed(expr: &Expr) -> bool {
    match &expr.node {
        Node::And(children) => {
            children.len() > 1
                && children.iter().any(Expr::is_positive)
                && children.iter().all(|c| !matches!(c.node, Node::And(_)) && well_formed(c))
        }
        Node::Or(children) => {
            children.len() > 1
                && children.iter().all(|c| !matches!(c.node, Node::Or(_) | Node::Not(_)) && well_formed(c))
        }
        Node::Not(inner) => !matches!(inner.node, Node::Not(_)) && well_formed(inner),
        Node::Near(_) | Node::Leaf(_) => true,
    }
}

fn place_is_real(text: &str, error: &QueryError) -> bool {
    error.span.start <= error.span.end && text.get(error.span.start..error.span.end).is_some() && !error.help.is_empty()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    #[test]
    fn what_is_printed_parses_to_the_same(text in query()) {
        let first = match parse(&text) {
            Ok(first) => first,
            Err(error) => return Err(TestCaseError::fail(format!("{text}\n{}", error.render(&text)))),
        };
        prop_assert!(well_formed(&first.root));
        let printed = first.to_string();
        let second = match parse(&printed) {
            Ok(second) => second,
            Err(error) => return Err(TestCaseError::fail(format!("{printed}\n{}", error.render(&printed)))),
        };
        prop_assert!(first.same_structure(&second), "{} became {}", text, second);
        prop_assert_eq!(printed, second.to_string());
    }

    #[test]
    fn any_text_is_read_or_refused_with_a_place(text in "\\PC{0,60}") {
        match parse(&text) {
            Ok(query) => {
                prop_assert!(well_formed(&query.root));
                prop_assert!(query.lints.iter().all(|lint| text.get(lint.span.start..lint.span.end).is_some()));
            }
            Err(error) => prop_assert!(place_is_real(&text, &error), "{}", error.render(&text)),
        }
    }

    #[test]
    fn any_soup_of_syntax_is_read_or_refused_with_a_place(
        parts in prop::collection::vec(
            prop::sample::select(vec![
                "a", "bc", " ", " ", "(", ")", "\"", "“", "*", "?", "\\", "#", "@", ":", "lang:", "lang:en", "domain:", "AND", "OR", "NOT",
                "NEAR/3", "NEAR", "ONEAR/31", "-", "\n", "日本", "/", "from:", "\u{0}", "\u{301}",
            ]),
            0..24,
        ),
    ) {
        let text = parts.concat();
        match parse(&text) {
            Ok(query) => {
                let printed = query.to_string();
                let again = parse(&printed);
                prop_assert!(again.is_ok_and(|again| again.same_structure(&query)), "{:?} printed {:?}", text, printed);
            }
            Err(error) => {
                prop_assert!(place_is_real(&text, &error));
                prop_assert!(error.render(&text).lines().count() >= 4);
            }
        }
    }
}
