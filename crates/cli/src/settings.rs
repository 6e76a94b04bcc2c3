//! The configuration: defaults, then the file, then `GROUNDSWELL_…` variables, then options of the command line. Each value
//! remembers where it came from, so that `config show` can say it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use groundswell_sources::feed::FeedSpec;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::access::{self, AccessSettings, ServerSettings};
use crate::args::Common;
use crate::audit::AuditSettings;
use crate::deliver::DeliverSettings;
use crate::failure::Failure;
use crate::kafka::KafkaSettings;
use crate::logging::{LogFormat, LogSettings};
use crate::push::PushSettings;

/// All settings, with their defaults.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    /// State and store. Default: the platform's data folder.
    pub(crate) data: PathBuf,
    /// Worker threads; 0 means all cores.
    pub(crate) workers: u16,
    /// Address of the dashboard and API. Beyond loopback only where there is a register of accounts.
    pub(crate) listen: SocketAddr,
    /// Who may read.
    pub(crate) access: AccessSettings,
    /// How the service is reached.
    pub(crate) server: ServerSettings,
    /// The gate.
    pub(crate) gate: GateSettings,
    /// The narrative detector.
    pub(crate) narratives: NarrativesSettings,
    /// The burst detector.
    pub(crate) bursts: BurstsSettings,
    /// The amplification detector.
    pub(crate) amplification: AmplificationSettings,
    /// Text that is held so that a query can be tried before it becomes a watch.
    pub(crate) explore: ExploreSettings,
    /// Bluesky.
    pub(crate) bluesky: BlueskySettings,
    /// RSS, Atom and JSON feeds.
    pub(crate) feeds: FeedsSettings,
    /// Instances of Mastodon and of what speaks its API.
    pub(crate) mastodon: MastodonSettings,
    /// Kafka; needs a build with the feature `kafka`.
    pub(crate) kafka: KafkaSettings,
    /// Posts that others bring, `POST /api/v1/ingest`.
    pub(crate) push: PushSettings,
    /// Who receives which feed of detections, and how.
    pub(crate) deliver: DeliverSettings,
    /// The simulator that stands in when no live source answers.
    pub(crate) simulator: SimulatorSettings,
    /// The store.
    pub(crate) store: StoreSettings,
    /// The audit log.
    pub(crate) audit: AuditSettings,
    /// Logs.
    pub(crate) log: LogSettings,
}

/// What the gate asks for.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct GateSettings {
    /// Distinct authors that a thing must rest on before it is shown; at least 5.
    pub(crate) k: u32,
}

/// The narrative detector.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct NarrativesSettings {
    /// Whether narratives are looked for. Off unless asked for: they cost nearly as much as all else together, and on real streams everyday
    /// topics are still taken for stories (docs/methods/narratives.md).
    pub(crate) enabled: bool,
}

/// The burst detector.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct BurstsSettings {
    /// Whether bursts are looked for.
    pub(crate) enabled: bool,
}

impl Default for BurstsSettings {
    fn default() -> Self {
        Self { enabled: true }
    }
}

/// The amplification detector.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AmplificationSettings {
    /// Whether texts, links and hashtags that many accounts post in short time are looked for (docs/methods/amplification.md).
    pub(crate) enabled: bool,
}

impl Default for AmplificationSettings {
    fn default() -> Self {
        Self { enabled: true }
    }
}

/// Text that is held so that a query can be tried before it becomes a watch.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ExploreSettings {
    /// MiB of memory for scrubbed text of today and yesterday, at most 1024; 0, the default: none is held. Where it is full, a fair
    /// part of the posts is held. Made-up posts are always held, in 32 MiB. Not in a cluster.
    pub(crate) index_mib: u32,
}

impl ExploreSettings {
    /// Bytes of the index; none where there is to be no index.
    pub(crate) fn bytes(&self, simulated: bool) -> Option<usize> {
        let mib = if simulated { self.index_mib.max(SIMULATED_INDEX_MIB) } else { self.index_mib };
        (mib > 0).then_some((mib as usize) << 20)
    }
}

/// Nobody stands behind what is made up, and a newcomer sees what it is good for.
const SIMULATED_INDEX_MIB: u32 = 32;

/// A larger index answers too late: a query is counted over all of it within half a minute.
const INDEX_MIB_MAX: u32 = 1_024;

/// The Bluesky source.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct BlueskySettings {
    /// Whether it is read.
    pub(crate) enabled: bool,
    /// Jetstream endpoints, tried in this order; empty means the public ones.
    pub(crate) endpoints: Vec<String>,
    /// How far out of order its posts may be, in seconds.
    pub(crate) late_seconds: u32,
    /// File with the endpoints' zstd dictionary; empty means uncompressed messages.
    pub(crate) zstd_dictionary: PathBuf,
}

