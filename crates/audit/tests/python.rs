//! The second verifier, in Python: it finds a log whole that is whole, and altered whatever this crate finds altered.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod common;

use std::path::Path;
use std::process::Command;

use common::{appends, check, lines, made, read};
use groundswell_audit::{Act, KeyKind, Note, Reader, SignerKey, Wording};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

/// Whether there is a Python to ask; says so where there is none.
fn python() -> bool {
    let there = Command::new("python3").arg("--version").output().is_ok_and(|output| output.status.success());
    if !there {
        #[allow(clippy::print_stderr, reason = "a skipped test must say so")]
        {
            eprintln!("SKIPPED: python3 is absent");
        }
    }
    there
}

/// Its exit code and what it printed.
fn ask(folder: &Path, arguments: &[&str]) -> (i32, serde_json::Value) {
    let output =
        Command::new("python3").arg("-B").arg(common::verifier()).args(arguments).current_dir(folder).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    (output.status.code().unwrap(), value)
}

fn sample<T>(runner: &mut TestRunner, strategy: impl Strategy<Value = T>) -> T {
    strategy.new_tree(runner).unwrap().current()
}

#[test]
fn both_verifiers_agree_on_random_tamperings() {
    if !python() {
        return;
    }
    let mut runner = TestRunner::deterministic();
    let mut found = 0;
    for _ in 0..6 {
        let (folder, log) = made(&sample(&mut runner, appends()));
        let (bytes, head) = (read(folder.path(), "log.ndjson"), read(folder.path(), "checkpoint"));
        let (code, report) = ask(folder.path(), &["log.ndjson", "checkpoint", "key.pub"]);
        let ours = check(&bytes, &head, log.key());
        assert_eq!(code, 0, "{report}");
        assert_eq!(report["entries"], ours.entries);
        assert_eq!(report["root"], ours.root.to_string());
        let entries = lines(&bytes);
        for _ in 0..8 {
            let (kind, at, to, bit) = sample(&mut runner, (0..7_u8, any::<usize>(), any::<usize>(), 0..8_u32));
            let (mut copy, mut copied_head) = (entries.clone(), head.clone());
            let count = copy.len();
            match kind {
                0 | 1 => {
                    let entry = &mut copy[at % count];
                    let byte = to % (entry.len() - 1);
                    entry[byte] ^= 1 << bit;
                }
                2 => drop(copy.remove(at % count)),
                3 => copy.insert(to % (count + 1), entries[at % count].clone()),
                4 => copy.swap(at % count, to % count),
                5 => copy.truncate(at % count),
                _ => {
                    let byte = at % copied_head.len();
                    copied_head[byte] ^= 1 << bit;
                }
            }
            let copy = copy.concat();
            std::fs::write(folder.path().join("copy"), &copy).unwrap();
            std::fs::write(folder.path().join("head"), &copied_head).unwrap();
            let ours = check(&copy, &copied_head, log.key());
            let (code, theirs) = ask(folder.path(), &["copy", "head", "key.pub"]);
            assert_eq!(code == 0, ours.is_whole(), "{theirs}\n{:?}", ours.damages);
            if copy != bytes || copied_head != head {
                assert!(!ours.is_whole());
                found += 1;
            }
        }
    }
    assert!(found > 40, "only {found} of 48 altered anything");
}

#[test]
fn it_judges_proofs_earlier_heads_and_witnesses_alike() {
    if !python() {
        return;
    }
    let (folder, mut log) = made(&[vec![Act::SignedIn {}; 5]]);
    std::fs::copy(folder.path().join("checkpoint"), folder.path().join("earlier")).unwrap();
    log.publish(common::NOW).unwrap();
    log.append(common::NOW, &Wording::local(), vec![Act::SignedOut {}; 5]).unwrap();
    let reader = Reader::new(folder.path());
    let path = folder.path().join("proof.json");
    let judge = |proof: &serde_json::Value, holds: bool| {
        std::fs::write(&path, proof.to_string()).unwrap();
        let (code, told) = ask(folder.path(), &["--proof", "proof.json"]);
        assert_eq!((code == 0, told["holds"].as_bool()), (holds, Some(holds)), "{proof}");
    };
    for (number, size) in [(0, 1), (0, 11), (4, 5), (10, 11), (6, 7)] {
        let mut proof = serde_json::to_value(reader.inclusion(number, Some(size)).unwrap()).unwrap();
        judge(&proof, true);
        proof["root"] = serde_json::json!(groundswell_audit::Hash::NONE);
        judge(&proof, false);
    }
    for (from, to) in [(0, 11), (5, 5), (4, 11), (5, 11), (10, 11), (1, 2)] {
        let mut proof = serde_json::to_value(reader.consistency(from, Some(to)).unwrap()).unwrap();
        judge(&proof, true);
        proof["from_root"] = serde_json::json!(groundswell_audit::Hash::NONE);
        judge(&proof, false);
    }

    let witness = SignerKey::from_seed("witness.example/w1", KeyKind::Witness, &[9; 32]).unwrap();
    let mut note: Note = reader.head().unwrap().note;
    note.signatures.push(witness.sign(&note.text, 1_795_700_123));
    std::fs::write(folder.path().join("cosigned"), note.to_string()).unwrap();
    let key = witness.public().to_string();
    let arguments = ["log.ndjson", "cosigned", "key.pub", "--earlier", "earlier", "--witness", &key];
    let (code, told) = ask(folder.path(), &arguments);
    assert_eq!((code, &told["witnesses"][0]["time"]), (0, &serde_json::json!(1_795_700_123)), "{told}");
    note.signatures[1].bytes[30] ^= 1;
    std::fs::write(folder.path().join("cosigned"), note.to_string()).unwrap();
    assert_eq!(ask(folder.path(), &arguments).0, 1);
}
