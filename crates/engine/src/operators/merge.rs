//! `merge`: each worker owns one shard of all cells, adds up what the workers counted, and closes a window when the
//! frontier says that nothing more can come into it. One of them owns all narratives.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use groundswell_detect::amplify::{Amplifications, AmplifyCounters, SavedAmplifications};
use groundswell_detect::burst::BurstCounters;
use groundswell_detect::narrative::{Closed, EventKind, NarrativeCounters, NarrativeEvent, NarrativeId, Narratives};
use groundswell_detect::volume::{Merger, VolumeCounters};
use groundswell_gate::VolumeCandidate;
use groundswell_sketch::{CellKey, Step};
use groundswell_sources::Stop;
use timely::dataflow::StreamVec;
use timely::dataflow::channels::pact::Exchange;
use timely::dataflow::operators::Operator;
use timely::progress::frontier::MutableAntichain;

use super::{Minute, Proposal, Seen, minute_of};
use crate::counters::Counters;

/// The owners of all narratives and of all families of copies, on the one worker that has them.
#[derive(Default)]
pub(crate) struct Owner {
    pub(crate) narratives: Option<Narratives>,
    pub(crate) copies: Option<Amplifications>,
}

impl Owner {
    /// What of it goes into a checkpoint. Narratives begin anew.
    pub(crate) fn save(&self) -> Option<SavedAmplifications> {
        self.copies.as_ref().map(Amplifications::save)
    }
}

/// Merges parts by their owner into proposals, and counts those that it has taken. On an ordered stop, windows still open are dropped
/// and not released half-full.
pub(crate) fn merge(
    parts: StreamVec<'_, Minute, Seen>,
    merger: Rc<RefCell<Merger>>,
    owner: Rc<RefCell<Owner>>,
    taken: Rc<Cell<u64>>,
    k: u64,
    halt: Stop,
    counters: Arc<Counters>,
) -> StreamVec<'_, Minute, Proposal> {
    parts.unary_frontier(Exchange::new(Seen::owner), "Merge", move |capability, _info| {
        // Held at the first minute that is not closed yet: what closes is sent at a time before it.
        let mut held = Some(capability);
        let mut told = VolumeCounters::default();
        let mut bursts_told = BurstCounters::default();
        let mut narratives_told = NarrativeCounters::default();
        let mut copies_told = AmplifyCounters::default();
        let mut log = Log::new(k);
        move |(input, frontier), output| {
            let (mut merger, mut owner) = (merger.borrow_mut(), owner.borrow_mut());
            input.for_each(|_capability, data| {
                for part in data.drain(..) {
                    taken.set(taken.get() + 1);
                    match part {
                        Seen::Volume(part) => merger.merge(part.window, part.summary),
                        Seen::Coverage { minute, heard, .. } => merger.cover(minute, heard.usual, heard.heard),
                        Seen::Narratives { worker, delta, .. } => {
                            if let Some(owner) = &mut owner.narratives {
                                owner.merge(worker, delta);
                            }
                        }
                        Seen::Copies { worker, delta, .. } => {
                            if let Some(owner) = &mut owner.copies {
                                owner.merge(worker, delta);
                            }
                        }
                    }
                }
            });
            let Some(capability) = held.as_mut() else { return };
            let (closes, before) = match open_minute(frontier) {
                // After a stop, workers give up their open minutes: what closes from then on would be half-full.
                _ if halt.stopped() => {
                    held = None;
                    return;
                }
                Some(open) if open > *capability.time() => (Some(open), open as i64 * 60),
                Some(_) => return,
                None => (None, i64::MAX),
            };
            // All shards give what they have of a window at the time of its last minute, however far each of them has seen the
            // frontier come: the gate must see it whole.
            let mut give_of = |end: i64, proposal| {
                let last = minute_of(end - 1).max(*capability.time());
                output.session(&capability.delayed(&last)).give(proposal);
            };
            let mut give = |candidate: VolumeCandidate| give_of(candidate.window.end(), Proposal::Volume(candidate));
            let mut narrated = Vec::new();
            if let Some(owner) = &mut owner.narratives {
                while let Some((minute, mut closed)) = owner.close_next(before) {
                    merger.narrate(minute, std::mem::take(&mut closed.counts));
                    narrated.push((minute, closed));
                }
                let now = owner.counters();
                counters.add_narratives(&now.since(&narratives_told));
                narratives_told = now;
            }
            match closes {
                Some(_) => merger.close(before, &mut give),
                None => merger.finish(&mut give),
            }
            merger.take_bursts().into_iter().for_each(|told| give_of(told.minute + 60, Proposal::Bursts(told)));
            merger.take_hours().into_iter().for_each(|hour| {
                give_of(hour.start + Step::Hour.seconds(), Proposal::Hour(hour));
            });
            for (minute, closed) in narrated {
                log.propose(closed, &merger, &mut |proposal| give_of(minute + 60, proposal));
            }
            if let Some(owner) = &mut owner.copies {
                for mut candidate in owner.close(before) {
                    merger.mark_shared_text(&mut candidate);
                    give_of(candidate.as_of, Proposal::Amplification(candidate));
                }
                let now = owner.counters();
                counters.add_copies(&now.since(&copies_told));
                copies_told = now;
            }
            tell(&counters, &merger, &mut told);
            let bursts = merger.burst_counters();
            counters.add_bursts(&bursts.since(&bursts_told));
            bursts_told = bursts;
            match closes {
                Some(open) => capability.downgrade(&open),
                None => held = None,
            }
        }
    })
}

/// What was proposed of narratives, as far as their log rests on it.
struct Log {
    k: u64,
    /// With which authors each narrative was proposed last, and which these are.
    authors: HashMap<NarrativeId, (u64, CellKey)>,
    /// What happened to narratives of which nothing could be shown yet: a narrative is born some minutes before the first of its buckets is
    /// full.
    waiting: HashMap<NarrativeId, Vec<NarrativeEvent>>,
}

impl Log {
    fn new(k: u64) -> Self {
        Self { k, authors: HashMap::new(), waiting: HashMap::new() }
    }

    /// In the gate's form. An event is told of a narrative that was proposed, and with the authors and posts that were proposed last.
    fn propose(&mut self, closed: Closed, merger: &Merger, give: &mut dyn FnMut(Proposal)) {
        let mut events = Vec::new();
        for candidate in closed.candidates {
            self.authors.insert(candidate.id, (candidate.bucket_authors, candidate.bucket_key));
            if candidate.bucket_authors >= self.k {
                events.extend(self.waiting.remove(&candidate.id).into_iter().flatten());
            }
            let mut candidate = candidate.into();
            merger.mark_names(&mut candidate);
            give(Proposal::Narrative(candidate));
        }
        for event in events.into_iter().chain(closed.events) {
            let ended = event.event == EventKind::End;
            let (known, key) = self.authors.get(&event.id).copied().unwrap_or_default();
            if ended {
                self.authors.remove(&event.id);
                self.waiting.remove(&event.id);
            }
            if known >= self.k {
                event.for_gate(known, key).into_iter().for_each(|event| give(Proposal::NarrativeEvent(event)));
            } else if !ended && event.event != EventKind::State {
                self.waiting.entry(event.id).or_default().push(event);
            }
        }
    }
}

fn tell(counters: &Counters, merger: &Merger, told: &mut VolumeCounters) {
    let now = merger.counters();
    counters.add_volume(&now.since(told));
    *told = now;
}

/// The first minute that may still receive data; `None` when all input has ended.
pub(crate) fn open_minute(frontier: &MutableAntichain<Minute>) -> Option<Minute> {
    frontier.frontier().first().copied()
}
