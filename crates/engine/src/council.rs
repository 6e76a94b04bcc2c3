//! How the workers of all processes of a cluster agree: on checkpoints, on stopping, and on when everything is over.
//!
//! Beside the dataflow of the posts each worker has a small one that carries words to all workers and parts of open minutes to
//! their shards' owners. Its times are rounds: a worker that is through with a round gives its time up, and a round is over when
//! Timely's frontier has passed it everywhere. Nobody waits without working meanwhile, so nobody waits for ever.
//!
//! Worker 0 presides:
//!
//! ```text
//! worker 0    Make 7 ──▶ all                                all wrote ──▶ its database ──▶ Settled 7 ──▶ all
//! all workers           meet, close, save as one process does it alone
//! each process                               file 7 ──▶ Written 7
//! ```
//!
//! Each process keeps the file before until the new one is settled, so whatever moment they are killed at, all have the one that
//! process 0's database names.
//!
//! A process that is asked to stop says so, and worker 0 has a last checkpoint made, after which all end. A process that cannot
//! go on says `GiveUp`, and all end without one. One that is gone without a word breaks Timely's connections, and all end in
//! an error.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, VecDeque};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender};
use groundswell_detect::volume::{Merger, Observer};
use groundswell_sketch::{Summary, Window};
use serde::{Deserialize, Serialize};
use timely::container::CapacityContainerBuilder;
use timely::dataflow::operators::vec::Broadcast as _;
use timely::dataflow::operators::{Exchange as _, Input as _, Inspect as _, Probe as _};
use timely::dataflow::{InputHandle, ProbeHandle};
use timely::scheduling::Activator;
use timely::worker::Worker;

use crate::checkpoint::{Mark, Share, Step};
use crate::dataflow::Shared;
use crate::deletions::across::Across;
use crate::operators::ingest::Inbox;
use crate::operators::merge::Owner;
use crate::operators::release::OpenBursts;
use crate::operators::{Minute, Part, minute_of};
use crate::sink::{Report, ToSink};

/// How long a worker that waits for others sleeps when there is nothing to do.
const WAIT: Duration = Duration::from_millis(1);

/// What is told to all workers.
#[derive(Clone, Debug, Serialize, Deserialize)]
enum Word {
    /// A process was asked to stop.
    Stopping,
    /// Worker 0 asks for a checkpoint.
    Make { mark: Mark, last: bool },
    /// How far the watermark of a process has come as a worker of it knows, and how many deletions that worker has sent to each
    /// other process.
    Read { process: usize, reached: Minute, deletions: u64 },
    /// What a worker has closed up to, how many parts it has sent to each shard, and which minutes it still counts.
    Closed { open: Minute, sent: Vec<u64>, minutes: Vec<Window> },
    /// A process has its share on the disk, or cannot write it.
    Written { number: u64, whole: bool },
    /// It is in process 0's database, or never will be.
    Settled { number: u64, whole: bool },
    /// What was open cannot be kept.
    GiveUp,
    /// Everything is released and kept.
    End,
}

type Input<T> = InputHandle<u64, CapacityContainerBuilder<Vec<T>>>;

/// The small dataflow.
struct Council {
    words: Input<Word>,
    parts: Input<Part>,
    heard: Rc<RefCell<VecDeque<Word>>>,
    came: Rc<RefCell<Vec<Part>>>,
    probe: ProbeHandle<u64>,
    round: u64,
}

impl Council {
    fn new(worker: &mut Worker) -> Self {
        let (mut words, mut parts) = (Input::new(), Input::new());
        let (heard, came) = (Rc::default(), Rc::default());
        let probe = ProbeHandle::new();
        worker.dataflow(|scope| {
            let (heard, came) = (Rc::clone(&heard), Rc::clone(&came));
            scope
                .input_from(&mut words)
                .broadcast()
                .inspect(move |word: &Word| RefCell::<VecDeque<Word>>::borrow_mut(&heard).push_back(word.clone()))
                .probe_with(&probe);
            scope
                .input_from(&mut parts)
                .exchange(|part: &Part| part.shard)
                .inspect(move |part| RefCell::<Vec<Part>>::borrow_mut(&came).push(part.clone()))
                .probe_with(&probe);
        });
        Self { words, parts, heard, came, probe, round: 0 }
    }

    fn say(&mut self, word: Word) {
        self.words.send(word);
        self.words.flush();
    }

    /// Works until all workers are here; what they said and sent before has then come.
    fn meet(&mut self, worker: &mut Worker) {
        self.round += 1;
        self.words.advance_to(self.round);
        self.parts.advance_to(self.round);
        while self.probe.less_than(&self.round) {
            worker.step_or_park(Some(WAIT));
        }
    }

