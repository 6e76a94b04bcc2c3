//! [`verify`]: checks a copy of a log with nothing but the copy, its head and the log's public key, and says what was altered and
//! where. One pass, bounded memory.
//!
//! What finds damage is the tree: a root that differs from the signed one. What says *where* is, in this order: the numbers of the
//! entries, the hash of the entry before that each entry holds, the heads that were published into the log itself, and the stored
//! hashes where the copy has them. Somebody who rewrites an entry together with everything after it leaves the numbers and hashes
//! whole; then the place is known only to lie between two published heads.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, BufRead};

use serde::Serialize;

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::entry::{Entry, Marks};
use crate::lines::{self, Line};
use crate::note::{KeyKind, Note, NoteSignature, SignatureError, VerifierKey};
use crate::proof::{StoredHashes, root_at, stored_before};
use crate::{Act, Frontier, Hash};

/// Damages that are told one by one, at most; more are counted.
pub const DAMAGES_MAX: usize = 64;

/// Missing entries that are remembered as ranges while it is open whether they come later.
const MISSING_RANGES_MAX: usize = 1_024;

/// What kind of damage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DamageKind {
    /// An entry is not what it was.
    Altered,
    /// A line is no entry at all.
    Unreadable,
    /// Entries are gone from the middle or the beginning.
    Removed,
    /// Entries stand in another order.
    Reordered,
    /// An entry stands there a second time, or was put in.
    Inserted,
    /// Entries are gone from the end.
    CutOff,
    /// The last entry is there in part.
    Torn,
    /// Entries stand after the head was signed.
    Unsigned,
    /// One or more of these entries are not what they were, and everything after them was made to fit.
    Rewritten,
    /// A head that the log itself holds is not signed by its key, or not over the entries before it.
    HeadForged,
    /// The head is no signed note of a head.
    CheckpointUnreadable,
    /// The head was not signed by this key although it says so.
    CheckpointForged,
    /// The head was signed by another key.
    WrongKey,
    /// The head is another log's.
    OtherLog,
    /// An earlier head is not the beginning of this log.
    NotConsistent,
    /// A witness' cosignature is wrong.
    CosignatureForged,
}

/// One damage, and where it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Damage {
    /// What kind.
    pub kind: DamageKind,
    /// The first entry concerned, from 0; none where it is the head.
    pub first: Option<u64>,
    /// The last entry concerned.
    pub last: Option<u64>,
    /// The same in words.
    pub words: String,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Entries in the copy.
    pub entries: u64,
    /// Entries that the head is over; none where the head is not to be believed.
    pub signed: Option<u64>,
    /// Whose log it is.
    pub origin: String,
    /// Root over the entries of the copy that the head is over, or over all.
    pub root: Hash,
    /// Heads that the log holds and that fit it.
    pub heads: u64,
    /// Earlier heads that are the beginning of this log.
    pub earlier: u64,
    /// Witnesses that cosigned the head, with their time.
    pub witnesses: Vec<Cosigned>,
    /// Entries whose act this version does not know. They are verified as all others.
    pub unknown: u64,
    /// What is wrong, first things first.
    pub damages: Vec<Damage>,
    /// Damages beyond those that are told.
    pub more: u64,
}

/// A witness that saw this head.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cosigned {
    /// The witness' name.
    pub witness: String,
    /// By its clock.
    pub time: crate::Time,
}

impl Report {
    /// Whether the copy is what the head was signed over.
    pub fn is_whole(&self) -> bool {
        self.damages.is_empty()
    }

    fn damage(&mut self, kind: DamageKind, first: Option<u64>, last: Option<u64>, words: impl Into<String>) {
        if self.damages.len() < DAMAGES_MAX {
            self.damages.push(Damage { kind, first, last, words: words.into() });
        } else {
            self.more += 1;
        }
    }

    fn at(&mut self, kind: DamageKind, first: u64, last: u64, words: impl fmt::Display) {
        let place = if first == last { format!("entry {first}") } else { format!("entries {first} to {last}") };
        self.damage(kind, Some(first), Some(last), format!("{place}: {words}"));
    }
}

