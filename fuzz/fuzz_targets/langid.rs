//! Identifying any text: no panic, the same answer with and without what some processors have, and nothing beyond the bound
//! has a say.
#![no_main]

use groundswell_langid::{CHARS_MAX, Language, identify, identify_two, likeliest, likeliest_portable};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let found = likeliest(text);
    assert_eq!(found, likeliest_portable(text));
    assert!((0.0..=1.0).contains(&found.probability));
    let told = identify(text);
    assert!(told == found || told.language == Language::UND);
    let (whole, two) = identify_two(text);
    assert_eq!(whole, told);
    assert!(two.is_none_or(|two| (0.5..1.0).contains(&two.share)));
    let read: String = text.chars().take(CHARS_MAX).collect();
    assert_eq!(found, likeliest(&read));
});
