//! What all handlers share.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use groundswell_gate::{EngineSettings, EngineStatus, GapTotals, Released, SourceStatus, WatchEntry};
use groundswell_store::Reader;
use tokio::sync::{Semaphore, watch};

use crate::access::Access;
use crate::audit::AuditSource;
use crate::feeds::{DeliveryPreview, FeedDesk};
use crate::ingest::{Door, IngestDoor};
use crate::live::Live;
use crate::metrics::{ConnectionCounters, HttpCounters};
use crate::problem::{Code, Problem};
use crate::watches::WatchDesk;

/// What is said wherever simulated data are shown.
pub(crate) const SIMULATED: &str = "SIMULATED DATA";

/// Requests in work at the same time; one more is answered with `busy`. Live streams do not count, they have
/// [`crate::STREAMS_MAX`].
pub const REQUESTS_MAX: usize = 64;

/// Says how engine, sources and watches stand. The binary puts the engine behind it.
pub trait StatusSource: Send + Sync {
    /// The running engine.
    fn status(&self) -> Released<EngineStatus>;
    /// Whether any of its posts are made up. Asked for every answer: say it without putting everything else together.
    fn is_simulated(&self) -> bool {
        self.status().simulated
    }
    /// SHA-256 of the running program's file, in hexadecimal; `unknown` where it cannot be read.
    fn build(&self) -> String {
        "unknown".to_owned()
    }
    /// What it runs with; none before it runs.
    fn settings(&self) -> Option<Released<EngineSettings>> {
        None
    }
    /// All configured sources.
    fn sources(&self) -> Vec<Released<SourceStatus>>;
    /// The gaps of each live source since the start; none where nothing is live.
    fn gap_totals(&self) -> Vec<Released<GapTotals>> {
        Vec::new()
    }
    /// The register of watches, by name.
    fn watches(&self) -> Vec<Released<WatchEntry>>;
}

/// What the server shows: cheap to clone, all clones are the same.
#[derive(Clone)]
pub struct ServerState {
    inner: Arc<Inner>,
}

struct Inner {
    /// The store that is shown, and how many were before it.
    reader: RwLock<Option<(Reader, u64)>>,
    simulated: AtomicBool,
    running: AtomicBool,
    status: Arc<dyn StatusSource>,
    live: Live,
    http: HttpCounters,
    connections: ConnectionCounters,
    requests: Semaphore,
    stopping: watch::Sender<bool>,
    door: RwLock<Option<Arc<Door>>>,
    access: Access,
    audit: RwLock<Option<Arc<dyn AuditSource>>>,
    desk: RwLock<Option<Arc<dyn FeedDesk>>>,
    watch_desk: RwLock<Option<Arc<dyn WatchDesk>>>,
    previews: RwLock<Option<Arc<dyn DeliveryPreview>>>,
}

impl fmt::Debug for ServerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerState").field("simulated", &self.is_simulated()).finish_non_exhaustive()
    }
}

impl ServerState {
    /// A state without a store yet: health answers, the API says that the store is not there.
    pub fn new(status: Arc<dyn StatusSource>, live: Live) -> Self {
        Self::with_access(status, live, Access::default())
    }

    /// The same, for those only who may read it.
    pub fn with_access(status: Arc<dyn StatusSource>, live: Live, access: Access) -> Self {
        Self {
            inner: Arc::new(Inner {
                reader: RwLock::new(None),
                simulated: AtomicBool::new(false),
                running: AtomicBool::new(false),
                status,
                live,
                http: HttpCounters::default(),
                connections: ConnectionCounters::default(),
                requests: Semaphore::new(REQUESTS_MAX),
                stopping: watch::Sender::new(false),
                door: RwLock::new(None),
                access,
                audit: RwLock::new(None),
                desk: RwLock::new(None),
                watch_desk: RwLock::new(None),
                previews: RwLock::new(None),
            }),
        }
    }

    /// Shows this store from now on, also in the middle of running: the live source may come up after the simulator stood
    /// in for it.
    pub fn replace_reader(&self, reader: Reader, simulated: bool) {
        let mut shown = self.inner.reader.write().unwrap_or_else(PoisonError::into_inner);
        let generation = shown.as_ref().map_or(0, |(_, generation)| generation + 1);
        *shown = Some((reader, generation));
        drop(shown);
        self.inner.simulated.store(simulated, Ordering::Release);
        self.inner.live.hub().found();
    }

    /// Says whether the engine runs; `/readyz` answers accordingly.
    pub fn set_running(&self, running: bool) {
        self.inner.running.store(running, Ordering::Release);
    }

    /// Opens the push door to whoever has the token. Until then it is shut, and says so.
    pub fn open_door(&self, behind: Arc<dyn IngestDoor>, token: &str) {
        let door = Arc::new(Door::new(behind, token));
        *self.inner.door.write().unwrap_or_else(PoisonError::into_inner) = Some(door);
    }

    /// Shuts the push door. What was taken through it goes on.
    pub fn close_door(&self) {
        *self.inner.door.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    pub(crate) fn desk_slot(&self) -> &RwLock<Option<Arc<dyn FeedDesk>>> {
        &self.inner.desk
    }

    pub(crate) fn watch_desk_slot(&self) -> &RwLock<Option<Arc<dyn WatchDesk>>> {
        &self.inner.watch_desk
    }

    pub(crate) fn preview_slot(&self) -> &RwLock<Option<Arc<dyn DeliveryPreview>>> {
        &self.inner.previews
    }

    pub(crate) fn audit_slot(&self) -> &RwLock<Option<Arc<dyn AuditSource>>> {
        &self.inner.audit
    }

    pub(crate) fn door(&self) -> Option<Arc<Door>> {
        self.inner.door.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Who may read.
    pub fn access(&self) -> &Access {
        &self.inner.access
    }

    /// Where live updates come in.
    pub fn live(&self) -> &Live {
        &self.inner.live
    }

    /// Whether what is shown is made up.
    pub fn is_simulated(&self) -> bool {
        self.inner.simulated.load(Ordering::Acquire) || self.inner.status.is_simulated()
    }

    pub(crate) fn notice(&self) -> Option<&'static str> {
        self.is_simulated().then_some(SIMULATED)
    }

    pub(crate) fn is_running(&self) -> bool {
        self.inner.running.load(Ordering::Acquire)
    }

    pub(crate) fn reader(&self) -> Result<Reader, Problem> {
        self.reader_and_generation().map(|(reader, _)| reader)
    }

    /// The store that is shown, and how many were before it.
    pub(crate) fn reader_and_generation(&self) -> Result<(Reader, u64), Problem> {
        self.inner
            .reader
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
            .ok_or_else(|| Problem::new(Code::StoreUnavailable).detail("it is not open yet; try again in a moment"))
    }

    pub(crate) fn status(&self) -> &dyn StatusSource {
        &*self.inner.status
    }

    pub(crate) fn http(&self) -> &HttpCounters {
        &self.inner.http
    }

    pub(crate) fn connections(&self) -> &ConnectionCounters {
        &self.inner.connections
    }

    pub(crate) fn requests(&self) -> &Semaphore {
        &self.inner.requests
    }

    pub(crate) fn stopping(&self) -> watch::Receiver<bool> {
        self.inner.stopping.subscribe()
    }

    pub(crate) fn stop(&self) {
        self.inner.stopping.send_replace(true);
    }
}
