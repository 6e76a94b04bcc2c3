//! How the processes of a cluster find each other: each listens on its own line of the hosts file, calls those above it in
//! the file, and is called by those below. Timely can do this itself, but writes what it does to stdout, which belongs to
//! results.
//!
//! Before any of them opens a source they agree on where to go on: process 0 names the checkpoint that its database holds, the
//! others say whether they have their share of it, and all go on from it or none does.
//!
//! ```text
//! process 1                              process 0
//!   greeting, number  ─────────────────▶
//!   hello: processes, workers, saves ──▶           saves: whether it is to make checkpoints
//!                     ◀───────────────── named: fits, saves (all do), mark of the checkpoint or none
//!   has it            ─────────────────▶
//!                     ◀───────────────── go: whoever has it not, or nobody
//! ```

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use groundswell_sources::Stop;
use timely::communication::allocator::ProcessBuilder;
use timely::communication::allocator::zero_copy::initialize::initialize_networking_from_sockets;
use timely::communication::{AllocatorBuilder, Hooks};

use crate::checkpoint::{Checkpoint, Mark, Share};
use crate::config::{Cluster, EngineError};

/// How often a process that is not up yet is called again, and how often it is looked meanwhile whether to stop.
const RETRY: Duration = Duration::from_millis(100);

/// How often it is called, or waited for, before the cluster is given up: two minutes.
const TRIES_MAX: u32 = 1_200;

/// What a caller says first, so that a stranger on the port, or a program that speaks otherwise, is noticed.
const GREETING: [u8; 8] = *b"gswell02";

/// In place of a process's number: nobody.
const NOBODY: u64 = u64::MAX;

/// Builders for the workers of this process, and what must live as long as they do.
pub(crate) type Builders = (Vec<AllocatorBuilder>, Box<dyn std::any::Any + Send>);

/// This process and all others, connected and agreed on where they go on.
#[derive(Debug)]
pub struct Joined {
    cluster: Cluster,
    workers: usize,
    sockets: Vec<Option<TcpStream>>,
    saves: bool,
    /// What they go on from.
    resumed: Option<Mark>,
    /// It was written by another number of workers, so that its shards have other owners now.
    spread: bool,
}

/// Why no other process was heard.
enum Silence {
    Stopped,
    Broken(std::io::Error),
}

impl From<std::io::Error> for Silence {
    fn from(error: std::io::Error) -> Self {
        Self::Broken(error)
    }
}

impl Joined {
    /// Connects this process with all others and agrees with them on where to go on. `saves`: whether checkpoints are to be made,
    /// which they are where all processes want it. `read` reads this process's share of a checkpoint: in process 0 of the one that
    /// its database holds, in the others of the one that is named; `None` where there is none that can be used.
    ///
    /// Returns what this process goes on from, as all others do; `None` when it was asked to stop before all were there.
    pub fn join(
        cluster: &Cluster,
        workers: usize,
        saves: bool,
        stop: &Stop,
        read: impl FnOnce(Option<Mark>) -> Option<Share>,
    ) -> Result<Option<(Self, Option<Checkpoint>)>, EngineError> {
        let Some(sockets) = connect(cluster, stop)? else { return Ok(None) };
        let mut joined = Self { cluster: cluster.clone(), workers, sockets, saves, resumed: None, spread: false };
        let agreed = if cluster.process == 0 { joined.preside(read, stop)? } else { joined.follow(read, stop)? };
        let Some(share) = agreed else { return Ok(None) };
        tracing::info!(target: "groundswell", "all {} processes of the cluster are here", cluster.addresses.len());
        joined.resumed = share.as_ref().map(|share| share.mark);
        joined.spread = share.as_ref().is_some_and(|share| share.workers != workers);
        Ok(Some((joined, share.map(|share| share.checkpoint))))
    }

