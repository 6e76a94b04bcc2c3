//! Any text through the scrubber: twice is once, and angle brackets are placeholders only.
#![no_main]

use groundswell_edge::scrub::{Kind, LinkSink, Scrubber};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let mut scrubber = Scrubber::new();
    let (mut once, mut twice) = (String::new(), String::new());
    scrubber.scrub(text, &mut once, &mut LinkSink::default());
    scrubber.scrub(&once, &mut twice, &mut LinkSink::default());
    assert!(once == twice, "scrubbing twice is not scrubbing once");
    let mut rest = once;
    for kind in Kind::ALL {
        rest = rest.replace(kind.placeholder(), "");
    }
    assert!(!rest.contains(['⟨', '⟩']), "an angle bracket that is no placeholder");
});
