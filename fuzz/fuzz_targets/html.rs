//! Any text as HTML: its text is never longer than it, and the same once more.
#![no_main]

use groundswell_sources::html::to_text;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|html: &str| {
    let (mut once, mut again) = (String::new(), String::new());
    to_text(html, &mut once);
    to_text(html, &mut again);
    assert!(once.len() <= html.len());
    assert_eq!(once, again);
});
