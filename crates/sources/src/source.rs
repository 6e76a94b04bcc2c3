//! What every source is to the rest: a name, and a thread's work.

use std::io;

use crate::block::Positions;
use crate::channel::{BlockSender, Stop};

/// A source of blocks. Runs on a thread of its own until it has ended or is asked to stop.
pub trait Source: Send {
    /// The name under which its posts are counted unless they name their origin themselves.
    fn name(&self) -> &str;

    /// Goes on from positions that its blocks carried in an earlier run; called before [`Source::run`], if at all. What it
    /// cannot use any more (a file that has changed, a topic that is gone) it begins anew and says so in its report.
    fn resume(&mut self, positions: &Positions) {
        let _ = positions;
    }

    /// Sends all blocks. Being stopped is success. Troubles that concern a part of the input (one file, one connection) are
    /// not errors: they go to the source's report and the rest goes on.
    fn run(self: Box<Self>, out: BlockSender, stop: Stop) -> Result<(), SourceError>;
}

/// Why a source as a whole could not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// The system refused something that the source cannot do without.
    #[error("{name}: cannot {action}")]
    System {
        /// The source.
        name: String,
        /// What it wanted to do.
        action: &'static str,
        /// The system's answer.
        #[source]
        error: io::Error,
    },
    /// The configuration cannot work.
    #[error("{0}")]
    Config(String),
}
