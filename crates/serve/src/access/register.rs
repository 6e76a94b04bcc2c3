//! The file of accounts and API tokens: one JSON object, mode 0600, written as a whole. It holds names, roles and hashes, and no
//! secret that could be used.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::password::{self, PasswordCost, PasswordError};
use super::role::{AccountName, Role};
use crate::secret_file::opened_to_others;

/// Accounts, at most.
pub const ACCOUNTS_MAX: usize = 1_000;

/// API tokens, at most.
pub const API_TOKENS_MAX: usize = 1_000;

/// The longest life of an API token, in days.
pub const API_TOKEN_DAYS_MAX: u32 = 366;

/// The largest file that is read.
const FILE_BYTES_MAX: u64 = 4 << 20;

/// How every API token begins, so that one that was left lying about is found by its look.
pub const API_TOKEN_PREFIX: &str = "gsw_";

/// Somebody who signs in with a password.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// The name.
    pub name: AccountName,
    /// The role.
    pub role: Role,
    /// Argon2id, as a PHC string.
    password: String,
    /// When the account was made, Unix time.
    pub created: i64,
}

/// A secret that a program sends with each request.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiToken {
    /// The name by which it is listed and revoked.
    pub name: AccountName,
    /// Its scope.
    pub role: Role,
    /// BLAKE3 of the token, in hexadecimal. It is 256 random bits, so nothing slower is needed.
    hash: String,
    /// When it was made, Unix time.
    pub created: i64,
    /// From when on it is refused, Unix time.
    pub expires: i64,
}

/// Accounts and tokens.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Register {
    version: u32,
    accounts: Vec<Account>,
    tokens: Vec<ApiToken>,
}

impl std::fmt::Debug for Register {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Register")
            .field("accounts", &self.accounts.len())
            .field("tokens", &self.tokens.len())
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Account").field("name", &self.name).field("role", &self.role).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for ApiToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiToken").field("name", &self.name).field("role", &self.role).finish_non_exhaustive()
    }
}

/// Why the register cannot be read or changed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RegisterError {
    /// It is not there.
    #[error("{path}: there is no such file; `groundswell account add NAME --role admin` makes it")]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// Others may read it.
    #[error("{path}: mode is {mode:04o}, so that others may read it; chmod 600 {path}")]
    OpenToOthers {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// It is not what was written.
    #[error("{path}: {what}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong; holds nothing of the file.
        what: String,
    },
    /// The disk.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A name that is taken.
    #[error("{name} is there already")]
    Taken {
        /// The name.
        name: AccountName,
    },
    /// A name that nobody has.
    #[error("there is no {name}")]
    Unknown {
        /// The name.
        name: AccountName,
    },
    /// See [`ACCOUNTS_MAX`] and [`API_TOKENS_MAX`].
    #[error("there are {max} already; remove one first")]
    Full {
        /// How many there may be.
        max: usize,
    },
    /// See [`API_TOKEN_DAYS_MAX`].
    #[error("expected a life of 1 to {API_TOKEN_DAYS_MAX} days, found {days}")]
    Life {
        /// What was asked for.
        days: u32,
    },
    /// The provider of OIDC.
    #[error("access.oidc.issuer: {0}")]
    Oidc(String),
    /// The password.
    #[error(transparent)]
    Password(#[from] PasswordError),
}

/// Tells whether a file has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp(u64, u64, i64, i64);

impl Stamp {
    /// `None` where there is no file.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let found = std::fs::metadata(path).ok()?;
        Some(Self(found.ino(), found.len(), found.ctime(), found.ctime_nsec()))
    }
}

