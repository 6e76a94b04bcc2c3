//! Sessions of the page, in memory only: a restart ends them all. The cookie holds 256 random bits and the table their hash, so that
//! whoever reads memory or a dump of it cannot go on with somebody's session.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use axum::http::{HeaderMap, HeaderValue, header};
use tokio::time::{Duration, Instant};

use super::register::random;
use super::role::{AccountName, Role};

/// Sessions at the same time; one more ends the one that was idle longest.
pub const SESSIONS_MAX: usize = 1_024;

/// Sessions of one account at the same time; one more ends its oldest.
pub const SESSIONS_PER_ACCOUNT_MAX: usize = 16;

/// What a session is known by.
pub(crate) type SessionKey = [u8; 32];

#[derive(Clone)]
struct Session {
    name: AccountName,
    role: Role,
    /// What the account was when this began, where it has a password here.
    stamp: Option<blake3::Hash>,
    csrf: String,
    began: Instant,
    used: Instant,
}

/// Somebody who has signed in.
#[derive(Clone)]
pub(crate) struct SignedIn {
    pub(crate) key: SessionKey,
    pub(crate) name: AccountName,
    pub(crate) role: Role,
    pub(crate) stamp: Option<blake3::Hash>,
    /// What a request that changes something must send in a header.
    pub(crate) csrf: String,
}

/// All sessions.
pub(crate) struct Sessions {
    idle: Duration,
    absolute: Duration,
    all: Mutex<BTreeMap<SessionKey, Session>>,
}

impl Sessions {
    pub(crate) fn new(idle: Duration, absolute: Duration) -> Self {
        Self { idle, absolute, all: Mutex::default() }
    }

    /// Begins a session and gives the secret of its cookie. What was presented before is never taken over.
    pub(crate) fn begin(&self, name: AccountName, role: Role, stamp: Option<blake3::Hash>) -> Option<String> {
        let (secret, csrf) = (random()?, random()?);
        let now = Instant::now();
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, session| !self.is_over(session, now));
        let of_this = all.iter().filter(|(_, session)| session.name == name);
        if of_this.clone().count() >= SESSIONS_PER_ACCOUNT_MAX
            && let Some(oldest) = of_this.min_by_key(|(_, session)| session.began).map(|(key, _)| *key)
        {
            all.remove(&oldest);
        }
        if all.len() >= SESSIONS_MAX
            && let Some(idle) = all.iter().min_by_key(|(_, session)| session.used).map(|(key, _)| *key)
        {
            all.remove(&idle);
        }
        all.insert(key(&secret), Session { name, role, stamp, csrf, began: now, used: now });
        Some(secret)
    }

    fn is_over(&self, session: &Session, now: Instant) -> bool {
        now - session.used >= self.idle || now - session.began >= self.absolute
    }

    /// Whose session it is. `touch`: it is used now.
    pub(crate) fn get(&self, key: SessionKey, touch: bool) -> Option<SignedIn> {
        let now = Instant::now();
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        let session = all.get_mut(&key)?;
        if self.is_over(session, now) {
            all.remove(&key);
            return None;
        }
        if touch {
            session.used = now;
        }
        let Session { name, role, stamp, csrf, .. } = session.clone();
        Some(SignedIn { key, name, role, stamp, csrf })
    }

    pub(crate) fn end(&self, key: SessionKey) {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
    }
}

/// What the secret of a cookie is known by.
pub(crate) fn key(secret: &str) -> SessionKey {
    *blake3::hash(secret.as_bytes()).as_bytes()
}

/// `__Host-`: a browser takes such a cookie only over TLS, for this host alone and every path, so that no other host of the domain can
/// plant one.
fn cookie_name(secure: bool) -> &'static str {
    if secure { "__Host-groundswell" } else { "groundswell" }
}

