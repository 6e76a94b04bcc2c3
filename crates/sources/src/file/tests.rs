//! Bad input, and good input in all its forms.
#![allow(clippy::format_collect, reason = "a test's input is made once")]

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ::parquet::data_type::{BoolType, ByteArray, ByteArrayType, DoubleType, Int32Type, Int64Type, Int96, Int96Type};
use ::parquet::file::properties::WriterProperties;
use ::parquet::file::writer::SerializedFileWriter;
use ::parquet::schema::parser::parse_message_type;
use flate2::Compression as Level;
use flate2::write::GzEncoder;
use groundswell_post::{DeleteTarget, EventTime, Record};
use proptest::prelude::*;

use super::*;
use crate::block::{Block, SourceIx};
use crate::channel::{Stop, channel};
use crate::clock::{Clock, ManualClock};
use crate::decode::{DecodeOptions, DecodeScratch, RECORD_BYTES_MAX, decode};
use crate::map::FieldMap;
use crate::source::Source;

const NOW: EventTime = EventTime::from_unix(1_800_000_000);
const GOOD: &str = r#"{"id":"1","time":"2016-09-23T00:00:00Z","author":"a","lang":"en","text":"hello"}"#;

/// Reads bytes as a file: one line of text a record, and the error that ended it.
fn read_with(bytes: &[u8], map: &str) -> (Vec<String>, Option<String>) {
    let map: FieldMap = map.parse().unwrap();
    let input = Box::new(std::io::Cursor::new(bytes.to_vec()));
    let file = open::OpenFile::stream(Path::new("posts"), input, &map, &Arc::default());
    read_file(file, map)
}

fn read_file(file: Result<open::OpenFile, FileError>, map: FieldMap) -> (Vec<String>, Option<String>) {
    let mut file = match file {
        Ok(file) => file,
        Err(error) => return (Vec::new(), Some(error.to_string())),
    };
    let options = DecodeOptions { map };
    let mut told = Vec::new();
    loop {
        match file.next() {
            Ok(Some((first_line, payload))) => {
                let block = Block::alone(first_line, payload);
                decode(&block, &options, NOW, &mut DecodeScratch::default(), &mut |line, record| {
                    told.push(match record {
                        Ok(record) => format!("{line}: {}", shown(&record)),
                        Err(rejection) => format!("{line}: {rejection}"),
                    });
                });
            }
            Ok(None) => return (told, None),
            Err(error) => return (told, Some(error.to_string())),
        }
    }
}

fn read(bytes: &[u8]) -> (Vec<String>, Option<String>) {
    read_with(bytes, "")
}

/// Made-up records, so they may be shown.
fn shown(record: &Record<'_>) -> String {
    match record {
        Record::Post(post) => {
            let mut text = format!("{} {:?}", post.time.unix(), post.text);
            for (name, value) in [
                ("author", &post.author),
                ("id", &post.id),
                ("lang", &post.lang),
                ("source", &post.source),
                ("region", &post.region),
            ] {
                if let Some(value) = value {
                    let _ = write!(text, " {name}={value}");
                }
            }
            if post.relation.as_str() != "post" {
                let _ = write!(text, " {}", post.relation.as_str());
            }
            if let Some(publisher) = &post.publisher {
                let _ = write!(text, " publisher={}/{:?}/{:?}", publisher.name, publisher.title, publisher.url);
            }
            if let Some(links) = &post.links {
                let _ = write!(text, " links={}", links.join(" "));
            }
            text
        }
        Record::Delete(deletion) => match &deletion.target {
            DeleteTarget::Post(id) => format!("delete post {id} at {:?}", deletion.time.map(EventTime::unix)),
            DeleteTarget::Author(author) => {
                format!("delete author {author} at {:?}", deletion.time.map(EventTime::unix))
            }
        },
    }
}

