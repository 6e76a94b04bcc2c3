//! What the processes of a cluster tell each other beside summaries: the root of the author-token keys, before the first
//! post; shards that were saved by another number of workers; and the counters, after the last. `council.rs` has the rest.

use std::cell::RefCell;
use std::rc::Rc;

use groundswell_detect::volume::{Merger, SavedShard};
use timely::dataflow::operators::vec::Broadcast;
use timely::dataflow::operators::{Exchange, Inspect, Probe};
use timely::dataflow::{InputHandle, ProbeHandle};
use timely::worker::Worker;

use crate::config::EngineConfig;
use crate::counters::{Counters, Totals};
use crate::rendezvous::Joined;

/// The root key of the cluster, made by worker 0 and sent to all; `None` in a single process, which makes its own.
///
/// It goes to the other workers of the same running cluster and nowhere else (PRIVACY section 2).
pub(crate) fn shared_root_key(worker: &mut Worker, config: &EngineConfig) -> Option<[u8; 32]> {
    config.cluster.as_ref()?;
    let received = Rc::new(RefCell::new(None));
    let mut input = InputHandle::<u64, timely::container::CapacityContainerBuilder<Vec<[u8; 32]>>>::new();
    let probe = ProbeHandle::new();
    worker.dataflow(|scope| {
        let received = Rc::clone(&received);
        timely::dataflow::operators::Input::input_from(&scope, &mut input)
            .broadcast()
            .inspect(move |key| *received.borrow_mut() = Some(*key))
            .probe_with(&probe);
    });
    if worker.index() == 0 {
        let mut key = [0; 32];
        getrandom::fill(&mut key).expect("the operating system gives random bytes");
        input.send(config.edge.root_key.unwrap_or(key));
    }
    drop(input);
    while !probe.done() {
        worker.step_or_park(None);
    }

    received.borrow_mut().take()
}

/// Gives a merger back what was saved of its shard: by its own process, or by any where the number of workers has changed.
pub(crate) fn restore(worker: &mut Worker, config: &EngineConfig, merger: &Rc<RefCell<Merger>>, shards: usize) {
    let index = worker.index();
    let saved = config.resume.as_ref().map_or(&[][..], |resume| resume.shards());
    if !config.cluster.as_ref().is_some_and(Joined::spread) {
        merger.borrow_mut().restore(saved, index, shards);
        return;
    }
    let mut input = InputHandle::<u64, timely::container::CapacityContainerBuilder<Vec<SavedShard>>>::new();
    let probe = ProbeHandle::new();
    worker.dataflow(|scope| {
        let merger = Rc::clone(merger);
        timely::dataflow::operators::Input::input_from(&scope, &mut input)
            .broadcast()
            .inspect(move |saved| merger.borrow_mut().restore(std::slice::from_ref(saved), index, shards))
            .probe_with(&probe);
    });
    if index.is_multiple_of(config.workers) {
        for shard in saved {
            input.send(shard.clone());
            // One at a time: each may be large.
            input.flush();
            worker.step();
        }
    }
    drop(input);
    while !probe.done() {
        worker.step_or_park(None);
    }
}

/// Adds the counters of all processes up on process 0.
pub(crate) fn gather_totals(worker: &mut Worker, config: &EngineConfig, counters: &Counters) {
    if config.cluster.is_none() {
        return;
    }
    let sum = Rc::new(RefCell::new(Totals::default()));
    let mut input = InputHandle::<u64, timely::container::CapacityContainerBuilder<Vec<Totals>>>::new();
    let probe = ProbeHandle::new();
    worker.dataflow(|scope| {
        let sum = Rc::clone(&sum);
        timely::dataflow::operators::Input::input_from(&scope, &mut input)
            .exchange(|_| 0)
            .inspect(move |totals| sum.borrow_mut().add(totals))
            .probe_with(&probe);
    });
    // One worker a process speaks for it: its counters are shared by all of them.
    if worker.index().is_multiple_of(config.workers) {
        input.send(counters.totals());
    }
    drop(input);
    while !probe.done() {
        worker.step_or_park(None);
    }
    if worker.index() == 0 {
        counters.replace(sum.take());
    }
}
