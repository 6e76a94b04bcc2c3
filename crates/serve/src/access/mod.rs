//! Who may read (PRIVACY section 9). Without a register of accounts nobody is asked, and nothing but loopback is listened to. With one,
//! every request is somebody's or gets no further than the sign-in page.
//!
//! An account signs in with a password and has a session; a program sends an API token. Both have a [`Role`], and the table in
//! `routes.rs` says what each route asks for. `limits.rs` slows down whoever guesses or floods; `acts.rs` tells an audit log.

mod acts;
mod limits;
mod network;
pub(crate) mod oidc;
mod password;
mod register;
mod role;
mod routes;
mod session;
pub(crate) mod signin;
pub(crate) mod speech;

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::{HeaderMap, header};
use tokio::sync::Semaphore;
use tokio::time::Duration;

pub use acts::{ActSink, HttpAct, NoActs};
pub use limits::{
    ACCOUNT_DELAY_SECONDS_MAX, ATTEMPTS_FREE, CALLERS_MAX, PEER_ATTEMPTS_FREE, PEER_DELAY_SECONDS_MAX, REQUESTS_BURST,
    REQUESTS_PER_SECOND, STRANGER_REQUESTS_BURST, STRANGER_REQUESTS_PER_SECOND,
};
pub use network::{Network, NotAPublicUrl, PublicUrl};
pub use oidc::{OidcConfig, SIGN_INS_AWAY_MAX};
pub use password::{PASSWORD_BYTES_MAX, PASSWORD_CHARS_MIN, PasswordCost, PasswordError};
pub use register::{
    ACCOUNTS_MAX, API_TOKEN_DAYS_MAX, API_TOKEN_PREFIX, API_TOKENS_MAX, Account, ApiToken, Register, RegisterError,
};
pub use role::{AccountName, NAME_BYTES_MAX, NotAName, Role};
pub use session::{SESSIONS_MAX, SESSIONS_PER_ACCOUNT_MAX};

pub(crate) use role::Need;
pub(crate) use routes::{PAGE, ROUTES, Route, method_word, route};
pub(crate) use session::{SignedIn, cookie};

use acts::Acts;
use limits::{Buckets, CallerKey, CallerKeys, Delays};
use oidc::Oidc;
use register::Stamp;
use session::Sessions;

use crate::problem::{Code, Problem};

/// Passwords that are compared at the same time: each takes 19 MiB and a core for a while.
pub const PASSWORD_CHECKS_MAX: usize = 2;

/// How people and programs prove who they are.
pub struct AccessConfig {
    /// The register. Without one only a provider's accounts sign in.
    pub register: Option<PathBuf>,
    /// Another service whose accounts may sign in.
    pub oidc: Option<OidcConfig>,
    /// A session that was not used for so long has ended.
    pub idle: Duration,
    /// And so has one that is so old.
    pub absolute: Duration,
    /// What a wrong name costs: as much as a wrong password.
    pub cost: PasswordCost,
    /// The wall clock, Unix time.
    pub now: Arc<dyn Fn() -> i64 + Send + Sync>,
}

impl fmt::Debug for AccessConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessConfig").field("register", &self.register).finish_non_exhaustive()
    }
}

/// Who may read. Clones are the same.
#[derive(Clone)]
pub struct Access {
    inner: Arc<Inner>,
}

struct Inner {
    network: Network,
    acts: Acts,
    guarded: Option<Guarded>,
}

/// What there is where authentication is configured.
struct Guarded {
    config: AccessConfig,
    register: Mutex<(Option<Stamp>, Arc<Register>)>,
    sessions: Sessions,
    keys: CallerKeys,
    by_account: Delays,
    by_peer: Delays,
    callers: Buckets,
    strangers: Buckets,
    checks: Semaphore,
    /// What a password is compared with that is nobody's.
    nobody: String,
    oidc: Option<Oidc>,
    /// Passwords compared so far, whoever they were meant to be of.
    compared: AtomicU64,
}