/// A copy of a log.
pub struct Copy<'a> {
    /// The log.
    pub log: &'a mut dyn BufRead,
    /// The head: a signed note.
    pub checkpoint: &'a [u8],
    /// The log's public key, from somewhere else than the copy.
    pub key: &'a VerifierKey,
    /// Heads that were kept from before.
    pub earlier: &'a [Vec<u8>],
    /// Witnesses whose cosignatures on the head are looked for.
    pub witnesses: &'a [VerifierKey],
    /// The stored hashes, where the copy has them: they name the altered entry where nothing else can.
    pub hashes: Option<&'a dyn StoredHashes>,
}

impl fmt::Debug for Copy<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Copy").field("key", &self.key).finish_non_exhaustive()
    }
}

/// What is known of the entry before.
#[derive(Clone, Copy)]
struct Before {
    number: u64,
    hash: Hash,
}

/// The pass over the log.
struct Pass<'a> {
    report: Report,
    frontier: Frontier,
    /// The number that the next entry should have.
    next: u64,
    before: Option<Before>,
    /// Entries that were passed over and may come yet: first and last.
    missing: VecDeque<(u64, u64)>,
    /// The entry at which the link to the one before is broken, while it is open whose fault that is.
    broken: Option<u64>,
    /// Entries before this one are those of a published head.
    sure: u64,
    key: &'a VerifierKey,
}

impl Pass<'_> {
    /// The link between the entry before `number` and `number` does not hold, or does.
    fn link(&mut self, number: u64, holds: bool) {
        match (self.broken.take(), holds) {
            // Both links of an entry are broken: the entry itself, in what it says of the one before.
            (Some(at), false) if at + 1 == number => {
                self.report.at(DamageKind::Altered, at, at, "it is not what it was when the next one was written");
            }
            (Some(at), _) => {
                self.blame_before(at);
                if !holds {
                    self.broken = Some(number);
                }
            }
            (None, false) => self.broken = Some(number),
            (None, true) => {}
        }
    }

    /// One broken link alone: the entry before it.
    fn blame_before(&mut self, at: u64) {
        let entry = at.saturating_sub(1);
        self.report.at(DamageKind::Altered, entry, entry, "it is not what it was when the next one was written");
    }

    fn line(&mut self, line: &[u8]) {
        let hash = Hash::of_entry(line);
        match Marks::parse(line) {
            Ok(marks) => self.entry(line, &marks, hash),
            Err(error) => {
                self.settle();
                self.report.at(DamageKind::Unreadable, self.next, self.next, error);
                self.before = Some(Before { number: self.next, hash });
                // Its link to the one after says nothing new.
                self.broken = None;
                self.next += 1;
                self.frontier.push(hash, |_| {});
                return;
            }
        }
        self.frontier.push(hash, |_| {});
    }

    /// An open link that no further link can explain.
    fn settle(&mut self) {
        if let Some(at) = self.broken.take() {
            self.blame_before(at);
        }
    }

    fn entry(&mut self, line: &[u8], marks: &Marks, hash: Hash) {
        let before = self.before.map_or(Hash::NONE, |before| before.hash);
        let mut number = marks.number;
        if number != self.next && marks.prev == before {
            // It follows the one before, so it is its number that is not what it was.
            self.settle();
            self.report.at(
                DamageKind::Altered,
                self.next,
                self.next,
                format_args!("it says that it is entry {number}"),
            );
            number = self.next;
        } else if number == self.next {
            let follows = self.before.is_none_or(|before| before.number.checked_add(1) == Some(number));
            if follows {
                let readable = self.report.damages.last().is_none_or(|damage| {
                    damage.kind != DamageKind::Unreadable || damage.last.map(|last| last + 1) != Some(number)
                });
                if readable || marks.prev == before {
                    self.link(number, marks.prev == before);
                }
            } else {
                self.settle();
            }
        } else if number > self.next {
            self.settle();
            if self.missing.len() < MISSING_RANGES_MAX {
                self.missing.push_back((self.next, number - 1));
            } else {
                self.report.at(DamageKind::Removed, self.next, number - 1, "gone");
            }
        } else {
            self.settle();
            if self.comes_late(number) {
                self.report.at(DamageKind::Reordered, number, number, "it stands in another place");
            } else {
                self.report.at(DamageKind::Inserted, number, number, "it is there already, and here it is again");
            }
        }
        self.next = self.next.max(number.saturating_add(1));
        self.before = Some(Before { number, hash });
        self.head(line, number);
    }

    /// Whether an entry is one of those that were missed; it is missed no more.
    fn comes_late(&mut self, number: u64) -> bool {
        let Some(at) = self.missing.iter().position(|(first, last)| (*first..=*last).contains(&number)) else {
            return false;
        };
        let (first, last) = self.missing.remove(at).unwrap_or((number, number));
        let rest = [(first, number), (number + 1, last + 1)];
        for (first, end) in rest.into_iter().rev().filter(|(first, end)| first < end) {
            self.missing.insert(at, (first, end - 1));
        }
        true
    }

    /// Where an entry holds a head: it must be signed, and be that of all entries before it.
    fn head(&mut self, line: &[u8], number: u64) {
        let Ok(entry) = Entry::parse(line) else {
            self.report.unknown += 1;
            return;
        };
        let Act::CheckpointPublished { size, root, signature } = entry.act else { return };
        let head = Checkpoint { origin: self.key.name().to_owned(), size, root };
        let signature = NoteSignature::decoded(self.key.name(), &signature);
        let note = Note { text: head.text(), signatures: signature.into_iter().collect() };
        if note.signed_by(self.key).is_err() {
            self.report.at(
                DamageKind::HeadForged,
                number,
                number,
                "the head that it holds is not signed by the log's key",
            );
        } else if size != self.frontier.size() {
            if self.report.damages.is_empty() && self.missing.is_empty() {
                self.report.at(
                    DamageKind::HeadForged,
                    number,
                    number,
                    format_args!("it holds the head over {size} entries"),
                );
            }
        } else if root == self.frontier.root() {
            self.report.heads += 1;
            self.sure = size;
        } else if self.report.damages.is_empty() && self.broken.is_none() && self.missing.is_empty() {
            let last = size.saturating_sub(1);
            self.report.at(
                DamageKind::Rewritten,
                self.sure.min(last),
                last,
                "the head that was published after them is another",
            );
        }
    }
}

