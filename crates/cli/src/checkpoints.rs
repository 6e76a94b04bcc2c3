//! Checkpoints between the engine, which makes them, and the store, which keeps them.

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use groundswell_engine::{Checkpoint, Cluster, Joined, Mark, Share};
use groundswell_post::EventTime;
use groundswell_sources::Stop;
use groundswell_store::{CheckpointFolder, ReleaseWriter as _, Writer};
use tokio::runtime::Handle;

use crate::failure::Failure;
use crate::patience::patiently;
use crate::settings::Settings;

/// Keeps the checkpoints of one store.
pub(crate) struct Checkpoints {
    folder: CheckpointFolder,
    /// How often one is made.
    pub(crate) every: Duration,
    /// The number of the last one that is kept.
    number: u64,
    /// Whether the store's database says which one that is: in a cluster only process 0's does.
    names: bool,
    /// Written, and not yet kept by all: its number and places.
    prepared: Option<(u64, Checkpoint)>,
}

/// A process of a cluster, connected and agreed with the others.
pub(crate) struct Agreed {
    pub(crate) joined: Joined,
    /// `None` where none are made.
    pub(crate) checkpoints: Option<Checkpoints>,
    /// What this process goes on from, as all others do.
    pub(crate) left: Option<Checkpoint>,
}

/// What is asked of the other processes.
pub(crate) struct Wishes<'a> {
    pub(crate) cluster: &'a Cluster,
    pub(crate) workers: usize,
    /// Whether checkpoints may be made.
    pub(crate) checkpoints: bool,
    /// Whether the sources can go on from a checkpoint.
    pub(crate) fits: &'a dyn Fn(&Checkpoint) -> bool,
}

impl Checkpoints {
    /// The keeper of a store's checkpoints; `None` where none are made.
    fn keeper(settings: &Settings, data: &Path) -> Result<Option<Self>, Failure> {
        let seconds = settings.store.checkpoint_seconds;
        if seconds == 0.0 {
            return Ok(None);
        }
        let every = Duration::try_from_secs_f64(seconds).map_err(|error| {
            Failure::usage_text(format!("store.checkpoint_seconds: {seconds} is no number of seconds: {error}"))
        })?;
        let folder =
            CheckpointFolder::open(data, &settings.store.checkpoint_key).context("checkpoints need their key")?;
        Ok(Some(Self { folder, every, number: 0, names: true, prepared: None }))
    }

    /// Opens what the store's last run left: the keeper, and the checkpoint if there is a good one. One that cannot be used
    /// is named in the log and not misread; windows that were open then are counted anew. `None` where none are made.
    pub(crate) fn open(
        settings: &Settings,
        data: &Path,
        writer: &mut Writer,
        runtime: &Handle,
    ) -> Result<Option<(Self, Option<Checkpoint>)>, Failure> {
        let Some(mut keeper) = Self::keeper(settings, data)? else { return Ok(None) };
        let number = runtime.block_on(writer.checkpoint())?;
        keeper.number = number.unwrap_or(0);
        let read = |number| Ok(Checkpoint::from_bytes(&bytes(&keeper.folder, number)?)?);
        let checkpoint = number.and_then(|number| usable(read(number)));
        Ok(Some((keeper, checkpoint)))
    }

    /// The same for a process of a cluster, once all are there: process 0's store says which checkpoint, and all go on from it or
    /// none does. `None`: it was asked to stop before all were there.
    pub(crate) fn join(
        wishes: &Wishes<'_>,
        settings: &Settings,
        data: &Path,
        writer: &mut Writer,
        runtime: &Handle,
        stop: &Stop,
    ) -> Result<Option<Agreed>, Failure> {
        let keeper = if wishes.checkpoints { Self::keeper(settings, data)? } else { None };
        let first = wishes.cluster.process == 0;
        let own = if first && keeper.is_some() { runtime.block_on(writer.checkpoint())? } else { None };
        let read = |mark: Option<Mark>| {
            let number = mark.map(|mark| mark.number).or(own)?;
            let share = bytes(&keeper.as_ref()?.folder, number).and_then(|bytes| Ok(Share::from_bytes(&bytes)?));
            usable(share).filter(|share| (wishes.fits)(&share.checkpoint))
        };
        let joined = Joined::join(wishes.cluster, wishes.workers, keeper.is_some(), stop, read)?;
        let Some((joined, left)) = joined else { return Ok(None) };
        let checkpoints = match keeper.filter(|_| joined.saves()) {
            Some(mut keeper) => {
                keeper.names = first;
                keeper.number = joined.resumed().unwrap_or(0);
                // What was written and never kept by all, and what cannot be gone on from.
                keeper.folder.keep_only(joined.resumed())?;
                Some(keeper)
            }
            None => None,
        };
        Ok(Some(Agreed { joined, checkpoints, left }))
    }

