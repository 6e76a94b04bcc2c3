//! Laws: proofs of any log hold and altered ones do not; any single alteration of a log or its head is found, and where.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod common;

use common::{act, appends, check, lines, made, open, read};
use groundswell_audit::{
    Act, Checkpoint, ConsistencyProof, Copy, DamageKind, Day, Entry, Frontier, Hash, HashFile, InclusionProof, KeyKind,
    Note, NoteSignature, Reader, SignerKey, StoredHashes as _, Time, VerifierKey, WatchEnd, Word, Wording,
    prove_consistency, prove_inclusion, verify,
};
use proptest::prelude::*;

/// The stored hashes of so many entries.
fn stored(size: u64) -> Vec<Hash> {
    let (mut frontier, mut stored) = (Frontier::default(), Vec::new());
    for number in 0..size {
        frontier.push(Hash::of_entry(&number.to_be_bytes()), |hash| stored.push(hash));
    }
    stored
}

/// The root by the definition of RFC 6962, section 2.1, over a list.
fn defined(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Hash::of_no_entries(),
        [one] => *one,
        _ => {
            let middle = leaves.len().next_power_of_two() / 2;
            Hash::of_node(defined(&leaves[..middle]), defined(&leaves[middle..]))
        }
    }
}

fn without(path: &[Hash], at: usize) -> Vec<Hash> {
    [&path[..at], &path[at + 1..]].concat()
}

fn flipped(hash: Hash, bit: usize) -> Hash {
    let mut bytes = hash.0;
    bytes[bit / 8 % 32] ^= 1 << (bit % 8);
    Hash(bytes)
}

proptest! {
    #[test]
    fn roots_are_those_of_the_definition(size in 0_u64..200) {
        let leaves: Vec<Hash> = (0..size).map(|number| Hash::of_entry(&number.to_be_bytes())).collect();
        prop_assert_eq!(groundswell_audit::root_at(&stored(size)[..], size).unwrap(), defined(&leaves));
    }

    #[test]
    fn an_entry_is_in_every_later_log(size in 1_u64..300, number in any::<u64>(), more in 0_u64..100, bit in 0_usize..256) {
        let number = number % size;
        let hashes = stored(size + more);
        let proof = prove_inclusion(&hashes[..], number, size).unwrap().unwrap();
        prop_assert!(proof.holds());
        let other = |change: &dyn Fn(&mut InclusionProof)| {
            let mut other = proof.clone();
            change(&mut other);
            !other.holds()
        };
        prop_assert!(other(&|proof| proof.entry = flipped(proof.entry, bit)));
        prop_assert!(other(&|proof| proof.root = flipped(proof.root, bit)));
        prop_assert!(other(&|proof| proof.path.push(proof.root)));
        prop_assert!(other(&|proof| proof.path.insert(0, proof.root)));
        for at in 0..proof.path.len() {
            prop_assert!(other(&|proof| proof.path[at] = flipped(proof.path[at], bit)));
            prop_assert!(other(&|proof| proof.path = without(&proof.path, at)));
        }
        prop_assert!(size == 1 || other(&|proof| proof.number = (proof.number + 1) % proof.size));
        prop_assert!(other(&|proof| proof.size = proof.number));
        prop_assert!(prove_inclusion(&hashes[..], size, size).unwrap().is_none());
    }

    #[test]
    fn a_log_is_the_beginning_of_every_later_one(to in 1_u64..300, from in any::<u64>(), bit in 0_usize..256) {
        let from = from % (to + 1);
        let hashes = stored(to);
        let proof = prove_consistency(&hashes[..], from, to).unwrap().unwrap();
        prop_assert!(proof.holds());
        let other = |change: &dyn Fn(&mut ConsistencyProof)| {
            let mut other = proof.clone();
            change(&mut other);
            !other.holds()
        };
        prop_assert!(other(&|proof| proof.from_root = flipped(proof.from_root, bit)));
        // Nothing is proved of the later root where the earlier log is empty: everything begins with nothing.
        prop_assert!(from == 0 || other(&|proof| proof.to_root = flipped(proof.to_root, bit)));
        prop_assert!(other(&|proof| proof.path.push(proof.to_root)));
        prop_assert!(other(&|proof| proof.path.insert(0, proof.from_root)));
        for at in 0..proof.path.len() {
            prop_assert!(other(&|proof| proof.path[at] = flipped(proof.path[at], bit)));
            prop_assert!(other(&|proof| proof.path = without(&proof.path, at)));
        }
        prop_assert!(prove_consistency(&hashes[..], to + 1, to).unwrap().is_none());
    }

    #[test]
    fn any_proof_is_judged_without_a_panic(
        numbers in any::<(u64, u64)>(),
        hashes in any::<([u8; 32], [u8; 32])>(),
        path in proptest::collection::vec(any::<[u8; 32]>(), 0..70),
    ) {
        let path: Vec<Hash> = path.into_iter().map(Hash).collect();
        let (one, other) = (Hash(hashes.0), Hash(hashes.1));
        let inclusion = InclusionProof { number: numbers.0, size: numbers.1, entry: one, root: other, path: path.clone() };
        let consistency = ConsistencyProof { from: numbers.0, to: numbers.1, from_root: one, to_root: other, path };
        prop_assert!(!inclusion.holds() && !consistency.holds());
    }

    #[test]
    fn what_is_written_is_read(act in act(), number in any::<u64>(), prev in any::<[u8; 32]>()) {
        let entry = Entry { number, time: Time::from_unix(common::NOW), by: Wording::local(), act, prev: Hash(prev) };
        let line = entry.line();
        prop_assert_eq!(Entry::parse(line.as_bytes()).unwrap(), entry);
        prop_assert!(!line.contains('\n'));
    }

    #[test]
    fn any_note_is_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400), text in "(\\PC|\n){0,200}") {
        for bytes in [&bytes[..], text.as_bytes()] {
            if let Ok(note) = Note::parse(bytes) {
                prop_assert_eq!(note.to_string().into_bytes(), bytes);
            }
            let _ = (Entry::parse(bytes), Checkpoint::parse(&text), VerifierKey::parse(&text));
        }
    }

    #[test]
    fn any_bytes_are_verified_without_a_panic(log in "(\\PC|\n){0,300}", head in "(\\PC|\n){0,200}") {
        let signer = SignerKey::from_seed("x", KeyKind::Log, &[7; 32]).unwrap();
        prop_assert!(!check(log.as_bytes(), head.as_bytes(), signer.public()).is_whole());
    }
}

