//! What an operator does to accounts and tokens at the command line, as the audit log holds it.

use std::sync::Arc;

use groundswell_audit::{Act, Time, Word, Wording};
use groundswell_serve::{AccountName, Role};
use groundswell_sources::{Clock, SystemClock};

use crate::audit::Trail;
use crate::failure::Failure;
use crate::settings::Settings;

const DAY_SECONDS: i64 = 86_400;

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

/// Fails where nothing can be written down: then nothing is done either.
pub(crate) fn check(settings: &Settings) -> Result<(), Failure> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    Trail::open(settings, &clock).map(drop)
}

/// Writes down what was done.
pub(crate) fn record(settings: &Settings, act: &OperatorAct) -> Result<(), Failure> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let name = |account: &AccountName| Wording::new(account.as_str());
    let act = match act {
        OperatorAct::AccountAdded { account, role } => {
            Act::AccountMade { account: name(account), role: Word::new(&role.to_string()) }
        }
        OperatorAct::AccountRemoved { account } => Act::AccountRemoved { account: name(account) },
        OperatorAct::PasswordChanged { account } => Act::PasswordChanged { account: name(account) },
        OperatorAct::TokenAdded { token, role, days } => Act::TokenMade {
            token: name(token),
            scope: Word::new(&role.to_string()),
            expires: Some(Time::from_unix(clock.now().unix() + i64::from(*days) * DAY_SECONDS)),
        },
        OperatorAct::TokenRevoked { token } => Act::TokenRemoved { token: name(token) },
    };
    Trail::open(settings, &clock)?.record(vec![act])
}
