//! Any bytes as a whole file: compression, format and records.
#![no_main]

use groundswell_post::EventTime;
use groundswell_sources::FieldMap;
use groundswell_sources::file::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    fuzzing::read_all(bytes, &FieldMap::default(), EventTime::from_unix(1_800_000_000));
});
