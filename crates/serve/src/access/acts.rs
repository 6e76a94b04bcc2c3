//! What happens at the door and belongs into an audit log: who came in, who was refused. Typed, so that there is no place for an
//! address, a path as it was sent, or anything that was typed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::{Duration, Instant};

use super::role::{AccountName, Role};

/// An act of the HTTP surface.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HttpAct {
    /// A request was refused.
    Denied {
        /// Who asked, where that is known.
        account: Option<AccountName>,
        /// `GET`, …; `OTHER` for what HTTP does not define.
        method: &'static str,
        /// The route's template; `(page)` for everything that is no route.
        route: &'static str,
        /// The answer's status.
        status: u16,
        /// How often, since this was last told.
        times: u64,
    },
    /// Somebody signed in.
    SignedIn {
        /// Who.
        account: AccountName,
        /// As what.
        role: Role,
    },
    /// Somebody tried to sign in and had the wrong password.
    SignInFailed {
        /// The account, where there is one of that name; what else was typed is told nowhere.
        account: Option<AccountName>,
        /// How often, since this was last told.
        times: u64,
    },
    /// Somebody signed out.
    SignedOut {
        /// Who.
        account: AccountName,
    },
    /// An API token was used after its time.
    TokenUsedAfterExpiry {
        /// The token's name.
        token: AccountName,
        /// How often, since this was last told.
        times: u64,
    },
}

/// Where acts are written down. Called while a request waits, so it must not wait itself.
pub trait ActSink: Send + Sync {
    /// Takes an act.
    fn act(&self, act: HttpAct);
}

/// Writes nothing down.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoActs;

impl ActSink for NoActs {
    fn act(&self, _: HttpAct) {}
}

/// Acts that anybody can cause are told one by one at most so often a minute for each kind; more are told as one with their number.
const REPEATS_SECONDS: u64 = 60;

/// Kinds that are counted apart in a minute; what is more is told as one kind.
const KINDS_MAX: usize = 1_024;

/// What is told of a kind of act.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Denied(Option<AccountName>, &'static str, &'static str, u16),
    SignInFailed(Option<AccountName>),
    TokenUsedAfterExpiry(AccountName),
}

impl Kind {
    fn act(self, times: u64) -> HttpAct {
        match self {
            Self::Denied(account, method, route, status) => HttpAct::Denied { account, method, route, status, times },
            Self::SignInFailed(account) => HttpAct::SignInFailed { account, times },
            Self::TokenUsedAfterExpiry(token) => HttpAct::TokenUsedAfterExpiry { token, times },
        }
    }
}

/// Tells acts: the first of a kind at once, its repetitions once a minute with their number, so that who floods the door does not
/// flood the log.
pub(crate) struct Acts {
    sink: Arc<dyn ActSink>,
    repeats: Mutex<BTreeMap<Kind, (Instant, u64)>>,
}

impl Acts {
    pub(crate) fn new(sink: Arc<dyn ActSink>) -> Self {
        Self { sink, repeats: Mutex::default() }
    }

    pub(crate) fn denied(&self, account: Option<AccountName>, method: &'static str, route: &'static str, status: u16) {
        self.repeatable(Kind::Denied(account, method, route, status));
    }

    pub(crate) fn sign_in_failed(&self, account: Option<AccountName>) {
        self.repeatable(Kind::SignInFailed(account));
    }

    pub(crate) fn token_used_after_expiry(&self, token: AccountName) {
        self.repeatable(Kind::TokenUsedAfterExpiry(token));
    }

    pub(crate) fn signed_in(&self, account: AccountName, role: Role) {
        self.sink.act(HttpAct::SignedIn { account, role });
    }

    pub(crate) fn signed_out(&self, account: AccountName) {
        self.sink.act(HttpAct::SignedOut { account });
    }

    fn repeatable(&self, kind: Kind) {
        self.tell_repeats(false);
        let mut repeats = self.repeats.lock().unwrap_or_else(PoisonError::into_inner);
        let kind = if repeats.len() >= KINDS_MAX && !repeats.contains_key(&kind) {
            Kind::Denied(None, "OTHER", "(other)", 0)
        } else {
            kind
        };
        if let Some((_, times)) = repeats.get_mut(&kind) {
            *times += 1;
            return;
        }
        repeats.insert(kind.clone(), (Instant::now(), 0));
        // Told under the lock, so that the order is that of the acts.
        self.sink.act(kind.act(1));
    }

    /// Tells repetitions whose minute is over, or all of them.
    pub(crate) fn tell_repeats(&self, all: bool) {
        let now = Instant::now();
        let mut repeats = self.repeats.lock().unwrap_or_else(PoisonError::into_inner);
        let over = |since: Instant| all || now - since >= Duration::from_secs(REPEATS_SECONDS);
        repeats.retain(|kind, (since, times)| {
            let over = over(*since);
            if over && *times > 0 {
                self.sink.act(kind.clone().act(*times));
            }
            !over
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Told(Mutex<Vec<HttpAct>>);

    impl ActSink for Told {
        fn act(&self, act: HttpAct) {
            self.0.lock().unwrap().push(act);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_flood_of_refusals_is_two_lines_a_minute() {
        let told = Arc::new(Told::default());
        let acts = Acts::new(Arc::clone(&told) as Arc<dyn ActSink>);
        for _ in 0..10_000 {
            acts.denied(None, "GET", "/metrics", 401);
        }
        let denied = |times| HttpAct::Denied { account: None, method: "GET", route: "/metrics", status: 401, times };
        assert_eq!(*told.0.lock().unwrap(), [denied(1)]);
        tokio::time::advance(Duration::from_secs(REPEATS_SECONDS)).await;
        acts.tell_repeats(false);
        assert_eq!(*told.0.lock().unwrap(), [denied(1), denied(9_999)]);
        acts.denied(None, "GET", "/metrics", 401);
        acts.tell_repeats(true);
        assert_eq!(told.0.lock().unwrap().len(), 3, "nothing is told twice");
    }

    #[tokio::test(start_paused = true)]
    async fn kinds_are_bounded_and_none_is_lost() {
        let told = Arc::new(Told::default());
        let acts = Acts::new(Arc::clone(&told) as Arc<dyn ActSink>);
        let all = 3 * KINDS_MAX as u16;
        for status in 0..all {
            acts.denied(None, "GET", "(page)", status);
        }
        assert!(acts.repeats.lock().unwrap().len() <= KINDS_MAX + 1);
        acts.tell_repeats(true);
        let times: u64 = told
            .0
            .lock()
            .unwrap()
            .iter()
            .map(|act| if let HttpAct::Denied { times, .. } = act { *times } else { 0 })
            .sum();
        assert_eq!(times, u64::from(all));
    }
}
