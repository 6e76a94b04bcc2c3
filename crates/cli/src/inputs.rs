//! Sources as configured.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use groundswell_sources::jetstream::{Jetstream, JetstreamConfig, ZstdDictionary};
use groundswell_sources::mastodon::{InstanceConfig, Mastodon, MastodonConfig, StreamMode, Token};
use groundswell_sources::{Clock, DecodeOptions, LiveStatus};

use crate::failure::Failure;
use crate::pipeline::Feed;
use crate::push::OpenDoor;
use crate::settings::{MastodonInstance, MastodonStream, Settings};

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
    /// The source.
    pub(crate) feed: Feed,
}

/// All live sources that are configured, in the order in which they are shown.
///
/// `share`: which process of a cluster this is, and of how many.
pub(crate) fn live(
    settings: &Settings,
    clock: &Arc<dyn Clock>,
    share: (usize, usize),
) -> Result<(Vec<LiveFeed>, Option<OpenDoor>), Failure> {
    let mut feeds = Vec::new();
    if settings.bluesky.enabled {
        feeds.push(bluesky(settings, clock)?);
    }
    if settings.mastodon.enabled {
        feeds.push(mastodon(settings, clock)?);
    }
    if let Some(feed) = crate::kafka::feed(&settings.kafka, clock, share)? {
        feeds.push(feed);
    }
    let door = crate::push::feed(&settings.push, clock)?.map(|(feed, door)| {
        feeds.push(feed);
        door
    });
    Ok((feeds, door))
}

fn bluesky(settings: &Settings, clock: &Arc<dyn Clock>) -> Result<LiveFeed, Failure> {
    let config = JetstreamConfig {
        endpoints: bluesky_endpoints(settings),
        lateness: Duration::from_secs(u64::from(settings.bluesky.late_seconds)),
        dictionary: bluesky_dictionary(settings)?,
        ..JetstreamConfig::default()
    };
    let source = Jetstream::new(config, Arc::clone(clock));
    Ok(LiveFeed {
        kind: "jetstream",
        status: source.status(),
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
