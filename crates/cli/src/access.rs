//! Settings of who may read and of how the service is reached, and what the server makes of them.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use groundswell_serve::{Access, AccessConfig, ActSink, Network, OidcConfig, PasswordCost, PublicUrl, Role, Tls};
use groundswell_sources::Clock;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::kafka;
use crate::settings::{Secret, Settings};

/// Name of the register of accounts in the data folder.
const ACCOUNTS: &str = "accounts.json";

/// Who may read.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AccessSettings {
    /// The register of accounts and API tokens, mode 0600, as `groundswell account` and `token` write it; where it is named it must be
    /// there. Default: `accounts.json` in the data folder; where that is not there either, nobody is asked who they are, and nothing
    /// but loopback is listened to.
    pub(crate) accounts_file: PathBuf,
    /// A session that was not used for so long has ended, in minutes.
    pub(crate) idle_minutes: u32,
    /// A session that is so old has ended in any case, in hours.
    pub(crate) session_hours: u32,
    /// Accounts of another service, by OpenID Connect.
    pub(crate) oidc: OidcSettings,
}

impl Default for AccessSettings {
    fn default() -> Self {
        Self { accounts_file: PathBuf::new(), idle_minutes: 60, session_hours: 12, oidc: OidcSettings::default() }
    }
}

/// Accounts of another service.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct OidcSettings {
    /// Its address, exactly as it names itself; empty: there is none.
    pub(crate) issuer: String,
    /// Who this service is to it. The address to come back to is `server.public_url` and `/signin/oidc/callback`.
    pub(crate) client_id: String,
    /// File that holds the secret of it, where the issuer wants one; readable by its owner only.
    pub(crate) client_secret_file: PathBuf,
    /// What is asked for beside `openid`.
    pub(crate) scopes: Vec<String>,
    /// The claim that names the account.
    pub(crate) name_claim: String,
    /// The claim that holds the values below; dots lead into objects.
    pub(crate) role_claim: String,
    /// Values of the claim that make a viewer.
    pub(crate) viewer: Vec<String>,
    /// An editor.
    pub(crate) editor: Vec<String>,
    /// An admin.
    pub(crate) admin: Vec<String>,
    /// An auditor.
    pub(crate) auditor: Vec<String>,
}

impl Default for OidcSettings {
    fn default() -> Self {
        Self {
            issuer: String::new(),
            client_id: String::new(),
            client_secret_file: PathBuf::new(),
            scopes: vec!["profile".to_owned()],
            name_claim: "preferred_username".to_owned(),
            role_claim: "groups".to_owned(),
            viewer: Vec::new(),
            editor: Vec::new(),
            admin: Vec::new(),
            auditor: Vec::new(),
        }
    }
}

impl OidcSettings {
    fn is_set(&self) -> bool {
        !self.issuer.is_empty()
    }

    /// Which value is which role.
    fn roles(&self) -> Vec<(String, Role)> {
        [
            (&self.viewer, Role::Viewer),
            (&self.editor, Role::Editor),
            (&self.admin, Role::Admin),
            (&self.auditor, Role::Auditor),
        ]
        .into_iter()
        .flat_map(|(words, role)| words.iter().map(move |word| (word.clone(), role)))
        .collect()
    }

    fn check(&self, public_url: &str) -> Result<(), (&'static str, String)> {
        if !self.is_set() {
            return Ok(());
        }
        if self.client_id.is_empty() {
            return Err(("access.oidc.client_id", "expected one beside access.oidc.issuer".to_owned()));
        }
        if public_url.is_empty() {
            return Err((
                "access.oidc.issuer",
                "expected server.public_url beside it: where its readers come back to".to_owned(),
            ));
        }
        if self.roles().is_empty() {
            return Err((
                "access.oidc.role_claim",
                "expected values of it in access.oidc.viewer, editor, admin or auditor: without any nobody has a role"
                    .to_owned(),
            ));
        }
        Ok(())
    }
}

/// How the service is reached.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ServerSettings {
    /// Where readers reach it, such as `https://watch.example`, if not by the address that it listens on: requests that name another
    /// host are refused.
    pub(crate) public_url: String,
    /// The address of the proxy before it, whose `X-Forwarded-For` is taken for where a request came from. Only counted by, never
    /// written down.
    pub(crate) trusted_proxy: String,
    /// TLS of its own.
    pub(crate) tls: TlsSettings,
}

/// TLS by certificate files.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct TlsSettings {
    /// The certificate with its chain (PEM); read again at SIGHUP.
    pub(crate) cert: PathBuf,
    /// Its key (PEM); readable by its owner only.
    pub(crate) key: PathBuf,
}

impl TlsSettings {
    fn is_set(&self) -> bool {
        !self.cert.as_os_str().is_empty()
    }
}

