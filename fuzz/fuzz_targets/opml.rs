//! Any bytes as OPML: what is read can be read from.
#![no_main]

use groundswell_sources::feed::read_opml;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for feed in read_opml(bytes).unwrap_or_default() {
        feed.address().expect("an address that was read is one");
    }
});
