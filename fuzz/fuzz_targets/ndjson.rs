//! Any bytes as a block of NDJSON: each line is a record or a rejection, none a panic.
#![no_main]

use groundswell_post::EventTime;
use groundswell_sources::{Block, DecodeOptions, DecodeScratch, Payload, decode};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let block = Block::alone(1, Payload::Ndjson(bytes.to_vec()));
    let lines = bytes.split(|&b| b == b'\n').filter(|line| !line.trim_ascii().is_empty()).count();
    let mapped = DecodeOptions { map: "time=created_at,author=user.id,text=user.text".parse().expect("a valid map") };
    for options in [DecodeOptions::default(), mapped] {
        let mut told = 0;
        decode(&block, &options, EventTime::from_unix(1_800_000_000), &mut DecodeScratch::default(), &mut |_, _| told += 1);
        assert_eq!(told, lines);
    }
});