/// Who sends a request.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) name: AccountName,
    pub(crate) role: Role,
    pub(crate) via: Via,
}

/// How they proved it.
#[derive(Clone)]
pub(crate) enum Via {
    Session(Box<SignedIn>),
    /// The token's secret as a hash is all that is needed to look whether it still is one.
    Token(Box<ApiToken>),
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access").field("guarded", &self.is_guarded()).finish_non_exhaustive()
    }
}

impl Default for Access {
    fn default() -> Self {
        Self::open(Network::default(), Arc::new(NoActs))
    }
}

impl Access {
    /// Nobody is asked who they are; only loopback can be listened to.
    pub fn open(network: Network, acts: Arc<dyn ActSink>) -> Self {
        Self { inner: Arc::new(Inner { network, acts: Acts::new(acts), guarded: None }) }
    }

    /// Everybody is asked.
    pub fn guarded(network: Network, acts: Arc<dyn ActSink>, mut config: AccessConfig) -> Result<Self, RegisterError> {
        let stamp = config.register.as_deref().and_then(Stamp::of);
        let register = Arc::new(config.register.as_deref().map_or_else(|| Ok(Register::default()), Register::read)?);
        let keys = CallerKeys::new().ok_or(PasswordError::Failed)?;
        let nobody = password::hash(&register::random().ok_or(PasswordError::Failed)?, config.cost)?;
        let oidc = config.oidc.take().map(Oidc::new).transpose().map_err(RegisterError::Oidc)?;
        let guarded = Guarded {
            oidc,
            sessions: Sessions::new(config.idle, config.absolute),
            config,
            register: Mutex::new((stamp, register)),
            keys,
            by_account: Delays::new(ATTEMPTS_FREE, ACCOUNT_DELAY_SECONDS_MAX),
            by_peer: Delays::new(PEER_ATTEMPTS_FREE, PEER_DELAY_SECONDS_MAX),
            callers: Buckets::new(REQUESTS_PER_SECOND, REQUESTS_BURST),
            strangers: Buckets::new(STRANGER_REQUESTS_PER_SECOND, STRANGER_REQUESTS_BURST),
            checks: Semaphore::new(PASSWORD_CHECKS_MAX),
            nobody,
            compared: AtomicU64::new(0),
        };
        Ok(Self { inner: Arc::new(Inner { network, acts: Acts::new(acts), guarded: Some(guarded) }) })
    }

    /// Whether anybody is asked.
    pub fn is_guarded(&self) -> bool {
        self.inner.guarded.is_some()
    }

    /// How the service is reached.
    pub fn network(&self) -> &Network {
        &self.inner.network
    }

    /// Passwords that were compared so far: a wrong name costs as many as a wrong password.
    pub fn passwords_compared(&self) -> u64 {
        self.inner.guarded.as_ref().map_or(0, |guarded| guarded.compared.load(Ordering::Relaxed))
    }

    pub(crate) fn oidc(&self) -> Option<&Oidc> {
        self.inner.guarded.as_ref()?.oidc.as_ref()
    }

    pub(crate) fn acts(&self) -> &Acts {
        &self.inner.acts
    }

    /// Who sends this: `Ok(None)` where nobody is asked.
    pub(crate) fn caller(&self, headers: &HeaderMap) -> Result<Option<Caller>, Problem> {
        let Some(guarded) = &self.inner.guarded else { return Ok(None) };
        let mut sent = headers.get_all(header::AUTHORIZATION).iter();
        let Some(value) = sent.next() else {
            let key = session::presented(headers, self.inner.network.is_secure());
            return key
                .and_then(|key| guarded.session(key, true))
                .map(Some)
                .ok_or_else(|| Problem::new(Code::SignInNeeded).detail("sign in at /signin, or send an API token"));
        };
        let secret = value.to_str().ok().and_then(|value| {
            let (scheme, token) = value.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
        });
        // Two are as good as none.
        let secret = secret.filter(|_| sent.next().is_none());
        let register = guarded.register();
        let Some(token) = secret.and_then(|secret| register.token(secret)) else {
            return Err(Problem::new(Code::Unauthorized).detail("send `Authorization: Bearer TOKEN` with an API token"));
        };
        if token.is_expired((guarded.config.now)()) {
            self.inner.acts.token_used_after_expiry(token.name.clone());
            return Err(Problem::new(Code::TokenExpired).detail("`groundswell token add` makes another"));
        }
        let name = AccountName::of_token(&token.name);
        Ok(Some(Caller { name, role: token.role, via: Via::Token(Box::new(token.clone())) }))
    }

