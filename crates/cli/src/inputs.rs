//! Sources as configured.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use groundswell_engine::Cluster;
use groundswell_sources::feed::{
    FeedSpec, Feeds, FeedsConfig, FeedsStatus, once_each, publishers, read_opml, read_publishers,
};
use groundswell_sources::jetstream::{HiddenAccounts, Jetstream, JetstreamConfig, ZstdDictionary};
use groundswell_sources::mastodon::{InstanceConfig, Mastodon, MastodonConfig, StreamMode, Token};
use groundswell_sources::{Clock, DecodeOptions, LiveStatus};

use crate::failure::Failure;
use crate::pipeline::Feed;
use crate::push::OpenDoor;
use crate::settings::{MastodonInstance, MastodonStream, Settings};
use crate::status::Watched;

/// The Jetstream endpoints in force.
fn bluesky_endpoints(settings: &Settings) -> Vec<String> {
    if settings.bluesky.endpoints.is_empty() {
        JetstreamConfig::default().endpoints
    } else {
        settings.bluesky.endpoints.clone()
    }
}

/// A live source on its way into the engine.
pub(crate) struct LiveFeed {
    /// What kind of source it is, for the page.
    pub(crate) kind: &'static str,
    /// Where to look how it is.
    pub(crate) status: Arc<LiveStatus>,
    /// Where to look how each feed of publishers is.
    pub(crate) feeds: Option<Arc<FeedsStatus>>,
    /// The source.
    pub(crate) feed: Feed,
}

impl LiveFeed {
    /// How it is shown.
    pub(crate) fn watched(&self) -> Watched {
        match &self.feeds {
            Some(feeds) => Watched::Feeds(Arc::clone(&self.status), Arc::clone(feeds)),
            None => Watched::Live(self.kind, Arc::clone(&self.status)),
        }
    }
}

/// The sources that can be stopped and begun anew while the service runs, by their names.
pub(crate) const EXCHANGEABLE: [&str; 4] = ["bluesky", "mastodon", "feeds", "kafka"];

/// The source behind the door.
pub(crate) const PUSH: &str = "push";

/// What makes live sources, and what they leave to those that follow them in the same process.
pub(crate) struct Maker {
    pub(crate) clock: Arc<dyn Clock>,
    /// In a cluster each process reads its share of what can be shared.
    pub(crate) cluster: Option<Cluster>,
    hidden: Arc<HiddenAccounts>,
}

impl Maker {
    /// One that has made nothing yet.
    pub(crate) fn new(clock: Arc<dyn Clock>, cluster: Option<Cluster>) -> Self {
        Self { clock, cluster, hidden: Arc::default() }
    }

    /// All live sources that are configured, in the order in which they are shown.
    pub(crate) fn all(&self, settings: &Settings) -> Result<(Vec<LiveFeed>, Option<OpenDoor>), Failure> {
        let mut feeds = Vec::new();
        for name in EXCHANGEABLE {
            feeds.extend(self.one(settings, name)?);
        }
        let door = crate::push::feed(&settings.push, &self.clock)?.map(|(feed, door)| {
            feeds.push(feed);
            door
        });
        Ok((feeds, door))
    }

    /// One of [`EXCHANGEABLE`], where it is configured.
    pub(crate) fn one(&self, settings: &Settings, name: &str) -> Result<Option<LiveFeed>, Failure> {
        let (clock, cluster) = (&self.clock, self.cluster.as_ref());
        match name {
            "bluesky" if settings.bluesky.enabled => bluesky(settings, clock, &self.hidden).map(Some),
            "mastodon" if settings.mastodon.enabled => mastodon(settings, clock).map(Some),
            "feeds" => self::feeds(settings, shared(feed_list(settings)?, cluster), clock),
            "kafka" => {
                let share = cluster.map_or((0, 1), |cluster| (cluster.process, cluster.addresses.len()));
                crate::kafka::feed(&settings.kafka, clock, share)
            }
            _ => Ok(None),
        }
    }
}

/// Whether two configurations say the same of a source, files that they name aside.
pub(crate) fn same(a: &Settings, b: &Settings, name: &str) -> bool {
    match name {
        "bluesky" => a.bluesky == b.bluesky,
        "mastodon" => a.mastodon == b.mastodon,
        "feeds" => a.feeds == b.feeds,
        "kafka" => a.kafka == b.kafka,
        _ => a.push == b.push,
    }
}