    /// Process 0's part of the agreement; `None`: stopped.
    #[allow(clippy::option_option, reason = "stopped, agreed on nothing, agreed on one: three different things")]
    fn preside(
        &mut self,
        read: impl FnOnce(Option<Mark>) -> Option<Share>,
        stop: &Stop,
    ) -> Result<Option<Option<Share>>, EngineError> {
        let others = 1..self.sockets.len();
        let own = [self.sockets.len() as u64, self.workers as u64, u64::from(self.saves)];
        let mut misfit = None;
        for process in others.clone() {
            let Some(hello) = self.hear::<3>(process, stop)? else { return Ok(None) };
            if hello[..2] != own[..2] {
                misfit = misfit.or(Some((process, hello)));
            }
            if (hello[2] == 1) != self.saves {
                tracing::warn!(
                    target: "groundswell",
                    "process {process} of the cluster and process 0 differ in whether checkpoints are made: none are"
                );
                self.saves = false;
            }
        }
        let share = if misfit.is_none() && self.saves { read(None).filter(|share| self.fits(share)) } else { None };
        let mark = share.as_ref().map_or_else(Mark::default, |share| share.mark);
        for process in others.clone() {
            self.say(process, &[u64::from(misfit.is_none()), u64::from(self.saves), mark.number, mark.lot])?;
        }
        if let Some((process, [processes, workers, _])) = misfit {
            return Err(EngineError::Cluster(format!(
                "process {process} counts {processes} processes with {workers} workers each, process 0 {} with {}: all must \
                 be started with the same",
                own[0], own[1]
            )));
        }
        let mut without = NOBODY;
        for process in others.clone() {
            let Some([has]) = self.hear::<1>(process, stop)? else { return Ok(None) };
            if has == 0 && share.is_some() {
                without = without.min(process as u64);
            }
        }
        for process in others {
            self.say(process, &[without])?;
        }
        Ok(Some(share.filter(|share| agreed(share.mark, without))))
    }

    /// The part of any other process.
    #[allow(clippy::option_option, reason = "stopped, agreed on nothing, agreed on one: three different things")]
    fn follow(
        &mut self,
        read: impl FnOnce(Option<Mark>) -> Option<Share>,
        stop: &Stop,
    ) -> Result<Option<Option<Share>>, EngineError> {
        self.say(0, &[self.sockets.len() as u64, self.workers as u64, u64::from(self.saves)])?;
        let Some([fits, saves, number, lot]) = self.hear::<4>(0, stop)? else { return Ok(None) };
        if fits == 0 {
            return Err(EngineError::Cluster(
                "process 0 counts other processes or workers: all must be started with the same".to_owned(),
            ));
        }
        self.saves &= saves == 1;
        let mark = Mark { number, lot };
        let share = if number == 0 { None } else { read(Some(mark)) };
        let share = share.filter(|share| {
            let same = share.mark == mark;
            if !same {
                tracing::warn!(target: "groundswell", "checkpoint {number} is here, but is none that process 0 made");
            }
            same && self.fits(share)
        });
        self.say(0, &[u64::from(share.is_some())])?;
        let Some([without]) = self.hear::<1>(0, stop)? else { return Ok(None) };
        let go = number != 0 && agreed(mark, without);
        Ok(Some(share.filter(|_| go)))
    }

    /// Whether a share is this process's of a cluster of so many.
    fn fits(&self, share: &Share) -> bool {
        let processes = self.sockets.len();
        let fits = (share.process, share.processes) == (self.cluster.process, processes);
        if !fits {
            tracing::warn!(
                target: "groundswell",
                "the last checkpoint is that of process {} of {}, this is process {} of {processes}: it cannot be used",
                share.process,
                share.processes,
                self.cluster.process,
            );
        }
        fits
    }

