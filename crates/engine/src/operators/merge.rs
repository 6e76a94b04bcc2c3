//! `merge`: each worker owns one shard of all cells, adds up what the workers counted, and closes a window when the
//! frontier says that nothing more can come into it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use groundswell_detect::volume::{Merger, VolumeCounters};
use groundswell_gate::VolumeCandidate;
use groundswell_sources::Stop;
use timely::dataflow::StreamVec;
use timely::dataflow::channels::pact::Exchange;
use timely::dataflow::operators::Operator;
use timely::progress::frontier::MutableAntichain;

use super::{Minute, Part};
use crate::counters::Counters;

/// Merges parts by shard into candidates, and counts those that it has taken. On an ordered stop, windows still open are dropped and not released half-full.
pub(crate) fn merge(
    parts: StreamVec<'_, Minute, Part>,
    merger: Rc<RefCell<Merger>>,
    taken: Rc<Cell<u64>>,
    halt: Stop,
    counters: Arc<Counters>,
) -> StreamVec<'_, Minute, VolumeCandidate> {
    parts.unary_frontier(Exchange::new(|part: &Part| part.shard), "Merge", move |capability, _info| {
        // Held at the first minute that is not closed yet: what closes is sent at a time before it.
        let mut held = Some(capability);
        let mut told = VolumeCounters::default();
        move |(input, frontier), output| {
            let mut merger = merger.borrow_mut();
            input.for_each(|_capability, data| {
                for part in data.drain(..) {
                    merger.merge(part.window, part.summary);
                    taken.set(taken.get() + 1);
                }
            });
            let Some(capability) = held.as_mut() else { return };
            match open_minute(frontier) {
                // After a stop, workers give up their open minutes: what closes from then on would be half-full.
                _ if halt.stopped() => held = None,
                Some(open) if open > *capability.time() => {
                    let last_closed = capability.delayed(&(open - 1));
                    let mut session = output.session(&last_closed);
                    merger.close(open as i64 * 60, &mut |candidate| session.give(candidate));
                    drop(session);
                    tell(&counters, &merger, &mut told);
                    capability.downgrade(&open);
                }
                Some(_) => {}
                None => {
                    let mut session = output.session(&*capability);
                    merger.finish(&mut |candidate| session.give(candidate));
                    drop(session);
                    tell(&counters, &merger, &mut told);
                    held = None;
                }
            }
        }
    })
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