/// A number that changes with the contents of the files that the settings of a source name: a token that was exchanged, a longer
/// list of feeds. Kept in memory only.
pub(crate) fn contents(settings: &Settings, name: &str) -> u64 {
    let mut files: Vec<&Path> = Vec::new();
    match name {
        "bluesky" => files.push(&settings.bluesky.zstd_dictionary),
        "mastodon" => files.extend(settings.mastodon.instances.iter().map(|instance| instance.token_file.as_path())),
        "feeds" => {
            files.push(Path::new(&settings.feeds.publishers));
            files.extend(settings.feeds.opml.iter().map(PathBuf::as_path));
        }
        "kafka" => {
            let kafka = &settings.kafka;
            let named = [&kafka.password_file, &kafka.tls_authorities, &kafka.tls_certificate, &kafka.tls_key];
            files.extend(named.map(PathBuf::as_path));
        }
        _ => files.push(&settings.push.token_file),
    }
    let mut hasher = DefaultHasher::new();
    for file in files {
        std::fs::read(file).ok().hash(&mut hasher);
    }
    hasher.finish()
}

fn bluesky(settings: &Settings, clock: &Arc<dyn Clock>, hidden: &Arc<HiddenAccounts>) -> Result<LiveFeed, Failure> {
    let config = JetstreamConfig {
        endpoints: bluesky_endpoints(settings),
        lateness: Duration::from_secs(u64::from(settings.bluesky.late_seconds)),
        dictionary: bluesky_dictionary(settings)?,
        ..JetstreamConfig::default()
    };
    let source = Jetstream::new(config, Arc::clone(clock)).knowing(Arc::clone(hidden));
    Ok(LiveFeed {
        kind: "jetstream",
        status: source.status(),
        feeds: None,
        feed: Feed { decode: DecodeOptions::default(), source: Box::new(source) },
    })
}

fn mastodon(settings: &Settings, clock: &Arc<dyn Clock>) -> Result<LiveFeed, Failure> {
    let instances: Result<Vec<_>, Failure> = settings.mastodon.instances.iter().map(mastodon_instance).collect();
    let config = MastodonConfig {
        instances: instances?,
        lateness: Duration::from_secs(u64::from(settings.mastodon.late_seconds)),
        ..MastodonConfig::default()
    };
    let source = Mastodon::new(config, Arc::clone(clock));
    Ok(LiveFeed {
        kind: "mastodon",
        status: source.status(),
        feeds: None,
        feed: Feed { decode: DecodeOptions::default(), source: Box::new(source) },
    })
}

fn mastodon_instance(instance: &MastodonInstance) -> Result<InstanceConfig, Failure> {
    Ok(InstanceConfig {
        host: instance.host.clone(),
        token: mastodon_token(instance)?,
        stream: match instance.stream {
            MastodonStream::Auto => StreamMode::Auto,
            MastodonStream::WebSocket => StreamMode::WebSocket,
            MastodonStream::Sse => StreamMode::Sse,
            MastodonStream::Poll => StreamMode::Poll,
        },
        local: instance.local,
    })
}

/// An instance's token, from its file or from the configuration; an error says where it was looked for and nothing of it.
fn mastodon_token(instance: &MastodonInstance) -> Result<Option<Token>, Failure> {
    let path = &instance.token_file;
    let (text, from) = if path.as_os_str().is_empty() {
        if instance.token.0.is_empty() {
            return Ok(None);
        }
        (instance.token.0.clone(), "token".to_owned())
    } else {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("mastodon.instances: {}: {}: cannot be read", instance.host, path.display()))
            .map_err(Failure::usage)?;
        (text, path.display().to_string())
    };
    let wrong = || {
        let length = text.trim().len();
        Failure::usage_text(format!(
            "mastodon.instances: {}: {from}: expected a token of letters and digits, found {length} bytes that are none",
            instance.host
        ))
    };
    Token::new(&text).map(Some).ok_or_else(wrong)
}

/// The dictionary that is configured.
fn bluesky_dictionary(settings: &Settings) -> Result<Option<ZstdDictionary>, Failure> {
    let path = &settings.bluesky.zstd_dictionary;
    if path.as_os_str().is_empty() {
        return Ok(None);
    }
    let bytes = std::fs::read(path)
        .with_context(|| format!("bluesky.zstd_dictionary: {}: cannot be read", path.display()))
        .map_err(Failure::usage)?;
    Ok(Some(ZstdDictionary(bytes.into())))
}

