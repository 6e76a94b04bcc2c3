//! Any bytes behind a CSV header.
#![no_main]

use groundswell_post::EventTime;
use groundswell_sources::FieldMap;
use groundswell_sources::file::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut file = b"time,text,author,id,links,delete\n".to_vec();
    file.extend_from_slice(bytes);
    fuzzing::read_all(&file, &FieldMap::default(), EventTime::from_unix(1_800_000_000));
});