impl Register {
    /// Reads the file.
    pub fn read(path: &Path) -> Result<Self, RegisterError> {
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::NotFound => RegisterError::Missing { path: path.to_owned() },
            _ => RegisterError::Io { path: path.to_owned(), source },
        };
        let file = File::open(path).map_err(failed)?;
        let found = file.metadata().map_err(failed)?;
        if let Some(mode) = opened_to_others(path, found.permissions().mode()) {
            return Err(RegisterError::OpenToOthers { path: path.to_owned(), mode });
        }
        let damaged = |what: String| RegisterError::Damaged { path: path.to_owned(), what };
        let mut text = String::new();
        file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text).map_err(failed)?;
        if text.len() as u64 > FILE_BYTES_MAX {
            return Err(damaged(format!("expected at most {FILE_BYTES_MAX} bytes")));
        }
        // The parser's own words would quote the file.
        let register: Self = serde_json::from_str(&text)
            .map_err(|error| damaged(format!("not a register of accounts, line {}", error.line())))?;
        register.check().map_err(|what| damaged(what.to_owned()))?;
        Ok(register)
    }

    fn check(&self) -> Result<(), &'static str> {
        if self.version != 1 {
            return Err("written by another version of groundswell");
        }
        if self.accounts.len() > ACCOUNTS_MAX || self.tokens.len() > API_TOKENS_MAX {
            return Err("too many accounts or tokens");
        }
        let twice = |mut names: Vec<&AccountName>| {
            names.sort_unstable();
            names.windows(2).any(|pair| pair[0] == pair[1])
        };
        if twice(self.accounts.iter().map(|account| &account.name).collect())
            || twice(self.tokens.iter().map(|token| &token.name).collect())
        {
            return Err("a name stands there twice");
        }
        if !self.accounts.iter().all(|account| password::is_hash(&account.password)) {
            return Err("a password's hash cannot be used");
        }
        if !self.tokens.iter().all(|token| blake3::Hash::from_hex(&token.hash).is_ok()) {
            return Err("a token's hash cannot be used");
        }
        Ok(())
    }

    /// Changes the file, which is made where there is none. One process at a time does so, and a reader sees the file before or
    /// after and never between.
    pub fn change<T>(
        path: &Path,
        work: impl FnOnce(&mut Self) -> Result<T, RegisterError>,
    ) -> Result<T, RegisterError> {
        let failed = |source: io::Error| RegisterError::Io { path: path.to_owned(), source };
        let beside = |suffix: &str| {
            let mut name = path.as_os_str().to_owned();
            name.push(suffix);
            PathBuf::from(name)
        };
        let private = |truncate: bool, path: PathBuf| {
            OpenOptions::new().write(true).create(true).truncate(truncate).mode(0o600).open(path)
        };
        let lock = private(false, beside(".lock")).map_err(failed)?;
        lock.lock().map_err(failed)?;
        let mut register = match Self::read(path) {
            Ok(register) => register,
            Err(RegisterError::Missing { .. }) => Self { version: 1, ..Self::default() },
            Err(error) => return Err(error),
        };
        let result = work(&mut register)?;
        let text = serde_json::to_vec_pretty(&register).map_err(|error| failed(error.into()))?;
        let new = beside(".new");
        // Not what somebody else may have put there.
        let _ = std::fs::remove_file(&new);
        let mut file = private(true, new.clone()).map_err(failed)?;
        file.write_all(&text).and_then(|()| file.write_all(b"\n")).and_then(|()| file.sync_all()).map_err(failed)?;
        std::fs::rename(&new, path).map_err(failed)?;
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
        }
        Ok(result)
    }

    /// All accounts.
    pub fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    /// All API tokens, also those whose time has passed.
    pub fn tokens(&self) -> &[ApiToken] {
        &self.tokens
    }

    /// Adds an account.
    pub fn add_account(
        &mut self,
        name: AccountName,
        role: Role,
        secret: &str,
        cost: PasswordCost,
        now: i64,
    ) -> Result<(), RegisterError> {
        if self.account(name.as_str()).is_some() {
            return Err(RegisterError::Taken { name });
        }
        if self.accounts.len() >= ACCOUNTS_MAX {
            return Err(RegisterError::Full { max: ACCOUNTS_MAX });
        }
        let password = password::hash(secret, cost)?;
        self.accounts.push(Account { name, role, password, created: now });
        self.accounts.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(())
    }

    /// Removes an account; its sessions end.
    pub fn remove_account(&mut self, name: &AccountName) -> Result<(), RegisterError> {
        let before = self.accounts.len();
        self.accounts.retain(|account| account.name != *name);
        if self.accounts.len() == before { Err(RegisterError::Unknown { name: name.clone() }) } else { Ok(()) }
    }

    /// Gives an account another password; its sessions end.
    pub fn set_password(&mut self, name: &AccountName, secret: &str, cost: PasswordCost) -> Result<(), RegisterError> {
        let Some(account) = self.accounts.iter_mut().find(|account| account.name == *name) else {
            return Err(RegisterError::Unknown { name: name.clone() });
        };
        account.password = password::hash(secret, cost)?;
        Ok(())
    }

    /// Makes a token and gives it, this once.
    pub fn add_token(&mut self, name: AccountName, role: Role, days: u32, now: i64) -> Result<String, RegisterError> {
        if !(1..=API_TOKEN_DAYS_MAX).contains(&days) {
            return Err(RegisterError::Life { days });
        }
        if self.tokens.iter().any(|token| token.name == name) {
            return Err(RegisterError::Taken { name });
        }
        if self.tokens.len() >= API_TOKENS_MAX {
            return Err(RegisterError::Full { max: API_TOKENS_MAX });
        }
        let secret = format!("{API_TOKEN_PREFIX}{}", random().ok_or(PasswordError::Failed)?);
        let hash = blake3::hash(secret.as_bytes()).to_hex().to_string();
        let expires = now.saturating_add(i64::from(days) * 86_400);
        self.tokens.push(ApiToken { name, role, hash, created: now, expires });
        self.tokens.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(secret)
    }

    /// Makes a token useless.
    pub fn revoke_token(&mut self, name: &AccountName) -> Result<(), RegisterError> {
        let before = self.tokens.len();
        self.tokens.retain(|token| token.name != *name);
        if self.tokens.len() == before { Err(RegisterError::Unknown { name: name.clone() }) } else { Ok(()) }
    }

    pub(crate) fn account(&self, name: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| account.name.as_str() == name)
    }

    /// The token that was sent. Every hash is looked at, each in constant time.
    pub(crate) fn token(&self, secret: &str) -> Option<&ApiToken> {
        let sent = blake3::hash(secret.as_bytes());
        let mut found = None;
        for token in &self.tokens {
            if blake3::Hash::from_hex(&token.hash).is_ok_and(|hash| hash == sent) {
                found = Some(token);
            }
        }
        found
    }
}

