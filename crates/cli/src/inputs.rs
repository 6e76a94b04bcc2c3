//! Sources as configured.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use groundswell_sources::jetstream::{Jetstream, JetstreamConfig, ZstdDictionary};
use groundswell_sources::{Clock, DecodeOptions, LiveStatus};

use crate::failure::Failure;
use crate::pipeline::Feed;
use crate::settings::Settings;

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