    /// Keeps a checkpoint in place of the one before; whether it could. A full disk is no reason to stop: the one before stays.
    pub(crate) fn keep(
        &mut self,
        checkpoint: &Checkpoint,
        writer: &mut Writer,
        runtime: &Handle,
    ) -> Result<bool, anyhow::Error> {
        let number = self.number + 1;
        if !self.write(number, checkpoint.to_bytes()) {
            return Ok(false);
        }
        self.name(number, writer, runtime)?;
        Ok(true)
    }

    /// Writes this process's share beside the checkpoint before; whether it could.
    pub(crate) fn prepare(&mut self, share: &Share) -> Result<bool, anyhow::Error> {
        let number = share.mark.number;
        self.prepared = None;
        if !self.write(number, share.to_bytes()) {
            return Ok(false);
        }
        self.prepared = Some((number, share.checkpoint.places()));
        // One between them was abandoned.
        self.folder.keep_only([self.number, number])?;
        Ok(true)
    }

    /// All processes have written their shares: this is the checkpoint now. Returns the places that survive a kill with it.
    pub(crate) fn settle(
        &mut self,
        number: u64,
        writer: &mut Writer,
        runtime: &Handle,
    ) -> Result<Option<Checkpoint>, anyhow::Error> {
        self.name(number, writer, runtime)?;
        Ok(self.prepared.take().filter(|(prepared, _)| *prepared == number).map(|(_, places)| places))
    }

    /// Removes what the store no longer names.
    pub(crate) fn clear(&mut self) -> Result<(), anyhow::Error> {
        Ok(self.folder.keep_only(None)?)
    }

    fn write(&self, number: u64, bytes: Vec<u8>) -> bool {
        let Err(error) = self.folder.write(number, bytes) else { return true };
        tracing::warn!(
            target: "groundswell",
            "the checkpoint was not written, the one before stays: {:#}",
            anyhow::Error::from(error)
        );
        false
    }

    /// Makes one that is written the one to go on from.
    fn name(&mut self, number: u64, writer: &mut Writer, runtime: &Handle) -> Result<(), anyhow::Error> {
        self.number = number;
        if self.names {
            patiently(|| runtime.block_on(writer.set_checkpoint(Some(number))))?;
        }
        Ok(self.folder.keep_only([number])?)
    }
}

/// Says that a run goes on from this checkpoint: before which time everything was released, and before which minute all posts were
/// that had been read, which one source, or one process of a cluster, may be ahead with.
pub(crate) fn going_on(checkpoint: &Checkpoint) -> String {
    let said =
        |unix: Option<i64>| unix.map_or_else(|| "nothing".to_owned(), |unix| EventTime::from_unix(unix).to_string());
    let newest = checkpoint.sources.iter().flat_map(|source| source.clocks.values().flatten()).max();
    let read = newest.map(|newest| (newest.div_euclid(60) + 1) * 60);
    let (closed, read) = (said(checkpoint.closed_before), said(read));
    format!("going on where the last run was interrupted; closed up to {closed}, read up to {read}")
}

fn bytes(folder: &CheckpointFolder, number: u64) -> Result<Vec<u8>, anyhow::Error> {
    folder.read(number)?.with_context(|| format!("checkpoint {number} is named and is not there"))
}

/// What was read; one that cannot be used is named in the log.
fn usable<T>(read: Result<T, anyhow::Error>) -> Option<T> {
    read.map_err(|error| {
        tracing::warn!(
            target: "groundswell",
            "the last checkpoint cannot be used: {error:#}; what was open then is counted anew"
        );
    })
    .ok()
}
