//! Sources as configured.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use groundswell_engine::Cluster;
use groundswell_sources::feed::{FeedSpec, Feeds, FeedsConfig, once_each, publishers, read_opml, read_publishers};
use groundswell_sources::jetstream::{Jetstream, JetstreamConfig, ZstdDictionary};
use groundswell_sources::{Clock, DecodeOptions, LiveStatus};

use crate::failure::Failure;
use crate::pipeline::Feed;
use crate::settings::Settings;
use crate::status::Watched;

/// The Jetstream endpoints in force.
pub(crate) fn bluesky_endpoints(settings: &Settings) -> Vec<String> {
    if settings.bluesky.endpoints.is_empty() {
        JetstreamConfig::default().endpoints
    } else {
        settings.bluesky.endpoints.clone()
    }
}

/// Bluesky as a live source, and where to look how it is.
pub(crate) fn bluesky(settings: &Settings, clock: &Arc<dyn Clock>) -> Result<(Feed, Arc<LiveStatus>), Failure> {
    let config = JetstreamConfig {
        endpoints: bluesky_endpoints(settings),
        lateness: Duration::from_secs(u64::from(settings.bluesky.late_seconds)),
        dictionary: bluesky_dictionary(settings)?,
        ..JetstreamConfig::default()
    };
    let source = Jetstream::new(config, Arc::clone(clock));
    let status = source.status();
    Ok((Feed { decode: DecodeOptions::default(), source: Box::new(source) }, status))
}

/// The dictionary that is configured.
pub(crate) fn bluesky_dictionary(settings: &Settings) -> Result<Option<ZstdDictionary>, Failure> {
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

/// Feeds as a live source; none where none are wanted. Each process of a cluster reads its share.
pub(crate) fn feeds(
    settings: &Settings,
    cluster: Option<&Cluster>,
    clock: &Arc<dyn Clock>,
) -> Result<Option<(Feed, Watched)>, Failure> {
    if !settings.feeds.enabled {
        return Ok(None);
    }
    let mut list = feed_list(settings)?;
    if let Some(cluster) = cluster {
        let mut number = 0;
        list.retain(|_| {
            number += 1;
            (number - 1) % cluster.addresses.len() == cluster.process
        });
    }
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
    let watched = Watched::Feeds(source.live(), source.status());
    Ok(Some((Feed { decode: DecodeOptions::default(), source: Box::new(source) }, watched)))
}

/// All live sources that are configured, each with where to look how it is.
pub(crate) fn live(
    settings: &Settings,
    cluster: Option<&Cluster>,
    clock: &Arc<dyn Clock>,
) -> Result<Vec<(Feed, Watched)>, Failure> {
    let mut sources = Vec::new();
    if settings.bluesky.enabled {
        let (feed, status) = bluesky(settings, clock)?;
        sources.push((feed, Watched::Live("jetstream", status)));
    }
    sources.extend(feeds(settings, cluster, clock)?);
    Ok(sources)
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
            let Some((_, Watched::Feeds(_, status))) = feeds(&settings, Some(&cluster), &clock).unwrap() else {
                panic!("no feeds");
            };
            all += status.summary().feeds;
        }
        assert_eq!(all, publishers().len());
    }
}
