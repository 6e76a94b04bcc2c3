//! Who may do what: four roles, and what a route can ask for. Nobody's role reads more than `Released`: this crate has nothing else.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What an account or an API token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Reads released things.
    Viewer,
    /// Also changes watches and feeds.
    Editor,
    /// Also changes sources and settings.
    Admin,
    /// Reads the log, and nothing else.
    Auditor,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Editor, Self::Admin, Self::Auditor];

    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Editor => "editor",
            Self::Admin => "admin",
            Self::Auditor => "auditor",
        }
    }

    /// The role of a word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }

    /// Whether this role is enough.
    pub(crate) const fn may(self, need: Need) -> bool {
        match need {
            Need::Nobody => false,
            // Who can read an output can read the log (PRIVACY section 10), and the auditor can read nothing but the log.
            Need::Open | Need::Own | Need::AnyRole | Need::Log => true,
            Need::Read => matches!(self, Self::Viewer | Self::Editor | Self::Admin),
            Need::Edit => matches!(self, Self::Editor | Self::Admin),
            Need::Administer => matches!(self, Self::Admin),
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a route asks for where authentication is configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// Nothing: health, and the way in.
    Open,
    /// The route looks at its own token.
    Own,
    /// To be somebody.
    AnyRole,
    /// To read released things.
    Read,
    /// To read the log.
    Log,
    /// To change watches and feeds.
    Edit,
    /// To change sources and settings.
    #[allow(dead_code, reason = "no route changes sources or settings yet")]
    Administer,
    /// What no table speaks of is for nobody.
    Nobody,
}

impl Need {
    /// Its word in the `OpenAPI` document.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "nothing",
            Self::Own => "ingest token",
            Self::AnyRole => "any role",
            Self::Read => "viewer",
            Self::Log => "viewer or auditor",
            Self::Edit => "editor",
            Self::Administer => "admin",
            Self::Nobody => "nobody",
        }
    }
}

/// The longest name of an account or token.
pub const NAME_BYTES_MAX: usize = 64;

/// The name under which somebody acts: an operator's account, or what one made. Its form keeps everything else out of the log: only
/// small letters, digits, `.`, `_` and `-`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct AccountName(String);

/// A text that is no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected a name of small letters a to z, digits, '.', '_' and '-', beginning with a letter or digit, at most {NAME_BYTES_MAX} long"
)]
pub struct NotAName;

impl AccountName {
    /// Reads a name.
    pub fn parse(text: &str) -> Result<Self, NotAName> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let good = (1..=NAME_BYTES_MAX).contains(&text.len())
            && text.bytes().all(|byte| plain(byte) || matches!(byte, b'.' | b'_' | b'-'))
            && text.bytes().next().is_some_and(plain);
        if good { Ok(Self(text.to_owned())) } else { Err(NotAName) }
    }

    /// The name under which whoever holds an API token acts; no account can have it.
    pub(crate) fn of_token(name: &Self) -> Self {
        Self(format!("token/{}", name.0))
    }

    /// The name of somebody whom another service knows as `text`; no account of our own can have it.
    pub(crate) fn of_oidc(text: &str) -> Option<Self> {
        Self::parse(&text.to_ascii_lowercase()).ok().map(|name| Self(format!("oidc/{}", name.0)))
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for AccountName {
    type Error = NotAName;

    fn try_from(text: String) -> Result<Self, NotAName> {
        Self::parse(&text)
    }
}

impl fmt::Display for AccountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_hold_nothing_but_names() {
        for name in ["ada", "ada.lovelace", "a", "9", "night-shift_2"] {
            assert_eq!(AccountName::parse(name).unwrap().as_str(), name);
        }
        let long = "a".repeat(NAME_BYTES_MAX + 1);
        for text in ["", "Ada", "ada@example.org", "a b", "-a", ".a", "a/b", "token/a", "ä", "a\n", long.as_str()] {
            assert_eq!(AccountName::parse(text), Err(NotAName), "{text:?}");
        }
        assert!(serde_json::from_str::<AccountName>("\"a b\"").is_err());
    }

    #[test]
    fn the_auditor_reads_the_log_and_nothing_else() {
        let may = |role: Role| {
            [Need::AnyRole, Need::Log, Need::Read, Need::Edit, Need::Administer, Need::Nobody]
                .map(|need| role.may(need))
        };
        assert_eq!(may(Role::Viewer), [true, true, true, false, false, false]);
        assert_eq!(may(Role::Editor), [true, true, true, true, false, false]);
        assert_eq!(may(Role::Admin), [true, true, true, true, true, false]);
        assert_eq!(may(Role::Auditor), [true, true, false, false, false, false]);
        for role in Role::ALL {
            assert_eq!(Role::parse(role.as_str()), Some(role));
        }
    }
}