/// Checks a copy. An error is one of reading it; whatever is wrong with it is in the report.
pub fn verify(copy: Copy<'_>) -> io::Result<Report> {
    let report = Report {
        entries: 0,
        signed: None,
        origin: copy.key.name().to_owned(),
        root: Hash::of_no_entries(),
        heads: 0,
        earlier: 0,
        witnesses: Vec::new(),
        unknown: 0,
        damages: Vec::new(),
        more: 0,
    };
    let mut pass = Pass {
        report,
        frontier: Frontier::default(),
        next: 0,
        before: None,
        missing: VecDeque::new(),
        broken: None,
        sure: 0,
        key: copy.key,
    };
    let head = open_head(&mut pass.report, copy.checkpoint, copy.key);
    if let Some((_, note)) = &head {
        cosignatures(&mut pass.report, note, copy.witnesses);
    }
    let head = head.map(|(head, _)| head);
    let mut earlier = earlier_heads(&mut pass.report, copy.earlier, copy.key);
    let signed = head.as_ref().map(|head| head.size);
    let mut root = (signed == Some(0)).then(Hash::of_no_entries);
    // Stored hashes are believed where they lead to the signed root: then they say of each entry what it was.
    let stored = match (&head, copy.hashes) {
        (Some(head), Some(hashes)) if root_at(hashes, head.size).is_ok_and(|root| root == head.root) => Some(hashes),
        _ => None,
    };
    let mut other = None;
    check_earlier(&mut pass, &mut earlier);
    let mut line = Vec::new();
    let mut torn = false;
    while let Some((kind, _)) = lines::next(copy.log, &mut line)? {
        if kind == Line::Torn {
            torn = true;
            break;
        }
        let at = pass.frontier.size();
        pass.line(&line);
        if let Some(stored) = stored
            && other.is_none()
            && signed.is_some_and(|signed| at < signed)
            && pass.before.is_some_and(|before| stored.stored(stored_before(at)).is_ok_and(|was| was != before.hash))
        {
            other = Some(at);
        }
        if signed == Some(pass.frontier.size()) {
            root = Some(pass.frontier.root());
        }
        check_earlier(&mut pass, &mut earlier);
    }
    let last_link = pass.broken.take();
    if let Some(at) = last_link {
        let words = "one of the two is not what it was";
        pass.report.at(DamageKind::Altered, at.saturating_sub(1), at, words);
    }
    for (first, last) in std::mem::take(&mut pass.missing) {
        pass.report.at(DamageKind::Removed, first, last, "gone");
    }
    for (size, _) in earlier {
        pass.report.damage(
            DamageKind::NotConsistent,
            None,
            None,
            format!("an earlier head is over {size} entries, more than there are"),
        );
    }
    if torn {
        pass.report.at(DamageKind::Torn, pass.next, pass.next, "it is there in part");
    }
    pass.report.entries = pass.frontier.size();
    pass.report.signed = signed;
    pass.report.root = root.unwrap_or_else(|| pass.frontier.root());
    if let Some(head) = head {
        hold_against(&mut pass, &head, root, other);
    }
    pass.report.damages.sort_by_key(|damage| damage.first.map_or(0, |first| first.saturating_add(1)));
    Ok(pass.report)
}