    /// Takes what came of one minute.
    fn take_parts(&self, minute: Window) -> Vec<Summary> {
        self.came.borrow_mut().extract_if(.., |part| part.window == minute).map(|part| part.summary).collect()
    }
}

impl Drop for Council {
    fn drop(&mut self) {
        // A worker whose connection broke panics in the middle of Timely; closing an input there would panic once more.
        if std::thread::panicking() {
            std::mem::forget(std::mem::take(&mut self.words));
            std::mem::forget(std::mem::take(&mut self.parts));
        }
    }
}

/// What a worker works with while a checkpoint is made.
pub(crate) struct Desk<'a> {
    pub(crate) inbox: &'a RefCell<Inbox>,
    pub(crate) observer: &'a RefCell<Observer>,
    pub(crate) merger: &'a RefCell<Merger>,
    pub(crate) owner: &'a RefCell<Owner>,
    pub(crate) bursts: &'a RefCell<OpenBursts>,
    /// Parts that this worker's shard has been sent and has taken.
    pub(crate) taken: &'a Cell<u64>,
    pub(crate) ingest: &'a Activator,
    pub(crate) probe: &'a ProbeHandle<Minute>,
    pub(crate) closed: &'a Sender<ToSink>,
}

/// Worker 0's own.
struct Chair {
    /// The last checkpoint's number.
    number: u64,
    last_at: u64,
    /// How many processes have written the one that is being kept, and whether all could.
    written: (usize, bool),
    stopping: bool,
    gave_up: bool,
    finishing: bool,
    finished: bool,
}

/// One worker's seat.
pub(crate) struct Delegate<'a> {
    shared: &'a Shared,
    /// Over all processes.
    index: usize,
    council: Council,
    across: Across,
    /// Checkpoints that it took part in.
    made: u64,
    asked: Option<(Mark, bool)>,
    /// One is asked for and neither settled nor abandoned.
    pending: bool,
    /// What the sink says; the first worker of each process hears it.
    reports: Option<Receiver<Report>>,
    told_stopping: bool,
    chair: Option<Chair>,
    ended: bool,
}

impl<'a> Delegate<'a> {
    pub(crate) fn new(worker: &mut Worker, shared: &'a Arc<Shared>, reports: &Receiver<Report>) -> Option<Self> {
        let joined = shared.config.cluster.as_ref()?;
        let index = worker.index();
        let is_first = index.is_multiple_of(shared.config.workers.max(1));
        let chair = (index == 0).then(|| Chair {
            number: joined.resumed().unwrap_or(0),
            last_at: shared.clock.millis(),
            written: (0, true),
            stopping: false,
            gave_up: false,
            finishing: false,
            finished: false,
        });
        Some(Self {
            shared,
            index,
            council: Council::new(worker),
            across: Across::new(worker, shared),
            made: 0,
            asked: None,
            pending: false,
            reports: is_first.then(|| reports.clone()),
            told_stopping: false,
            chair,
            ended: false,
        })
    }

    /// Whether everything is over, for all.
    pub(crate) fn ended(&self) -> bool {
        self.ended
    }

    /// Tells the other processes which deletions this worker has read, and its ingest how far all have told theirs. Returns the minute
    /// that this process has come to.
    pub(crate) fn exchange_deletions(&mut self, inbox: &mut Inbox) -> Minute {
        let reached = self.reached(inbox);
        self.across.tell(&mut inbox.deletions, reached);
        inbox.heard = self.across.heard();
        reached
    }

    /// The minute that the watermark of this process has come to; all of them when no block will come any more.
    fn reached(&self, inbox: &Inbox) -> Minute {
        let shared = self.shared;
        if shared.halt.stopped() || (inbox.ended && inbox.blocks.is_empty() && shared.all_done()) {
            return Minute::MAX;
        }
        shared.clocked().map_or(0, |time| minute_of(time.unix()))
    }

