//! Any bytes as a Parquet file. The Parquet library may panic on damaged bytes, which the reader turns into an error; so this
//! target puts back the standard panic hook and looks only for what escapes.
#![no_main]

use groundswell_post::EventTime;
use groundswell_sources::file::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(init: std::panic::set_hook(Box::new(|_| {})), |bytes: &[u8]| {
    fuzzing::read_parquet(bytes, EventTime::from_unix(1_800_000_000));
});
