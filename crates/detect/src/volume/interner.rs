//! [`Interner`]: numbers for cells, so that a log needs four bytes for a word.

use groundswell_gate::Dimension;
use groundswell_text::names::About;

/// The number of a cell within one worker, until the next rebuild.
pub(super) type CellId = u32;

/// A free slot.
const FREE: CellId = u32::MAX;
/// A value that is looked up and never counted, such as a number.
const IGNORED: CellId = u32::MAX - 1;
/// Marks the number of a value that is counted of some posts and not of others.
const DEPENDS: CellId = 1 << 31;

/// Whether a value is to be counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Worth {
    /// Of every post.
    Always,
    /// Of no post.
    Never,
    /// Of some posts: whoever asked must look again.
    Depends,
}

/// A value that a post asks for the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) id: CellId,
    /// It is [`Worth::Depends`].
    pub(super) depends: bool,
    /// [`Noted::country`].
    pub(super) country: bool,
}

/// What is remembered of a word beside its number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Noted {
    /// What the name finder knows of it.
    pub(super) about: About,
    /// It can name a country.
    pub(super) country: bool,
}

#[derive(Clone, Copy)]
struct Slot {
    /// 55 bits of the cell's hash, and what is noted of the word.
    key: u64,
    id: CellId,
    /// The post that last asked for it: tells a repetition within a post, and what has not been seen for long.
    post: u32,
}

const FREE_SLOT: Slot = Slot { key: 0, id: FREE, post: 0 };

const ABOUT: u64 = 0xff;
const COUNTRY: u64 = 0x100;
const NOTED: u64 = ABOUT | COUNTRY;
const NOTED_BITS: u32 = 9;

impl Slot {
    fn new(hash: u64, noted: Noted, id: CellId, post: u32) -> Self {
        let country = if noted.country { COUNTRY } else { 0 };
        Self { key: hash << NOTED_BITS | country | u64::from(noted.about.0), id, post }
    }

    #[inline]
    fn is_of(&self, hash: u64) -> bool {
        (self.key ^ hash << NOTED_BITS) <= NOTED && self.id != FREE
    }

    fn hash(&self) -> u64 {
        self.key >> NOTED_BITS
    }

    #[inline]
    fn country(&self) -> bool {
        self.key & COUNTRY != 0
    }

    #[inline]
    fn found(&self) -> Option<Found> {
        (self.id != IGNORED).then_some(Found {
            id: self.id & !DEPENDS,
            depends: self.id & DEPENDS != 0,
            country: self.country(),
        })
    }
}

#[derive(Clone, Copy)]
struct Name {
    hash: u64,
    value_start: u32,
    value_bytes: u16,
    dimension: Dimension,
}

/// Open addressing by the cell's hash, one cache line a look-up.
pub(super) struct Interner {
    slots: Vec<Slot>,
    used: usize,
    names: Vec<Name>,
    values: String,
    post: u32,
}

const SLOTS_MIN: usize = 1 << 10;

impl Interner {
    pub(super) fn new() -> Self {
        Self { slots: vec![FREE_SLOT; SLOTS_MIN], used: 0, names: Vec::new(), values: String::new(), post: 0 }
    }

    /// Values known, ignored ones included.
    pub(super) fn len(&self) -> usize {
        self.used
    }

    /// How many numbers are given.
    pub(super) fn ids(&self) -> usize {
        self.names.len()
    }

    pub(super) fn name(&self, id: CellId) -> (Dimension, u64, &str) {
        let name = &self.names[id as usize];
        let start = name.value_start as usize;
        (name.dimension, name.hash, &self.values[start..start + usize::from(name.value_bytes)])
    }

    /// Begins a post: what it asks for is then given once.
    pub(super) fn next_post(&mut self) {
        self.post = self.post.checked_add(1).unwrap_or_else(|| {
            // After four thousand million posts, all are equally old once.
            self.slots.iter_mut().for_each(|slot| slot.post = 0);
            1
        });
    }

