//! ID tokens (RFC 7519) signed with a provider's key (RFC 7517): read, checked, and refused where anything is not as expected. The
//! signature is ring's to check; which key, which algorithm and which claims are checked here, and nothing of a token is ever told.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey};
use serde::Deserialize;
use serde_json::Value;

/// The longest token that is read.
const TOKEN_BYTES_MAX: usize = 16_384;

/// How far the provider's clock may be from ours, in seconds.
const SKEW_SECONDS: i64 = 60;

/// How old a token may be: it was made while its owner waited.
const AGE_SECONDS_MAX: i64 = 600;

/// The keys of a provider.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Keys {
    keys: Vec<Key>,
}

/// One of them; what cannot be used here has none of the fields.
#[derive(Debug, Deserialize)]
struct Key {
    kty: String,
    kid: Option<String>,
    r#use: Option<String>,
    alg: Option<String>,
    n: Option<String>,
    e: Option<String>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    /// Extensions that must be understood; none is.
    crit: Option<Value>,
}

/// What a token must say.
#[derive(Debug)]
pub(crate) struct Expected<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) client_id: &'a str,
    pub(crate) nonce: &'a str,
    pub(crate) now: i64,
}

/// Why a token is refused: which part, never what stood there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refused(pub(crate) &'static str);

fn decoded(text: &str, part: &'static str) -> Result<Vec<u8>, Refused> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| Refused(part))
}

impl Key {
    /// Whether a signature is this key's.
    fn signed(&self, alg: &str, message: &[u8], signature: &[u8]) -> Option<bool> {
        let bytes = |text: &Option<String>| URL_SAFE_NO_PAD.decode(text.as_deref()?).ok();
        match (alg, self.kty.as_str()) {
            ("RS256", "RSA") => {
                let (n, e) = (bytes(&self.n)?, bytes(&self.e)?);
                let key = RsaPublicKeyComponents { n: &n, e: &e };
                Some(key.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature).is_ok())
            }
            ("ES256", "EC") if self.crv.as_deref() == Some("P-256") => {
                let point = [vec![4], bytes(&self.x)?, bytes(&self.y)?].concat();
                let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
                Some(key.verify(message, signature).is_ok())
            }
            _ => None,
        }
    }
}

impl Keys {
    /// Whether the key that a token names is among them.
    pub(crate) fn has_key_of(&self, token: &str) -> bool {
        header(token).is_ok_and(|header| self.candidates(&header).next().is_some())
    }

    /// Those that may have signed: of the named id, or all where none is named.
    fn candidates<'a>(&'a self, header: &'a Header) -> impl Iterator<Item = &'a Key> {
        self.keys.iter().filter(|key| {
            key.r#use.as_deref().is_none_or(|purpose| purpose == "sig")
                && key.alg.as_deref().is_none_or(|alg| alg == header.alg)
                && header.kid.as_ref().is_none_or(|kid| key.kid.as_ref() == Some(kid))
        })
    }

    /// The claims of a token, once everything about it is right.
    pub(crate) fn claims(&self, token: &str, expected: &Expected<'_>) -> Result<Value, Refused> {
        let header = header(token)?;
        // Neither `none` nor what is keyed with something that is no secret.
        if !matches!(header.alg.as_str(), "RS256" | "ES256") {
            return Err(Refused("algorithm"));
        }
        if header.crit.is_some() {
            return Err(Refused("extension"));
        }
        let (message, signature) = token.rsplit_once('.').ok_or(Refused("form"))?;
        let (_, payload) = message.split_once('.').ok_or(Refused("form"))?;
        let signature = decoded(signature, "signature")?;
        let signed = self
            .candidates(&header)
            .filter_map(|key| key.signed(&header.alg, message.as_bytes(), &signature))
            .any(|signed| signed);
        if !signed {
            return Err(Refused("signature"));
        }
        let claims: Value = serde_json::from_slice(&decoded(payload, "claims")?).map_err(|_| Refused("claims"))?;
        check(&claims, expected)?;
        Ok(claims)
    }
}

fn header(token: &str) -> Result<Header, Refused> {
    if token.len() > TOKEN_BYTES_MAX || token.matches('.').count() != 2 {
        return Err(Refused("form"));
    }
    let (header, _) = token.split_once('.').ok_or(Refused("form"))?;
    serde_json::from_slice(&decoded(header, "header")?).map_err(|_| Refused("header"))
}

