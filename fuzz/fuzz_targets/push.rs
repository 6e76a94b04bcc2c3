//! Any bytes as a pushed batch: a letter for how it is packed, a line for its `Idempotency-Key`, and the body.
#![no_main]

use std::sync::Arc;
use std::time::Duration;

use groundswell_post::EventTime;
use groundswell_sources::ManualClock;
use groundswell_sources::push::{BATCH_BYTES_MAX, Packing, PushConfig, PushKey, REJECTIONS_SHOWN_MAX, push};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((&packing, rest)) = bytes.split_first() else { return };
    let packing = match packing {
        b'g' => Packing::Gzip,
        b'z' => Packing::Zstd,
        _ => Packing::Plain,
    };
    let end = rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len());
    let (key, body) = (&rest[..end], rest.get(end + 1..).unwrap_or_default());
    let key = std::str::from_utf8(key).ok().and_then(|key| key.parse::<PushKey>().ok());
    if let Some(key) = &key {
        // What is read is what is written down as a position.
        let written = format!("{}/{}", key.stream(), key.number());
        assert_eq!(written.parse::<PushKey>().as_ref(), Ok(key));
    }
    let clock = Arc::new(ManualClock::at(EventTime::from_unix(1_800_000_000)));
    let (door, _source) = push(PushConfig::default(), clock);
    let Ok(receipt) = door.take(key.as_ref(), body.to_vec(), packing, Duration::ZERO) else {
        assert_eq!(door.streams(), 0, "what was refused leaves nothing behind");
        return;
    };
    assert_eq!(receipt.lines, receipt.accepted + receipt.rejected);
    assert_eq!(receipt.shown.len() as u64, receipt.rejected.min(REJECTIONS_SHOWN_MAX as u64));
    assert!(!receipt.repeated && door.counts().bytes() <= BATCH_BYTES_MAX as u64);
    if key.is_some() {
        // The same again is a repeat, and nothing of it is read.
        let again = door.take(key.as_ref(), body.to_vec(), packing, Duration::ZERO).expect("a repeat is no error");
        assert!(again.repeated && again.lines == 0);
    }
});