    /// Whether a caller of some time ago would still be one.
    pub(crate) fn is_still(&self, caller: &Caller) -> bool {
        let Some(guarded) = &self.inner.guarded else { return true };
        match &caller.via {
            Via::Session(session) => guarded.session(session.key, false).is_some(),
            Via::Token(token) => {
                !token.is_expired((guarded.config.now)())
                    && guarded.register().tokens().iter().any(|known| known.is(token))
            }
        }
    }

    /// Ends a session.
    pub(crate) fn end(&self, key: session::SessionKey) {
        if let Some(guarded) = &self.inner.guarded {
            guarded.sessions.end(key);
        }
    }

    /// Takes one request from a caller's bucket, or from a peer's.
    pub(crate) fn take(&self, caller: Option<&Caller>, peer: Option<IpAddr>) -> Result<(), Problem> {
        let Some(guarded) = &self.inner.guarded else { return Ok(()) };
        let taken = match caller {
            Some(caller) => guarded.callers.take(guarded.keys.name(caller.name.as_str())),
            None => guarded.strangers.take(guarded.keys.peer(peer)),
        };
        taken.map_err(|wait| {
            Problem::new(Code::TooManyRequests).detail("ask less often").retry_after(wait.as_secs().saturating_add(1))
        })
    }
}

impl Guarded {
    /// The register as it is now. One that can no longer be read lets nobody in.
    fn register(&self) -> Arc<Register> {
        let mut known = self.register.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(path) = &self.config.register else { return Arc::clone(&known.1) };
        let stamp = Stamp::of(path);
        if known.0 != stamp || stamp.is_none() {
            let changed = known.0 != stamp;
            let read = Register::read(path);
            if let (true, Err(error)) = (changed, &read) {
                tracing::error!("the register of accounts cannot be read, so nobody is let in: {error}");
            }
            *known = (stamp, Arc::new(read.unwrap_or_default()));
        }
        Arc::clone(&known.1)
    }

    fn session(&self, key: session::SessionKey, touch: bool) -> Option<Caller> {
        let session = self.sessions.get(key, touch)?;
        if let Some(stamp) = session.stamp {
            // Removed, or with another password: then what was begun with the old one has ended.
            let same = self.register().account(session.name.as_str()).is_some_and(|now| now.stamp() == stamp);
            if !same {
                self.sessions.end(key);
                return None;
            }
        }
        Some(Caller { name: session.name.clone(), role: session.role, via: Via::Session(Box::new(session)) })
    }

    /// Compares a password: with its account's, or with nobody's where there is none, at the same cost.
    fn compare(&self, name: &str, secret: &str) -> Option<Account> {
        let register = self.register();
        let account = register.account(name);
        self.compared.fetch_add(1, Ordering::Relaxed);
        let right = password::is_right(secret, account.map_or(self.nobody.as_str(), Account::password));
        account.filter(|_| right).cloned()
    }

    /// Counts an attempt of a peer on an account, or says how long to wait.
    fn attempt(&self, name: &str, peer: Option<IpAddr>) -> Result<CallerKey, Duration> {
        let (account, peer) = (self.keys.name(name), self.keys.peer(peer));
        self.by_peer.attempt(peer)?;
        self.by_account.attempt(account)?;
        Ok(account)
    }
}
