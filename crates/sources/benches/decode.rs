//! Decoding beside only parsing the same bytes with the same library. The ratio is what counts; see also `groundswell bench`.
#![allow(missing_docs, reason = "a benchmark has no readers of its docs")]

use std::sync::Arc;

use divan::counter::{BytesCount, ItemsCount};
use groundswell_post::EventTime;
use groundswell_sources::mastodon::Instance;
use groundswell_sources::{Block, DecodeOptions, DecodeScratch, Payload, decode, parse_only};

const NOW: EventTime = EventTime::from_unix(1_800_000_000);

fn main() {
    divan::main();
}

/// A thousand kilobytes of the real set where it is present, else of the same shape.
fn ndjson() -> Vec<u8> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/troll/troll-slice.ndjson.zst");
    let mut bytes = Vec::new();
    if let Ok(file) = std::fs::File::open(path) {
        use std::io::Read;
        let decoder = zstd::Decoder::new(file).expect("zstd starts");
        decoder.take(1_000_000).read_to_end(&mut bytes).expect("the set is readable");
        let end = memchr::memrchr(b'\n', &bytes).map_or(0, |end| end + 1);
        bytes.truncate(end);
        return bytes;
    }
    for i in 0..4_000 {
        bytes.extend_from_slice(
            format!(
                "{{\"id\": \"made-{i}\", \"time\": \"2016-09-23T00:00:00Z\", \"author\": \"6a3b5280fe3e\", \"lang\": \"en\", \
                 \"text\": \"{}\", \"label\": \"made\", \"kind\": \"post\", \"region\": \"Germany\"}}\n",
                "a few words of text ".repeat(5)
            )
            .as_bytes(),
        );
    }
    bytes
}

fn block(payload: Payload) -> Block {
    Block::alone(1, payload)
}

fn lines(bytes: &[u8]) -> usize {
    memchr::memchr_iter(b'\n', bytes).count()
}

fn decode_all(block: &Block, options: &DecodeOptions, scratch: &mut DecodeScratch) -> usize {
    let mut texts = 0;
    decode(block, options, NOW, scratch, &mut |_, record| {
        if let Ok(groundswell_post::Record::Post(post)) = record {
            texts += post.text.len();
        }
    });
    texts
}

#[divan::bench]
fn ndjson_parse_only(bencher: divan::Bencher<'_, '_>) {
    let bytes = ndjson();
    assert_eq!(parse_only(&bytes).0 as usize, lines(&bytes));
    bencher
        .counter(ItemsCount::new(lines(&bytes)))
        .counter(BytesCount::new(bytes.len()))
        .bench_local(|| parse_only(divan::black_box(&bytes)));
}

#[divan::bench]
fn ndjson_decode(bencher: divan::Bencher<'_, '_>) {
    let bytes = ndjson();
    let (count, size) = (lines(&bytes), bytes.len());
    let (block, options, mut scratch) =
        (block(Payload::Ndjson(bytes)), DecodeOptions::default(), DecodeScratch::default());
    bencher
        .counter(ItemsCount::new(count))
        .counter(BytesCount::new(size))
        .bench_local(|| decode_all(divan::black_box(&block), &options, &mut scratch));
}

#[divan::bench]
fn ndjson_decode_mapped(bencher: divan::Bencher<'_, '_>) {
    let bytes = ndjson();
    let count = lines(&bytes);
    let options = DecodeOptions { map: "region=label".parse().expect("a valid map") };
    let (block, mut scratch) = (block(Payload::Ndjson(bytes)), DecodeScratch::default());
    bencher
        .counter(ItemsCount::new(count))
        .bench_local(|| decode_all(divan::black_box(&block), &options, &mut scratch));
}

#[divan::bench]
fn jetstream_decode(bencher: divan::Bencher<'_, '_>) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/feeds/bluesky-jetstream.ndjson");
    let Ok(recorded) = std::fs::read(path) else { return };
    let bytes: Vec<u8> = recorded.repeat(10);
    let count = lines(&bytes);
    let payload = Payload::Jetstream { hidden: Arc::default(), bytes };
    let (block, options, mut scratch) = (block(payload), DecodeOptions::default(), DecodeScratch::default());
    bencher
        .counter(ItemsCount::new(count))
        .bench_local(|| decode_all(divan::black_box(&block), &options, &mut scratch));
}

/// Statuses as the reader writes them down.
fn statuses() -> Option<Vec<u8>> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/feeds/mastodon-statuses.ndjson");
    let recorded = std::fs::read_to_string(path).ok()?;
    let lines: Vec<String> = recorded.lines().map(|line| format!("u{line}\n")).collect();
    Some(lines.concat().repeat(50).into_bytes())
}

#[divan::bench]
fn mastodon_decode(bencher: divan::Bencher<'_, '_>) {
    let Some(bytes) = statuses() else { return };
    let (count, size) = (lines(&bytes), bytes.len());
    let payload = Payload::Mastodon { instance: Arc::new(Instance::new("here.example")), bytes };
    let (block, options, mut scratch) = (block(payload), DecodeOptions::default(), DecodeScratch::default());
    bencher
        .counter(ItemsCount::new(count))
        .counter(BytesCount::new(size))
        .bench_local(|| decode_all(divan::black_box(&block), &options, &mut scratch));
}

#[divan::bench]
fn mastodon_parse_only(bencher: divan::Bencher<'_, '_>) {
    let Some(bytes) = statuses() else { return };
    let (count, size) = (lines(&bytes), bytes.len());
    bencher.counter(ItemsCount::new(count)).counter(BytesCount::new(size)).bench_local(|| {
        let mut good = 0;
        for line in divan::black_box(&bytes).split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            good += usize::from(sonic_rs::from_slice::<sonic_rs::Value>(&line[1..]).is_ok());
        }
        assert_eq!(good, count);
    });
}

#[divan::bench]
fn html_to_text(bencher: divan::Bencher<'_, '_>) {
    let html = "<p>Some words of a post, &amp; more of them <a href=\"https://example.org/a/page\" rel=\"nofollow\">\
                <span class=\"invisible\">https://</span><span class=\"\">example.org/a/page</span></a></p><p>And \
                <a href=\"https://a.example/tags/x\" class=\"mention hashtag\" rel=\"tag\">#<span>x</span></a></p>";
    let mut text = String::new();
    bencher.counter(BytesCount::new(html.len())).bench_local(|| {
        text.clear();
        groundswell_sources::html::to_text(divan::black_box(html), &mut text);
        text.len()
    });
}
