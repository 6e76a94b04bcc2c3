//! Deletions on their way to the other processes of a cluster: one may read a deletion, and another buffer its post.
//!
//! Beside the dataflow of the posts each worker has a small one that carries deletions to one worker of every other process,
//! which puts them on its board. Its times are minutes: a worker that knows the watermark of its process to have passed a
//! minute, and has sent what it has read until then, gives the minute up. Once Timely's frontier has passed it, nothing is on
//! its way any more that a sequential reading would have seen by then, and only then is the minute closed, by any worker of
//! any process. Which deletions a window honours is thereby the same as in one process, and so are the counts.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use groundswell_edge::{AuthorToken, DeleteKey, PostKey};
use groundswell_post::EventTime;
use serde::{Deserialize, Serialize};
use timely::container::CapacityContainerBuilder;
use timely::dataflow::operators::vec::Map as _;
use timely::dataflow::operators::{Exchange as _, Input as _, Inspect as _, Probe as _};
use timely::dataflow::{InputHandle, ProbeHandle};
use timely::worker::Worker;

use super::Posted;
use crate::dataflow::Shared;
use crate::operators::Minute;

/// A deletion, as it goes over the wire. Its bits go to the workers of the same running cluster and nowhere else.
#[derive(Clone, Serialize, Deserialize)]
struct Wire {
    unix: i64,
    whole_author: bool,
    bits: u64,
    live: bool,
}

impl Wire {
    fn new(posted: &Posted) -> Self {
        let (whole_author, bits) = match posted.key {
            DeleteKey::Post(key) => (false, key.bits()),
            DeleteKey::Author(author) => (true, author.bits()),
        };
        Self { unix: posted.time.unix(), whole_author, bits, live: posted.live }
    }

    fn posted(&self) -> Posted {
        let key = if self.whole_author {
            DeleteKey::Author(AuthorToken::from_bits(self.bits))
        } else {
            DeleteKey::Post(PostKey::from_bits(self.bits))
        };
        Posted { time: EventTime::from_unix(self.unix), key, live: self.live }
    }
}

/// One worker's end of it.
pub(crate) struct Across {
    /// `None` once this worker will never read a deletion again.
    input: Option<InputHandle<Minute, CapacityContainerBuilder<Vec<Wire>>>>,
    probe: ProbeHandle<Minute>,
    /// How many deletions this worker has sent to each of the others.
    sent: u64,
    /// How many have come to it.
    came: Rc<Cell<u64>>,
}

impl Across {
    pub(crate) fn new(worker: &mut Worker, shared: &Arc<Shared>) -> Self {
        let workers = shared.config.workers.max(1);
        let own = worker.index() - worker.index() % workers;
        // The first worker of every other process.
        let others: Vec<_> =
            (0..worker.peers()).step_by(workers).filter(|first| *first != own).map(|first| first as u64).collect();
        let (mut input, probe) = (InputHandle::new(), ProbeHandle::new());
        let came = Rc::new(Cell::new(0));
        worker.dataflow(|scope| {
            let (shared, came) = (Arc::clone(shared), Rc::clone(&came));
            scope
                .input_from(&mut input)
                // An operator of its own: only what such a one gives is sent off at once.
                .flat_map(move |wire: Wire| others.clone().into_iter().map(move |to| (to, wire.clone())))
                .exchange(|(to, _): &(u64, Wire)| *to)
                .inspect(move |(_, wire)| {
                    let posted = wire.posted();
                    if let DeleteKey::Author(author) = posted.key {
                        shared.counters.forget(author);
                    }
                    shared.counters.add_deletions_left_out(shared.deletions.post(&[posted]));
                    came.set(came.get() + 1);
                })
                .probe_with(&probe);
        });
        Self { input: Some(input), probe, sent: 0, came }
    }

    /// Sends what this worker has read, and then says up to which minute the watermark of its process has come, which must have
    /// been asked for before: the deletions that a sequential reading has seen by then are sent.
    pub(crate) fn tell(&mut self, read: &mut Vec<Posted>, reached: Minute) {
        let Some(input) = &mut self.input else { return };
        self.sent += read.len() as u64;
        for posted in read.drain(..) {
            input.send(Wire::new(&posted));
        }
        match reached {
            Minute::MAX => self.input = None,
            minute if minute > *input.time() => input.advance_to(minute),
            _ => input.flush(),
        }
    }

    /// Deletions of all processes that were read up to the end of the minute before this one are on the boards.
    pub(crate) fn heard(&self) -> Minute {
        self.probe.with_frontier(|frontier| frontier.first().copied()).unwrap_or(Minute::MAX)
    }

    /// How many deletions this worker has sent to each of the others.
    pub(crate) fn sent(&self) -> u64 {
        self.sent
    }

    /// How many have come to this worker, which has put them on its process's board.
    pub(crate) fn came(&self) -> u64 {
        self.came.get()
    }
}

impl Drop for Across {
    fn drop(&mut self) {
        // A worker whose connection broke panics in the middle of Timely; closing an input there would panic once more.
        if std::thread::panicking() {
            std::mem::forget(self.input.take());
        }
    }
}
