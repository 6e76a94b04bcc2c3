//! In which language the sign-in page speaks: the page's own two, by what the browser asks for. The page behind it lets its reader choose.

use axum::http::{HeaderMap, header};

/// What the page says.
pub(crate) struct Words {
    pub(super) lang: &'static str,
    pub(super) sign_in: &'static str,
    pub(super) account: &'static str,
    pub(super) password: &'static str,
    pub(super) elsewhere: &'static str,
    pub(super) already: &'static str,
    pub(super) signed_in: &'static str,
    pub(super) go_on: &'static str,
    needed: &'static str,
    too_many: &'static str,
    wrong: &'static str,
    failed: &'static str,
}

const ENGLISH: Words = Words {
    lang: "en",
    sign_in: "Sign in",
    account: "Account",
    password: "Password",
    elsewhere: "Sign in with your organisation's account",
    already: "Signed in already, and came here by a link from elsewhere?",
    signed_in: "Signed in.",
    go_on: "Go on.",
    needed: "Account and password are needed.",
    too_many: "Too many attempts. Wait a while, and try again.",
    wrong: "Account or password is wrong.",
    failed: "That did not work. Ask whoever runs this service.",
};

const FRENCH: Words = Words {
    lang: "fr",
    sign_in: "Se connecter",
    account: "Compte",
    password: "Mot de passe",
    elsewhere: "Se connecter avec le compte de votre organisation",
    already: "Déjà connecté, et venu ici par un lien ?",
    signed_in: "Connexion établie.",
    go_on: "Continuer.",
    needed: "Le compte et le mot de passe sont nécessaires.",
    too_many: "Trop de tentatives. Patientez un moment, puis réessayez.",
    wrong: "Le compte ou le mot de passe est faux.",
    failed: "La connexion a échoué. Adressez-vous à qui gère ce service.",
};

/// What went wrong the last time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    Nothing,
    Needed,
    TooMany,
    Wrong,
    /// At the identity provider.
    Failed,
}

impl Words {
    pub(super) const fn said(&self, said: Said) -> Option<&'static str> {
        match said {
            Said::Nothing => None,
            Said::Needed => Some(self.needed),
            Said::TooMany => Some(self.too_many),
            Said::Wrong => Some(self.wrong),
            Said::Failed => Some(self.failed),
        }
    }
}

/// The words that a browser prefers (RFC 9110, section 12.5.4): English unless French is asked for before it.
pub(crate) fn words(headers: &HeaderMap) -> &'static Words {
    let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|accepted| accepted.to_str().ok()).unwrap_or("");
    let preferred = accepted.split(',').filter_map(|one| {
        let mut parts = one.split(';').map(str::trim);
        let tag = parts.next()?.split('-').next()?;
        let spoken = [&ENGLISH, &FRENCH].into_iter().find(|words| tag.eq_ignore_ascii_case(words.lang))?;
        let weight = parts.find_map(|part| part.strip_prefix("q=")).map_or(Some(1.0), |q| q.parse::<f32>().ok())?;
        Some((spoken, weight))
    });
    // Of two that are liked alike the first one in the list is meant.
    preferred.fold((&ENGLISH, 0.0), |best, one| if one.1 > best.1 { one } else { best }).0
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn speaks_what_the_browser_prefers() {
        let lang = |accepted: &'static str| {
            let accepted = (header::ACCEPT_LANGUAGE, HeaderValue::from_static(accepted));
            words(&HeaderMap::from_iter([accepted])).lang
        };
        for (accepted, spoken) in [
            ("fr", "fr"),
            ("fr-CA,fr;q=0.9,en;q=0.8", "fr"),
            ("FR-be", "fr"),
            ("en-GB,en;q=0.9,fr;q=0.8", "en"),
            ("en;q=0.5, fr;q=0.7", "fr"),
            ("de,fr;q=0.5", "fr"),
            ("fr,en", "fr"),
            ("FR,en", "fr"),
            ("en,fr", "en"),
            ("de", "en"),
            ("fr;q=0", "en"),
            ("fr;q=x", "en"),
            ("", "en"),
            (";;,,-;q=", "en"),
        ] {
            assert_eq!(lang(accepted), spoken, "{accepted}");
        }
        assert_eq!(words(&HeaderMap::new()).lang, "en");
    }
}
