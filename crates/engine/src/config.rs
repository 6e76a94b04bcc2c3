//! What the engine needs to be told, and how it can fail.

use std::sync::Arc;
use std::time::Duration;

use groundswell_detect::amplify::AmplifyConfig;
use groundswell_detect::burst::BurstConfig;
use groundswell_detect::narrative::NarrativeConfig;
use groundswell_detect::volume::VolumeConfig;
use groundswell_edge::EdgeConfig;
use groundswell_gate::Gate;
use groundswell_sources::DecodeOptions;

use crate::checkpoint::Checkpoint;
use crate::coverage::CoverageBoard;
use crate::explore::ExploreIndex;
use crate::rendezvous::Joined;
use crate::stages::StageTimes;
use crate::watches::WatchBoard;

/// One configured source, in the order of `SourceIx`.
#[derive(Clone, Debug)]
pub struct SourceConfig {
    /// The name under which its posts are counted unless they name their origin themselves.
    pub name: String,
    /// How its records are read.
    pub decode: DecodeOptions,
}

/// Several processes that run one dataflow.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// `host:port` of each process, in order.
    pub addresses: Vec<String>,
    /// Which of them this is.
    pub process: usize,
}

/// Everything the dataflow needs.
#[derive(Debug)]
pub struct EngineConfig {
    /// Worker threads in this process.
    pub workers: usize,
    /// The other processes, which are waiting for this one to begin; `None`: this process alone.
    pub cluster: Option<Joined>,
    /// The sources, indexed by `SourceIx`.
    pub sources: Vec<SourceConfig>,
    /// The edge's settings.
    pub edge: EdgeConfig,
    /// The watches, compiled; whoever keeps a clone can exchange them.
    pub watches: WatchBoard,
    /// How much was heard; whoever listens keeps a clone.
    pub coverage: CoverageBoard,
    /// The volume detector's settings; `shards` and `watch_names` are set by the engine.
    pub volume: VolumeConfig,
    /// The narrative detector's settings; `None`: it does not run.
    pub narratives: Option<NarrativeConfig>,
    /// The burst detector's settings; `k` is the gate's. `None`: it does not run.
    pub bursts: Option<BurstConfig>,
    /// The amplification detector's settings; `None`: it does not run.
    pub amplify: Option<AmplifyConfig>,
    /// Where scrubbed text is held for queries that somebody tries; `None`: nowhere. Not in a cluster.
    pub explore: Option<Arc<ExploreIndex>>,
    /// The gate.
    pub gate: Gate,
    /// Where stage times go, for `bench`.
    pub stage_times: Option<Arc<StageTimes>>,
    /// How often a checkpoint is made, and that one is made at an ordered stop; `None`: never.
    /// In a cluster the time is process 0's, and either all make them or none ([`Joined::saves`]).
    pub checkpoint_every: Option<Duration>,
    /// What an earlier run left. Sources are told by whoever starts them.
    pub resume: Option<Checkpoint>,
}

/// Why the dataflow ended early.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The workers could not be connected.
    #[error("cannot connect the workers: {0}")]
    Cluster(String),
    /// Another process of the cluster ended without a word.
    #[error("{0} is gone; start the whole cluster again")]
    Gone(String),
    /// A thread could not be started.
    #[error("cannot start a thread")]
    Thread(#[source] std::io::Error),
    /// A worker panicked: a defect of ours.
    #[error("a worker failed: {0}")]
    Worker(String),
    /// Released things could not be kept.
    #[error("cannot keep what was released")]
    Sink(#[source] anyhow::Error),
}
