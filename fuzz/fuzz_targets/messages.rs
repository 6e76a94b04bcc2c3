//! Any bytes as messages of a log, cut at zero bytes: each is one record or one rejection with its offset, whatever stands in it.
#![no_main]

use groundswell_post::EventTime;
use groundswell_sources::{Block, DecodeOptions, DecodeScratch, Messages, Payload, decode};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut messages = Messages::with_capacity(bytes.len());
    let mut offsets = Vec::new();
    // The source passes over what holds nothing; offsets leap there.
    for (offset, message) in (7_u64..).zip(bytes.split(|&byte| byte == 0)) {
        if !message.trim_ascii_start().is_empty() {
            assert!(messages.push(offset, message));
            offsets.push(offset);
        }
    }
    assert_eq!(messages.iter().map(|(offset, _)| offset).collect::<Vec<_>>(), offsets);
    let first_line = messages.first().unwrap_or_default();
    let payload = Payload::Messages(messages);
    let block = Block::alone(first_line, payload);
    let mut told = Vec::new();
    let now = EventTime::from_unix(1_800_000_000);
    decode(&block, &DecodeOptions::default(), now, &mut DecodeScratch::default(), &mut |line, _| told.push(line));
    assert_eq!(told, offsets);
});