/// Feeds of publishers.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct FeedsSettings {
    /// Whether they are read.
    pub(crate) enabled: bool,
    /// `builtin` for the news publishers that come with the program, `none`, or a TOML file of the same form.
    pub(crate) publishers: String,
    /// Only those of `publishers` in these languages (ISO 639-1); empty means all.
    pub(crate) languages: Vec<String>,
    /// Addresses of more feeds.
    pub(crate) urls: Vec<String>,
    /// OPML files with more feeds, as readers of feeds export them.
    pub(crate) opml: Vec<PathBuf>,
    /// An address of mail or web at which publishers can reach who runs this; told to their servers.
    pub(crate) contact: String,
    /// How often a feed is read that asks for nothing, in minutes; 5 to 360.
    pub(crate) interval_minutes: u32,
    /// How far back an item's own time counts, in seconds; an older one counts half of this before it was found. Windows wait for
    /// so long, so more is not better.
    pub(crate) late_seconds: u32,
    /// Whether feeds may be on this machine or in a private network.
    pub(crate) private_addresses: bool,
}

/// The Mastodon source.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct MastodonSettings {
    /// Whether it is read.
    pub(crate) enabled: bool,
    /// The instances that are read, side by side.
    pub(crate) instances: Vec<MastodonInstance>,
    /// How far out of order their posts may be, in seconds: posts of other instances come some time after they were written.
    pub(crate) late_seconds: u32,
}

/// One instance.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct MastodonInstance {
    /// Its host, such as `mastodon.example`.
    pub(crate) host: String,
    /// File that holds an access token with the right to read; readable by its owner only.
    pub(crate) token_file: PathBuf,
    /// The token itself; `token_file` is the better place. Never shown.
    pub(crate) token: Secret,
    /// How its public timeline is read.
    pub(crate) stream: MastodonStream,
    /// Only what was posted on the instance itself.
    pub(crate) local: bool,
}

/// How an instance is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum MastodonStream {
    /// By WebSocket; where that is closed by server-sent events; where those are closed by asking.
    #[default]
    Auto,
    /// By WebSocket only.
    WebSocket,
    /// By server-sent events only.
    Sse,
    /// By asking for the public timeline again and again.
    Poll,
}

/// A setting that is printed as `(set)`.
#[derive(Clone, Default, PartialEq, Eq, JsonSchema)]
#[schemars(with = "String")]
pub(crate) struct Secret(pub(crate) String);

impl Secret {
    fn shown(&self) -> &'static str {
        if self.0.is_empty() { "" } else { "(set)" }
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.shown())
    }
}

impl Serialize for Secret {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.shown())
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Another type's own message would quote the value.
        match toml::Value::deserialize(deserializer)? {
            toml::Value::String(text) => Ok(Self(text)),
            _ => Err(serde::de::Error::custom("token, password, secret or address: expected a string")),
        }
    }
}

/// The simulator as a fallback.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct SimulatorSettings {
    /// Whether it stands in when no live event came within `after_seconds`.
    pub(crate) fallback: bool,
    /// How long to wait for the first live event.
    pub(crate) after_seconds: u32,
    /// Posts a second, on average.
    pub(crate) rate: f64,
    /// How much of the past it makes up at its start, in minutes.
    pub(crate) backfill_minutes: u32,
    /// Its seed.
    pub(crate) seed: u64,
    /// Its scenario.
    pub(crate) scenario: String,
}

/// What is kept.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct StoreSettings {
    /// Minute rows older than this many days of event time are dropped; hours and days stay.
    pub(crate) minutes_kept_days: u32,
    /// Detections older than this many days of event time are dropped, but for those that are pinned in a feed or wait for a receiver.
    pub(crate) detections_kept_days: u32,
    /// How often the state is saved, in seconds, so that a run that was killed goes on where it was; 0: never.
    pub(crate) checkpoint_seconds: f64,
    /// File of the key that saved state is encrypted with, made where it is missing (mode 0600). Default: `checkpoint.key` in
    /// the platform's folder for configuration. Keep it apart from the data.
    pub(crate) checkpoint_key: PathBuf,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            data: default_data_dir(),
            workers: 0,
            listen: SocketAddr::from(([127, 0, 0, 1], 8750)),
            access: AccessSettings::default(),
            server: ServerSettings::default(),
            gate: GateSettings::default(),
            narratives: NarrativesSettings::default(),
            bursts: BurstsSettings::default(),
            amplification: AmplificationSettings::default(),
            explore: ExploreSettings::default(),
            bluesky: BlueskySettings::default(),
            feeds: FeedsSettings::default(),
            mastodon: MastodonSettings::default(),
            kafka: KafkaSettings::default(),
            push: PushSettings::default(),
            deliver: DeliverSettings::default(),
            simulator: SimulatorSettings::default(),
            store: StoreSettings::default(),
            audit: AuditSettings::default(),
            log: LogSettings::default(),
        }
    }
}