/// The feeds in force, from all the places that name some.
pub(crate) fn feed_list(settings: &Settings) -> Result<Vec<FeedSpec>, Failure> {
    let feeds = &settings.feeds;
    if !feeds.enabled {
        return Ok(Vec::new());
    }
    let mut list = match feeds.publishers.as_str() {
        "builtin" => publishers(),
        "none" | "" => Vec::new(),
        path => {
            let text = std::fs::read_to_string(path)
                .with_context(|| {
                    format!("feeds.publishers: {path}: expected `builtin`, `none` or a file: it cannot be read")
                })
                .map_err(Failure::usage)?;
            read_publishers(&text).with_context(|| format!("feeds.publishers: {path}")).map_err(Failure::usage)?
        }
    };
    if !feeds.languages.is_empty() {
        list.retain(|feed| feed.language.as_ref().is_some_and(|language| feeds.languages.contains(language)));
    }
    list.extend(feeds.urls.iter().map(FeedSpec::new));
    for path in &feeds.opml {
        let named = || format!("feeds.opml: {}", path.display());
        let bytes =
            std::fs::read(path).with_context(|| format!("{}: cannot be read", named())).map_err(Failure::usage)?;
        list.extend(read_opml(&bytes).with_context(named).map_err(Failure::usage)?);
    }
    Ok(once_each(list))
}

/// The share of a process: feeds in turn.
fn shared(mut list: Vec<FeedSpec>, cluster: Option<&Cluster>) -> Vec<FeedSpec> {
    if let Some(cluster) = cluster {
        let mut turn = (0..cluster.addresses.len()).cycle();
        list.retain(|_| turn.next() == Some(cluster.process));
    }
    list
}

/// Feeds as a live source; none where none are wanted.
pub(crate) fn feeds(
    settings: &Settings,
    list: Vec<FeedSpec>,
    clock: &Arc<dyn Clock>,
) -> Result<Option<LiveFeed>, Failure> {
    if list.is_empty() {
        return Ok(None);
    }
    let config = FeedsConfig {
        feeds: list,
        contact: settings.feeds.contact.clone(),
        interval: Duration::from_mins(u64::from(settings.feeds.interval_minutes)),
        lateness: Duration::from_secs(u64::from(settings.feeds.late_seconds)),
        private_addresses: settings.feeds.private_addresses,
        ..FeedsConfig::default()
    };
    let source = Feeds::new(config, Arc::clone(clock)).context("feeds").map_err(Failure::usage)?;
    Ok(Some(LiveFeed {
        kind: "feeds",
        status: source.live(),
        feeds: Some(source.status()),
        feed: Feed { decode: DecodeOptions::default(), source: Box::new(source) },
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn feeds_come_from_all_places_that_name_some_and_once_each() {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = Settings::default();
        assert_eq!(feed_list(&settings).unwrap(), publishers());

        settings.feeds.languages = vec!["ja".to_owned()];
        settings.feeds.urls = vec!["https://a.example/feed".to_owned()];
        settings.feeds.opml = vec![folder.path().join("mine.opml")];
        let opml = r#"<opml><body><outline text="B" xmlUrl="https://b.example/"/>
            <outline text="A" xmlUrl="https://a.example/feed"/></body></opml>"#;
        std::fs::write(&settings.feeds.opml[0], opml).unwrap();
        let japanese = publishers().iter().filter(|feed| feed.language.as_deref() == Some("ja")).count();
        assert_eq!(feed_list(&settings).unwrap().len(), japanese + 2);

        settings.feeds.publishers = folder.path().join("list.toml").to_string_lossy().into_owned();
        let told = |settings: &Settings| format!("{:?}", feed_list(settings).unwrap_err());
        assert!(told(&settings).contains("list.toml: expected `builtin`, `none` or a file"), "{}", told(&settings));
        std::fs::write(&settings.feeds.publishers, "[[publisher]]\nurl = 1\n").unwrap();
        assert!(told(&settings).contains("list.toml"), "{}", told(&settings));

        settings.feeds.publishers = "none".to_owned();
        assert_eq!(feed_list(&settings).unwrap().len(), 2);
        std::fs::write(&settings.feeds.opml[0], "<html/>").unwrap();
        assert!(told(&settings).contains("mine.opml"), "{}", told(&settings));
    }

    #[test]
    fn the_processes_of_a_cluster_share_the_feeds() {
        let clock: Arc<dyn Clock> = Arc::new(groundswell_sources::SystemClock::default());
        let settings = Settings::default();
        let mut all = 0;
        for process in 0..3 {
            let cluster = Cluster { addresses: vec![String::new(); 3], process };
            let list = shared(feed_list(&settings).unwrap(), Some(&cluster));
            let source = feeds(&settings, list, &clock).unwrap().unwrap();
            all += source.feeds.unwrap().summary().feeds;
        }
        assert_eq!(all, publishers().len());
    }
}
