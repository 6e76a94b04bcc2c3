//! Any bytes as Jetstream messages.
#![no_main]

use groundswell_post::{EventTime, Portion};
use groundswell_sources::{Block, DecodeOptions, DecodeScratch, Payload, SourceIx, decode};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let payload = Payload::Jetstream { hidden: std::sync::Arc::default(), bytes: bytes.to_vec() };
    let block = Block { source: SourceIx(0), partition: 0, seq: 0, first_line: 1, position: None, portion: Portion::ALL, payload };
    let now = EventTime::from_unix(1_800_000_000);
    decode(&block, &DecodeOptions::default(), now, &mut DecodeScratch::default(), &mut |_, _| {});
});