    fn say(&mut self, process: usize, numbers: &[u64]) -> Result<(), EngineError> {
        let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_be_bytes()).collect();
        let sent = socket(&mut self.sockets, process).and_then(|socket| socket.write_all(&bytes));
        sent.map_err(|error| lost(process, &self.cluster, &error))
    }

    /// So many numbers from a process; `None` when it was asked to stop meanwhile.
    fn hear<const N: usize>(&mut self, process: usize, stop: &Stop) -> Result<Option<[u64; N]>, EngineError> {
        let mut bytes = vec![0; N * 8];
        let heard = socket(&mut self.sockets, process)
            .map_err(Silence::Broken)
            .and_then(|socket| read_patiently(socket, &mut bytes, stop));
        match heard {
            Ok(()) => {}
            Err(Silence::Stopped) => return Ok(None),
            Err(Silence::Broken(error)) => return Err(lost(process, &self.cluster, &error)),
        }
        let mut numbers = [0; N];
        for (number, bytes) in numbers.iter_mut().zip(bytes.as_chunks::<8>().0) {
            *number = u64::from_be_bytes(*bytes);
        }
        Ok(Some(numbers))
    }

    /// Which processes there are.
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// Whether checkpoints are made: all processes want it.
    pub fn saves(&self) -> bool {
        self.saves
    }

    /// The number of the checkpoint that all go on from.
    pub fn resumed(&self) -> Option<u64> {
        self.resumed.map(|mark| mark.number)
    }

    pub(crate) fn spread(&self) -> bool {
        self.spread
    }

    /// Hands the connections to Timely.
    pub(crate) fn builders(&mut self, links: &Arc<Links>) -> Result<Builders, EngineError> {
        let failed = |error: std::io::Error| EngineError::Cluster(format!("cannot set the connections up: {error}"));
        let sockets: Vec<_> = std::mem::take(&mut self.sockets).into_iter().collect();
        let mut own = Vec::new();
        for (process, socket) in sockets.iter().enumerate() {
            if let Some(socket) = socket {
                socket.set_read_timeout(None).map_err(failed)?;
                own.push((process, socket.try_clone().map_err(failed)?));
            }
        }
        let hooks = Hooks::default();
        let local = ProcessBuilder::new_typed_vector(self.workers, hooks.refill.clone(), hooks.spill.clone());
        let (builders, guard) =
            initialize_networking_from_sockets(local, sockets, self.cluster.process, self.workers, hooks)
                .map_err(failed)?;
        let guard = Guard { links: Arc::clone(links), sockets: own, threads: Some(Box::new(guard)) };
        Ok((builders.into_iter().map(AllocatorBuilder::Tcp).collect(), Box::new(guard)))
    }
}

/// Whether all go on from it; says so where not.
fn agreed(mark: Mark, without: u64) -> bool {
    if without != NOBODY {
        tracing::warn!(
            target: "groundswell",
            "process {without} of the cluster cannot go on from checkpoint {}, so none does; what was open then is counted anew",
            mark.number,
        );
    }
    without == NOBODY
}

fn socket(sockets: &mut [Option<TcpStream>], process: usize) -> std::io::Result<&mut TcpStream> {
    sockets.get_mut(process).and_then(Option::as_mut).ok_or_else(|| ErrorKind::NotConnected.into())
}

fn lost(process: usize, cluster: &Cluster, error: &std::io::Error) -> EngineError {
    EngineError::Cluster(format!("process {process} ({}) is gone: {error}", cluster.addresses[process]))
}

fn read_patiently(socket: &mut TcpStream, mut bytes: &mut [u8], stop: &Stop) -> Result<(), Silence> {
    socket.set_nonblocking(false)?;
    socket.set_read_timeout(Some(RETRY))?;
    let mut tries = 0;
    while !bytes.is_empty() {
        match socket.read(bytes) {
            Ok(0) => return Err(Silence::Broken(ErrorKind::UnexpectedEof.into())),
            Ok(read) => bytes = &mut std::mem::take(&mut bytes)[read..],
            Err(_) if stop.stopped() => return Err(Silence::Stopped),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) && tries < TRIES_MAX => {
                tries += 1;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(Silence::Broken(error)),
        }
    }
    Ok(())
}