fn open_head(report: &mut Report, bytes: &[u8], key: &VerifierKey) -> Option<(Checkpoint, Note)> {
    let error = match Checkpoint::open(bytes, key) {
        Ok(head) => return Some(head),
        Err(error) => error,
    };
    let kind = match &error {
        CheckpointError::Note(_) | CheckpointError::Form { .. } => DamageKind::CheckpointUnreadable,
        CheckpointError::Signature(SignatureError::Missing) => DamageKind::WrongKey,
        CheckpointError::Signature(SignatureError::Wrong) => DamageKind::CheckpointForged,
        CheckpointError::Origin { .. } => DamageKind::OtherLog,
    };
    report.damage(kind, None, None, format!("the head: {error}"));
    None
}

fn cosignatures(report: &mut Report, note: &Note, witnesses: &[VerifierKey]) {
    for witness in witnesses.iter().filter(|witness| witness.kind() == KeyKind::Witness) {
        match note.cosigned_by(witness) {
            Ok(time) => report.witnesses.push(Cosigned {
                witness: witness.name().to_owned(),
                time: crate::Time::from_unix(i64::try_from(time).unwrap_or(i64::MAX)),
            }),
            Err(SignatureError::Missing) => {}
            Err(SignatureError::Wrong) => {
                let words = format!("the head: the cosignature of {} is wrong", witness.name());
                report.damage(DamageKind::CosignatureForged, None, None, words);
            }
        }
    }
}

/// Earlier heads by size; what is not to be believed is told.
fn earlier_heads(report: &mut Report, notes: &[Vec<u8>], key: &VerifierKey) -> VecDeque<(u64, Hash)> {
    let mut heads = Vec::new();
    for note in notes {
        match Checkpoint::open(note, key) {
            Ok((head, _)) => heads.push((head.size, head.root)),
            Err(error) => {
                report.damage(DamageKind::CheckpointForged, None, None, format!("an earlier head: {error}"));
            }
        }
    }
    heads.sort_unstable();
    heads.into()
}

fn check_earlier(pass: &mut Pass<'_>, earlier: &mut VecDeque<(u64, Hash)>) {
    while let Some((size, root)) = earlier.front().copied().filter(|(size, _)| *size == pass.frontier.size()) {
        earlier.pop_front();
        if root == pass.frontier.root() {
            pass.report.earlier += 1;
        } else {
            let words = format!("an earlier head over {size} entries is not the beginning of this log");
            pass.report.damage(DamageKind::NotConsistent, None, None, words);
        }
    }
}

/// Holds what was read against the head. `other`: the first entry that the stored hashes know as another.
fn hold_against(pass: &mut Pass<'_>, head: &Checkpoint, root: Option<Hash>, other: Option<u64>) {
    if head.size > pass.next {
        pass.report.at(DamageKind::CutOff, pass.next, head.size - 1, "gone from the end");
    } else if head.size < pass.next {
        pass.report.at(DamageKind::Unsigned, head.size, pass.next - 1, "added after the head was signed");
    }
    if root == Some(head.root) || !pass.report.damages.iter().all(|damage| damage.kind == DamageKind::Unsigned) {
        return;
    }
    // Every mark fits and the root does not.
    let last = head.size.saturating_sub(1);
    let first = pass.sure.min(last);
    match other {
        Some(entry) => pass.report.at(DamageKind::Altered, entry, entry, "the stored hashes know it as another"),
        None if first == last => {
            pass.report.at(DamageKind::Altered, last, last, "it is not what the head was signed over");
        }
        None => {
            let words = "one or more are not what the head was signed over, and what stands after them was made to fit";
            pass.report.at(DamageKind::Rewritten, first, last, words);
        }
    }
}
