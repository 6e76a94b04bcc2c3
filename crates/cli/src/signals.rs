//! Signals: Ctrl-C and SIGTERM end in order and in time, SIGHUP reads the configuration again.

use std::io::IsTerminal as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use groundswell_sources::Stop;
use tokio::runtime::Handle;
use tokio::signal::unix::{SignalKind, signal};

use crate::failure::{FAILED, Failure};
use crate::output;

/// How long an ordered end may take, in seconds. What has not ended by then (a disk that does not answer, another process of the
/// cluster that does not end) is given up as a `kill -9` would: the checkpoint before stays.
const END_SECONDS_MAX: u64 = 9;

/// Asks for a stop at the first Ctrl-C or SIGTERM. Called before anything is opened, so that a signal in the middle of starting ends
/// in order too.
pub(crate) fn stop_on_signal(runtime: &Handle, stop: Stop) -> Result<(), Failure> {
    let _guard = runtime.enter();
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for signals")?;
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for signals")?;
    runtime.spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        stop.stop();
        // A thread, since the runtime itself may be what does not end.
        std::thread::spawn(|| {
            std::thread::sleep(Duration::from_secs(END_SECONDS_MAX));
            output::complain(&format!(
                "not ended {END_SECONDS_MAX} s after the signal, given up; what is not saved is counted again from the last \
                 checkpoint"
            ));
            std::process::exit(i32::from(FAILED));
        });
    });
    Ok(())
}

/// Set by SIGHUP.
#[derive(Clone, Debug, Default)]
pub(crate) struct Again(Arc<AtomicBool>);

impl Again {
    /// Whether a signal came since this was last asked.
    pub(crate) fn asked(&self) -> bool {
        self.0.swap(false, Ordering::AcqRel)
    }
}

/// Notes SIGHUP. Where it comes because the terminal is gone, that is a wish to stop.
pub(crate) fn again_on_signal(runtime: &Handle, stop: Stop) -> Result<Again, Failure> {
    let _guard = runtime.enter();
    let mut hangup = signal(SignalKind::hangup()).context("cannot listen for signals")?;
    let again = Again::default();
    let noted = again.clone();
    let had_terminal = std::io::stderr().is_terminal();
    runtime.spawn(async move {
        while hangup.recv().await.is_some() {
            if had_terminal && !std::io::stderr().is_terminal() {
                stop.stop();
            }
            noted.0.store(true, Ordering::Release);
        }
    });
    Ok(again)
}
