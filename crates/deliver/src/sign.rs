//! Signatures of webhooks, as Standard Webhooks has them: HMAC-SHA256 over id, time stamp and body.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use zeroize::Zeroizing;

/// The shortest secret, in bytes, as the specification asks for.
pub const SECRET_BYTES_MIN: usize = 24;
const SECRET_BYTES_MAX: usize = 64;

/// A text that is no secret to sign with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected `whsec_` and {SECRET_BYTES_MIN} to 64 bytes in base64; `printf whsec_; openssl rand -base64 32` makes one"
)]
pub struct NotASecret;

/// Signs messages for one receiver.
#[derive(Clone)]
pub struct Signer(hmac::Key);

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signer(redacted)")
    }
}

impl Signer {
    /// Reads a secret of the form `whsec_BASE64`.
    pub fn parse(text: &str) -> Result<Self, NotASecret> {
        let encoded = text.trim().strip_prefix("whsec_").ok_or(NotASecret)?;
        let bytes = Zeroizing::new(STANDARD.decode(encoded).map_err(|_| NotASecret)?);
        if !(SECRET_BYTES_MIN..=SECRET_BYTES_MAX).contains(&bytes.len()) {
            return Err(NotASecret);
        }
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &bytes)))
    }

    /// The value of the header `webhook-signature`. `id` has no full stop in it.
    pub fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(format!("{id}.{timestamp}.").as_bytes());
        context.update(body);
        format!("v1,{}", STANDARD.encode(context.sign()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_long_and_misspelt_secrets_are_refused() {
        let of = |length: usize| format!("whsec_{}", STANDARD.encode(vec![7_u8; length]));
        assert!(Signer::parse(&of(24)).is_ok() && Signer::parse(&of(64)).is_ok());
        assert!(Signer::parse(&format!("{}\n", of(32))).is_ok(), "as a file ends");
        for wrong in
            [of(23), of(65), String::new(), "whsec_".to_owned(), "whsec_!".to_owned(), of(32).replace("whsec_", "")]
        {
            assert!(Signer::parse(&wrong).is_err());
        }
        assert_eq!(format!("{:?}", Signer::parse(&of(32)).unwrap()), "Signer(redacted)");
    }

    #[test]
    fn each_part_counts() {
        let signer = Signer::parse(&format!("whsec_{}", STANDARD.encode([7; 32]))).unwrap();
        let one = signer.sign("a", 1, b"x");
        assert!(
            [signer.sign("b", 1, b"x"), signer.sign("a", 2, b"x"), signer.sign("a", 1, b"y")]
                .iter()
                .all(|other| *other != one)
        );
        assert_eq!(one, signer.sign("a", 1, b"x"));
    }
}
