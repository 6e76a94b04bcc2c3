//! A kill at any moment of an append leaves a log that goes on from there, and that says what happened.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod common;

use std::os::unix::fs::PermissionsExt as _;
use std::sync::{Arc, Mutex};

use common::{NOW, check, lines, made, open, options, read};
use groundswell_audit::{Act, Entry, Found, KeyFileError, Log, LogError, Word, Wording};
use proptest::prelude::*;

fn stopped() -> Act {
    Act::Stopped { command: Word::new("run") }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Log, hashes, index and head are cut back independently to any place between before and after the append, as a power cut
    /// leaves files that were not all brought to the disk; the head is that of before or after.
    #[test]
    fn an_append_that_was_cut_off_anywhere_is_mended(appends in common::appends(), cuts in any::<[usize; 3]>()) {
        let (folder, mut log) = made(&appends);
        let before = ["log.ndjson", "hashes", "index"].map(|name| read(folder.path(), name));
        let head = read(folder.path(), "checkpoint");
        log.append(NOW, &Wording::local(), vec![stopped(), stopped()]).unwrap();
        drop(log);
        let mut kept = 0;
        for ((name, before), cut) in ["log.ndjson", "hashes", "index"].iter().zip(before).zip(cuts) {
            let mut after = read(folder.path(), name);
            after.truncate(before.len() + cut % (after.len() - before.len() + 1));
            if *name == "log.ndjson" { kept = after.len(); }
            std::fs::write(folder.path().join(name), after).unwrap();
        }
        std::fs::write(folder.path().join("checkpoint"), &head).unwrap();
        let whole = lines(&read(folder.path(), "log.ndjson")).iter().filter(|line| line.ends_with(b"\n")).map(Vec::len).sum::<usize>();
        let (mut log, found) = Log::open(&options(folder.path()), NOW, Box::new(|_| {})).unwrap();
        prop_assert_eq!(found.cut_bytes, (kept - whole) as u64);
        let last = lines(&read(folder.path(), "log.ndjson")).pop().unwrap();
        let last = Entry::parse(last.strip_suffix(b"\n").unwrap()).unwrap();
        let told = Act::Mended { unsigned: found.unsigned, cut_bytes: found.cut_bytes };
        prop_assert_eq!(last.act == told, found != Found::default());
        log.append(NOW, &Wording::local(), vec![stopped()]).unwrap();
        let report = check(&read(folder.path(), "log.ndjson"), &read(folder.path(), "checkpoint"), log.key());
        prop_assert!(report.is_whole(), "{:?}", report.damages);
        // Once mended, nothing is left to mend.
        prop_assert_eq!(Log::open(&options(folder.path()), NOW, Box::new(|_| {})).unwrap().1, Found::default());
    }
}

#[test]
fn several_append_to_one_log() {
    let folder = tempfile::tempdir().unwrap();
    open(folder.path());
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let path = folder.path();
            scope.spawn(move || {
                let mut log = open(path);
                for number in 0..10 {
                    if (thread + number) % 5 == 0 {
                        log.publish(NOW).unwrap();
                    } else {
                        log.append(NOW, &Wording::local(), vec![stopped(); 2]).unwrap();
                    }
                }
            });
        }
    });
    let log = open(folder.path());
    let report = check(&read(folder.path(), "log.ndjson"), &read(folder.path(), "checkpoint"), log.key());
    assert!(report.is_whole(), "{:?}", report.damages);
    assert_eq!((report.entries, report.heads), (4 * 2 + 4 * 8 * 2, 8));
}

#[test]
fn one_that_runs_tells_what_another_left() {
    let (folder, mut log) = made(&[vec![stopped()]]);
    let mut bytes = read(folder.path(), "log.ndjson");
    bytes.extend_from_slice(b"{\"n\":1,\"ti");
    std::fs::write(folder.path().join("log.ndjson"), bytes).unwrap();
    log.append(NOW, &Wording::local(), vec![stopped()]).unwrap();
    let acts = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&acts);
    Log::open(&options(folder.path()), NOW, Box::new(move |entry| seen.lock().unwrap().push(entry.act.clone())))
        .unwrap();
    assert_eq!(*acts.lock().unwrap(), [stopped(), Act::Mended { unsigned: 0, cut_bytes: 10 }, stopped()]);
}