/// The cookie of a session that has begun, or the end of one.
pub(crate) fn cookie(secret: Option<&str>, secure: bool) -> HeaderValue {
    let end = if secret.is_none() { "; Max-Age=0" } else { "" };
    let secured = if secure { "; Secure" } else { "" };
    let text =
        format!("{}={}; Path=/; HttpOnly; SameSite=Strict{secured}{end}", cookie_name(secure), secret.unwrap_or(""));
    HeaderValue::from_str(&text).expect("names, digits and punctuation")
}

/// The session that a request's cookie names; none where there are two of the name.
pub(crate) fn presented(headers: &HeaderMap, secure: bool) -> Option<SessionKey> {
    let mut found = None;
    for cookies in headers.get_all(header::COOKIE) {
        for pair in cookies.to_str().ok()?.split(';') {
            if let Some((name, value)) = pair.split_once('=')
                && name.trim() == cookie_name(secure)
                && found.replace(key(value.trim())).is_some()
            {
                return None;
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDLE: Duration = Duration::from_hours(1);
    const ABSOLUTE: Duration = Duration::from_hours(12);

    fn name(text: &str) -> AccountName {
        AccountName::parse(text).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_session_ends_when_idle_and_in_any_case() {
        let sessions = Sessions::new(IDLE, ABSOLUTE);
        let almost = IDLE.saturating_sub(Duration::from_secs(1));
        let begin = || key(&sessions.begin(name("ada"), Role::Viewer, None).unwrap());
        let session = begin();
        tokio::time::advance(almost).await;
        assert!(sessions.get(session, true).is_some());
        tokio::time::advance(almost).await;
        assert!(sessions.get(session, false).is_some(), "looking is not using");
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(sessions.get(session, true).is_none());
        let session = begin();
        for _ in 0..23 {
            tokio::time::advance(IDLE / 2).await;
            assert!(sessions.get(session, true).is_some());
        }
        tokio::time::advance(IDLE / 2).await;
        assert!(sessions.get(session, true).is_none());
        let session = begin();
        sessions.end(session);
        assert!(sessions.get(session, true).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn sessions_are_bounded_and_each_is_its_own() {
        let sessions = Sessions::new(IDLE, ABSOLUTE);
        let first = key(&sessions.begin(name("ada"), Role::Viewer, None).unwrap());
        for _ in 0..SESSIONS_PER_ACCOUNT_MAX {
            tokio::time::advance(Duration::from_millis(1)).await;
            sessions.begin(name("ada"), Role::Viewer, None).unwrap();
        }
        assert!(sessions.get(first, true).is_none());
        for number in 0..SESSIONS_MAX + 9 {
            sessions.begin(name(&format!("a{number}")), Role::Viewer, None).unwrap();
        }
        assert!(sessions.all.lock().unwrap().len() <= SESSIONS_MAX);
        let (one, two) = (random().unwrap(), random().unwrap());
        assert_eq!(one.len(), 64);
        assert_ne!(one, two);
    }

    #[test]
    fn the_cookie_is_for_this_host_and_no_script() {
        assert_eq!(cookie(Some("x"), true), "__Host-groundswell=x; Path=/; HttpOnly; SameSite=Strict; Secure");
        assert_eq!(cookie(None, false), "groundswell=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0");
        let with = |all: &[&str], secure| {
            let mut headers = HeaderMap::new();
            for cookies in all {
                headers.append(header::COOKIE, HeaderValue::from_str(cookies).unwrap());
            }
            presented(&headers, secure)
        };
        assert_eq!(with(&["a=b; groundswell=x"], false), Some(key("x")));
        assert_eq!(with(&["groundswell=x; __Host-groundswell=y"], true), Some(key("y")));
        assert_eq!(with(&["groundswell=x; groundswell=y"], false), None, "one of them was planted");
        assert_eq!(with(&["groundswell=x", "groundswell=y"], false), None);
        assert_eq!(with(&["groundswell=x"], true), None, "what a plain connection could have planted is not taken");
        assert_eq!(with(&[], false), None);
    }
}
