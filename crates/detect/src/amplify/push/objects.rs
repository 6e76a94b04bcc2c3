//! [`Objects`]: one process's part: sums of a closed minute, and the values of links and hashtags that were written lately.

use groundswell_sketch::{CellKey, Distinct};
use hashbrown::{HashMap, HashSet};

use super::super::config::{AmplifyCounters, OBJECT_SECONDS, VALUE_MEMBERS_MAX, VALUES_MAX};
use super::delta::{ObjectDelta, Value};
use super::log::ObjectLog;
use crate::volume::Deletions;

struct Member {
    key: u64,
    author: Option<u64>,
}

/// A value, and by whom it is here, so that it goes when they are deleted.
struct Known {
    value: Value,
    members: Vec<Member>,
    /// Others wrote it too.
    more: bool,
    /// Minute of the last one.
    last: i64,
}

impl Known {
    /// Whether two authors wrote it.
    fn is_shared(&self) -> bool {
        let mut authors = self.members.iter().filter_map(|member| member.author);
        let first = authors.next();
        authors.any(|author| Some(author) != first)
    }

    fn add(&mut self, member: Member, minute: i64) {
        self.last = self.last.max(minute);
        if self.members.len() < VALUE_MEMBERS_MAX {
            self.members.push(member);
        } else if self.is_shared() {
            self.more = true;
        } else {
            // Of one who writes it again and again, the last post holds it.
            self.members.clear();
            self.members.push(member);
        }
    }
}

/// The links and hashtags of one process.
#[derive(Default)]
pub(in super::super) struct Objects {
    known: HashMap<u64, Known>,
}

impl Objects {
    /// Sums up a minute. `copies` are the keys of posts whose text has company.
    pub(in super::super) fn close(
        &mut self,
        minute: i64,
        log: &ObjectLog,
        copies: &HashSet<u64>,
        counters: &mut AmplifyCounters,
    ) -> Vec<ObjectDelta> {
        let mut order: Vec<(u64, u32)> = log.records.iter().map(|record| record.object).zip(0..).collect();
        order.sort_unstable();
        let record_of = |(_, at): &(u64, u32)| &log.records[*at as usize];
        let mut told = Vec::with_capacity(order.chunk_by(|a, b| a.0 == b.0).count());
        let mut authors = Vec::new();
        for group in order.chunk_by_mut(|a, b| a.0 == b.0) {
            let object = group[0].0;
            // Only some of who wrote an object are remembered: these must not depend on who noted them.
            group.sort_unstable_by_key(|at| {
                let record = record_of(at);
                (record.key, record.author)
            });
            let first = group.iter().map(record_of).find(|record| !record.publisher && !record.repost);
            let mut known = match first {
                Some(record) => Some(self.known.entry(object).or_insert_with(|| {
                    let (domain, text) = log.value(record);
                    Known {
                        value: Value { text: text.to_owned(), domain: domain.to_owned() },
                        members: Vec::new(),
                        more: false,
                        last: minute,
                    }
                })),
                None => self.known.get_mut(&object),
            };
            authors.clear();
            let mut delta = ObjectDelta { object, ..ObjectDelta::default() };
            for record in group.iter().map(record_of) {
                if record.publisher {
                    delta.publishers += 1;
                } else if record.repost {
                    delta.reposts += 1;
                    if let Some(author) = record.author {
                        delta.repost_key.add(CellKey::of_author(author));
                        delta.repost_authors.insert(author);
                    }
                } else {
                    delta.posts += 1;
                    delta.copies += u32::from(copies.contains(&record.key));
                    let language = delta.language(record.language);
                    language.posts += 1;
                    if let Some(author) = record.author {
                        language.authors.insert(author);
                        delta.key.add(CellKey::of_author(author));
                        authors.push(author);
                    }
                    if let Some(known) = &mut known {
                        known.add(Member { key: record.key, author: record.author }, minute);
                    }
                }
            }
            authors.sort_unstable();
            authors.dedup();
            delta.authors = Distinct::from_sorted_unique(&authors);
            delta.value = known.filter(|known| known.is_shared()).map(|known| known.value.clone());
            told.push(delta);
        }
        self.make_room(minute, counters);
        told
    }

    fn make_room(&mut self, minute: i64, counters: &mut AmplifyCounters) {
        if minute.rem_euclid(600) == 0 {
            self.known.retain(|_, known| known.last >= minute - OBJECT_SECONDS);
        }
        if self.known.len() <= VALUES_MAX {
            return;
        }
        let mut order: Vec<(i64, u64)> = self.known.iter().map(|(object, known)| (known.last, *object)).collect();
        order.sort_unstable();
        let gone = self.known.len() - VALUES_MAX / 4 * 3;
        counters.values_forgotten += gone as u64;
        for (_, object) in &order[..gone] {
            self.known.remove(object);
        }
    }

    /// Forgets who is named, and the values that nobody else wrote, as far as is known.
    pub(in super::super) fn delete(&mut self, deletions: &Deletions) {
        let is_named = |member: &Member| deletions.names(Some(member.key).filter(|key| *key != 0), member.author);
        self.known.retain(|_, known| {
            let before = known.members.len();
            known.members.retain(|member| !is_named(member));
            // Who else wrote it cannot be asked any more: in doubt nobody.
            known.members.len() == before || known.members.len() >= if known.more { 2 } else { 1 }
        });
    }

    /// Memory, roughly.
    pub(in super::super) fn bytes(&self) -> usize {
        let one = |known: &Known| {
            size_of::<(u64, Known)>()
                + known.value.text.len()
                + known.value.domain.len()
                + known.members.capacity() * size_of::<Member>()
        };
        self.known.values().map(one).sum()
    }

    /// Everything that is held of posts.
    #[cfg(debug_assertions)]
    pub(in super::super) fn held(&self, held: &mut crate::volume::Held) {
        for known in self.known.values() {
            held.keys.extend(known.members.iter().map(|member| member.key));
            held.authors.extend(known.members.iter().filter_map(|member| member.author));
            held.values.push_str(&known.value.domain);
            held.values.push_str(&known.value.text);
            held.values.push('\n');
        }
    }
}