/// Reads one NDJSON record.
fn one(line: &str) -> String {
    let (told, error) = read(format!("{GOOD}\n{line}\n").as_bytes());
    assert_eq!(error, None);
    assert_eq!(told.len(), 2, "{line}");
    told[1].strip_prefix("2: ").unwrap().to_owned()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Level::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zst(bytes: &[u8]) -> Vec<u8> {
    // With a checksum, as the zstd program writes it.
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn many(count: usize) -> String {
    (0..count)
        .map(|i| {
            format!(
                "{{\"id\":\"{i}\",\"time\":{},\"author\":\"{}\",\"text\":\"post {}\"}}\n",
                1_474_588_800 + i,
                i % 97,
                i * 7919
            )
        })
        .collect()
}

#[test]
fn fields_take_the_types_of_the_contract() {
    let post = |fields: &str| one(&format!(r#"{{"time":1474588800,"text":"t",{fields}}}"#));
    for (fields, expected) in [
        (r#""author":7,"id":18446744073709551615"#, r#"1474588800 "t" author=7 id=18446744073709551615"#),
        (r#""author":-7"#, r#"1474588800 "t" author=-7"#),
        (r#""author":null,"id":"","lang":null,"links":null,"publisher":null"#, r#"1474588800 "t""#),
        (r#""lang":"pt-BR""#, r#"1474588800 "t" lang=pt-BR"#),
        (r#""lang":"no language!""#, r#"1474588800 "t""#),
        (r#""relation":"quote""#, r#"1474588800 "t" quote"#),
        (r#""kind":"repost""#, r#"1474588800 "t" repost"#),
        (r#""kind":"sentences""#, r#"1474588800 "t""#),
        (r#""kind":3"#, r#"1474588800 "t""#),
        (r#""kind":"repost","relation":"reply""#, r#"1474588800 "t" reply"#),
        (
            r#""links":["https://a.example/","https://b.example/"]"#,
            r#"1474588800 "t" links=https://a.example/ https://b.example/"#,
        ),
        (r#""links":[]"#, r#"1474588800 "t" links="#),
        (r#""publisher":"P","title":"T""#, r#"1474588800 "t" publisher=P/Some("T")/None"#),
        (r#""title":"T","url":5"#, r#"1474588800 "t""#),
        (r#""region":"Germany","source":"s""#, r#"1474588800 "t" source=s region=Germany"#),
        (r#""delete":false"#, r#"1474588800 "t""#),
        (r#""other":{"text":[1,{"a":"}"}]},"more":"x""#, r#"1474588800 "t""#),
    ] {
        assert_eq!(post(fields), expected, "{fields}");
    }
    for (time, unix) in [
        ("\"2016-09-23T00:00:00Z\"", 1_474_588_800),
        ("1474588800", 1_474_588_800),
        ("1474588800123", 1_474_588_800),
        ("1474588800.5", 1_474_588_800),
        ("\"1474588800\"", 1_474_588_800),
    ] {
        assert_eq!(one(&format!(r#"{{"time":{time},"text":"a\u0000\n\"é"}}"#)), format!("{unix} \"a\\0\\n\\\"é\""));
    }
    assert_eq!(one("  { \"time\" : 1474588800 , \"text\" : \"\" }  \r"), "1474588800 \"\"");
}

#[test]
fn bad_records_are_rejections_that_name_the_field() {
    for (line, expected) in [
        (r#"{"text":"t"}"#, "time: missing"),
        (r#"{"time":null,"text":"t"}"#, "time: missing"),
        (r#"{"time":1474588800}"#, "text: missing"),
        (r#"{"time":1474588800,"text":null}"#, "text: missing"),
        (r#"{"time":true,"text":"t"}"#, "time: wrong type"),
        (r#"{"time":[1474588800],"text":"t"}"#, "time: wrong type"),
        (r#"{"time":"yesterday","text":"t"}"#, "time: invalid"),
        (r#"{"time":1e300,"text":"t"}"#, "time: invalid"),
        (r#"{"time":"1970-01-01T00:00:00Z","text":"t"}"#, "time: too old"),
        (r#"{"time":0,"text":"t"}"#, "time: too old"),
        (r#"{"time":-5,"text":"t"}"#, "time: too old"),
        (r#"{"time":"2100-01-01T00:00:00Z","text":"t"}"#, "time: in the future"),
        (r#"{"time":1474588800,"text":5}"#, "text: wrong type"),
        (r#"{"time":1474588800,"text":{"a":"b"}}"#, "text: wrong type"),
        (r#"{"time":1474588800,"text":"t","author":true}"#, "author: wrong type"),
        (r#"{"time":1474588800,"text":"t","author":1.5}"#, "author: wrong type"),
        (r#"{"time":1474588800,"text":"t","id":["a"]}"#, "id: wrong type"),
        (r#"{"time":1474588800,"text":"t","lang":5}"#, "lang: wrong type"),
        (r#"{"time":1474588800,"text":"t","source":5}"#, "source: wrong type"),
        (r#"{"time":1474588800,"text":"t","relation":"sentences"}"#, "relation: invalid"),
        (r#"{"time":1474588800,"text":"t","relation":5}"#, "relation: wrong type"),
        (r#"{"time":1474588800,"text":"t","region":5}"#, "region: wrong type"),
        (r#"{"time":1474588800,"text":"t","publisher":5}"#, "publisher: wrong type"),
        (r#"{"time":1474588800,"text":"t","links":"https://a.example/"}"#, "links: wrong type"),
        (r#"{"time":1474588800,"text":"t","links":["a",5]}"#, "links: wrong type"),
        (r#"{"time":1474588800,"text":"t","delete":"true"}"#, "delete: wrong type"),
        (r#"{"time":1474588800,"text":"t","text":"u"}"#, "text: duplicate"),
        (r#"{"delete":true}"#, "delete: missing"),
        (r#"{"delete":true,"id":null,"time":1474588800}"#, "delete: missing"),
        (r#"{"delete":true,"id":{},"author":"a"}"#, "id: wrong type"),
        ("[]", "record: not an object"),
        ("[{\"a\":1}]", "record: not an object"),
        ("5", "record: not an object"),
        ("null", "record: not an object"),
        ("\"text\"", "record: not an object"),
        ("{", "record: not JSON"),
        ("}", "record: not JSON"),
        (r#"{"time":1474588800,"text":"t""#, "record: not JSON"),
        (r#"{"time":1474588800,"text":"t"}}"#, "record: not JSON"),
        (r#"{"time":1474588800,"text":"t"} {}"#, "record: not JSON"),
        (r#"{"time":1474588800,"text":"t",}"#, "record: not JSON"),
        ("{'time':1474588800}", "record: not JSON"),
        (r#"{"time":1474588800,"text":"\x"}"#, "record: not JSON"),
        (r#"{"time":1474588800,"text":"\ud800"}"#, "record: not JSON"),
        ("{\"time\":1474588800,\"text\":\"a\0b\"}", "record: not JSON"),
        ("{\"time\":1474588800,\"text\":\"a\"}\0", "record: not JSON"),
        ("\0", "record: not JSON"),
    ] {
        assert_eq!(one(line), expected, "{line}");
    }
    // Deep nesting is no stack overflow.
    for line in [
        format!(r#"{{"time":1474588800,"text":"t","x":{}{}}}"#, "[".repeat(200_000), "]".repeat(200_000)),
        format!(r#"{{"time":1474588800,"text":{}{}}}"#, "[".repeat(200_000), "]".repeat(200_000)),
        r#"{"a":"#.repeat(200_000),
    ] {
        assert_eq!(one(&line), "record: invalid");
    }
}

#[test]
fn deletions_say_what_to_forget() {
    for (line, expected) in [
        (r#"{"delete":true,"id":"x"}"#, "delete post x at None"),
        (r#"{"delete":true,"id":7,"author":"a","time":1474588800}"#, "delete post 7 at Some(1474588800)"),
        (r#"{"delete":true,"author":"a"}"#, "delete author a at None"),
        // Forgetting does not wait for a well-formed record.
        (r#"{"delete":true,"id":"x","time":"bad","text":5}"#, "delete post x at None"),
    ] {
        assert_eq!(one(line), expected, "{line}");
    }
}

#[test]
fn one_bad_line_does_not_stop_the_rest() {
    let mut file = b"\xef\xbb\xbf".to_vec();
    file.extend_from_slice(GOOD.as_bytes());
    file.extend_from_slice(b"\r\n\n   \n{\"time\":1474588800,\"text\":\"\xff\xfe\"}\nbroken\n");
    file.extend_from_slice(GOOD.as_bytes());
    let (told, error) = read(&file);
    let good = "1474588800 \"hello\" author=a id=1 lang=en";
    assert_eq!(error, None);
    assert_eq!(
        told,
        [
            format!("1: {good}"),
            "4: record: not UTF-8".to_owned(),
            "5: record: not JSON".to_owned(),
            format!("6: {good}")
        ]
    );
}

#[test]
fn a_bad_first_line_does_not_hide_the_format() {
    let (told, error) = read(format!("not json, not csv\n{GOOD}\n").as_bytes());
    assert_eq!((told.len(), error), (2, None));
    assert_eq!(told[0], "1: record: not JSON");
}

#[test]
fn lines_that_are_too_long_are_passed_over() {
    for length in [RECORD_BYTES_MAX + 1, RECORD_BYTES_MAX + (2 << 20), 3 * RECORD_BYTES_MAX] {
        let mut file = format!("{GOOD}\n").into_bytes();
        file.extend_from_slice(b"{\"time\":1474588800,\"text\":\"");
        file.resize(file.len() + length, b'x');
        file.extend_from_slice(b"\"}\n");
        file.extend_from_slice(GOOD.as_bytes());
        let (told, error) = read(&file);
        assert_eq!(error, None);
        assert_eq!(told.len(), 3);
        assert_eq!(told[1], "2: record: too long");
        assert!(told[2].starts_with("3: 1474588800"));
        // Without an end, and compressed.
        file.truncate(file.len() - GOOD.len() - 3);
        let (told, error) = read(&zst(&file));
        assert_eq!((told.len(), error), (2, None));
    }
    // One that is just short enough is read.
    let mut file = b"{\"time\":1474588800,\"text\":\"".to_vec();
    file.resize(RECORD_BYTES_MAX - 2, b'x');
    file.extend_from_slice(b"\"}\n");
    assert!(read(&file).0[0].starts_with("1: 1474588800"));
}

#[test]
fn nothing_is_no_error() {
    for bytes in [&b""[..], b"\n", b"  \n\r\n\t", b"\xef\xbb\xbf", &gzip(b""), &zst(b""), &gzip(b"\n\n")] {
        assert_eq!(read(bytes), (Vec::new(), None));
    }
}

#[test]
fn neither_format_is_a_clear_error() {
    for bytes in [&b"\x00\x01\x02\x03"[..], b"hello", b"a,b,c\n1,2,3\n", b"\x1f", b"%PDF-1.7\n\xff", b"[1,\n2]"] {
        let (told, error) = read(bytes);
        assert!(told.is_empty());
        assert_eq!(
            error.unwrap(),
            "posts: expected NDJSON (one JSON object a line), CSV with the columns `time` and `text`, or Parquet; found neither \
             (if the fields have other names, see --map)"
        );
    }
}

#[test]
fn mapped_fields_are_found_at_any_depth() {
    let map = "time=created_at,author=user.id,text=user.post.body";
    let (told, error) = read_with(
        br#"{"created_at":1474588800,"user":{"id":5,"name":"x","post":{"body":"b","text":"no"}},"time":"ignored","text":"ignored","lang":"de"}
{"created_at":1474588800,"user":"no object","text":"ignored"}
{"user":{"post":{"body":"b"}}}"#,
        map,
    );
    assert_eq!(error, None);
    assert_eq!(told, ["1: 1474588800 \"b\" author=5 lang=de", "2: text: missing", "3: time: missing"]);
    let (told, error) = read_with(b"created_at,user.id,user.post.body\n1474588800,5,b\n", map);
    assert_eq!((told, error), (vec!["2: 1474588800 \"b\" author=5".to_owned()], None));
}

#[test]
fn compressed_files_are_known_by_their_content() {
    let text = many(5_000);
    let plain = read(text.as_bytes());
    assert_eq!(plain.0.len(), 5_000);
    let (first, second) = text.as_bytes().split_at(text.len() / 3);
    let members = [gzip(first), gzip(second)].concat();
    let frames = [zst(first), zst(second)].concat();
    let skippable = [
        b"\x5a\x2a\x4d\x18\x03\x00\x00\x00abc".to_vec(),
        zst(text.as_bytes()),
        b"\x50\x2a\x4d\x18\x00\x00\x00\x00".to_vec(),
    ]
    .concat();
    for bytes in [gzip(text.as_bytes()), zst(text.as_bytes()), members, frames, skippable] {
        assert_eq!(read(&bytes), plain);
    }
}

#[test]
fn a_file_that_is_cut_off_names_the_byte_and_what_came_before_counts() {
    let text = many(20_000);
    let plain = read(text.as_bytes()).0;
    for (name, whole) in [("gzip", gzip(text.as_bytes())), ("zstd", zst(text.as_bytes()))] {
        for cut in [5, whole.len() / 2, whole.len() - 1] {
            let (told, error) = read(&whole[..cut]);
            let expected = format!("posts: the {name} stream is cut off at byte {cut}; what was read before it counts");
            assert_eq!(error.as_deref(), Some(expected.as_str()), "{name} cut at {cut}");
            assert_eq!(told[..], plain[..told.len()], "{name} cut at {cut}");
        }
        let (told, _) = read(&whole[..whole.len() - 1]);
        assert!(told.len() > 10_000, "{name}: {} records before the cut", told.len());
    }
}

#[test]
fn damage_inside_a_compressed_file_is_an_error_and_no_panic() {
    let text = many(20_000);
    for (name, mut bytes) in [("gzip", gzip(text.as_bytes())), ("zstd", zst(text.as_bytes()))] {
        let middle = bytes.len() / 2;
        bytes[middle..middle + 64].fill(0xff);
        let (_, error) = read(&bytes);
        let error = error.unwrap();
        assert!(error.starts_with(&format!("posts: the {name} stream is ")), "{error}");
    }
}

#[test]
fn csv_is_read_as_the_contract_says() {
    let file = "\u{feff}id,time,author,text,links,delete,\"kind\",unknown\r\n\
                1,2016-09-23T00:00:00Z,a,plain,,,,x\r\n\
                2,1474588800,b,\"quoted, \"\"twice\"\"\nand broken\",https://a.example/ https://b.example/,false,reply,\n\
                \n\
                3,1474588800,c,ragged\n\
                4,1474588800,c,too,many,,,,,\n\
                5,,,,,TRUE,,\n\
                ,,who,,,1,,\n\
                6,1474588800,d,,,,,\n\
                7,1474588800,d,\"\",,,,\n\
                8,,d,t,,,,\n\
                9,1474588800,d,t,,perhaps,,\n\
                10,1474588800,d,last,,,,";
    let (told, error) = read(file.as_bytes());
    assert_eq!(error, None);
    insta::assert_snapshot!(told.join("\n"), @r#"
    2: 1474588800 "plain" author=a id=1
    3: 1474588800 "quoted, \"twice\"\nand broken" author=b id=2 reply links=https://a.example/ https://b.example/
    6: record: ragged row
    7: record: ragged row
    8: delete post 5 at None
    9: delete author who at None
    10: text: missing
    11: 1474588800 "" author=d id=7
    12: time: missing
    13: delete: invalid
    14: 1474588800 "last" author=d id=10
    "#);
}

#[test]
fn a_csv_quote_that_nothing_closes_costs_its_line_only() {
    let mut file = "time,text\n".to_owned();
    file.push_str("1474588800,a\n1474588800,\"open\n1474588800,b\n1474588800,c");
    let (told, error) = read(file.as_bytes());
    assert_eq!(error, None);
    assert_eq!(told, ["2: 1474588800 \"a\"", "3: record: invalid", "4: 1474588800 \"b\"", "5: 1474588800 \"c\""]);
    // Farther from the end than the bound.
    let mut file = b"time,text\n1474588800,\"open\n".to_vec();
    while file.len() < RECORD_BYTES_MAX + (1 << 20) {
        file.extend_from_slice(b"1474588800,bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\n");
    }
    let (told, error) = read(&file);
    assert_eq!(error, None);
    assert_eq!(told[0], "2: record: too long");
    assert!(told[1].starts_with("3: 1474588800"));
    assert_eq!(told.len(), file.split(|&b| b == b'\n').count() - 2);
}

#[test]
fn csv_headers_that_cannot_work_are_clear_errors() {
    for (header, expected) in [
        ("time,body\n", "posts: CSV without a column `text` for `text` (if it has another name, see --map)"),
        ("id,text,author\n", "posts: CSV without a column `time` for `time` (if it has another name, see --map)"),
        ("time,text,time\n", "posts: the column `time` stands twice"),
    ] {
        assert_eq!(read(header.as_bytes()).1.as_deref(), Some(expected));
    }
    // Deletions alone need neither.
    assert_eq!(read(b"id,delete\n5,true\n"), (vec!["2: delete post 5 at None".to_owned()], None));
}

#[test]
fn csv_blocks_are_cut_at_records_and_not_inside_quotes() {
    let mut file = "time,text\n".to_owned();
    let mut expected = Vec::new();
    let mut line = 2;
    for i in 0..20_000 {
        let _ = write!(file, "{},\"text {i}\n, \"\"more\"\"\"\n", 1_474_588_800 + i);
        expected.push(format!("{line}: {} \"text {i}\\n, \\\"more\\\"\"", 1_474_588_800 + i));
        line += 2;
    }
    assert!(file.len() > 2 * BLOCK_BYTES);
    assert_eq!(read(file.as_bytes()), (expected, None));
}

/// One of each physical type.
fn parquet_file(schema: &str, columns: impl FnOnce(&mut SerializedFileWriter<Vec<u8>>)) -> Vec<u8> {
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let properties =
        Arc::new(WriterProperties::builder().set_compression(::parquet::basic::Compression::SNAPPY).build());
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, properties).unwrap();
    columns(&mut writer);
    writer.into_inner().unwrap()
}

macro_rules! column {
    ($group:expr, $kind:ty, $values:expr, $defs:expr, $reps:expr) => {{
        let mut column = $group.next_column().unwrap().unwrap();
        column.typed::<$kind>().write_batch($values, $defs, $reps).unwrap();
        column.close().unwrap();
    }};
}

fn bytes_of(texts: &[&str]) -> Vec<ByteArray> {
    texts.iter().map(|text| ByteArray::from(*text)).collect()
}

fn on_disk(bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("posts.dat");
    std::fs::write(&path, bytes).unwrap();
    (folder, path)
}

fn read_parquet(bytes: &[u8], map: &str) -> (Vec<String>, Option<String>) {
    let (_folder, path) = on_disk(bytes);
    let map: FieldMap = map.parse().unwrap();
    let (told, error) = read_file(open::OpenFile::open(&path, &map, &Arc::default(), &Stop::default()), map);
    (told, error.map(|error| error.replace(&path.display().to_string(), "posts")))
}

#[test]
fn parquet_is_read_as_the_contract_says() {
    let schema = "message posts {
        required int64 time (TIMESTAMP(MICROS,true));
        optional binary text (STRING);
        optional int64 author;
        optional int32 id;
        optional group links (LIST) { repeated group list { optional binary element (STRING); } }
        optional boolean delete;
        optional double other;
    }";
    let file = parquet_file(schema, |writer| {
        for start in [0_i64, 3] {
            let mut group = writer.next_row_group().unwrap();
            let times: Vec<i64> = (0..3).map(|i| (1_474_588_800 + start + i) * 1_000_000 + 999_999).collect();
            column!(group, Int64Type, &times, None, None);
            column!(group, ByteArrayType, &bytes_of(&["a", "b"]), Some(&[1, 0, 1]), None);
            column!(group, Int64Type, &[7], Some(&[1, 0, 0]), None);
            column!(group, Int32Type, &[1, 2, 3], Some(&[1, 1, 1]), None);
            // Two links, no list, an empty list.
            column!(
                group,
                ByteArrayType,
                &bytes_of(&["https://a.example/", "https://b.example/"]),
                Some(&[3, 3, 0, 1]),
                Some(&[0, 1, 0, 0])
            );
            column!(group, BoolType, &[true], Some(&[0, 1, 0]), None);
            column!(group, DoubleType, &[], Some(&[0, 0, 0]), None);
            group.close().unwrap();
        }
    });
    let (told, error) = read_parquet(&file, "");
    assert_eq!(error, None);
    insta::assert_snapshot!(told.join("\n"), @r#"
    1: 1474588800 "a" author=7 id=1 links=https://a.example/ https://b.example/
    2: delete post 2 at Some(1474588801)
    3: 1474588802 "b" id=3 links=
    4: 1474588803 "a" author=7 id=1 links=https://a.example/ https://b.example/
    5: delete post 2 at Some(1474588804)
    6: 1474588805 "b" id=3 links=
    "#);
    // The same from a pipe, and inside another compression.
    assert_eq!(read(&file).1.as_deref(), Some("posts: Parquet cannot be read from a pipe; name an uncompressed file"));
    assert_eq!(
        read(&gzip(&file)).1.as_deref(),
        Some("posts: Parquet cannot be read inside gzip; name an uncompressed file")
    );
    // Cut off and damaged: an error, no panic.
    for cut in [4, 100, file.len() / 2, file.len() - 1] {
        assert_eq!(read_parquet(&file[..cut], "").1.as_deref(), Some("posts: cannot be read as Parquet"));
    }
}

#[test]
fn parquet_times_come_in_many_forms() {
    for (column, write) in [
        ("required int64 at (TIMESTAMP(MILLIS,true))", 1_474_588_800_123_i64),
        ("required int64 at (TIMESTAMP(NANOS,true))", 1_474_588_800_123_456_789),
        ("required int64 at", 1_474_588_800),
        ("required int64 at", 1_474_588_800_123),
    ] {
        let file = parquet_file(&format!("message posts {{ {column}; required binary body; }}"), |writer| {
            let mut group = writer.next_row_group().unwrap();
            column!(group, Int64Type, &[write], None, None);
            column!(group, ByteArrayType, &bytes_of(&["t"]), None, None);
            group.close().unwrap();
        });
        let (told, error) = read_parquet(&file, "time=at,text=body");
        assert_eq!((told, error), (vec!["1: 1474588800 \"t\"".to_owned()], None), "{column}");
    }
    let file = parquet_file("message posts { required int96 time; required binary text; }", |writer| {
        let mut group = writer.next_row_group().unwrap();
        let mut day = Int96::new();
        day.set_data(0, 0, 2_457_655); // the Julian day of 2016-09-23
        column!(group, Int96Type, &[day], None, None);
        column!(group, ByteArrayType, &[ByteArray::from(vec![0xff_u8])], None, None);
        group.close().unwrap();
    });
    assert_eq!(read_parquet(&file, ""), (vec!["1: text: not UTF-8".to_owned()], None));
}

#[test]
fn parquet_with_another_schema_is_a_clear_error() {
    for (schema, expected) in [
        (
            "message m { required int64 at; required binary text; }",
            "posts: Parquet without a column `time` for `time` (if it has another name, see --map)",
        ),
        (
            "message m { required int64 time; }",
            "posts: Parquet without a column `text` for `text` (if it has another name, see --map)",
        ),
        (
            "message m { required int64 time; required int32 text; }",
            "posts: the column `text` has the type INT32, expected a string",
        ),
        (
            "message m { required boolean time; required binary text; }",
            "posts: the column `time` has the type BOOLEAN, expected a timestamp, a string, or a number of seconds or milliseconds",
        ),
    ] {
        let file = parquet_file(schema, |_| {});
        assert_eq!(read_parquet(&file, ""), (Vec::new(), Some(expected.to_owned())));
    }
    // No rows at all are fine.
    assert_eq!(
        read_parquet(&parquet_file("message m { required int64 time; required binary text; }", |_| {}), ""),
        (Vec::new(), None)
    );
}

#[test]
fn a_directory_and_an_absent_file_are_clear_errors() {
    let folder = tempfile::tempdir().unwrap();
    let map = FieldMap::default();
    let open =
        |path: &Path| open::OpenFile::open(path, &map, &Arc::default(), &Stop::default()).err().unwrap().to_string();
    let path = folder.path().display();
    assert_eq!(open(folder.path()), format!("{path}: is a directory; name the files in it"));
    assert_eq!(open(&folder.path().join("absent")), format!("{path}/absent: cannot be opened"));
}

/// Reads a set of files to its end, with one worker that publishes each block; the texts in the order in which they came.
fn read_set(files: Vec<PathBuf>, share: Option<Share>) -> (Vec<String>, Arc<FileReport>) {
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(NOW));
    let set = FileSet::new(FileSetConfig { share, ..FileSetConfig::new(files) }, Arc::clone(&clock));
    let report = set.report();
    let (feed, receiver) = channel(1, Duration::from_secs(30));
    let (sender, stop) = (feed.sender(SourceIx(0)), Stop::default());
    drop(feed);
    let reader = std::thread::spawn(move || Box::new(set).run(sender, stop).unwrap());
    let (mut texts, clocks) = (Vec::new(), receiver.clocks());
    while let Ok(block) = receiver.recv_timeout(Duration::from_secs(20)) {
        let mut newest = None;
        decode(&block, &DecodeOptions::default(), NOW, &mut DecodeScratch::default(), &mut |_, record| {
            if let Ok(Record::Post(post)) = record {
                newest = newest.max(Some(post.time));
                texts.push(post.text.into_owned());
            }
        });
        let before = clocks.watermark(clock.as_ref());
        clocks.publish(block.partition, block.seq, newest);
        assert!(clocks.watermark(clock.as_ref()) >= before);
    }
    reader.join().unwrap();
    assert!(clocks.all_done());
    (texts, report)
}

#[test]
fn files_in_any_order_come_in_event_time() {
    let folder = tempfile::tempdir().unwrap();
    // Three files whose times do not overlap, several blocks each, named in the wrong order; more than stay open.
    let write = |name: &str, start: usize| {
        let path = folder.path().join(name);
        let text: String = (0..10_000)
            .map(|i| {
                format!("{{\"time\":{},\"text\":\"{:08} {}\"}}\n", 1_474_588_800 + start + i, start + i, "x".repeat(40))
            })
            .collect();
        std::fs::write(&path, zst(text.as_bytes())).unwrap();
        path
    };
    let mut files: Vec<PathBuf> = [20, 0, 10].map(|k| write(&format!("{k}.zst"), k * 1_000)).into();
    files.extend((30..48).rev().map(|k| write(&format!("{k}.zst"), k * 10_000)));
    let (texts, report) = read_set(files.clone(), None);
    assert_eq!(texts.len(), 210_000);
    let out_of_order = texts.windows(2).filter(|pair| pair[0] > pair[1]).count();
    assert_eq!(out_of_order, 0);
    let finished = report.finished();
    assert_eq!(finished.len(), files.len());
    for (path, fingerprint) in finished {
        assert_eq!(fingerprint, fingerprint_file(&path).unwrap());
    }
    let (read, total) = report.progress();
    assert_eq!(read, total);

    // Shares are disjoint and cover everything.
    let mut shares: Vec<String> =
        (0..3).flat_map(|index| read_set(files.clone(), Some(Share { index, count: 3 })).0).collect();
    shares.sort();
    assert_eq!(shares, texts);
}

#[test]
fn a_bad_file_is_reported_and_passed_by() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let text = many(20_000);
    let whole = gzip(text.as_bytes());
    let files = vec![
        write("empty", b""),
        folder.path().join("absent"),
        folder.path().to_owned(),
        write("cut.gz", &whole[..whole.len() - 9]),
        write("noise", b"\x01\x02"),
        write("good", text.as_bytes()),
    ];
    let (texts, report) = read_set(files, None);
    assert!(texts.len() > 30_000);
    assert_eq!(report.finished().len(), 2);
    let folder = folder.path().display().to_string();
    let failures: Vec<String> = report.failures().into_iter().map(|(_, error)| error.replace(&folder, "")).collect();
    let cut = whole.len() - 9;
    assert_eq!(
        failures,
        [
            "/absent: cannot be opened: No such file or directory (os error 2)".to_owned(),
            ": is a directory; name the files in it".to_owned(),
            format!("/cut.gz: the gzip stream is cut off at byte {cut}; what was read before it counts"),
            "/noise: expected NDJSON (one JSON object a line), CSV with the columns `time` and `text`, or Parquet; found neither \
             (if the fields have other names, see --map)"
                .to_owned(),
        ]
    );
}

#[test]
fn the_real_sets_are_read_without_a_rejection() {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data"));
    let files = [("troll/troll-slice.ndjson.zst", 390_687), ("crisis/crisislex-t26.ndjson.zst", 18_372)];
    if !folder.exists() {
        println!("SKIPPED: ../shared/data is absent");
        return;
    }
    for (name, count) in files {
        let (texts, report) = read_set(vec![folder.join(name)], None);
        assert_eq!(texts.len(), count, "{name}");
        assert!(report.failures().is_empty());
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        fuzzing::read_all(&bytes, &FieldMap::default(), NOW);
        let behind_header = [b"time,text,id\n".as_slice(), &bytes].concat();
        fuzzing::read_all(&behind_header, &FieldMap::default(), NOW);
        for magic in [b"\x1f\x8b\x08".as_slice(), b"\x28\xb5\x2f\xfd", b"PAR1"] {
            fuzzing::read_all(&[magic, &bytes].concat(), &FieldMap::default(), NOW);
        }
    }

    /// However a file is cut into blocks, its lines are told once and in order.
    #[test]
    fn lines_keep_their_numbers(lengths in prop::collection::vec(0_usize..60_000, 1..40)) {
        let mut file = b"{}\n".to_vec();
        let mut expected = vec!["1: time: missing".to_owned()];
        for (i, length) in lengths.iter().enumerate() {
            if *length > 0 {
                file.extend_from_slice(format!("{{\"time\":{}", 1_474_588_800 + i).as_bytes());
                file.extend_from_slice(format!(",\"text\":\"{}\"}}", "y".repeat(*length)).as_bytes());
                expected.push(format!("{}: {} \"{}\"", i + 2, 1_474_588_800 + i, "y".repeat(*length)));
            }
            file.push(b'\n');
        }
        prop_assert_eq!(read(&file).0, expected);
    }
}

/// All records from a place in a file, how much of the file was read for them, and the file's fingerprint.
fn rest_of(path: &Path, place: Option<(u64, u64)>) -> (Vec<String>, Fingerprint) {
    let mut file = open::OpenFile::open(path, &FieldMap::default(), &Arc::default(), &Stop::default()).unwrap();
    if let Some((byte, line)) = place {
        file.seek_to(byte, line).unwrap();
    }
    let mut told = Vec::new();
    while let Some((first_line, payload)) = file.next().unwrap() {
        let block = Block::alone(first_line, payload);
        decode(&block, &DecodeOptions::default(), NOW, &mut DecodeScratch::default(), &mut |line, record| {
            told.push(record.map_or_else(|bad| format!("{line}: {bad}"), |good| format!("{line}: {}", shown(&good))));
        });
    }
    (told, file.fingerprint().unwrap())
}

#[test]
fn plain_text_is_gone_on_with_at_any_block_as_if_all_before_had_been_read() {
    let folder = tempfile::tempdir().unwrap();
    let post =
        |i: u64| format!("{{\"time\":{},\"text\":\"{i} {}\"}}\n", 1_474_588_800 + i, "x".repeat(i as usize % 700));
    let ndjson: String = (0..3_000).map(post).collect();
    let csv: String = (0..3_000)
        .map(|i| format!("{},\"{i}\r\n, {}\"\r\n", 1_474_588_800 + i, "x\n".repeat(i as usize % 350)))
        .collect();
    let long = "x".repeat(RECORD_BYTES_MAX + 1);
    let texts = [
        ("ndjson", ndjson.clone()),
        ("with a mark", format!("\u{feff}\n{ndjson}")),
        ("a line too long", format!("{ndjson}{long}\n{ndjson}{}", post(9).trim_end())),
        ("csv", format!("\u{feff}time,text\r\n{csv}")),
        ("a quote that nothing closes", format!("time,text\n{csv}1474588800,\"x\n{csv}")),
    ];
    for (name, text) in texts {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        let (whole, fingerprint) = rest_of(&path, None);
        let mut file = open::OpenFile::open(&path, &FieldMap::default(), &Arc::default(), &Stop::default()).unwrap();
        let (mut told, mut places) = (0, 0);
        while let Some((first_line, payload)) = file.next().unwrap() {
            let line = first_line + payload.lines();
            decode(
                &Block::alone(first_line, payload),
                &DecodeOptions::default(),
                NOW,
                &mut DecodeScratch::default(),
                &mut |_, _| told += 1,
            );
            let Some(byte) = file.byte() else { continue };
            places += 1;
            let (rest, again) = rest_of(&path, Some((byte, line)));
            assert_eq!(rest, whole[told..], "{name}, byte {byte}");
            assert_eq!(again, fingerprint, "{name}: the whole file's, also where only a part was read");
        }
        assert!(places > 3, "{name}: {places} places");
    }
    // What is compressed has to be read up to the place.
    let path = folder.path().join("compressed");
    std::fs::write(&path, zst(ndjson.as_bytes())).unwrap();
    let mut file = open::OpenFile::open(&path, &FieldMap::default(), &Arc::default(), &Stop::default()).unwrap();
    file.next().unwrap();
    assert_eq!(file.byte(), None);
}

/// A run is gone on with from wherever the program is started, and however its files are named.
#[test]
fn a_file_is_the_same_by_every_way_to_write_its_path() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("side")).unwrap();
    let path = folder.path().join("posts.ndjson");
    std::fs::write(&path, many(10)).unwrap();
    let other = folder.path().join("other.ndjson");
    std::fs::write(&other, many(10)).unwrap();
    let set = |path: &Path| {
        let clock = Arc::new(ManualClock::at(EventTime::from_unix(0)));
        FileSet::new(FileSetConfig::new(vec![path.to_owned()]), clock)
    };
    let positions = positions_at_start(&path);
    assert!(set(&path).can_resume(&positions));
    assert!(set(&folder.path().join("side/../posts.ndjson")).can_resume(&positions));
    assert!(set(&folder.path().join("./posts.ndjson")).can_resume(&positions));
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    assert!(set(&link).can_resume(&positions));
    assert!(!set(&other).can_resume(&positions), "another file, though with the same posts");
}

/// What a checkpoint keeps of a run of one file that has counted nothing yet.
fn positions_at_start(path: &Path) -> crate::block::Positions {
    [(set::key_of(path), set::Place::start_of(path).unwrap().value())].into_iter().collect()
}
