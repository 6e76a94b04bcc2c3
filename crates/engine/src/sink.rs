//! Where released things go. The engine knows the interface only; the binary puts the store behind it.

use groundswell_gate::{
    AmplificationRow, BurstRow, DetectionRow, NarrativeEvent, NarrativeRow, Released, ToneRow, VolumeRow,
};
use groundswell_sketch::Window;

use crate::checkpoint::{Checkpoint, Share};

/// What became releasable at one moment: whole windows, gated.
#[derive(Debug, Default)]
pub struct Closed {
    /// The windows that closed, sorted.
    pub windows: Vec<Window>,
    /// Their rows.
    pub rows: Vec<Released<VolumeRow>>,
    /// How watches' posts sound in the hours among them.
    pub tones: Vec<Released<ToneRow>>,
    /// Narratives that have changed.
    pub narratives: Vec<Released<NarrativeRow>>,
    /// What happened to narratives.
    pub narrative_events: Vec<Released<NarrativeEvent>>,
    /// Bursts that began, changed or ended.
    pub bursts: Vec<Released<BurstRow>>,
    /// Amplifications that are new or have changed.
    pub amplifications: Vec<Released<AmplificationRow>>,
    /// Anomalies that began, changed or ended: of these there is no table but that of detections.
    pub anomalies: Vec<Released<DetectionRow>>,
}

/// What goes to the sink's thread, in order.
#[derive(Debug)]
pub enum ToSink {
    /// Windows that closed.
    Closed(Closed),
    /// A moment at which everything that went before was released.
    Checkpoint(Box<Checkpoint>),
    /// This process's share of a moment of the whole cluster.
    Share(Box<Share>),
    /// All processes have written their shares of the checkpoint of this number.
    Settle(u64),
    /// Everything is released; the sources ended by themselves.
    Finish,
}

/// What the sink's thread says of it, in a cluster.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Report {
    /// A share is on the disk, or cannot be written.
    Written { number: u64, whole: bool },
    /// The checkpoint is what a restart goes on from.
    Settled { number: u64 },
    /// [`ReleaseSink::finish`] is through.
    Finished,
    /// Nothing can be kept any more.
    Failed,
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

    /// Writes this process's share of a cluster's checkpoint down, beside the one before; whether it could. What was released
    /// before it has been committed.
    fn prepare(&mut self, share: Share) -> Result<bool, anyhow::Error> {
        drop(share);
        Ok(false)
    }

    /// All processes have written their shares: from now on a restart goes on from this one.
    fn settle(&mut self, number: u64) -> Result<(), anyhow::Error> {
        let _ = number;
        Ok(())
    }

    /// Called once, after the last batch, when the sources have ended by themselves and not by a stop.
    fn finish(&mut self) -> Result<(), anyhow::Error> {
        Ok(())
    }
}
