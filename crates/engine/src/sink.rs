//! Where released things go. The engine knows the interface only; the binary puts the store behind it.

use groundswell_gate::{NarrativeEvent, NarrativeRow, Released, VolumeRow};
use groundswell_sketch::Window;

use crate::checkpoint::Checkpoint;

/// What became releasable at one moment: whole windows, gated.
#[derive(Debug, Default)]
pub struct Closed {
    /// The windows that closed, sorted.
    pub windows: Vec<Window>,
    /// Their rows.
    pub rows: Vec<Released<VolumeRow>>,
    /// Narratives that have changed.
    pub narratives: Vec<Released<NarrativeRow>>,
    /// What happened to narratives.
    pub narrative_events: Vec<Released<NarrativeEvent>>,
}

/// What goes to the sink's thread, in order.
#[derive(Debug)]
pub enum ToSink {
    /// Windows that closed.
    Closed(Closed),
    /// A moment at which everything that went before was released.
    Checkpoint(Box<Checkpoint>),
}

/// Takes released things on a thread of its own. Slowness holds the dataflow back; an error stops it.
pub trait ReleaseSink: Send {
    /// Keeps a batch. Must be idempotent: the same window may come again after a restart.
    fn commit(&mut self, closed: Closed) -> Result<(), anyhow::Error>;

    /// Keeps a checkpoint. All batches that belong to it have been committed.
    fn checkpoint(&mut self, checkpoint: Checkpoint) -> Result<(), anyhow::Error> {
        drop(checkpoint);
        Ok(())
    }

    /// Called once, after the last batch, when the sources have ended by themselves and not by a stop.
    fn finish(&mut self) -> Result<(), anyhow::Error> {
        Ok(())
    }
}
