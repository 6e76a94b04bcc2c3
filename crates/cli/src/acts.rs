//! Where acts go that an audit log must hold: those of the HTTP surface and those of an operator at the command line. Until there is such
//! a log they are in the service's own; [`http_acts`] and [`record`] are the two places to wire it in.

use std::sync::Arc;

use groundswell_serve::{AccountName, ActSink, HttpAct, Role};

use crate::failure::Failure;
use crate::settings::Settings;

/// What an operator did to accounts and tokens.
#[derive(Clone, Debug)]
pub(crate) enum OperatorAct {
    /// An account was made.
    AccountAdded { account: AccountName, role: Role },
    /// An account was removed.
    AccountRemoved { account: AccountName },
    /// An account has another password.
    PasswordChanged { account: AccountName },
    /// An API token was made.
    TokenAdded { token: AccountName, role: Role, days: u32 },
    /// An API token was revoked.
    TokenRevoked { token: AccountName },
}

/// Writes down what an operator did. **To be wired to the audit log**; until then a line of the log at DEBUG is all.
#[allow(clippy::unnecessary_wraps, reason = "an audit log that cannot be written to refuses the act")]
pub(crate) fn record(_settings: &Settings, act: &OperatorAct) -> Result<(), Failure> {
    match act {
        OperatorAct::AccountAdded { account, role } => {
            tracing::debug!(target: "groundswell", %account, %role, "an account was made");
        }
        OperatorAct::AccountRemoved { account } => {
            tracing::debug!(target: "groundswell", %account, "an account was removed");
        }
        OperatorAct::PasswordChanged { account } => {
            tracing::debug!(target: "groundswell", %account, "an account has another password");
        }
        OperatorAct::TokenAdded { token, role, days } => {
            tracing::debug!(target: "groundswell", %token, %role, days, "an API token was made");
        }
        OperatorAct::TokenRevoked { token } => {
            tracing::debug!(target: "groundswell", %token, "an API token was revoked");
        }
    }
    Ok(())
}

/// Where acts of the HTTP surface go. **To be wired to the audit log**; until then they are lines of the log.
pub(crate) fn http_acts(_settings: &Settings) -> Arc<dyn ActSink> {
    Arc::new(Logged)
}

/// Says acts in the log: who came and went at INFO, who was refused at DEBUG.
struct Logged;

impl ActSink for Logged {
    fn act(&self, act: HttpAct) {
        match act {
            HttpAct::SignedIn { account, role } => tracing::info!(target: "groundswell", %account, %role, "signed in"),
            HttpAct::SignedOut { account } => tracing::info!(target: "groundswell", %account, "signed out"),
            HttpAct::SignInFailed { account, times } => {
                let account = account.as_ref().map_or("(no such account)", AccountName::as_str);
                tracing::info!(target: "groundswell", account, times, "a sign-in failed");
            }
            HttpAct::TokenUsedAfterExpiry { token, times } => {
                tracing::info!(target: "groundswell", %token, times, "an API token was used after its time");
            }
            HttpAct::Denied { account, method, route, status, times } => {
                let account = account.as_ref().map_or("(nobody)", AccountName::as_str);
                tracing::debug!(target: "groundswell", account, method, route, status, times, "a request was refused");
            }
            _ => {}
        }
    }
}