    /// Says what is to be said and obeys what was heard, but for a checkpoint: that is returned.
    pub(crate) fn listen(&mut self, closed: &Sender<ToSink>, all_released: bool) -> Option<(Mark, bool)> {
        while let Some(report) = self.reports.as_ref().and_then(|reports| reports.try_recv().ok()) {
            match (report, &mut self.chair) {
                (Report::Written { number, whole }, _) => self.council.say(Word::Written { number, whole }),
                (Report::Settled { number }, Some(_)) => self.council.say(Word::Settled { number, whole: true }),
                (Report::Finished, Some(chair)) => chair.finished = true,
                (Report::Failed, _) => self.council.say(Word::GiveUp),
                (Report::Settled { .. } | Report::Finished, None) => {}
            }
        }
        if self.reports.is_some() && !self.told_stopping && self.shared.stop.stopped() {
            self.told_stopping = true;
            self.council.say(Word::Stopping);
        }
        // What comes after the word that asks for a checkpoint may belong to it.
        while self.asked.is_none() {
            let word = self.council.heard.borrow_mut().pop_front();
            let Some(word) = word else { break };
            self.obey(word, closed);
        }
        if self.chair.is_some() {
            self.preside(closed, all_released);
        }
        self.asked.take()
    }

    fn obey(&mut self, word: Word, closed: &Sender<ToSink>) {
        match word {
            Word::Stopping => {
                if let Some(chair) = &mut self.chair {
                    chair.stopping = true;
                }
            }
            Word::Make { mark, last } => {
                self.asked = Some((mark, last));
                self.pending = true;
            }
            Word::Written { number, whole } => {
                let processes = self.processes();
                let Some(chair) = self.chair.as_mut().filter(|chair| chair.number == number) else { return };
                chair.written = (chair.written.0 + 1, chair.written.1 && whole);
                match chair.written {
                    (written, true) if written == processes => {
                        // If the sink has failed, it says why itself.
                        let _ = closed.send(ToSink::Settle(number));
                    }
                    (written, false) if written == processes => {
                        self.council.say(Word::Settled { number, whole: false });
                    }
                    _ => {}
                }
            }
            Word::Settled { number, whole } => {
                self.pending = false;
                if whole && self.reports.is_some() && self.chair.is_none() {
                    let _ = closed.send(ToSink::Settle(number));
                }
            }
            Word::GiveUp => {
                self.shared.stop.stop();
                self.shared.halt.stop();
                self.pending = false;
                if let Some(chair) = &mut self.chair {
                    chair.gave_up = true;
                }
            }
            Word::End => self.ended = true,
            // Of a checkpoint that is over.
            Word::Read { .. } | Word::Closed { .. } => {}
        }
    }

    fn processes(&self) -> usize {
        self.shared.config.cluster.as_ref().map_or(1, |joined| joined.cluster().addresses.len())
    }

    /// Asks for checkpoints, and ends everything when nothing is left to be done.
    fn preside(&mut self, closed: &Sender<ToSink>, all_released: bool) {
        let Self { shared, council, chair: Some(chair), pending, ended, .. } = self else { return };
        if *pending || *ended {
            return;
        }
        if all_released {
            if shared.stop.stopped() || chair.finished {
                council.say(Word::End);
                // Once is enough.
                *pending = true;
            } else if !chair.finishing {
                // The others must not take their files for read before process 0 has kept what was in them.
                chair.finishing = true;
                let _ = closed.send(ToSink::Finish);
            }
            return;
        }
        let Some(every) = shared.config.checkpoint_every else {
            if chair.stopping && !chair.gave_up {
                chair.gave_up = true;
                council.say(Word::GiveUp);
            }
            return;
        };
        if shared.halt.stopped() {
            return;
        }
        let now = shared.clock.millis();
        if chair.stopping || u128::from(now.saturating_sub(chair.last_at)) >= every.as_millis() {
            chair.last_at = now;
            chair.number += 1;
            chair.written = (0, true);
            let mut lot = [0; 8];
            getrandom::fill(&mut lot).expect("the operating system gives random bytes");
            let mark = Mark { number: chair.number, lot: u64::from_le_bytes(lot) };
            council.say(Word::Make { mark, last: chair.stopping });
            *pending = true;
        }
    }

