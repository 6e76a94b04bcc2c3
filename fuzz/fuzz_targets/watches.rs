//! Any text is a file of watches or is refused with at least one line; what is accepted compiles.
#![no_main]

use groundswell_text::Analyzer;
use groundswell_watch::{Date, Frequencies, WatchSet};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let today = Date::from_unix(1_795_564_800);
    match WatchSet::parse("fuzz.toml", text, today) {
        Ok(watches) => {
            watches.percolator(today, &mut Analyzer::new(), &Frequencies::builtin()).expect("checked watches compile");
        }
        Err(error) => assert!(!error.problems.is_empty() && !error.to_string().is_empty()),
    }
});