impl Default for GateSettings {
    fn default() -> Self {
        Self { k: 10 }
    }
}

impl Default for BlueskySettings {
    fn default() -> Self {
        Self { enabled: true, endpoints: Vec::new(), late_seconds: 30, zstd_dictionary: PathBuf::new() }
    }
}

impl Default for FeedsSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            publishers: "builtin".to_owned(),
            languages: Vec::new(),
            urls: Vec::new(),
            opml: Vec::new(),
            contact: String::new(),
            interval_minutes: 15,
            late_seconds: 30,
            private_addresses: false,
        }
    }
}

impl Default for MastodonSettings {
    fn default() -> Self {
        Self { enabled: false, instances: Vec::new(), late_seconds: 120 }
    }
}

impl Default for SimulatorSettings {
    fn default() -> Self {
        Self {
            fallback: true,
            after_seconds: 10,
            rate: 150.0,
            backfill_minutes: 180,
            seed: 1,
            scenario: "default".to_owned(),
        }
    }
}

impl Default for StoreSettings {
    fn default() -> Self {
        Self {
            minutes_kept_days: 14,
            detections_kept_days: 400,
            checkpoint_seconds: 30.0,
            checkpoint_key: default_checkpoint_key(),
        }
    }
}

fn default_data_dir() -> PathBuf {
    directories::ProjectDirs::from("", "", "groundswell")
        .map_or_else(|| PathBuf::from("groundswell-data"), |dirs| dirs.data_dir().to_owned())
}

/// Apart from the data: a copy of the data folder is useless without it.
fn default_checkpoint_key() -> PathBuf {
    directories::ProjectDirs::from("", "", "groundswell")
        .map_or_else(|| PathBuf::from("groundswell-data"), |dirs| dirs.config_dir().to_owned())
        .join("checkpoint.key")
}

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Built in.
    Default,
    /// The configuration file.
    File(PathBuf),
    /// An environment variable.
    Variable(String),
    /// An option of the command line.
    Option(&'static str),
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Variable(name) => f.write_str(name),
            Self::Option(name) => f.write_str(name),
        }
    }
}

/// Settings in force and the origin of each by its dotted key.
#[derive(Clone, Debug)]
pub(crate) struct Loaded {
    pub(crate) settings: Settings,
    pub(crate) origins: BTreeMap<String, Origin>,
}

/// Prefix of the variables: `gate.k` is `GROUNDSWELL_GATE_K`.
const VARIABLE_PREFIX: &str = "GROUNDSWELL_";
/// Variables that are no settings. The last is read by debug builds only.
const NO_SETTINGS: [&str; 3] = ["GROUNDSWELL_CONFIG", "GROUNDSWELL_LOG", "GROUNDSWELL_DEBUG_EXACT"];

/// Loads the settings in force for a command.
pub(crate) fn load(common: &Common) -> Result<Loaded, Failure> {
    load_from(common, &ours(std::env::vars_os())?)
}

/// The variables that are ours. Those of others may be of any bytes.
fn ours(all: impl Iterator<Item = (OsString, OsString)>) -> Result<BTreeMap<String, String>, Failure> {
    let named = all.filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
    named
        .filter(|(name, _)| name.starts_with(VARIABLE_PREFIX))
        .map(|(name, value)| match value.into_string() {
            Ok(value) => Ok((name, value)),
            Err(_) => Err(Failure::usage_text(format!("{name}: its value is no UTF-8"))),
        })
        .collect()
}

fn load_from(common: &Common, variables: &BTreeMap<String, String>) -> Result<Loaded, Failure> {
    let mut values = toml::Table::try_from(Settings::default()).context("the defaults are valid TOML")?;
    let mut origins = BTreeMap::new();
    keys(&values, "", &mut |key, _| {
        origins.insert(key.to_owned(), Origin::Default);
    });
    let path = common.config.clone().or_else(|| variables.get("GROUNDSWELL_CONFIG").map(PathBuf::from));
    if let Some(path) = &path {
        let file = read_file(path)?;
        keys(&file, "", &mut |key, value| {
            set(&mut values, key, value.clone());
            origins.insert(key.to_owned(), Origin::File(path.clone()));
        });
    }
    let known: Vec<String> = origins.keys().cloned().collect();
    for (name, text) in variables {
        if NO_SETTINGS.contains(&name.as_str()) {
            continue;
        }
        let key = known.iter().find(|key| variable_of(key) == *name);
        let Some(key) = key else {
            return Err(Failure::usage_text(format!(
                "{name}: no such setting; `groundswell config show` lists them with their variables"
            )));
        };
        let value = if matches!(key.as_str(), "mastodon.instances" | "deliver.receivers") {
            read_tables(name, text)?
        } else {
            read_variable(name, text, get(&values, key))?
        };
        set(&mut values, key, value);
        origins.insert(key.clone(), Origin::Variable(name.clone()));
    }
    if let Some(data) = &common.data {
        set(&mut values, "data", toml::Value::String(data.to_string_lossy().into_owned()));
        origins.insert("data".to_owned(), Origin::Option("--data"));
    }
    if let Some(workers) = common.workers {
        set(&mut values, "workers", toml::Value::Integer(i64::from(workers)));
        origins.insert("workers".to_owned(), Origin::Option("--workers"));
    }
    if let Some(seed) = common.seed {
        let seed = i64::try_from(seed).map_err(|_| Failure::usage_text("--seed: at most 9223372036854775807"))?;
        set(&mut values, "simulator.seed", toml::Value::Integer(seed));
        origins.insert("simulator.seed".to_owned(), Origin::Option("--seed"));
    }
    if let Some(format) = common.log_format {
        let word = if format == LogFormat::Json { "json" } else { "text" };
        set(&mut values, "log.format", toml::Value::String(word.to_owned()));
        origins.insert("log.format".to_owned(), Origin::Option("--log-format"));
    }
    let settings: Settings = values
        .try_into()
        .map_err(|error: toml::de::Error| Failure::usage_text(format!("configuration: {}", error.message())))?;
    check(&settings, &origins)?;
    Ok(Loaded { settings, origins })
}

