//! Any text as a `--map`: what is read prints and reads again as the same.
#![no_main]

use groundswell_sources::FieldMap;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(map) = text.parse::<FieldMap>() {
        assert_eq!(map.to_string().parse::<FieldMap>().as_ref(), Ok(&map));
    }
});