    /// What is known of a word, if it was noted before. Asked of all words of a post one after the other, so that their places are
    /// waited for at once and not one by one.
    #[inline]
    pub(super) fn noted(&self, hash: u64) -> Option<Noted> {
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let slot = &self.slots[at];
            if slot.is_of(hash) {
                return Some(Noted { about: About((slot.key & ABOUT) as u8), country: slot.country() });
            }
            if slot.id == FREE {
                return None;
            }
            at = (at + 1) & mask;
        }
    }

    /// The number of a cell; `None` when this post asked for it before or when it is never counted. `worth` and `noted` are asked
    /// once for a value that is not known yet.
    #[inline]
    pub(super) fn once(
        &mut self,
        dimension: Dimension,
        hash: u64,
        value: &str,
        worth: impl FnOnce() -> Worth,
        noted: impl FnOnce() -> Noted,
    ) -> Option<Found> {
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let slot = &mut self.slots[at];
            if slot.is_of(hash) {
                let repeated = slot.post == self.post;
                slot.post = self.post;
                return if repeated { None } else { slot.found() };
            }
            if slot.id == FREE {
                return self.add(at, dimension, hash, value, worth(), noted()).found();
            }
            at = (at + 1) & mask;
        }
    }

    /// The number of a cell, however often a post asks.
    pub(super) fn id(&mut self, dimension: Dimension, hash: u64, value: &str) -> CellId {
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let slot = &mut self.slots[at];
            if slot.id == FREE {
                return self.add(at, dimension, hash, value, Worth::Always, Noted::default()).id;
            }
            if slot.is_of(hash) {
                slot.post = self.post;
                return slot.id;
            }
            at = (at + 1) & mask;
        }
    }

    #[cold]
    fn add(&mut self, at: usize, dimension: Dimension, hash: u64, value: &str, worth: Worth, noted: Noted) -> Slot {
        let id = if worth == Worth::Never {
            IGNORED
        } else {
            let value_start = self.values.len() as u32;
            self.values.push_str(value);
            self.names.push(Name { hash, value_start, value_bytes: value.len() as u16, dimension });
            let id = self.names.len() as CellId - 1;
            if worth == Worth::Depends { id | DEPENDS } else { id }
        };
        let slot = Slot::new(hash, noted, id, self.post);
        self.slots[at] = slot;
        self.used += 1;
        if self.used * 2 > self.slots.len() {
            let slots = std::mem::take(&mut self.slots);
            self.place(slots.len() * 2, slots.into_iter().filter(|slot| slot.id != FREE));
        }
        slot
    }

    /// Forgets a value: its text is overwritten. Its number is not given again before the next rebuild, and means nothing.
    pub(super) fn forget(&mut self, id: CellId) {
        let name = self.names[id as usize];
        let mask = self.slots.len() - 1;
        let mut hole = name.hash as usize & mask;
        while self.slots[hole].id & !DEPENDS != id {
            if self.slots[hole].id == FREE {
                // It was forgotten before.
                return;
            }
            hole = (hole + 1) & mask;
        }
        // What stands behind it and could stand here moves up, so that every look-up still ends at a free slot.
        let mut at = (hole + 1) & mask;
        while self.slots[at].id != FREE {
            let home = self.slots[at].hash() as usize & mask;
            if at.wrapping_sub(home) & mask >= at.wrapping_sub(hole) & mask {
                self.slots[hole] = self.slots[at];
                hole = at;
            }
            at = (at + 1) & mask;
        }
        self.slots[hole] = FREE_SLOT;
        self.used -= 1;
        let (start, bytes) = (name.value_start as usize, usize::from(name.value_bytes));
        self.values.replace_range(start..start + bytes, &"\0".repeat(bytes));
        self.names[id as usize] = Name { hash: 0, value_bytes: 0, ..name };
    }

    /// All values known, and the text that they stand in.
    #[cfg(debug_assertions)]
    pub(super) fn held(&self) -> &str {
        &self.values
    }

    fn place(&mut self, size: usize, slots: impl Iterator<Item = Slot>) {
        self.slots = vec![FREE_SLOT; size];
        let mask = size - 1;
        self.used = 0;
        for slot in slots {
            let mut at = slot.hash() as usize & mask;
            while self.slots[at].id != FREE {
                at = (at + 1) & mask;
            }
            self.slots[at] = slot;
            self.used += 1;
        }
    }

    /// Forgets values not seen for longest until at most `keep_max` are left, but none that is `needed`. Gives the new
    /// number of each old one; what is needed has one.
    pub(super) fn rebuild(&mut self, keep_max: usize, needed: &[bool]) -> Vec<CellId> {
        let is_needed = |id: CellId| id != IGNORED && needed.get((id & !DEPENDS) as usize).copied().unwrap_or(false);
        // Collected in place, without a copy: a rebuild is when this table takes most memory.
        let mut slots: Vec<Slot> = std::mem::take(&mut self.slots).into_iter().filter(|slot| slot.id != FREE).collect();
        // Needed first, then the youngest; among equals by hash, so that it is always done the same way.
        slots.sort_unstable_by_key(|slot| (!is_needed(slot.id), u32::MAX - slot.post, slot.hash()));
        let needed_count = slots.iter().take_while(|slot| is_needed(slot.id)).count();
        slots.truncate(keep_max.max(needed_count));
        slots.shrink_to_fit();
        let mut new_ids = vec![FREE; self.names.len()];
        let (names, values) = (std::mem::take(&mut self.names), std::mem::take(&mut self.values));
        for slot in &mut slots {
            if slot.id == IGNORED {
                continue;
            }
            let old_id = (slot.id & !DEPENDS) as usize;
            let old = names[old_id];
            let new_id = self.names.len() as CellId;
            new_ids[old_id] = new_id;
            let value_start = self.values.len() as u32;
            self.values.push_str(&values[old.value_start as usize..][..usize::from(old.value_bytes)]);
            self.names.push(Name { value_start, ..old });
            slot.id = slot.id & DEPENDS | new_id;
        }
        let size = (slots.len() * 2 + 2).next_power_of_two().max(SLOTS_MIN);
        self.place(size, slots.into_iter());
        new_ids
    }
}