fn read_file(path: &Path) -> Result<toml::Table, Failure> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("{}: cannot be read", path.display()))
        .map_err(Failure::usage)?;
    // Read as settings first, for an error that shows line and field; then as a table, for what was really set.
    if let Err(error) = toml::from_str::<Settings>(&text) {
        let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        return Err(Failure::usage_text(format!("{}:{line}: {}", path.display(), said(&error, &text))));
    }
    toml::from_str(&text).map_err(|error| Failure::usage_text(format!("{}: {}", path.display(), said(&error, &text))))
}

/// An error with the line that it is about, unless the text holds a token: no line of such a text is shown.
fn said(error: &toml::de::Error, text: &str) -> String {
    if ["token", "password", "secret", "url"].iter().any(|word| text.contains(word)) {
        error.message().to_owned()
    } else {
        error.to_string().trim_end().to_owned()
    }
}

fn check(settings: &Settings, origins: &BTreeMap<String, Origin>) -> Result<(), Failure> {
    let wrong = |key: &str, text: String| {
        let origin = origins.get(key).unwrap_or(&Origin::Default);
        Err(Failure::usage_text(format!("{origin}: {key}: {text}")))
    };
    if let Err(error) = groundswell_gate::K::new(settings.gate.k) {
        return wrong("gate.k", error.to_string());
    }
    if !(0.01..=1_000_000.0).contains(&settings.simulator.rate) {
        return wrong("simulator.rate", format!("expected 0.01 to 1000000, found {}", settings.simulator.rate));
    }
    if settings.explore.index_mib > INDEX_MIB_MAX {
        let found = settings.explore.index_mib;
        return wrong("explore.index_mib", format!("expected at most {INDEX_MIB_MAX}, found {found}"));
    }
    settings.kafka.check().or_else(|(key, text)| wrong(key, text))?;
    settings.deliver.check().or_else(|(key, text)| wrong(key, text))?;
    settings.push.check().or_else(|(key, text)| wrong(key, text))?;
    settings.log.check().or_else(|(key, text)| wrong(key, text))?;
    access::check(settings).or_else(|(key, text)| wrong(key, text))?;
    if settings.bluesky.late_seconds > 86_400 {
        return wrong(
            "bluesky.late_seconds",
            format!("expected at most 86400, found {}", settings.bluesky.late_seconds),
        );
    }
    let feeds = &settings.feeds;
    if feeds.late_seconds > 86_400 {
        return wrong("feeds.late_seconds", format!("expected at most 86400, found {}", feeds.late_seconds));
    }
    if !(5..=360).contains(&feeds.interval_minutes) {
        return wrong("feeds.interval_minutes", format!("expected 5 to 360, found {}", feeds.interval_minutes));
    }
    if let Some(error) = feeds.urls.iter().find_map(|url| FeedSpec::new(url).address().err()) {
        return wrong("feeds.urls", error.to_string());
    }
    if !feeds.contact.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return wrong("feeds.contact", "expected printable ASCII: it is sent in a header of HTTP".to_owned());
    }
    if let Some(endpoint) =
        settings.bluesky.endpoints.iter().find(|e| !(e.starts_with("ws://") || e.starts_with("wss://")))
    {
        return wrong("bluesky.endpoints", format!("expected ws:// or wss://, found {endpoint}"));
    }
    let mastodon = &settings.mastodon;
    if mastodon.late_seconds > 86_400 {
        return wrong("mastodon.late_seconds", format!("expected at most 86400, found {}", mastodon.late_seconds));
    }
    if mastodon.enabled && mastodon.instances.is_empty() {
        return wrong("mastodon.instances", "expected at least one instance, as mastodon.enabled is true".to_owned());
    }
    for (number, instance) in mastodon.instances.iter().enumerate() {
        if let Err(text) = check_instance(instance) {
            return wrong("mastodon.instances", format!("instance {}: {text}", number + 1));
        }
        if mastodon.instances[..number].iter().any(|other| other.host.eq_ignore_ascii_case(&instance.host)) {
            return wrong(
                "mastodon.instances",
                format!("instance {}: {} stands there twice", number + 1, instance.host),
            );
        }
    }
    Ok(())
}

