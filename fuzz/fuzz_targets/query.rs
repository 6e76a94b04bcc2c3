//! Any text is a query or is refused with a place and a cure; what is accepted prints as a query of the same structure.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match groundswell_query::parse(text) {
        Ok(query) => {
            let printed = query.to_string();
            for lint in &query.lints {
                assert!(text.get(lint.span.start..lint.span.end).is_some());
                let _ = lint.render(text);
            }
            let _ = query.cost().to_string();
            if printed.chars().count() <= groundswell_query::CHARACTERS_MAX {
                let again = groundswell_query::parse(&printed).expect("what is printed is a query");
                assert!(again.same_structure(&query));
                assert_eq!(again.to_string(), printed);
            }
        }
        Err(error) => {
            assert!(text.get(error.span.start..error.span.end).is_some());
            assert!(!error.help.is_empty());
            let _ = error.render(text);
        }
    }
});
