//! Any bytes as a feed's document, with the first two choosing what the server said of them.
#![no_main]

use groundswell_sources::feed::{ITEMS_MAX, NAME_BYTES_MAX, TEXT_BYTES_MAX, parse};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let types = [None, Some("text/xml"), Some("text/xml; charset=iso-2022-jp"), Some("application/json; charset=utf-16")];
    let (choice, document) = bytes.split_first().unwrap_or((&0, &[]));
    let address = "https://feeds.example/a/feed.xml".parse().expect("an address");
    let Ok(read) = parse(document, types[usize::from(*choice) % types.len()], &address) else { return };
    assert!(read.items.len() <= ITEMS_MAX);
    for item in &read.items {
        assert!(item.text.len() <= TEXT_BYTES_MAX && item.title.len() <= NAME_BYTES_MAX);
        assert!(item.link.as_ref().is_none_or(|link| link.starts_with("http")));
    }
});