/// Checks what needs no file; an error names the setting.
pub(crate) fn check(settings: &Settings) -> Result<(), (&'static str, String)> {
    let AccessSettings { idle_minutes, session_hours, .. } = settings.access;
    settings.access.oidc.check(&settings.server.public_url)?;
    if !(1..=1_440).contains(&idle_minutes) {
        return Err(("access.idle_minutes", format!("expected 1 to 1440, found {idle_minutes}")));
    }
    if !(1..=168).contains(&session_hours) {
        return Err(("access.session_hours", format!("expected 1 to 168, found {session_hours}")));
    }
    let ServerSettings { public_url, trusted_proxy, tls } = &settings.server;
    let url = if public_url.is_empty() { None } else { Some(public_url.parse::<PublicUrl>()) };
    if let Some(Err(error)) = &url {
        return Err(("server.public_url", format!("{error}; found {public_url}")));
    }
    if !trusted_proxy.is_empty() && trusted_proxy.parse::<IpAddr>().is_err() {
        return Err(("server.trusted_proxy", format!("expected an address such as 127.0.0.1, found {trusted_proxy}")));
    }
    if !trusted_proxy.is_empty() && url.is_none() {
        return Err((
            "server.trusted_proxy",
            "expected server.public_url beside it: where readers reach the proxy".to_owned(),
        ));
    }
    if tls.is_set() == tls.key.as_os_str().is_empty() {
        return Err(("server.tls.cert", "expected cert and key, found one of them".to_owned()));
    }
    if let (true, Some(Ok(url))) = (tls.is_set(), &url)
        && !url.is_https()
    {
        return Err(("server.public_url", "expected https:// beside server.tls".to_owned()));
    }
    Ok(())
}

/// Where the register is, or would be.
pub(crate) fn register(settings: &Settings) -> PathBuf {
    let named = &settings.access.accounts_file;
    if named.as_os_str().is_empty() { settings.data.join(ACCOUNTS) } else { named.clone() }
}

fn has_register(settings: &Settings) -> bool {
    !settings.access.accounts_file.as_os_str().is_empty() || register(settings).exists()
}

/// Whether anybody is asked who they are. A register that is named counts as one that is there: if it is not, the start is refused.
pub(crate) fn is_guarded(settings: &Settings) -> bool {
    has_register(settings) || settings.access.oidc.is_set()
}

/// Who may read.
pub(crate) fn access(settings: &Settings, sink: Arc<dyn ActSink>, clock: &Arc<dyn Clock>) -> Result<Access, Failure> {
    let ServerSettings { public_url, trusted_proxy, tls } = &settings.server;
    let network = Network::new(public_url.parse().ok(), trusted_proxy.parse().ok(), tls.is_set());
    if !is_guarded(settings) {
        return Ok(Access::open(network, sink));
    }
    let clock = Arc::clone(clock);
    let config = AccessConfig {
        register: has_register(settings).then(|| register(settings)),
        oidc: oidc(settings)?,
        idle: Duration::from_mins(u64::from(settings.access.idle_minutes)),
        absolute: Duration::from_hours(u64::from(settings.access.session_hours)),
        cost: PasswordCost::DEFAULT,
        now: Arc::new(move || clock.now().unix()),
    };
    Access::guarded(network, sink, config).map_err(Failure::usage)
}

fn oidc(settings: &Settings) -> Result<Option<OidcConfig>, Failure> {
    let oidc = &settings.access.oidc;
    let (true, Ok(public_url)) = (oidc.is_set(), settings.server.public_url.parse()) else { return Ok(None) };
    let secret = kafka::secret("access.oidc.client_secret_file", &oidc.client_secret_file, &Secret::default())?;
    Ok(Some(OidcConfig {
        issuer: oidc.issuer.clone(),
        client_id: oidc.client_id.clone(),
        client_secret: (!secret.is_empty()).then(|| secret.into()),
        public_url,
        scopes: oidc.scopes.clone(),
        name_claim: oidc.name_claim.clone(),
        role_claim: oidc.role_claim.clone(),
        roles: oidc.roles(),
    }))
}

/// Whether the way to the reader is encrypted, here or at a proxy.
pub(crate) fn is_encrypted(settings: &Settings) -> bool {
    settings.server.tls.is_set() || settings.server.public_url.parse::<PublicUrl>().is_ok_and(|url| url.is_https())
}

/// TLS, where it is configured.
pub(crate) fn tls(settings: &Settings) -> Result<Option<Tls>, Failure> {
    let TlsSettings { cert, key } = &settings.server.tls;
    if settings.server.tls.is_set() { Tls::read(cert, key).map(Some).map_err(Failure::usage) } else { Ok(None) }
}

/// Reads certificate and key again; on an error what was in force stays.
pub(crate) fn reload_tls(tls: Option<&Tls>, settings: &Settings) -> Result<(), Failure> {
    let Some(tls) = tls else { return Ok(()) };
    tls.reload(&settings.server.tls.cert, &settings.server.tls.key).map_err(Failure::usage)
}
