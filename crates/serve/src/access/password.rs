//! Passwords as Argon2id hashes (RFC 9106) with the parameters that OWASP's password storage cheat sheet gives first.

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version};
use thiserror::Error;

/// The shortest password that is taken, in characters. Long and remembered is better than short and odd (NIST SP 800-63B).
pub const PASSWORD_CHARS_MIN: usize = 12;

/// The longest, in bytes: more is no better, and costs.
pub const PASSWORD_BYTES_MAX: usize = 1_024;

/// What hashing a password costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordCost {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl PasswordCost {
    /// 19 MiB, two passes, one lane: OWASP's recommendation.
    pub const DEFAULT: Self = Self { memory_kib: 19 * 1_024, passes: 2, lanes: 1 };

    /// Costs next to nothing and protects nothing: for tests that sign in a thousand times.
    #[doc(hidden)]
    pub const TEST: Self = Self { memory_kib: 8, passes: 1, lanes: 1 };

    /// What a hash in a file may ask for at most.
    const MAX: Self = Self { memory_kib: 1 << 20, passes: 16, lanes: 16 };
}

/// Why a password is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PasswordError {
    /// See [`PASSWORD_CHARS_MIN`].
    #[error("expected a password of at least {PASSWORD_CHARS_MIN} characters")]
    TooShort,
    /// See [`PASSWORD_BYTES_MAX`].
    #[error("expected a password of at most {PASSWORD_BYTES_MAX} bytes")]
    TooLong,
    /// The system gave no random bytes, or no memory.
    #[error("the password could not be hashed")]
    Failed,
}

/// A new hash, as a PHC string.
pub(crate) fn hash(password: &str, cost: PasswordCost) -> Result<String, PasswordError> {
    if password.chars().count() < PASSWORD_CHARS_MIN {
        return Err(PasswordError::TooShort);
    }
    if password.len() > PASSWORD_BYTES_MAX {
        return Err(PasswordError::TooLong);
    }
    let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, None).map_err(|_| PasswordError::Failed)?;
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password(password.as_bytes())
        .map(|hash| hash.to_string())
        .map_err(|_| PasswordError::Failed)
}

/// Whether a text is a hash that can be compared with, and at a bearable cost.
pub(crate) fn is_hash(text: &str) -> bool {
    let Ok(hash) = PasswordHash::new(text) else { return false };
    let max = PasswordCost::MAX;
    hash.algorithm.as_str() == "argon2id"
        && Params::try_from(&hash).is_ok_and(|params| {
            params.m_cost() <= max.memory_kib && params.t_cost() <= max.passes && params.p_cost() <= max.lanes
        })
}

/// Whether a password is the one of a hash. Takes as long for a right one as for a wrong one.
pub(crate) fn is_right(password: &str, hash: &str) -> bool {
    // What is too long is compared as something that nobody has, so that it costs the same.
    let password = if password.len() > PASSWORD_BYTES_MAX { "" } else { password };
    PasswordHash::new(hash).is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_argon2id_with_the_stated_parameters_and_salts_of_their_own() {
        let one = hash("correct horse battery", PasswordCost::DEFAULT).unwrap();
        assert!(one.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{one}");
        assert_ne!(one, hash("correct horse battery", PasswordCost::DEFAULT).unwrap());
        assert!(is_hash(&one) && is_right("correct horse battery", &one));
        assert!(!is_right("correct horse batterz", &one) && !is_right("", &one));
        assert!(!is_right(&"x".repeat(PASSWORD_BYTES_MAX + 1), &one));
        assert!(!is_right("correct horse battery", "no hash"));
    }

    #[test]
    fn what_protects_nothing_is_refused() {
        assert_eq!(hash("short", PasswordCost::TEST), Err(PasswordError::TooShort));
        assert_eq!(hash(&"x".repeat(PASSWORD_BYTES_MAX + 1), PasswordCost::TEST), Err(PasswordError::TooLong));
        let salted = "c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA";
        for (head, good) in [
            ("$argon2id$v=19$m=19456,t=2,p=1", true),
            ("$argon2i$v=19$m=19456,t=2,p=1", false),
            ("$argon2id$v=19$m=4194304,t=2,p=1", false),
            ("$argon2id$v=19$m=19456,t=99,p=1", false),
        ] {
            assert_eq!(is_hash(&format!("{head}${salted}")), good, "{head}");
        }
        assert!(!is_hash("") && !is_hash("plain"));
    }
}