    /// Makes a checkpoint together with all other workers of all processes: what `Member::make` does in one process.
    pub(crate) fn make(&mut self, worker: &mut Worker, desk: &Desk<'_>, mark: Mark, last: bool) {
        let Shared { checkpoints, stop, halt, config, .. } = self.shared;
        if last {
            stop.stop();
            self.told_stopping = true;
        }
        self.made += 1;
        // Everybody has counted the blocks that were handed out, has told of the deletions in them, and takes no other.
        let reached = self.exchange_deletions(&mut desk.inbox.borrow_mut());
        self.council.say(Word::Read { process: self.process(), reached, deletions: self.across.sent() });
        self.council.meet(worker);
        let (reached, expected) = self.all_read();
        while !halt.stopped() && self.across.came() < expected {
            worker.step_or_park(Some(WAIT));
        }
        // No process closes what another may still tell deletions of, so all close up to the same minute.
        if checkpoints.first(Step::Pin, self.made) {
            let up_to = i64::try_from(reached).unwrap_or(i64::MAX).saturating_mul(60);
            checkpoints.pin(self.shared.clocked().map(|time| time.unix().min(up_to)));
        }
        self.council.meet(worker);
        let watermark = checkpoints.pinned();
        desk.inbox.borrow_mut().heard = reached;
        // Once: deletions that another worker has read reach what is buffered here, and what the watermark has passed is closed.
        desk.inbox.borrow_mut().sweep = true;
        while desk.inbox.borrow().sweep && !desk.inbox.borrow().done {
            desk.ingest.activate();
            worker.step();
        }
        // What a process has not heard anything of is open: all say how far they have closed, and what is on its way to whom.
        let said = {
            let inbox = desk.inbox.borrow();
            let open = if inbox.done { Minute::MAX } else { inbox.open };
            Word::Closed { open, sent: inbox.sent.clone(), minutes: desk.observer.borrow().open_minutes() }
        };
        self.council.say(said);
        self.council.meet(worker);
        let (open, expected, minutes) = self.all_closed();
        // Everything that all have closed is in the sink, and everything that some have closed is with its owner.
        while !halt.stopped() && (desk.probe.less_than(&open) || desk.taken.get() < expected) {
            worker.step_or_park(Some(WAIT));
        }
        self.council.meet(worker);
        let mut saved = Vec::new();
        for minute in &minutes {
            let mut parts = Vec::new();
            desk.observer.borrow_mut().look(*minute, &mut |shard, summary| {
                // Most go to another process, which needs its own.
                parts.push(Part { shard: shard as u64, window: *minute, summary: (*summary).clone() });
            });
            parts.drain(..).for_each(|part| self.council.parts.send(part));
            self.council.meet(worker);
            let parts = self.council.take_parts(*minute);
            saved.push((minute.start, desk.merger.borrow_mut().save_minute(*minute, parts.iter())));
        }
        {
            let mut merger = desk.merger.borrow_mut();
            let others: BTreeSet<Window> = merger.open_minutes().filter(|minute| !minutes.contains(minute)).collect();
            saved.extend(others.into_iter().map(|minute| (minute.start, merger.save_minute(minute, [].iter()))));
            saved.sort_by_key(|(start, _)| *start);
            // Another process may delete what it sent.
            merger.forget_all_looked();
            checkpoints.put_shard(self.index, merger.save(saved));
            checkpoints.put_rest(desk.bursts.borrow().save(), desk.owner.borrow().save());
        }
        // Before anybody takes another block: it would be in these numbers and in no shard.
        let moment = checkpoints.first(Step::Assemble, self.made).then(|| self.shared.moment(watermark));
        self.council.meet(worker);
        if let (Some(moment), Some(joined)) = (moment, &config.cluster) {
            checkpoints.pin(None);
            let share = Share {
                mark,
                process: joined.cluster().process,
                processes: joined.cluster().addresses.len(),
                workers: config.workers,
                checkpoint: checkpoints.complete(moment),
            };
            // If the sink has failed, it says why itself.
            let _ = desk.closed.send(ToSink::Share(Box::new(share)));
        }
        if last {
            halt.stop();
        }
    }

    /// This process's number.
    fn process(&self) -> usize {
        self.index / self.shared.config.workers.max(1)
    }

    /// What all have said: the minute that all processes have reached, and how many deletions this worker was sent.
    fn all_read(&self) -> (Minute, u64) {
        let (own, receives) = (self.process(), self.reports.is_some());
        let (mut all, mut expected) = (Minute::MAX, 0);
        self.council.heard.borrow_mut().retain(|word| {
            let Word::Read { process, reached, deletions } = word else { return true };
            all = all.min(*reached);
            if receives && *process != own {
                expected += deletions;
            }
            false
        });
        (all, expected)
    }

    /// What all have said: the first minute that is open anywhere, the parts that this worker's shard was sent, and the minutes
    /// that anybody counts.
    fn all_closed(&self) -> (Minute, u64, BTreeSet<Window>) {
        let (mut first, mut expected, mut all) = (Minute::MAX, 0, BTreeSet::new());
        self.council.heard.borrow_mut().retain(|word| {
            let Word::Closed { open, sent, minutes } = word else { return true };
            first = first.min(*open);
            expected += sent.get(self.index).copied().unwrap_or(0);
            all.extend(minutes.iter().copied());
            false
        });
        (first, expected, all)
    }
}
