//! Logs for tests.

#![allow(dead_code, reason = "each test file uses a part of these helpers")]

use std::path::{Path, PathBuf};

use groundswell_audit::{
    Act, Copy, Day, Hash, Log, LogOptions, Report, Time, VerifierKey, WatchEnd, Word, Wording, verify,
};
use proptest::prelude::*;

pub(crate) const NOW: i64 = 1_795_700_000;
pub(crate) const ORIGIN: &str = "example.org/groundswell";

pub(crate) fn options(folder: &Path) -> LogOptions {
    LogOptions { folder: folder.to_owned(), key: None, origin: Some(ORIGIN.to_owned()) }
}

pub(crate) fn open(folder: &Path) -> Log {
    Log::open(&options(folder), NOW, Box::new(|_| {})).unwrap().0
}

/// Any act of those that commands write.
pub(crate) fn act() -> impl Strategy<Value = Act> {
    let name = || "[a-z][a-z-]{0,12}".prop_map(|name| Wording::new(&name));
    let text = || "\\PC{0,40}".prop_map(|text| Wording::new(&text));
    let time = || proptest::option::of((0..4_000_000_000_i64).prop_map(Time::from_unix));
    prop_oneof![
        Just(Act::Started { command: Word::new("run"), version: Word::new("0.1.0"), build: Word::new("ab12") }),
        Just(Act::Stopped { command: Word::new("run") }),
        (name(), text(), text(), 0..40_000_i64).prop_map(|(watch, query, sentence, day)| Act::WatchMade {
            watch,
            query,
            category: Wording::new("crisis-response"),
            sentence,
            sunset: Day::from_days(day),
        }),
        name().prop_map(|watch| Act::WatchEnded { watch, reason: WatchEnd::Removed }),
        (time(), time(), any::<bool>()).prop_map(|(from, to, one_value)| Act::Exported {
            table: Word::new("volumes"),
            dimension: Some(Word::new("hashtag")),
            step: Some(Word::new("hour")),
            one_value,
            from,
            to,
            format: Word::new("csv"),
        }),
        (any::<u8>(), 5..100_u32).prop_map(|(byte, k)| Act::SettingsInForce {
            hash: Hash([byte; 32]),
            k,
            narratives: false,
            bursts: (byte % 2 == 0).then_some(byte % 3 == 0),
            amplification: None,
            changed: vec![Word::new("gate.k")],
        }),
        (400..600_u16, 1..1_000_u64).prop_map(|(status, count)| Act::RequestsDenied {
            route: Word::new("/api/v1/volumes"),
            status,
            count
        }),
    ]
}

/// What is appended at once; an empty one publishes the head.
pub(crate) fn appends() -> impl Strategy<Value = Vec<Vec<Act>>> {
    proptest::collection::vec(proptest::collection::vec(act(), 0..4), 1..12)
}

/// A log in a folder, appended to as said.
pub(crate) fn made(appends: &[Vec<Act>]) -> (tempfile::TempDir, Log) {
    let folder = tempfile::tempdir().unwrap();
    let mut log = open(folder.path());
    for (index, acts) in appends.iter().enumerate() {
        let now = NOW + index as i64;
        if acts.is_empty() {
            log.publish(now).unwrap();
        } else {
            log.append(now, &Wording::local(), acts.clone()).unwrap();
        }
    }
    (folder, log)
}

pub(crate) fn read(folder: &Path, name: &str) -> Vec<u8> {
    std::fs::read(folder.join(name)).unwrap()
}

pub(crate) fn check(log: &[u8], checkpoint: &[u8], key: &VerifierKey) -> Report {
    let mut log = log;
    verify(Copy { log: &mut log, checkpoint, key, earlier: &[], witnesses: &[], hashes: None }).unwrap()
}

/// The lines of a log, each with its line feed.
pub(crate) fn lines(log: &[u8]) -> Vec<Vec<u8>> {
    log.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
}

pub(crate) fn verifier() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/verify.py")
}
