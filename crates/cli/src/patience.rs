//! A store that another process keeps locked (a backup, a curious `sqlite3`) is waited for.

use groundswell_store::WriteError;

/// How often a write is tried again. Each try waits for ten seconds by itself, so a service whose store is kept locked for more
/// than a minute ends with a word that says so, and goes on from its last checkpoint when it is started again.
pub(crate) const LOCKED_TRIES_MAX: u32 = 6;

/// Writes, and tries again as long as the store is locked. Meanwhile the dataflow is held back: sources that can wait do.
pub(crate) fn patiently<T>(mut write: impl FnMut() -> Result<T, WriteError>) -> Result<T, WriteError> {
    let mut tries = 0;
    loop {
        match write() {
            Err(WriteError::Database(error)) if error.retry_helps() && tries < LOCKED_TRIES_MAX => {
                if tries == 0 {
                    tracing::warn!(target: "groundswell", "{error}; it is tried on, nothing is lost meanwhile");
                }
                tries += 1;
            }
            written => return written,
        }
    }
}
