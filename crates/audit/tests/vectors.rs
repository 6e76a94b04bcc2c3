//! What others published: the reference vectors of Certificate Transparency's Merkle tree, the signed note of Go's `sumdb/note`,
//! that of C2SP, and a head of a real log with the cosignatures of real witnesses.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use groundswell_audit::{
    Checkpoint, ConsistencyProof, Copy, Frontier, Hash, InclusionProof, KeyError, KeyKind, Note, SignatureError,
    SignerKey, VerifierKey, prove_consistency, prove_inclusion, root_at, verify,
};

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn hash(hex: &str) -> Hash {
    Hash(bytes(hex).try_into().unwrap())
}

/// The eight entries of the reference tree (certificate-transparency, transparency-dev/merkle).
const ENTRIES: [&str; 8] =
    ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];

/// Its roots at the sizes 1 to 8.
const ROOTS: [&str; 8] = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

/// Entry (from 1), size and path.
const INCLUSION: [(u64, u64, &[&str]); 5] = [
    (1, 1, &[]),
    (
        1,
        8,
        &[
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        6,
        8,
        &[
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (3, 3, &["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    (
        2,
        5,
        &[
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
];

/// Sizes and path.
const CONSISTENCY: [(u64, u64, &[&str]); 5] = [
    (1, 1, &[]),
    (
        1,
        8,
        &[
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        6,
        8,
        &[
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (
        2,
        5,
        &[
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
    (
        6,
        7,
        &[
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
];

#[test]
fn hashes_of_entries_and_nodes() {
    assert_eq!(Hash::of_no_entries(), hash("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
    assert_eq!(Hash::of_entry(b"L123456"), hash("395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56"));
    // One of the vectors hashes two halves of four bytes, which no hash here has; its bytes are those of an entry's with another
    // first byte, so that what is left to show is that byte.
    let (left, right) = (hash(ROOTS[0]), Hash::of_entry(&bytes(ENTRIES[1])));
    assert_eq!(Hash::of_node(left, right), hash(ROOTS[1]));
}

#[test]
fn roots_and_proofs_of_the_reference_tree() {
    let mut frontier = Frontier::default();
    let mut stored = Vec::new();
    assert_eq!(frontier.root(), Hash::of_no_entries());
    for (entry, root) in ENTRIES.iter().zip(ROOTS) {
        frontier.push(Hash::of_entry(&bytes(entry)), |hash| stored.push(hash));
        assert_eq!(frontier.root(), hash(root));
        assert_eq!(root_at(&stored[..], frontier.size()).unwrap(), hash(root));
    }
    for (entry, size, path) in INCLUSION {
        let expected = InclusionProof {
            number: entry - 1,
            size,
            entry: Hash::of_entry(&bytes(ENTRIES[entry as usize - 1])),
            root: hash(ROOTS[size as usize - 1]),
            path: path.iter().map(|side| hash(side)).collect(),
        };
        assert_eq!(prove_inclusion(&stored[..], entry - 1, size).unwrap().as_ref(), Some(&expected));
        assert!(expected.holds());
    }
    for (from, to, path) in CONSISTENCY {
        let expected = ConsistencyProof {
            from,
            to,
            from_root: hash(ROOTS[from as usize - 1]),
            to_root: hash(ROOTS[to as usize - 1]),
            path: path.iter().map(|side| hash(side)).collect(),
        };
        assert_eq!(prove_consistency(&stored[..], from, to).unwrap().as_ref(), Some(&expected));
        assert!(expected.holds());
    }
}

const PETER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const PETER_SAYS: &str = "If you think cryptography is the answer to your problem,\n\
    then you don't know what your problem is.\n\n\
    \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

#[test]
fn the_note_of_go() {
    let key = VerifierKey::parse(PETER).unwrap();
    assert_eq!(key.to_string(), PETER);
    let note = Note::parse(PETER_SAYS.as_bytes()).unwrap();
    assert_eq!(note.to_string(), PETER_SAYS);
    note.signed_by(&key).unwrap();
    let mut other = note.clone();
    other.text = other.text.replace("problem", "question");
    assert_eq!(other.signed_by(&key), Err(SignatureError::Wrong));
    // The private half, of the same documentation: signing gives the same bytes.
    let seed = [
        129, 10, 20, 2, 213, 20, 108, 141, 132, 242, 68, 51, 48, 245, 64, 128, 235, 249, 142, 225, 125, 156, 116, 246,
        37, 47, 197, 213, 199, 40, 49, 115,
    ];
    let signer = SignerKey::from_seed("PeterNeumann", KeyKind::Log, &seed).unwrap();
    assert_eq!(signer.public(), &key);
    assert_eq!(signer.sign(&note.text, 0), note.signatures[0]);
}

#[test]
fn no_mangled_key_is_taken() {
    for from in 0..PETER.len() {
        for to in from + 1..=PETER.len() {
            assert_eq!(VerifierKey::parse(&PETER[from..to]).is_ok(), (from, to) == (0, PETER.len()), "{from}..{to}");
        }
        let mut mangled = PETER.as_bytes().to_vec();
        mangled[from] += 1;
        assert!(VerifierKey::parse(std::str::from_utf8(&mangled).unwrap()).is_err(), "byte {from}");
    }
    let private = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
    assert_eq!(VerifierKey::parse(private), Err(KeyError::Private));
}

#[test]
fn the_note_of_c2sp() {
    let key = VerifierKey::parse("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k").unwrap();
    let note = "This is an example message.\n\n\
        \u{2014} example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";
    Note::parse(note.as_bytes()).unwrap().signed_by(&key).unwrap();
}

/// A head of the staging log `arche2025h1`, with two signatures of the log (one of a kind that is not known here) and four of
/// witnesses.
pub(crate) const ARCHE: &str = "arche2025h1.staging.ct.transparency.dev
1432088532
U7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=

\u{2014} arche2025h1.staging.ct.transparency.dev zTM8sQAAAZ5W0WdjBAMARjBEAiBjW5IQf9pvsYLfQFX6hoGREPMHbdQ3urbllzalApkptQIgIpwtEroeW2BXaHAI4kJXFbon5Ch9MNL5zRNZ55lvGt0=
\u{2014} arche2025h1.staging.ct.transparency.dev ui8GwCF1+kWqZrxGdhj4aX3gcw7XUlXQQabg/27lefwhUkzbC3NygNI75MdhL1bfTW9g8Ei59RA23oHP7Ry1k3ZFWwQ=
\u{2014} transparency.dev/DEV:witness-little-garden 2AQqhwAAAABqEiEgzgFIqqhbUoDwjMWE6UP8nd8/KYTzwZ2rhIgcqoXHAwVkjZr4AscylP3v7sEodkRAErumC2q44vdgJY096st5BQ==
\u{2014} witness1.smartit.nu/witness1 pIyCDwAAAABqEiEghIp82KWebrw7/oHQwlTAm3g2RKS4+eebl8eO0WH+/iEcxZ75W3u5hNI7TOQtmJbqmNWVuE0tgh0XwzdZsDsUAQ==
\u{2014} remora.n621.de 2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+aVCIobWX9sXTynk5XeU/zZ0WBxtqB0DrAWfBw==
\u{2014} witness.stagemole.eu Z/euoAAAAABqEiEgw0i+7g2ENfDAWHmtRzCfKTHSDwYDJA2NmKeGi9Y8FtEyOUvVr+AJmIY/2TUFucgKi7lI7cUiOvKFYe/TmN9DAg==
";

const ARCHE_KEY: &str = "arche2025h1.staging.ct.transparency.dev+ba2f06c0+AU0vHmlGCS/PdN8b2OaGmKprLI8HKM+dJ472xgFYh15f";

/// As their operators publish them.
const WITNESSES: [&str; 4] = [
    "transparency.dev/DEV:witness-little-garden+d8042a87+BCtusOxINQNUTN5Oj8HObRkh2yHf/MwYaGX4CPdiVEPM",
    "witness1.smartit.nu/witness1+a48c820f+BPSFWg9G6KPiO7QPryYO5Xq4oYJJ+kAvLKLSimDhoxMO",
    "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2",
    "witness.stagemole.eu+67f7aea0+BEqSG3yu9YrmcM3BHvQYTxwFj3uSWakQepafafpUqklv",
];

#[test]
fn a_head_of_a_real_log_with_real_witnesses() {
    let key = VerifierKey::parse(ARCHE_KEY).unwrap();
    let (head, note) = Checkpoint::open(ARCHE.as_bytes(), &key).unwrap();
    assert_eq!((head.size, note.to_string().as_str()), (1_432_088_532, ARCHE));
    for witness in WITNESSES {
        let witness = VerifierKey::parse(witness).unwrap();
        assert_eq!(witness.kind(), KeyKind::Witness);
        assert_eq!(note.cosigned_by(&witness), Ok(0x6a12_2120), "{}", witness.name());
        assert_eq!(note.signed_by(&witness), Err(SignatureError::Missing), "a witness is no log");
        let mut later = note.clone();
        for signature in &mut later.signatures {
            signature.bytes[7] ^= 1;
        }
        assert_eq!(later.cosigned_by(&witness), Err(SignatureError::Wrong), "its time is signed");
    }
}

/// The corpus of the fuzz target was made by the second verifier's arithmetic, down to its signatures.
#[test]
fn a_log_that_python_made_is_whole() {
    let bytes = include_bytes!("../../../fuzz/corpus/audit/whole");
    let at = bytes.iter().position(|byte| *byte == 0).unwrap();
    let signer = SignerKey::from_seed("example.org/fuzz", KeyKind::Log, &[7; 32]).unwrap();
    let mut log = &bytes[at + 1..];
    let copy = Copy {
        log: &mut log,
        checkpoint: &bytes[..at],
        key: signer.public(),
        earlier: &[],
        witnesses: &[],
        hashes: None,
    };
    let report = verify(copy).unwrap();
    assert!(report.is_whole(), "{:?}", report.damages);
    assert_eq!((report.signed, report.heads, report.unknown), (Some(4), 1, 1));
}