fn check_instance(instance: &MastodonInstance) -> Result<(), String> {
    let (scheme, host) = instance.host.split_once("://").unwrap_or(("https", &instance.host));
    let clean = !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':'));
    if !clean || !matches!(scheme, "http" | "https") {
        return Err(format!("host: expected a name such as mastodon.example, found {}", instance.host));
    }
    if scheme == "http" && !matches!(host.split(':').next(), Some("localhost" | "127.0.0.1")) {
        return Err(format!("host: {}: only this machine is read without TLS", instance.host));
    }
    let file = !instance.token_file.as_os_str().is_empty();
    if file && !instance.token.0.is_empty() {
        return Err("expected token_file or token, found both".to_owned());
    }
    let needs_none = matches!(instance.stream, MastodonStream::Auto | MastodonStream::Poll);
    if needs_none || file || !instance.token.0.is_empty() {
        return Ok(());
    }
    Err("stream: instances stream only to those who have a token; set token_file, or stream = \"poll\"".to_owned())
}

/// The variable of a dotted key.
pub(crate) fn variable_of(key: &str) -> String {
    format!("{VARIABLE_PREFIX}{}", key.replace('.', "_").to_uppercase())
}

/// Calls with every dotted key that holds no table.
pub(crate) fn keys(table: &toml::Table, prefix: &str, each: &mut dyn FnMut(&str, &toml::Value)) {
    for (name, value) in table {
        let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        match value {
            toml::Value::Table(inner) => keys(inner, &key, each),
            value => each(&key, value),
        }
    }
}

pub(crate) fn get<'a>(table: &'a toml::Table, key: &str) -> Option<&'a toml::Value> {
    match key.split_once('.') {
        Some((head, rest)) => get(table.get(head)?.as_table()?, rest),
        None => table.get(key),
    }
}

fn set(table: &mut toml::Table, key: &str, value: toml::Value) {
    match key.split_once('.') {
        Some((head, rest)) => {
            let inner = table.entry(head).or_insert_with(|| toml::Value::Table(toml::Table::new()));
            if let toml::Value::Table(inner) = inner {
                set(inner, rest, value);
            }
        }
        None => {
            table.insert(key.to_owned(), value);
        }
    }
}

/// Reads a list of tables as TOML writes it in one line. It may hold a token, so it is not quoted.
fn read_tables(name: &str, text: &str) -> Result<toml::Value, Failure> {
    let wrong = || Failure::usage_text(format!("{name}: expected a list such as [{{ host = \"mastodon.example\" }}]"));
    let mut table: toml::Table = toml::from_str(&format!("list = {text}")).map_err(|_| wrong())?;
    table.remove("list").filter(toml::Value::is_array).ok_or_else(wrong)
}

/// Reads a variable's text as the type that the setting has now.
fn read_variable(name: &str, text: &str, now: Option<&toml::Value>) -> Result<toml::Value, Failure> {
    let wrong = |expected: &str| Failure::usage_text(format!("{name}: expected {expected}, found {text}"));
    Ok(match now {
        Some(toml::Value::Integer(_)) => toml::Value::Integer(text.parse().map_err(|_| wrong("a whole number"))?),
        Some(toml::Value::Float(_)) => toml::Value::Float(text.parse().map_err(|_| wrong("a number"))?),
        Some(toml::Value::Boolean(_)) => toml::Value::Boolean(text.parse().map_err(|_| wrong("true or false"))?),
        Some(toml::Value::Array(_)) => toml::Value::Array(
            text.split(',')
                .map(str::trim)
                .filter(|s| !s.is_empty())
                .map(|s| toml::Value::String(s.to_owned()))
                .collect(),
        ),
        _ => toml::Value::String(text.to_owned()),
    })
}