/// OpenID Connect Core 1.0, 3.1.3.7.
fn check(claims: &Value, expected: &Expected<'_>) -> Result<(), Refused> {
    if claims["iss"].as_str() != Some(expected.issuer) {
        return Err(Refused("issuer"));
    }
    let ours = match &claims["aud"] {
        Value::String(one) => one == expected.client_id,
        Value::Array(several) => several.iter().any(|one| one == expected.client_id),
        _ => false,
    };
    // Whom it was made for, where it was made for several.
    let azp = claims.get("azp").map(Value::as_str);
    let several = claims["aud"].as_array().is_some_and(|several| several.len() > 1);
    if !ours || azp.is_some_and(|azp| azp != Some(expected.client_id)) || several && azp.is_none() {
        return Err(Refused("audience"));
    }
    let time = |name: &str| claims[name].as_f64().map(|time| time as i64);
    if time("exp").is_none_or(|exp| expected.now >= exp.saturating_add(SKEW_SECONDS)) {
        return Err(Refused("end"));
    }
    let fresh = |at: i64| at <= expected.now + SKEW_SECONDS && at >= expected.now - AGE_SECONDS_MAX - SKEW_SECONDS;
    if !time("iat").is_some_and(fresh) || time("nbf").is_some_and(|from| from > expected.now + SKEW_SECONDS) {
        return Err(Refused("time"));
    }
    if claims["nonce"].as_str() != Some(expected.nonce) {
        return Err(Refused("nonce"));
    }
    if claims["sub"].as_str().is_none_or(str::is_empty) {
        return Err(Refused("subject"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Signed by `openssl dgst -sha256 -sign`, whose key was thrown away.
    const TOKEN: &str = "eyJhbGciOiAiUlMyNTYiLCAia2lkIjogIm9uZSJ9.eyJpc3MiOiAiaHR0cHM6Ly9pc3N1ZXIuZXhhbXBsZSIsICJhdWQiOiAiZ3JvdW5kc3dlb\
        GwiLCAiZXhwIjogMTgwMDAwMDMwMCwgImlhdCI6IDE4MDAwMDAwMDAsICJub25jZSI6ICJuIiwgInN1YiI6ICIxIiwgInByZWZlcnJlZF91c2V\
        ybmFtZSI6ICJhZGEifQ.MZjW6T0GME1V3JQIJs0ZpH463DScfOBpFDuE8FEKlnLs0YNebgUEh7EuOOGVZHcusxJgqYhSHXXQG6Qh743kHS_B-2\
        u1rzUXjtjn81c5VyztwF4LPBi5P1lv0Ftu99orGHkgfhpqIk21M4UxC5Zo2QQ3saiSepc5qcwBOKA2BMqY7FH0_k5C783XZGEOJhrb1jp1EL6y\
        04jOLr1bFCAun1DmEGY1BzkAXWwQR2etIkq13puA94MxoAjD8-qfuC2vYJFpx40VXp7Hu8KZiigqoS_-rCg8dIIH_H8ItUjsr8hD9vmLJT6pWI\
        OKyyDul6eeiHP3xb0aDcPdy0fmpVxscQ";
    const MODULUS: &str = "svFXv1nV_9enyNjd4MdDVAiiSF3MnyG1pL6bklYwt48xPEok7l-6h-6f7f-LMu5nbokHvo5mchSXBmFU2WElX1dVEgBADbIThfjY9PBKOW46vx\
        rLj-QxBIoMGjAHJPgFwjd1-zJnoLbuFR-EXW1WXo0Ce1i1damDQiE3DdHpg7oZZYK4pUZUHBl6-zMscCqIRLPU05-rwDhgx6wMEtOx7g0yftd3\
        BmEHwqOXrwAOP5Lm6XOoJSqCkEiPI2PEyb3AsGa5C6UDnIvwnxW9qFBtQAZH8MUp6e6pSNl_9JpnCYyh-I_sdgtOCEixRVdPkCbSojfe-qA4Jy\
        AZByORq8IAZQ";

    fn keys() -> Keys {
        serde_json::from_value(json!({"keys": [
            {"kty": "oct", "kid": "other", "k": "AAAA"},
            {"kty": "RSA", "kid": "one", "use": "sig", "alg": "RS256", "n": MODULUS, "e": "AQAB"},
        ]}))
        .unwrap()
    }

    const RIGHT: Expected<'_> =
        Expected { issuer: "https://issuer.example", client_id: "groundswell", nonce: "n", now: 1_800_000_060 };

    #[test]
    fn a_token_that_openssl_signed_is_read() {
        assert!(keys().has_key_of(TOKEN));
        assert_eq!(keys().claims(TOKEN, &RIGHT).unwrap()["preferred_username"], "ada");
    }

    #[test]
    fn every_bit_counts() {
        let parts: Vec<&str> = TOKEN.split('.').collect();
        let unsigned = format!("{}.{}.", URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#), parts[1]);
        let keyed = format!("{}.{}.{}", URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","kid":"one"}"#), parts[1], parts[2]);
        let extended = format!(
            "{}.{}.{}",
            URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256","kid":"one","crit":["x"]}"#),
            parts[1],
            parts[2]
        );
        let other = URL_SAFE_NO_PAD.encode(r#"{"iss":"https://issuer.example","aud":"groundswell","nonce":"n"}"#);
        for (token, part) in [
            (unsigned, "algorithm"),
            (keyed, "algorithm"),
            (extended, "extension"),
            (format!("{}.{other}.{}", parts[0], parts[2]), "signature"),
            (format!("{}.{}.{}", parts[0], parts[1], &parts[2][4..]), "signature"),
            (format!("{}.{}", parts[0], parts[1]), "form"),
            (format!("{TOKEN}.x"), "form"),
            ("x".repeat(TOKEN_BYTES_MAX + 1), "form"),
            ("*.*.*".to_owned(), "header"),
        ] {
            assert_eq!(keys().claims(&token, &RIGHT), Err(Refused(part)), "{token}");
        }
        assert_eq!(Keys::default().claims(TOKEN, &RIGHT), Err(Refused("signature")));
        for (expected, part) in [
            (Expected { issuer: "https://issuer.example/", ..RIGHT }, "issuer"),
            (Expected { client_id: "another", ..RIGHT }, "audience"),
            (Expected { nonce: "m", ..RIGHT }, "nonce"),
            (Expected { now: 1_800_000_360, ..RIGHT }, "end"),
            (Expected { now: 1_799_999_939, ..RIGHT }, "time"),
        ] {
            assert_eq!(keys().claims(TOKEN, &expected), Err(Refused(part)));
        }
    }

    #[test]
    fn claims_are_checked_as_the_standard_says() {
        let right = json!({"iss": RIGHT.issuer, "aud": "groundswell", "exp": RIGHT.now + 1, "iat": RIGHT.now, "nonce": "n", "sub": "1"});
        assert_eq!(check(&right, &RIGHT), Ok(()));
        let with = |name: &str, value: Value| {
            let mut claims = right.clone();
            claims[name] = value;
            check(&claims, &RIGHT)
        };
        assert_eq!(with("azp", json!("groundswell")), Ok(()));
        assert_eq!(with("aud", json!(["groundswell"])), Ok(()));
        for (name, value, part) in [
            ("aud", json!(["groundswell", "another"]), "audience"),
            ("aud", json!([]), "audience"),
            ("aud", json!(null), "audience"),
            ("azp", json!("another"), "audience"),
            ("exp", json!(null), "end"),
            ("exp", json!("soon"), "end"),
            ("exp", json!(RIGHT.now - SKEW_SECONDS), "end"),
            ("iat", json!(null), "time"),
            ("iat", json!(RIGHT.now + SKEW_SECONDS + 1), "time"),
            ("iat", json!(RIGHT.now - AGE_SECONDS_MAX - SKEW_SECONDS - 1), "time"),
            ("nbf", json!(RIGHT.now + SKEW_SECONDS + 1), "time"),
            ("nonce", json!(null), "nonce"),
            ("sub", json!(""), "subject"),
            ("iss", json!(null), "issuer"),
        ] {
            assert_eq!(with(name, value.clone()), Err(Refused(part)), "{name} {value}");
        }
    }
}