impl Account {
    pub(crate) fn password(&self) -> &str {
        &self.password
    }

    /// Changes with the password and with the role.
    pub(crate) fn stamp(&self) -> blake3::Hash {
        blake3::hash(format!("{} {} {}", self.role, self.created, self.password).as_bytes())
    }
}

impl ApiToken {
    /// Whether it is the same token, and not another that was given its name.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.hash == other.hash && self.role == other.role
    }

    /// Whether its time has passed.
    pub fn is_expired(&self, now: i64) -> bool {
        now >= self.expires
    }
}

/// 256 random bits in hexadecimal; `None` where the system has none.
pub(crate) fn random() -> Option<String> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).ok()?;
    Some(blake3::Hash::from_bytes(bytes).to_hex().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> AccountName {
        AccountName::parse(text).unwrap()
    }

    #[test]
    fn a_register_comes_back_and_holds_no_secret() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("access.json");
        assert!(matches!(Register::read(&path), Err(RegisterError::Missing { .. })));
        let secret = Register::change(&path, |register| {
            register.add_account(name("ada"), Role::Admin, "correct horse battery", PasswordCost::TEST, 7)?;
            register.add_token(name("grafana"), Role::Viewer, 90, 7)
        })
        .unwrap();
        assert_eq!((secret.len(), secret.starts_with(API_TOKEN_PREFIX)), (68, true));
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(!text.contains("correct horse") && !text.contains(&secret[4..]));
        let register = Register::read(&path).unwrap();
        let token = register.token(&secret).unwrap();
        assert_eq!((token.name.as_str(), token.expires, register.accounts().len()), ("grafana", 7 + 90 * 86_400, 1));
        assert!(token.is_expired(token.expires) && !token.is_expired(token.expires - 1));
        assert!(register.token(&secret[..67]).is_none() && register.token("").is_none());
        let shown = format!("{register:?} {:?} {:?}", register.accounts(), register.tokens());
        assert!(!shown.contains("argon2") && !shown.contains(&token.hash));

        Register::change(&path, |register| register.revoke_token(&name("grafana"))).unwrap();
        assert!(Register::read(&path).unwrap().token(&secret).is_none());
        Register::change(&path, |register| register.remove_account(&name("ada"))).unwrap();
        assert!(path.exists(), "nobody is left, and nobody gets in");
    }

    #[test]
    fn what_cannot_be_done_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("access.json");
        let add = |role| {
            Register::change(&path, |register| {
                register.add_account(name("ada"), role, "correct horse battery", PasswordCost::TEST, 7)
            })
        };
        add(Role::Viewer).unwrap();
        let before = std::fs::read(&path).unwrap();
        assert_eq!(add(Role::Admin).unwrap_err().to_string(), "ada is there already");
        for (error, expected) in [
            (Register::change(&path, |register| register.remove_account(&name("bea"))).unwrap_err(), "there is no bea"),
            (
                Register::change(&path, |r| r.set_password(&name("ada"), "short", PasswordCost::TEST)).unwrap_err(),
                "expected a password of at least 12 characters",
            ),
            (
                Register::change(&path, |r| r.add_token(name("t"), Role::Viewer, 367, 0).map(drop)).unwrap_err(),
                "expected a life of 1 to 366 days, found 367",
            ),
        ] {
            assert_eq!(error.to_string(), expected);
        }
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }

    #[test]
    fn a_file_that_others_may_read_or_that_is_damaged_is_refused_without_a_word_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("access.json");
        Register::change(&path, |register| {
            register.add_account(name("ada"), Role::Admin, "correct horse battery", PasswordCost::TEST, 7)
        })
        .unwrap();
        let good = std::fs::read_to_string(&path).unwrap();
        for mode in [0o640, 0o604, 0o666] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            assert!(
                matches!(Register::read(&path), Err(RegisterError::OpenToOthers { mode: found, .. }) if found == mode)
            );
        }
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        for (from, to) in [
            ("\"admin\"", "\"root\""),
            ("\"ada\"", "\"Ada L\""),
            ("argon2id", "argon2x"),
            ("\"version\": 1", "\"version\": 2"),
            ("\"created\"", "\"s3cret\""),
            ("}", ""),
        ] {
            let text = good.replacen(from, to, 1);
            assert_ne!(text, good, "{from}");
            std::fs::write(&path, &text).unwrap();
            let error = Register::read(&path).unwrap_err().to_string();
            assert!(!error.contains("s3cret") && !error.contains("argon2") && !error.contains("root"), "{error}");
        }
    }
}