#[test]
fn an_altered_log_is_not_appended_to() {
    let (folder, mut log) = made(&[vec![stopped(); 3], vec![], vec![stopped()]]);
    let path = folder.path().join("log.ndjson");
    let (whole, head) = (read(folder.path(), "log.ndjson"), read(folder.path(), "checkpoint"));
    let refused = || Log::open(&options(folder.path()), NOW, Box::new(|_| {})).unwrap_err();
    std::fs::write(&path, String::from_utf8(whole.clone()).unwrap().replacen("run", "ran", 1)).unwrap();
    assert!(matches!(refused(), LogError::Altered { .. }));
    std::fs::write(&path, lines(&whole)[..4].concat()).unwrap();
    assert!(matches!(refused(), LogError::Altered { .. }));
    assert!(matches!(log.append(NOW, &Wording::local(), vec![stopped()]), Err(LogError::Shorter { .. })));
    std::fs::write(&path, [&whole[..], b"no entry\n"].concat()).unwrap();
    assert!(matches!(refused(), LogError::Altered { .. }));
    std::fs::write(&path, &whole).unwrap();
    std::fs::write(folder.path().join("checkpoint"), "no note").unwrap();
    assert!(matches!(refused(), LogError::Head { .. }));
    std::fs::remove_file(folder.path().join("checkpoint")).unwrap();
    assert!(matches!(refused(), LogError::Altered { .. }), "it holds a head, so its own was taken away");
    std::fs::write(folder.path().join("checkpoint"), &head).unwrap();
    std::fs::remove_file(folder.path().join("key")).unwrap();
    assert!(matches!(refused(), LogError::Head { .. }), "another key is no way in");
}

#[test]
fn the_key_is_its_owners_alone() {
    let (folder, log) = made(&[vec![stopped()]]);
    let key = folder.path().join("key");
    assert_eq!(std::fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    let text = std::fs::read_to_string(&key).unwrap();
    assert!(!format!("{log:?}").contains(text.trim_end().splitn(5, '+').last().unwrap()), "not even for debugging");
    let other =
        groundswell_audit::LogOptions { origin: Some("example.org/other".to_owned()), ..options(folder.path()) };
    let error = Log::open(&other, NOW, Box::new(|_| {})).unwrap_err();
    assert!(matches!(error, LogError::Key(KeyFileError::OtherOrigin { .. })));
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o640)).unwrap();
    let error = Log::open(&options(folder.path()), NOW, Box::new(|_| {})).unwrap_err();
    assert!(error.to_string().ends_with(
        "key: others may read the key (mode 640); `chmod 600` it, and if someone may have read it, begin a new log"
    ));
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::write(&key, "secret").unwrap();
    let error = Log::open(&options(folder.path()), NOW, Box::new(|_| {})).unwrap_err();
    assert!(!error.to_string().contains("secret"));
    // A new log without a name is named after its key.
    let unnamed = tempfile::tempdir().unwrap();
    let nameless = groundswell_audit::LogOptions { origin: None, ..options(unnamed.path()) };
    let (log, _) = Log::open(&nameless, NOW, Box::new(|_| {})).unwrap();
    assert!(log.key().name().starts_with("groundswell/") && log.key().name().len() == 28, "{}", log.key().name());
}

#[test]
fn what_cannot_be_signed_is_taken_back_and_can_be_tried_again() {
    let (folder, mut log) = made(&[vec![stopped()]]);
    let before = read(folder.path(), "log.ndjson");
    // Where the new head is written aside, something is in the way.
    let aside = folder.path().join("checkpoint.new");
    std::fs::create_dir(&aside).unwrap();
    for _ in 0..2 {
        assert!(log.append(NOW, &Wording::local(), vec![stopped(), stopped()]).is_err());
        assert!(log.publish(NOW).is_err());
        assert_eq!(read(folder.path(), "log.ndjson"), before);
    }
    std::fs::remove_dir(&aside).unwrap();
    log.append(NOW, &Wording::local(), vec![stopped(), stopped()]).unwrap();
    let report = check(&read(folder.path(), "log.ndjson"), &read(folder.path(), "checkpoint"), log.key());
    assert!(report.is_whole(), "{:?}", report.damages);
    assert_eq!(report.entries, 3, "neither twice nor mended");
    assert_eq!(Log::open(&options(folder.path()), NOW, Box::new(|_| {})).unwrap().1, Found::default());
}