#[cfg(test)]
mod tests {
    use groundswell_text::hash_word;
    use proptest::prelude::*;

    use super::*;

    fn word(interner: &mut Interner, word: &str) -> Option<CellId> {
        let worth = || if word == "the" { Worth::Never } else { Worth::Always };
        interner.once(Dimension::Term, hash_word(word), word, worth, Noted::default).map(|found| found.id)
    }

    #[test]
    fn gives_a_cell_once_a_post_and_always_the_same_number() {
        let mut interner = Interner::new();
        interner.next_post();
        let first: Vec<_> = ["flood", "the", "flood", "river"].map(|w| word(&mut interner, w)).to_vec();
        assert_eq!(first, [Some(0), None, None, Some(1)]);
        interner.next_post();
        assert_eq!(word(&mut interner, "river"), Some(1));
        assert_eq!(interner.name(1), (Dimension::Term, hash_word("river"), "river"));
        assert_eq!((interner.len(), interner.ids()), (3, 2));
    }

    #[test]
    fn grows_and_finds_all_again() {
        let mut interner = Interner::new();
        for round in 0..2 {
            interner.next_post();
            for i in 0..5_000 {
                let text = format!("w{i}");
                assert_eq!(word(&mut interner, &text), Some(i), "round {round}");
                assert_eq!(interner.id(Dimension::Term, hash_word(&text), &text), i);
            }
        }
    }

    #[test]
    fn forgets_what_was_not_seen_for_longest() {
        let mut interner = Interner::new();
        for i in 0..100 {
            interner.next_post();
            word(&mut interner, &format!("w{i}"));
        }
        let mut needed = vec![false; 100];
        needed[3] = true;
        let ids = interner.rebuild(10, &needed);
        let kept: Vec<usize> = (0..100).filter(|old| ids[*old] != FREE).collect();
        assert_eq!(kept, [3, 91, 92, 93, 94, 95, 96, 97, 98, 99]);
        for old in kept {
            assert_eq!(interner.name(ids[old]).2, format!("w{old}"));
        }
        interner.next_post();
        assert_eq!(word(&mut interner, "w50"), Some(10), "counted as before when it comes again");
    }

    #[test]
    fn remembers_what_depends_on_the_post() {
        let mut interner = Interner::new();
        let noted = Noted { about: About(7), country: true };
        let war = |interner: &mut Interner| {
            interner.next_post();
            interner.once(Dimension::Term, hash_word("war"), "war", || Worth::Depends, || noted)
        };
        assert_eq!(war(&mut interner), Some(Found { id: 0, depends: true, country: true }));
        interner.rebuild(10, &[true]);
        assert_eq!(war(&mut interner), Some(Found { id: 0, depends: true, country: true }));
        assert_eq!(interner.name(0).2, "war");
        let hash = hash_word("war");
        assert_eq!((interner.noted(hash), interner.noted(hash_word("peace"))), (Some(noted), None));
    }

    proptest! {
        /// Against a map, whatever is added and forgotten in whatever order: small tables, so that values collide.
        #[test]
        fn forgets_what_it_is_told_to_and_nothing_else(steps in proptest::collection::vec((0_u64..40, any::<bool>()), 1..300)) {
            let mut interner = Interner::new();
            let mut model = std::collections::BTreeMap::new();
            // All begin at one of four slots.
            let hash = |number: u64| (number << 32) + 1_020 + number % 4;
            for (number, forget) in steps {
                let value = format!("w{number};");
                interner.next_post();
                if forget {
                    if let Some(id) = model.remove(&number) {
                        interner.forget(id);
                        interner.forget(id);
                        prop_assert!(!interner.values.contains(&value));
                    }
                } else {
                    let found = interner.once(Dimension::Term, hash(number), &value, || Worth::Always, Noted::default).unwrap();
                    let id = *model.entry(number).or_insert(found.id);
                    prop_assert_eq!(found.id, id);
                    prop_assert_eq!(interner.name(id), (Dimension::Term, hash(number), &*value));
                }
                prop_assert_eq!(interner.len(), model.len());
            }
            let needed: Vec<bool> = (0..interner.ids()).map(|id| model.values().any(|known| *known as usize == id)).collect();
            let ids = interner.rebuild(1_000, &needed);
            for (number, id) in model {
                prop_assert_eq!(interner.name(ids[id as usize]).2, format!("w{number};"));
            }
        }
    }

    #[test]
    fn survives_the_end_of_its_numbers() {
        let mut interner = Interner::new();
        interner.next_post();
        word(&mut interner, "a");
        interner.post = u32::MAX;
        interner.next_post();
        assert_eq!(word(&mut interner, "a"), Some(0));
        assert_eq!(word(&mut interner, "a"), None);
    }
}
