//! Any bytes as a log with its head (the head first, then a zero byte, then the log): read or refused, and verified without a panic.
//! What was read as a note is written as it was read; what is whole has a head that its key signed.
#![no_main]

use groundswell_audit::{Checkpoint, Copy, Entry, KeyKind, Note, SignerKey, VerifierKey, verify};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let at = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    let (head, log) = (&bytes[..at], bytes.get(at + 1..).unwrap_or_default());
    if let Ok(note) = Note::parse(head) {
        assert_eq!(note.to_string().as_bytes(), head);
        if let Ok(head) = Checkpoint::parse(&note.text) {
            assert!(note.text.starts_with(&head.text()));
        }
    }
    if let Ok(text) = std::str::from_utf8(head) {
        if let Ok(key) = VerifierKey::parse(text) {
            assert_eq!(key.to_string(), text.strip_suffix('\n').unwrap_or(text));
        }
    }
    for line in log.split(|byte| *byte == b'\n') {
        if let Ok(entry) = Entry::parse(line) {
            assert_eq!(entry.line().as_bytes(), line);
            assert!(!entry.act.words().is_empty());
        }
    }
    let signer = SignerKey::from_seed("example.org/fuzz", KeyKind::Log, &[7; 32]).expect("the name is fine");
    let mut reader = log;
    let copy = Copy { log: &mut reader, checkpoint: head, key: signer.public(), earlier: &[], witnesses: &[], hashes: None };
    let report = verify(copy).expect("reading memory does not fail");
    assert!(!report.is_whole() || report.signed == Some(report.entries));
});