/// Opens a connection to each other process; `None` when it was asked to stop before all were there.
fn connect(cluster: &Cluster, stop: &Stop) -> Result<Option<Vec<Option<TcpStream>>>, EngineError> {
    let failed = |what: String| move |error: std::io::Error| EngineError::Cluster(format!("{what}: {error}"));
    let own = &cluster.addresses[cluster.process];
    let listener = TcpListener::bind(own).map_err(failed(format!("{own}: cannot listen")))?;
    let mut sockets: Vec<Option<TcpStream>> = cluster.addresses.iter().map(|_| None).collect();
    for (index, address) in cluster.addresses.iter().enumerate().take(cluster.process) {
        let called = call(address, cluster.process, stop).map_err(failed(format!("{address}: cannot connect")))?;
        let Some(socket) = called else { return Ok(None) };
        sockets[index] = Some(socket);
    }
    listener.set_nonblocking(true).map_err(failed(format!("{own}: cannot listen")))?;
    let mut tries = 0;
    while sockets.iter().skip(cluster.process + 1).any(Option::is_none) {
        if stop.stopped() {
            return Ok(None);
        }
        match listener.accept() {
            Ok((stream, _)) => {
                if let Some(index) = greeted(&stream).filter(|index| sockets.get(*index).is_some_and(Option::is_none)) {
                    sockets[index] = Some(stream);
                }
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock && tries < TRIES_MAX => {
                tries += 1;
                std::thread::sleep(RETRY);
            }
            Err(error) => return Err(failed(format!("{own}: not all processes of the cluster came"))(error)),
        }
    }
    Ok(Some(sockets))
}

fn call(address: &str, process: usize, stop: &Stop) -> std::io::Result<Option<TcpStream>> {
    let mut tries = 0;
    loop {
        match TcpStream::connect(address) {
            Ok(mut stream) => {
                stream.set_nodelay(true)?;
                stream.write_all(&GREETING)?;
                stream.write_all(&(process as u64).to_be_bytes())?;
                return Ok(Some(stream));
            }
            Err(_) if stop.stopped() => return Ok(None),
            Err(error) if tries >= TRIES_MAX => return Err(error),
            Err(_) => {
                tries += 1;
                std::thread::sleep(RETRY);
            }
        }
    }
}

/// Which process called; `None` for a stranger or one that broke off.
fn greeted(mut stream: &TcpStream) -> Option<usize> {
    stream.set_nonblocking(false).ok()?;
    stream.set_nodelay(true).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    let (mut greeting, mut index) = ([0; 8], [0; 8]);
    stream.read_exact(&mut greeting).ok()?;
    stream.read_exact(&mut index).ok()?;
    stream.set_read_timeout(None).ok()?;
    (greeting == GREETING).then(|| usize::try_from(u64::from_be_bytes(index)).ok()).flatten()
}

/// What is known of the connections when the workers have ended.
#[derive(Debug, Default)]
pub(crate) struct Links {
    /// A worker of this process panicked, as all do when a connection breaks.
    failed: AtomicBool,
    /// The processes that were gone then.
    gone: Mutex<Vec<usize>>,
}

impl Links {
    pub(crate) fn fail(&self) {
        self.failed.store(true, Ordering::Release);
    }

    /// The processes that are gone, where the workers failed.
    pub(crate) fn gone(&self) -> Vec<usize> {
        self.gone.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Ends the threads of the connections. When the workers have failed it breaks all connections instead, so that all other
/// processes end too, and leaves the threads behind: one may wait for what a worker never hands over any more.
struct Guard {
    links: Arc<Links>,
    sockets: Vec<(usize, TcpStream)>,
    threads: Option<Box<dyn std::any::Any + Send>>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        if self.links.failed.load(Ordering::Acquire) {
            let gone = self.sockets.iter().filter(|(_, socket)| is_gone(socket)).map(|(process, _)| *process);
            self.links.gone.lock().unwrap_or_else(PoisonError::into_inner).extend(gone);
            for (_, socket) in &self.sockets {
                let _ = socket.shutdown(Shutdown::Both);
            }
            std::mem::forget(self.threads.take());
        }
        // A connection that broke after the last word has made its threads panic, which harms nobody any more.
        let threads = self.threads.take();
        let _ = std::panic::catch_unwind(AssertUnwindSafe(|| drop(threads)));
    }
}

/// Whether the other side has closed.
fn is_gone(socket: &TcpStream) -> bool {
    if socket.set_nonblocking(true).is_err() {
        return true;
    }
    match socket.peek(&mut [0]) {
        Ok(waiting) => waiting == 0,
        Err(error) => error.kind() != ErrorKind::WouldBlock,
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// One process of a cluster of two, before it has met the other.
    #[derive(Clone)]
    struct Before {
        workers: usize,
        saves: bool,
        share: Option<Share>,
    }

    const MARK: Mark = Mark { number: 7, lot: 70 };

    fn before(process: usize) -> Before {
        let mut checkpoint = Checkpoint::default();
        checkpoint.closed_before = Some(process as i64);
        let share = Share { mark: MARK, process, processes: 2, workers: 1, checkpoint };
        Before { workers: 1, saves: true, share: Some(share) }
    }

    fn cluster(process: usize, addresses: &[String]) -> Cluster {
        Cluster { addresses: addresses.to_vec(), process }
    }

    fn free_addresses() -> Vec<String> {
        let listeners: Vec<_> = (0..2).map(|_| TcpListener::bind("127.0.0.1:0").expect("a port is free")).collect();
        listeners.iter().map(|listener| listener.local_addr().expect("it is bound").to_string()).collect()
    }

    /// What comes of it for each: whether checkpoints are made, up to where what it goes on from had closed, whether its shards have
    /// other owners, and which share it was asked for.
    type After = Result<(bool, Option<i64>, bool, Option<Option<u64>>), String>;

    fn meet(processes: [Before; 2]) -> [After; 2] {
        let addresses = free_addresses();
        let mut process = 0;
        processes
            .map(|before| {
                let cluster = cluster(process, &addresses);
                process += 1;
                std::thread::spawn(move || {
                    let asked = Cell::new(None);
                    let read = |mark: Option<Mark>| {
                        asked.set(Some(mark.map(|mark| mark.number)));
                        before.share
                    };
                    match Joined::join(&cluster, before.workers, before.saves, &Stop::default(), read) {
                        Ok(Some((joined, checkpoint))) => {
                            assert_eq!(joined.resumed().is_some(), checkpoint.is_some());
                            let closed = checkpoint.and_then(|checkpoint| checkpoint.closed_before);
                            Ok((joined.saves(), closed, joined.spread(), asked.get()))
                        }
                        Ok(None) => Err("stopped".to_owned()),
                        Err(error) => Err(error.to_string()),
                    }
                })
            })
            .map(|thread| thread.join().expect("no panic"))
    }

    #[test]
    fn all_go_on_from_what_process_0_names() {
        let after = meet([before(0), before(1)]);
        assert_eq!(after, [Ok((true, Some(0), false, Some(None))), Ok((true, Some(1), false, Some(Some(7))))]);
        // Other workers are no hindrance: the shards find their owners.
        let two = |process| Before { workers: 2, ..before(process) };
        let after = meet([two(0), two(1)]);
        assert_eq!(after, [Ok((true, Some(0), true, Some(None))), Ok((true, Some(1), true, Some(Some(7))))]);
    }

    #[test]
    fn all_begin_anew_where_one_cannot_go_on() {
        let none = |asked| Ok((true, None, false, asked));
        let nobody = [none(Some(None)), none(Some(Some(7)))];
        let change = |process: usize, change: &dyn Fn(&mut Share)| {
            let mut before = before(process);
            before.share.iter_mut().for_each(change);
            before
        };
        let without = |process| Before { share: None, ..before(process) };
        assert_eq!(meet([before(0), without(1)]), nobody, "it is not there, or damaged");
        assert_eq!(meet([before(0), change(1, &|share| share.mark.lot = 71)]), nobody, "of another run");
        assert_eq!(meet([before(0), change(1, &|share| share.mark.number = 6)]), nobody, "an older one");
        assert_eq!(meet([before(0), change(1, &|share| share.process = 0)]), nobody, "another process's");
        assert_eq!(meet([before(0), change(1, &|share| share.processes = 3)]), nobody, "of another cluster");
        // Where process 0 has none, nobody is asked.
        let nobody = [none(Some(None)), none(None)];
        assert_eq!(meet([without(0), before(1)]), nobody);
        assert_eq!(meet([change(0, &|share| share.processes = 3), before(1)]), nobody);
    }

    #[test]
    fn all_make_checkpoints_or_none_does() {
        let saves_not = |process| Before { saves: false, ..before(process) };
        assert_eq!(meet([before(0), saves_not(1)]), [Ok((false, None, false, None)), Ok((false, None, false, None))]);
        assert_eq!(meet([saves_not(0), before(1)]), [Ok((false, None, false, None)), Ok((false, None, false, None))]);
    }

    #[test]
    fn all_are_started_with_as_many_workers_or_say_so() {
        let [first, second] = meet([before(0), Before { workers: 2, ..before(1) }]);
        let first = first.expect_err("they differ");
        assert!(first.contains("process 1 counts 2 processes with 2 workers each, process 0 2 with 1"), "{first}");
        let second = second.expect_err("they differ");
        assert!(second.contains("all must be started with the same"), "{second}");
    }

    #[test]
    fn who_is_left_alone_says_so_and_who_is_stopped_stops() {
        let addresses = free_addresses();
        // Calls as process 1 does, and is gone.
        let caller = {
            let address = addresses[0].clone();
            std::thread::spawn(move || drop(call(&address, 1, &Stop::default()).expect("process 0 is there")))
        };
        let alone = Joined::join(&cluster(0, &addresses), 1, true, &Stop::default(), |_| None);
        caller.join().expect("no panic");
        let alone = alone.expect_err("there is nobody").to_string();
        assert!(alone.contains(&format!("process 1 ({}) is gone", addresses[1])), "{alone}");
        for process in [0, 1] {
            let stop = Stop::default();
            stop.stop();
            let stopped = Joined::join(&cluster(process, &free_addresses()), 1, true, &stop, |_| None);
            assert!(matches!(stopped, Ok(None)));
        }
    }
}
