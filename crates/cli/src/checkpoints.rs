//! Checkpoints between the engine, which makes them, and the store, which keeps them.

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use groundswell_engine::Checkpoint;
use groundswell_post::EventTime;
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
    /// The number of the last one.
    number: u64,
}

impl Checkpoints {
    /// Opens what the store's last run left: the keeper, and the checkpoint if there is a good one. One that cannot be used
    /// is named in the log and not misread; windows that were open then are counted anew. `None` where none are made.
    pub(crate) fn open(
        settings: &Settings,
        data: &Path,
        writer: &mut Writer,
        runtime: &Handle,
    ) -> Result<Option<(Self, Option<Checkpoint>)>, Failure> {
        let seconds = settings.store.checkpoint_seconds;
        if seconds == 0.0 {
            return Ok(None);
        }
        let every = Duration::try_from_secs_f64(seconds).map_err(|error| {
            Failure::usage_text(format!("store.checkpoint_seconds: {seconds} is no number of seconds: {error}"))
        })?;
        let folder =
            CheckpointFolder::open(data, &settings.store.checkpoint_key).context("checkpoints need their key")?;
        let number = runtime.block_on(writer.checkpoint())?;
        let checkpoint = match number.map(|number| read(&folder, number)) {
            None => None,
            Some(Ok(checkpoint)) => Some(checkpoint),
            Some(Err(error)) => {
                tracing::warn!(
                    target: "groundswell",
                    "the last checkpoint cannot be used: {error:#}; what was open then is counted anew"
                );
                None
            }
        };
        Ok(Some((Self { folder, every, number: number.unwrap_or(0) }, checkpoint)))
    }

    /// Keeps a checkpoint in place of the one before; whether it could. A full disk is no reason to stop: the one before stays.
    pub(crate) fn keep(
        &mut self,
        checkpoint: &Checkpoint,
        writer: &mut Writer,
        runtime: &Handle,
    ) -> Result<bool, anyhow::Error> {
        let number = self.number + 1;
        if let Err(error) = self.folder.write(number, checkpoint.to_bytes()) {
            tracing::warn!(
                target: "groundswell",
                "the checkpoint was not written, the one before stays: {:#}",
                anyhow::Error::from(error)
            );
            return Ok(false);
        }
        self.number = number;
        patiently(|| runtime.block_on(writer.set_checkpoint(Some(number))))?;
        self.folder.keep_only(Some(number))?;
        Ok(true)
    }

    /// Removes what the store no longer names.
    pub(crate) fn clear(&mut self) -> Result<(), anyhow::Error> {
        Ok(self.folder.keep_only(None)?)
    }
}

/// Says that a run goes on from this checkpoint.
pub(crate) fn going_on(checkpoint: &Checkpoint) -> String {
    let closed =
        checkpoint.closed_before.map_or_else(|| "nothing".to_owned(), |unix| EventTime::from_unix(unix).to_string());
    format!("going on where the last run was interrupted; closed up to {closed}")
}

fn read(folder: &CheckpointFolder, number: u64) -> Result<Checkpoint, anyhow::Error> {
    let bytes =
        folder.read(number)?.with_context(|| format!("the store names checkpoint {number}, which is not there"))?;
    Ok(Checkpoint::from_bytes(&bytes)?)
}