impl Settings {
    /// Worker threads, with 0 resolved.
    pub(crate) fn worker_count(&self) -> usize {
        match self.workers {
            0 => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            workers => usize::from(workers),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn common() -> Common {
        Common { data: None, config: None, workers: None, seed: None, verbose: 0, quiet: false, log_format: None }
    }

    #[cfg(unix)]
    #[test]
    fn variables_of_others_may_be_of_any_bytes_and_ours_are_named() {
        use std::os::unix::ffi::OsStringExt as _;

        let bytes = || OsString::from_vec(vec![0xaf, b't']);
        let all = |name: &str| [(bytes(), "a".into()), ("HOME".into(), bytes()), (OsString::from(name), bytes())];
        assert_eq!(ours(all("LANG").into_iter()).unwrap(), BTreeMap::new());
        let error = ours(all("GROUNDSWELL_GATE_K").into_iter()).unwrap_err();
        assert!(format!("{error:?}").contains("GROUNDSWELL_GATE_K: its value is no UTF-8"), "{error:?}");
    }

    fn load_text(file: Option<&str>, variables: &[(&str, &str)]) -> Result<Loaded, String> {
        let dir = tempfile::tempdir().unwrap();
        let mut common = common();
        if let Some(text) = file {
            let path = dir.path().join("groundswell.toml");
            std::fs::write(&path, text).unwrap();
            common.config = Some(path);
        }
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        load_from(&common, &variables).map_err(|failure| format!("{failure:?}"))
    }

    #[test]
    fn later_layers_win_and_are_named() {
        let loaded = load_text(Some("workers = 3\n[gate]\nk = 12\n"), &[("GROUNDSWELL_GATE_K", "15")]).unwrap();
        assert_eq!((loaded.settings.workers, loaded.settings.gate.k), (3, 15));
        assert_eq!(loaded.origins["gate.k"], Origin::Variable("GROUNDSWELL_GATE_K".to_owned()));
        assert!(matches!(loaded.origins["workers"], Origin::File(_)));
        assert_eq!(loaded.origins["listen"], Origin::Default);
    }

    #[test]
    fn a_token_is_shown_nowhere() {
        let file = "[mastodon]\nenabled = true\ninstances = [{ host = \"a.example\", token = \"s3cret\" }]\n";
        let loaded = load_text(Some(file), &[]).unwrap();
        assert_eq!(loaded.settings.mastodon.instances[0].token.0, "s3cret");
        let shown = toml::Table::try_from(&loaded.settings).unwrap().to_string();
        assert!(shown.contains("(set)") && !shown.contains("s3cret"));
        assert!(!format!("{loaded:?}").contains("s3cret"));
        for (file, variables) in [
            (Some(file.replace("host", "hose")), &[][..]),
            (Some(file.replace("\"s3cret\" }", "\"s3cret\"")), &[]),
            (Some(file.replace("\"s3cret\"", "[\"s3cret\"]")), &[]),
            (Some(file.replace("}]", ", token_file = \"x\" }]")), &[]),
            (Some(file.replace("}]", ", stream = \"tcp\" }]")), &[]),
            (None, &[("GROUNDSWELL_MASTODON_INSTANCES", "[{ token = \"s3cret\" }]")]),
            (None, &[("GROUNDSWELL_MASTODON_INSTANCES", "{ token = \"s3cret\" ")]),
            (None, &[("GROUNDSWELL_MASTODON_INSTANCES", "[{ host = \"a.example\", token = 5, x = \"s3cret\" }]")]),
        ] {
            let error = load_text(file.as_deref(), variables).unwrap_err();
            assert!(!error.contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn instances_are_checked() {
        let variable = |text: &str| load_text(None, &[("GROUNDSWELL_MASTODON_INSTANCES", text)]);
        let loaded =
            variable("[{ host = \"a.example\" }, { host = \"b.example\", stream = \"poll\", local = true }]").unwrap();
        assert_eq!(loaded.settings.mastodon.instances.len(), 2);
        for (text, expected) in [
            ("[{ host = \"http://a.example\" }]", "only this machine is read without TLS"),
            ("[{ host = \"a.example/x\" }]", "expected a name"),
            ("[{ host = \"a.example\" }, { host = \"A.example\" }]", "twice"),
            ("[{ host = \"a.example\", stream = \"sse\" }]", "set token_file"),
        ] {
            let error = variable(text).unwrap_err();
            assert!(error.contains("mastodon.instances: instance") && error.contains(expected), "{error}");
        }
        let error = load_text(Some("[mastodon]\nenabled = true\n"), &[]).unwrap_err();
        assert!(error.contains("expected at least one instance"), "{error}");
    }

    #[test]
    fn push_is_read_checked_and_its_token_shown_nowhere() {
        let loaded = load_text(Some("[push]\ntoken = \"s3cret\"\nlate_seconds = 5\n"), &[]).unwrap();
        assert_eq!((loaded.settings.push.token.0.as_str(), loaded.settings.push.late_seconds), ("s3cret", 5));
        let shown = toml::Table::try_from(&loaded.settings).unwrap().to_string();
        assert!(!shown.contains("s3cret") && !format!("{loaded:?}").contains("s3cret"));
        let variable = load_text(None, &[("GROUNDSWELL_PUSH_TOKEN_FILE", "/run/token")]).unwrap();
        assert_eq!(variable.settings.push.token_file.as_os_str(), "/run/token");
        assert_eq!(variable.settings.push.late_seconds, 600);
        for (file, expected) in [
            ("late_seconds = 86401", "push.late_seconds: expected at most 86400, found 86401"),
            ("late_seconds = -1", "groundswell.toml:2"),
            ("token = \"s3cret\"\ntoken_file = \"/run/token\"", "push.token: expected token_file or token, found both"),
            ("token = [\"s3cret\"]", "groundswell.toml:2"),
            ("tokens = \"s3cret\"", "tokens"),
        ] {
            let error = load_text(Some(&format!("[push]\n{file}\n")), &[]).unwrap_err();
            assert!(error.contains(expected) && !error.contains("s3cret"), "{error} lacks {expected}");
        }
    }

    #[test]
    fn receivers_are_read_checked_and_their_secrets_shown_nowhere() {
        const GOOD: &str = "[[deliver.receivers]]\nname = \"newsroom\"\nfeed = \"pt\"\nurl = \"https://hooks.example/s3cret\"\n\
                            secret = \"whsec_s3cret\"\n";
        let loaded = load_text(Some(GOOD), &[]).unwrap();
        let receiver = &loaded.settings.deliver.receivers[0];
        assert_eq!((receiver.name.as_str(), receiver.feed.as_str(), receiver.digest_hours), ("newsroom", "pt", 0));
        let shown = toml::Table::try_from(&loaded.settings).unwrap().to_string();
        assert!(!shown.contains("s3cret") && !format!("{loaded:?}").contains("s3cret"));
        let variable = "[{ name = \"chat\", kind = \"slack\", url_file = \"/run/url\" }]";
        let loaded = load_text(None, &[("GROUNDSWELL_DELIVER_RECEIVERS", variable)]).unwrap();
        assert_eq!(loaded.settings.deliver.receivers[0].feed, "everything");
        for (line, instead, expected) in [
            ("name = \"newsroom\"", "name = \"News Room\"", "receiver 1: name: expected small letters"),
            ("feed = \"pt\"", "feed = \"../x\"", "receiver 1: feed: expected"),
            ("url = \"https://hooks.example/s3cret\"", "", "receiver 1: url: expected url_file or url"),
            ("secret = \"whsec_s3cret\"", "", "receiver 1: secret: expected secret_file or secret"),
            ("secret = ", "secret_file = \"/run/s\"\nsecret = ", "receiver 1: secret: expected"),
            ("feed = \"pt\"", "kind = \"pigeon\"", "unknown variant"),
            ("feed = \"pt\"", "kind = \"email\"", "receiver 1: expected host, from and to"),
            ("feed = \"pt\"", "kind = \"kafka\"", "receiver 1: expected brokers and topic"),
            (
                "feed = \"pt\"",
                "kind = \"kafka\"\nbrokers = [\"a:9092\"]\ntopic = \"t\"",
                "receiver 1: tls: expected tls or none",
            ),
            ("feed = \"pt\"", "digest_hours = 5", "receiver 1: digest_hours: only mail"),
            ("feed = \"pt\"", "fed = \"pt\"", "fed"),
            (
                "url = \"https://hooks.example/s3cret\"",
                "url = [\"https://hooks.example/s3cret\"]",
                "groundswell.toml:4",
            ),
            ("secret = \"whsec_s3cret\"", "secret = \"whsec_s3cret", "groundswell.toml:5"),
        ] {
            let error = load_text(Some(&GOOD.replacen(line, instead, 1)), &[]).unwrap_err();
            assert!(error.contains(expected) && !error.contains("s3cret"), "{error} lacks {expected}");
        }
        let twice = load_text(Some(&format!("{GOOD}{GOOD}")), &[]).unwrap_err();
        assert!(twice.contains("receiver 2: name: it stands there twice"), "{twice}");
    }

    #[test]
    fn kafka_is_read_checked_and_its_password_shown_nowhere() {
        const GOOD: &str = "[kafka]\nbrokers = [\"a.example:9092\"]\ntopics = [\"posts\"]\nstart = \"2027-01-01T00:00:00Z\"\n\
                            tls = true\nsasl = \"scram-sha-512\"\nuser = \"u\"\npassword = \"s3cret\"\n";
        let loaded = load_text(Some(GOOD), &[]);
        if cfg!(feature = "kafka") {
            let loaded = loaded.unwrap();
            let kafka = &loaded.settings.kafka;
            assert_eq!((kafka.topics.as_slice(), kafka.late_seconds), (&["posts".to_owned()][..], 60));
            let shown = toml::Table::try_from(&loaded.settings).unwrap().to_string();
            assert!(!shown.contains("s3cret") && !format!("{loaded:?}").contains("s3cret"));
        } else {
            let error = loaded.unwrap_err();
            assert!(error.contains("this build cannot read Kafka") && !error.contains("s3cret"), "{error}");
        }
        // Without brokers Kafka is not read, in any build.
        assert!(load_text(Some("[kafka]\nlate_seconds = 5\n"), &[]).is_ok());
        for (line, instead, expected) in [
            (
                "start = \"2027-01-01T00:00:00Z\"",
                "start = \"tomorrow\"",
                "kafka.start: expected earliest, latest or a time",
            ),
            ("topics = [\"posts\"]", "topics = []", "kafka.topics: expected at least one"),
            ("brokers = [\"a.example:9092\"]", "brokers = []", "kafka.brokers: expected at least one"),
            ("sasl = \"scram-sha-512\"", "sasl = \"kerberos\"", "kafka.sasl: expected none, plain, scram-sha-256"),
            ("user = \"u\"", "user = \"\"", "kafka.sasl: expected user"),
            ("password = \"s3cret\"", "password = \"\"", "kafka.sasl: expected user, and password_file or password"),
            (
                "user = \"u\"",
                "user = \"u\"\npassword_file = \"/run/p\"",
                "kafka.password: expected password_file or password",
            ),
            ("tls = true", "tls_key = \"/run/key\"", "kafka.tls: expected true"),
            ("tls = true", "late_seconds = 86401", "kafka.late_seconds: expected at most 86400"),
            ("tls = true", "tlss = true", "tlss"),
        ] {
            let error = load_text(Some(&GOOD.replace(line, instead)), &[]).unwrap_err();
            assert!(error.contains(expected) && !error.contains("s3cret"), "{error} lacks {expected}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        for (file, variables, expected) in [
            (Some("workers = 3\n[gate]\nk = \"ten\"\n"), &[][..], "groundswell.toml:3"),
            (Some("wrokers = 3\n"), &[], "wrokers"),
            (Some("[gate]\nk = 4\n"), &[], "gate.k"),
            (None, &[("GROUNDSWELL_GATE_K", "ten")], "GROUNDSWELL_GATE_K: expected a whole number"),
            (None, &[("GROUNDSWELL_GATES", "1")], "no such setting"),
            (None, &[("GROUNDSWELL_LOG_LEVEL", "loud=very")], "GROUNDSWELL_LOG_LEVEL: log.level: expected error, warn"),
            (None, &[("GROUNDSWELL_LOG_FORMAT", "xml")], "unknown variant `xml`, expected `text` or `json`"),
            (None, &[("GROUNDSWELL_BLUESKY_ENDPOINTS", "http://x")], "expected ws:// or wss://"),
            (None, &[("GROUNDSWELL_FEEDS_URLS", "https://a.example/feed, ftp://x")], "feeds.urls: ftp://x: expected"),
            (Some("[feeds]\ninterval_minutes = 1\n"), &[], "feeds.interval_minutes: expected 5 to 360, found 1"),
            (Some("[feeds]\ncontact = \"Zoë\"\n"), &[], "feeds.contact: expected printable ASCII"),
            (Some("[server]\npublic_url = \"watch.example\"\n"), &[], "server.public_url: expected https://HOST"),
            (Some("[server]\ntrusted_proxy = \"10.0.0.0/8\"\n"), &[], "server.trusted_proxy: expected an address"),
            (Some("[server]\ntrusted_proxy = \"10.0.0.2\"\n"), &[], "expected server.public_url beside it"),
            (Some("[server.tls]\nkey = \"/k\"\n"), &[], "server.tls.cert: expected cert and key"),
            (None, &[("GROUNDSWELL_SERVER_TLS_CERT", "/c")], "server.tls.cert: expected cert and key"),
            (Some("[access]\nidle_minutes = 0\n"), &[], "access.idle_minutes: expected 1 to 1440, found 0"),
            (Some("[access.oidc]\nissuer = \"https://id.example\"\n"), &[], "access.oidc.client_id: expected one"),
            (
                Some("[access.oidc]\nissuer = \"https://id.example\"\nclient_id = \"g\"\n"),
                &[],
                "access.oidc.issuer: expected server.public_url",
            ),
            (
                Some(
                    "[server]\npublic_url = \"https://a\"\n[access.oidc]\nissuer = \"https://id.example\"\nclient_id = \"g\"\n",
                ),
                &[],
                "access.oidc.role_claim: expected values",
            ),
            (Some("[access]\nsession_hours = 169\n"), &[], "access.session_hours: expected 1 to 168, found 169"),
            (
                Some("[server]\npublic_url = \"http://a\"\n[server.tls]\ncert = \"/c\"\nkey = \"/k\"\n"),
                &[],
                "server.public_url: expected https:// beside server.tls",
            ),
        ] {
            let error = load_text(file, variables).unwrap_err();
            assert!(error.contains(expected), "{error} lacks {expected}");
        }
    }
}
