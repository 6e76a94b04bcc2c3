//! Where the audit log is read from. The binary puts the log behind it: this crate neither knows its files nor its key. What happens
//! at the door is told by [`crate::ActSink`].

use std::sync::{Arc, PoisonError};

use groundswell_gate::{AuditConsistency, AuditEntry, AuditHead, AuditInclusion, Released};

use crate::ServerState;
use crate::params::bad;
use crate::problem::{Code, Problem};

/// Why the log does not say what it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AuditFault {
    /// There is no log yet.
    Missing,
    /// It was asked for an entry or a size that is not there.
    Beyond {
        /// How many entries there are.
        size: u64,
    },
    /// It cannot be read, or is damaged. The cause is for the log of the program.
    Failed {
        /// The cause.
        cause: String,
    },
}

/// The audit log, as everyone who can read any output can read it (PRIVACY section 10). Each call may read files.
pub trait AuditSource: Send + Sync {
    /// The newest head.
    fn head(&self) -> Result<Released<AuditHead>, AuditFault>;
    /// Entries from `first` on, at most so many.
    fn entries(&self, first: u64, limit: usize) -> Result<Vec<Released<AuditEntry>>, AuditFault>;
    /// That an entry is in the log of a size, the newest if none is given.
    fn inclusion(&self, entry: u64, size: Option<u64>) -> Result<Released<AuditInclusion>, AuditFault>;
    /// That the log of one size is the beginning of that of another, the newest if none is given.
    fn consistency(&self, from: u64, to: Option<u64>) -> Result<Released<AuditConsistency>, AuditFault>;
}

impl ServerState {
    /// Shows this audit log from now on.
    pub fn open_audit(&self, audit: Arc<dyn AuditSource>) {
        *self.audit_slot().write().unwrap_or_else(PoisonError::into_inner) = Some(audit);
    }

    fn audit(&self) -> Option<Arc<dyn AuditSource>> {
        self.audit_slot().read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Asks the log something, on a thread that may wait for the disk. `field`: the parameter that is wrong where it asks for what
    /// is not there.
    pub(crate) async fn ask_audit<T: Send + 'static>(
        &self,
        field: &'static str,
        ask: impl FnOnce(&dyn AuditSource) -> Result<T, AuditFault> + Send + 'static,
    ) -> Result<T, Problem> {
        let missing = || Problem::new(Code::NotFound).detail("there is no audit log yet");
        let audit = self.audit().ok_or_else(missing)?;
        let asked = tokio::task::spawn_blocking(move || ask(&*audit)).await;
        match asked {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(AuditFault::Missing)) => Err(missing()),
            Ok(Err(AuditFault::Beyond { size })) => {
                Err(bad(field, &format!("the log has {size} entries, counted from 0")))
            }
            Ok(Err(AuditFault::Failed { cause })) => {
                tracing::error!(target: "groundswell", "the audit log cannot be read: {cause}");
                Err(Problem::new(Code::StoreUnavailable)
                    .detail("the audit log cannot be read; the program's log says why"))
            }
            Err(_) => Err(Problem::new(Code::StoreUnavailable)),
        }
    }
}
