//! Settings of the Kafka source, and the source that they make. The settings are known in every build; only one with the
//! feature `kafka` can read them into a source.

use std::path::PathBuf;
use std::sync::Arc;

use groundswell_sources::Clock;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::inputs::LiveFeed;
use crate::settings::Secret;

/// Kafka.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct KafkaSettings {
    /// `host:port` of some brokers; empty: Kafka is not read.
    pub(crate) brokers: Vec<String>,
    /// Topics; each message is one post in the file format.
    pub(crate) topics: Vec<String>,
    /// Where a partition begins of which no position is kept: `earliest`, `latest`, or a time (RFC 3339).
    pub(crate) start: String,
    /// How far out of order a partition's posts may be, in seconds.
    pub(crate) late_seconds: u32,
    /// Whether the way to the brokers is encrypted.
    pub(crate) tls: bool,
    /// Certificates that are trusted (PEM); empty: the system's.
    pub(crate) tls_authorities: PathBuf,
    /// Our own certificate (PEM), where the brokers ask for one.
    pub(crate) tls_certificate: PathBuf,
    /// Its key (PEM).
    pub(crate) tls_key: PathBuf,
    /// `none`, `plain`, `scram-sha-256` or `scram-sha-512`.
    pub(crate) sasl: String,
    /// The user, for SASL.
    pub(crate) user: String,
    /// File that holds the password; readable by its owner only.
    pub(crate) password_file: PathBuf,
    /// The password itself; `password_file` is the better place. Never shown.
    pub(crate) password: Secret,
}

impl Default for KafkaSettings {
    fn default() -> Self {
        Self {
            brokers: Vec::new(),
            topics: Vec::new(),
            start: "latest".to_owned(),
            late_seconds: 60,
            tls: false,
            tls_authorities: PathBuf::new(),
            tls_certificate: PathBuf::new(),
            tls_key: PathBuf::new(),
            sasl: "none".to_owned(),
            user: String::new(),
            password_file: PathBuf::new(),
            password: Secret::default(),
        }
    }
}

impl KafkaSettings {
    /// Checks what needs neither file nor broker; an error names the setting.
    pub(crate) fn check(&self) -> Result<(), (&'static str, String)> {
        let wrong = |key, text: &str| Err((key, text.to_owned()));
        if self.late_seconds > 86_400 {
            return Err(("kafka.late_seconds", format!("expected at most 86400, found {}", self.late_seconds)));
        }
        if !matches!(self.start.as_str(), "earliest" | "latest")
            && groundswell_post::EventTime::parse(&self.start).is_err()
        {
            return Err((
                "kafka.start",
                format!("expected earliest, latest or a time (RFC 3339), found {}", self.start),
            ));
        }
        if !matches!(self.sasl.as_str(), "none" | "plain" | "scram-sha-256" | "scram-sha-512") {
            let text = format!("expected none, plain, scram-sha-256 or scram-sha-512, found {}", self.sasl);
            return Err(("kafka.sasl", text));
        }
        if self.brokers.is_empty() {
            return if self.topics.is_empty() {
                Ok(())
            } else {
                wrong("kafka.brokers", "expected at least one, since there are topics")
            };
        }
        if self.topics.is_empty() {
            return wrong("kafka.topics", "expected at least one, since there are brokers");
        }
        let file = !self.password_file.as_os_str().is_empty();
        if file && !self.password.0.is_empty() {
            return wrong("kafka.password", "expected password_file or password, found both");
        }
        if self.sasl != "none" && (self.user.is_empty() || (!file && self.password.0.is_empty())) {
            return wrong("kafka.sasl", "expected user, and password_file or password, beside it");
        }
        if !self.tls
            && ![&self.tls_authorities, &self.tls_certificate, &self.tls_key].iter().all(|p| p.as_os_str().is_empty())
        {
            return wrong("kafka.tls", "expected true, since certificates are named");
        }
        if !cfg!(feature = "kafka") {
            return wrong(
                "kafka.brokers",
                "this build cannot read Kafka; build it with `cargo build --release --features kafka` (package groundswell-cli)",
            );
        }
        Ok(())
    }
}

/// The source, where one is configured.
#[cfg(not(feature = "kafka"))]
#[allow(clippy::unnecessary_wraps, reason = "the same as in a build with the feature")]
pub(crate) fn feed(_: &KafkaSettings, _: &Arc<dyn Clock>, _: (usize, usize)) -> Result<Option<LiveFeed>, Failure> {
    // `check` has refused brokers.
    Ok(None)
}

/// The source, where one is configured.
#[cfg(feature = "kafka")]
pub(crate) fn feed(
    settings: &KafkaSettings,
    clock: &Arc<dyn Clock>,
    share: (usize, usize),
) -> Result<Option<LiveFeed>, Failure> {
    use groundswell_sources::DecodeOptions;
    use groundswell_sources::kafka::{Kafka, KafkaConfig, Sasl, SaslMechanism, StartAt, Tls};

    use crate::pipeline::Feed;

    if settings.brokers.is_empty() {
        return Ok(None);
    }
    let path = |path: &PathBuf| (!path.as_os_str().is_empty()).then(|| path.clone());
    let sasl = match SaslMechanism::named(&settings.sasl) {
        None => None,
        Some(mechanism) => Some(Sasl {
            mechanism,
            user: settings.user.clone(),
            password: secret("kafka.password_file", &settings.password_file, &settings.password)?,
        }),
    };
    let config = KafkaConfig {
        brokers: settings.brokers.clone(),
        topics: settings.topics.clone(),
        start: match settings.start.as_str() {
            "earliest" => StartAt::Earliest,
            "latest" => StartAt::Latest,
            time => groundswell_post::EventTime::parse(time)
                .map(StartAt::Time)
                .map_err(|_| Failure::usage_text("kafka.start: expected a time"))?,
        },
        lateness: std::time::Duration::from_secs(u64::from(settings.late_seconds)),
        tls: settings.tls.then(|| Tls {
            authorities: path(&settings.tls_authorities),
            certificate: path(&settings.tls_certificate),
            key: path(&settings.tls_key),
        }),
        sasl,
        share,
        ..KafkaConfig::default()
    };
    config.check().map_err(|error| Failure::usage_text(format!("kafka.{error}")))?;
    let source = Kafka::new(config, Arc::clone(clock));
    let status = Arc::clone(source.report().live());
    Ok(Some(LiveFeed {
        kind: "kafka",
        status,
        feeds: None,
        feed: Feed { decode: DecodeOptions::default(), source: Box::new(source) },
    }))
}

/// A secret from its file, else as it is set; what is wrong is said without it.
pub(crate) fn secret(key: &str, path: &std::path::Path, set: &Secret) -> Result<String, Failure> {
    if path.as_os_str().is_empty() {
        return Ok(set.0.clone());
    }
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::usage_text(format!("{key}: {}: cannot be read: {error}", path.display())))?;
    let text = text.trim();
    if text.is_empty() {
        return Err(Failure::usage_text(format!("{key}: {}: expected a secret, found nothing", path.display())));
    }
    Ok(text.to_owned())
}