/// What somebody does to a copy.
#[derive(Clone, Debug)]
enum Tampering {
    Bit(usize, usize),
    Remove(usize),
    Repeat(usize, usize),
    Swap(usize, usize),
    Cut(usize),
    Tear(usize),
    Append,
    Head(usize, usize),
}

fn tampering() -> impl Strategy<Value = Tampering> {
    prop_oneof![
        4 => any::<(usize, usize)>().prop_map(|(at, bit)| Tampering::Bit(at, bit)),
        1 => any::<usize>().prop_map(Tampering::Remove),
        1 => any::<(usize, usize)>().prop_map(|(from, to)| Tampering::Repeat(from, to)),
        1 => any::<(usize, usize)>().prop_map(|(a, b)| Tampering::Swap(a, b)),
        1 => any::<usize>().prop_map(Tampering::Cut),
        1 => any::<usize>().prop_map(Tampering::Tear),
        1 => Just(Tampering::Append),
        2 => any::<(usize, usize)>().prop_map(|(at, bit)| Tampering::Head(at, bit)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_single_alteration_is_found(appends in appends(), tampering in proptest::collection::vec(tampering(), 12)) {
        let (folder, log) = made(&appends);
        let (bytes, head) = (read(folder.path(), "log.ndjson"), read(folder.path(), "checkpoint"));
        let whole = check(&bytes, &head, log.key());
        prop_assert!(whole.is_whole(), "{:?}", whole.damages);
        prop_assert_eq!(whole.signed, Some(whole.entries));
        let entries = lines(&bytes);
        let count = entries.len();
        for tampering in tampering {
            let (mut copy, mut copied_head) = (entries.clone(), head.clone());
            // The first entry that is not in its place, or not what it was.
            let place = match tampering {
                Tampering::Bit(at, bit) => {
                    let entry = at % count;
                    let byte = bit / 8 % (copy[entry].len() - 1);
                    copy[entry][byte] ^= 1 << (bit % 8);
                    if copy[entry][byte] == b'\n' { continue; }
                    entry
                }
                Tampering::Remove(at) => { copy.remove(at % count); at % count }
                Tampering::Repeat(from, to) => {
                    let (from, to) = (from % count, to % (count + 1));
                    copy.insert(to, entries[from].clone());
                    // Put before itself, it is the second that is too many.
                    from.min(to)
                }
                Tampering::Swap(a, b) => {
                    let (a, b) = (a % count, b % count);
                    if a == b { continue; }
                    copy.swap(a, b);
                    a.min(b)
                }
                Tampering::Cut(at) => { copy.truncate(at % count); at % count }
                Tampering::Tear(at) => {
                    let entry = at % count;
                    copy.truncate(entry + 1);
                    let length = copy[entry].len();
                    copy[entry].truncate(length - 1 - at % (length - 1));
                    entry
                }
                Tampering::Append => {
                    let prev = Hash::of_entry(entries[count - 1].strip_suffix(b"\n").unwrap());
                    let act = Act::SignedOut {};
                    let time = Time::from_unix(common::NOW);
                    let entry = Entry { number: count as u64, time, by: Wording::local(), act, prev };
                    copy.push(format!("{}\n", entry.line()).into_bytes());
                    count
                }
                Tampering::Head(at, bit) => {
                    let at = at % copied_head.len();
                    copied_head[at] ^= 1 << (bit % 8);
                    usize::MAX
                }
            };
            let report = check(&copy.concat(), &copied_head, log.key());
            prop_assert!(!report.is_whole(), "{tampering:?} was not found");
            if place == usize::MAX {
                prop_assert!(report.damages.iter().any(|damage| damage.first.is_none()), "{:?}", report.damages);
            } else {
                let first = report.damages.iter().filter_map(|damage| damage.first).min().unwrap();
                let last = report.damages.iter().filter_map(|damage| damage.last).max().unwrap();
                prop_assert!(
                    first <= place as u64 && place as u64 <= last,
                    "{tampering:?} at {place} was looked for at {first} to {last}: {:?}", report.damages
                );
            }
        }
    }

    #[test]
    fn what_follows_from_the_log_is_mended_and_proofs_of_the_reader_hold(
        appends in appends(), numbers in any::<(u64, u64)>(), garbage in any::<(bool, usize)>(),
    ) {
        let (folder, log) = made(&appends);
        drop(log);
        let reader = Reader::new(folder.path());
        let size = reader.head().unwrap().checkpoint.size;
        let (a, b) = (numbers.0 % size, numbers.1 % size + 1);
        prop_assert!(reader.inclusion(a, None).unwrap().holds());
        prop_assert_eq!(reader.inclusion(a, Some(b)).is_ok(), a < b);
        prop_assert_eq!(reader.consistency(a, Some(b)).is_ok(), a <= b);
        prop_assert!(reader.inclusion(0, Some(size + 1)).is_err());
        prop_assert_eq!(reader.entries(a, 1_000).unwrap().len() as u64, size - a);
        // Whatever becomes of the two files that follow from the log, no wrong proof comes out, and an opening makes them whole.
        let path = folder.path().join(if garbage.0 { "hashes" } else { "index" });
        let mut bytes = std::fs::read(&path).unwrap();
        let at = garbage.1 % bytes.len();
        bytes[at] ^= 0xff;
        std::fs::write(&path, &bytes).unwrap();
        for number in 0..size {
            if let Ok(lines) = reader.entries(number, 1_000) {
                prop_assert!(lines.iter().all(|(number, line)| Entry::parse(line.as_bytes()).unwrap().number == *number));
            }
            if let Ok(proof) = reader.inclusion(number, None) {
                prop_assert!(proof.holds() && proof.root == reader.head().unwrap().checkpoint.root);
            }
        }
        open(folder.path());
        for number in 0..size {
            prop_assert!(reader.inclusion(number, None).unwrap().holds());
        }
    }
}

#[test]
fn kinds_of_damage_have_their_names() {
    let acts = |count: usize| vec![Act::SignedIn {}; count];
    let (folder, mut log) = made(&[acts(3)]);
    log.publish(common::NOW).unwrap();
    log.append(common::NOW, &Wording::local(), acts(4)).unwrap();
    let (bytes, head) = (read(folder.path(), "log.ndjson"), read(folder.path(), "checkpoint"));
    let entries = lines(&bytes);
    let edit = |at: usize, from: &str, to: &str| {
        let mut copy = entries.clone();
        copy[at] = String::from_utf8(copy[at].clone()).unwrap().replacen(from, to, 1).into_bytes();
        copy.concat()
    };
    let words = |log: &[u8]| {
        let report = check(log, &head, open(folder.path()).key());
        report.damages.into_iter().map(|damage| damage.words).collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!("altered", words(&edit(2, "local", "other")));
    insta::assert_snapshot!("altered_number", words(&edit(2, "\"n\":2", "\"n\":3")));
    let prev = Entry::parse(entries[5].strip_suffix(b"\n").unwrap()).unwrap().prev;
    insta::assert_snapshot!("altered_link", words(&edit(5, &prev.to_string(), &Hash::NONE.to_string())));
    insta::assert_snapshot!("last_altered", words(&edit(7, "local", "other")));
    insta::assert_snapshot!("unreadable", words(&edit(1, "{", "[")));
    let mut removed = entries.clone();
    removed.drain(1..3);
    insta::assert_snapshot!("removed", words(&removed.concat()));
    let mut swapped = entries.clone();
    swapped.swap(5, 6);
    insta::assert_snapshot!("reordered", words(&swapped.concat()));
    insta::assert_snapshot!("cut_off", words(&entries[..6].concat()));
    let mut twice = entries.clone();
    twice.insert(7, entries[2].clone());
    insta::assert_snapshot!("inserted", words(&twice.concat()));
    let mut torn = bytes.clone();
    torn.truncate(bytes.len() - 9);
    insta::assert_snapshot!("torn", words(&torn));

    // Rewritten from an entry on, with all marks made to fit: two heads that the log holds bound the place.
    let mut forged = entries.clone();
    forged[5] = String::from_utf8(forged[5].clone()).unwrap().replacen("local", "other", 1).into_bytes();
    for at in 6..forged.len() {
        let prev = Hash::of_entry(forged[at - 1].strip_suffix(b"\n").unwrap());
        let mut entry = Entry::parse(entries[at].strip_suffix(b"\n").unwrap()).unwrap();
        entry.prev = prev;
        forged[at] = format!("{}\n", entry.line()).into_bytes();
    }
    let forged = forged.concat();
    insta::assert_snapshot!("rewritten", words(&forged));
    // With the stored hashes at hand, the entry itself.
    let hashes = HashFile::open(&folder.path().join("hashes")).unwrap();
    assert!(hashes.stored(0).is_ok());
    let mut copy = &forged[..];
    let report = verify(Copy {
        log: &mut copy,
        checkpoint: &head,
        key: log.key(),
        earlier: &[],
        witnesses: &[],
        hashes: Some(&hashes),
    })
    .unwrap();
    assert_eq!((report.damages[0].kind, report.damages[0].first), (DamageKind::Altered, Some(5)));
}

#[test]
fn every_act_has_its_form_and_its_words() {
    let (word, wording) = (Word::new, Wording::new);
    let (day, time) = (Day::from_days(21_000), Time::from_unix(common::NOW));
    let sentence = "See where flooding is discussed.";
    let watch = |changed: bool| {
        let (watch, query) = (wording("river-floods"), wording("flood* AND (river OR \"heavy rain\")"));
        let (category, sentence) = (wording("crisis-response"), wording(sentence));
        if changed {
            Act::WatchChanged { watch, query, category, sentence, sunset: day }
        } else {
            Act::WatchMade { watch, query, category, sentence, sunset: day }
        }
    };
    let ended = |reason| Act::WatchEnded { watch: wording("river-floods"), reason };
    let acts = [
        Act::Started { command: word("run"), version: word("0.1.0"), build: word("ab12cd34ef56ab12") },
        Act::SettingsInForce {
            hash: Hash::NONE,
            k: 10,
            narratives: true,
            bursts: Some(true),
            amplification: Some(false),
            changed: vec![word("gate.k"), word("log.level")],
        },
        Act::SettingsInForce {
            hash: Hash::NONE,
            k: 10,
            narratives: false,
            bursts: None,
            amplification: None,
            changed: vec![],
        },
        watch(false),
        watch(true),
        Act::WatchRenewed { watch: wording("river-floods"), sunset: day },
        Act::WatchTried {
            query: wording("flood* AND river"),
            category: wording("crisis-response"),
            sentence: wording(sentence),
        },
        ended(WatchEnd::Sunset),
        ended(WatchEnd::Removed),
        ended(WatchEnd::Gone),
        Act::Exported {
            table: word("volumes"),
            dimension: Some(word("hashtag")),
            step: Some(word("hour")),
            one_value: true,
            from: Some(time),
            to: None,
            format: word("csv"),
        },
        Act::FeedMade { feed: wording("morning"), receivers: (0..70).map(|n| wording(&format!("desk-{n}"))).collect() },
        Act::FeedMade { feed: wording("morning"), receivers: vec![] },
        Act::FeedRemoved { feed: wording("morning") },
        Act::FeedReceivers { feed: wording("morning"), receivers: vec![wording("newsroom")] },
        Act::FeedReceivers { feed: wording("morning"), receivers: vec![] },
        Act::FeedPinned { feed: wording("morning"), detection: word("narrative-n1a"), pinned: true },
        Act::FeedPinned { feed: wording("morning"), detection: word("narrative-n1a"), pinned: false },
        Act::FeedMuted { feed: wording("morning"), detection: word("narrative-n1a"), until: Some(time) },
        Act::FeedMuted { feed: wording("morning"), detection: word("narrative-n1a"), until: None },
        Act::FeedMarked { feed: wording("morning"), detection: word("narrative-n1a"), mark: word("useful") },
        Act::FeedMarked { feed: wording("morning"), detection: word("narrative-n1a"), mark: word("none") },
        Act::FeedNoted { feed: wording("morning"), detection: word("narrative-n1a") },
        Act::DeliveriesRevived { receiver: wording("newsroom"), count: 1 },
        Act::RequestsDenied { route: word("/api/v1/ingest"), status: 401, count: 1 },
        Act::OptOutsCounted { at_least: 20 },
        Act::DeletionsCounted { at_least: 30 },
        Act::SignedIn {},
        Act::SignedOut {},
        Act::SignInsFailed { count: 3 },
        Act::ExpiredTokenUsed { token: wording("nightly"), count: 2 },
        Act::PasswordChanged { account: wording("desk") },
        Act::AccountMade { account: wording("desk"), role: word("editor") },
        Act::AccountRemoved { account: wording("desk") },
        Act::TokenMade { token: wording("nightly"), scope: word("read"), expires: Some(time) },
        Act::TokenMade { token: wording("nightly"), scope: word("read"), expires: None },
        Act::TokenRemoved { token: wording("nightly") },
        Act::Mended { unsigned: 1, cut_bytes: 17 },
        Act::Stopped { command: word("run") },
        Act::FeedNoteRemoved { feed: wording("morning"), detection: word("narrative-n1a") },
    ];
    let (folder, mut log) = made(&[acts.to_vec()]);
    log.publish(common::NOW).unwrap();
    let bytes = read(folder.path(), "log.ndjson");
    let shown: Vec<String> = lines(&bytes)
        .iter()
        .map(|line| {
            let line = line.strip_suffix(b"\n").unwrap();
            let entry = Entry::parse(line).unwrap();
            let shown = String::from_utf8(line.to_vec()).unwrap();
            // The key is another in every run, and the signature with it.
            let shown = shown.split_once("\"signature\"").map_or(shown.clone(), |(before, _)| format!("{before}…"));
            format!("{}\n    {}\n", entry.act.words(), shown.replace(&entry.prev.to_string(), "…"))
        })
        .collect();
    insta::assert_snapshot!(shown.concat());
    assert!(Act::FeedMade { feed: wording("a@b"), receivers: vec![] }.words().contains("(withheld)"));
}

#[test]
fn heads_of_others_and_forged_ones() {
    let (folder, log) = made(&[vec![Act::SignedIn {}; 3]]);
    let (bytes, head) = (read(folder.path(), "log.ndjson"), read(folder.path(), "checkpoint"));
    let kind = |head: &[u8], key: &VerifierKey| {
        let report = check(&bytes, head, key);
        report.damages.iter().map(|damage| damage.kind).collect::<Vec<_>>()
    };
    assert_eq!(kind(&head, log.key()), []);
    let same_name = SignerKey::from_seed(common::ORIGIN, KeyKind::Log, &[1; 32]).unwrap();
    assert_eq!(kind(&head, same_name.public()), [DamageKind::WrongKey]);
    let other = SignerKey::from_seed("example.org/other", KeyKind::Log, &[1; 32]).unwrap();
    assert_eq!(kind(&head, other.public()), [DamageKind::OtherLog]);
    let text = String::from_utf8(head.clone()).unwrap();
    assert_eq!(kind(text.replacen("\n3\n", "\n2\n", 1).as_bytes(), log.key()), [DamageKind::CheckpointForged]);
    assert_eq!(kind(text.replacen("\n3\n", "\n03\n", 1).as_bytes(), log.key()), [DamageKind::CheckpointUnreadable]);
    assert_eq!(kind(b"", log.key()), [DamageKind::CheckpointUnreadable]);
    // Signed by somebody who made a key of the same name: the line is there, and it is not the log's key.
    let forged = Checkpoint { origin: common::ORIGIN.to_owned(), size: 3, root: Hash::NONE }.signed(&same_name);
    assert_eq!(kind(forged.to_string().as_bytes(), log.key()), [DamageKind::WrongKey]);
    // A right signature beside a wrong one of the same key.
    let mut doubled = Note::parse(&head).unwrap();
    let mut wrong: NoteSignature = doubled.signatures[0].clone();
    wrong.bytes[0] ^= 1;
    doubled.signatures.push(wrong);
    assert_eq!(kind(doubled.to_string().as_bytes(), log.key()), [DamageKind::CheckpointForged]);
}

#[test]
fn witnesses_and_earlier_heads() {
    let (folder, mut log) = made(&[vec![Act::SignedIn {}; 3]]);
    let early = read(folder.path(), "checkpoint");
    log.append(common::NOW, &Wording::local(), vec![Act::SignedOut {}]).unwrap();
    let (bytes, head) = (read(folder.path(), "log.ndjson"), read(folder.path(), "checkpoint"));
    let witness = SignerKey::from_seed("witness.example/w1", KeyKind::Witness, &[9; 32]).unwrap();
    let absent = SignerKey::from_seed("witness.example/w2", KeyKind::Witness, &[8; 32]).unwrap();
    let mut note = Note::parse(&head).unwrap();
    note.signatures.push(witness.sign(&note.text, 1_795_700_123));
    let witnesses = [witness.public().clone(), absent.public().clone()];
    let report = |note: &Note, earlier: &[Vec<u8>]| {
        let mut log_bytes = &bytes[..];
        let checkpoint = note.to_string();
        let checkpoint = checkpoint.as_bytes();
        verify(Copy { log: &mut log_bytes, checkpoint, key: log.key(), earlier, witnesses: &witnesses, hashes: None })
            .unwrap()
    };
    let whole = report(&note, std::slice::from_ref(&early));
    assert!(whole.is_whole(), "{:?}", whole.damages);
    assert_eq!((whole.earlier, whole.witnesses.len()), (1, 1));
    assert_eq!(whole.witnesses[0].time.to_string(), "2026-11-26T13:35:23Z");
    let mut forged = note.clone();
    forged.signatures[1].bytes[20] ^= 1;
    assert_eq!(report(&forged, &[]).damages[0].kind, DamageKind::CosignatureForged);
    // A head of the same log that shows another past: a split view.
    let key = std::fs::read_to_string(folder.path().join("key")).unwrap();
    let other_folder = tempfile::tempdir().unwrap();
    std::fs::write(other_folder.path().join("key"), key).unwrap();
    std::fs::set_permissions(other_folder.path().join("key"), std::os::unix::fs::PermissionsExt::from_mode(0o600))
        .unwrap();
    let mut split = open(other_folder.path());
    split.append(common::NOW, &Wording::local(), vec![Act::SignedOut {}; 2]).unwrap();
    let shown = read(other_folder.path(), "checkpoint");
    assert_eq!(report(&note, std::slice::from_ref(&shown)).damages[0].kind, DamageKind::NotConsistent);

    let reader = Reader::new(folder.path());
    assert!(reader.cosigned().unwrap().is_none());
    assert_eq!(reader.keep_cosigned(note.to_string().as_bytes(), &witnesses).unwrap(), ["witness.example/w1"]);
    assert_eq!(reader.cosigned().unwrap().unwrap().note, note);
    assert!(reader.keep_cosigned(&head, &witnesses).is_err(), "nobody cosigned it");
    assert!(reader.keep_cosigned(&shown, &witnesses).is_err(), "it is not of this log as it is here");
}
