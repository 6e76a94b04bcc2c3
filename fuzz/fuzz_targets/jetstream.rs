//! Any bytes as Jetstream messages.
#![no_main]

use groundswell_post::EventTime;
use groundswell_sources::{Block, DecodeOptions, DecodeScratch, Payload, decode};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let payload = Payload::Jetstream { hidden: std::sync::Arc::default(), bytes: bytes.to_vec() };
    let block = Block::alone(1, payload);
    let now = EventTime::from_unix(1_800_000_000);
    decode(&block, &DecodeOptions::default(), now, &mut DecodeScratch::default(), &mut |_, _| {});
});
