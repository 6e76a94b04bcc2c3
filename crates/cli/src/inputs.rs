//! Sources as configured.

use std::sync::Arc;
use std::time::Duration;

use groundswell_sources::DecodeOptions;
use groundswell_sources::jetstream::{Jetstream, JetstreamConfig, LiveStatus};

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
pub(crate) fn bluesky(settings: &Settings) -> (Feed, Arc<LiveStatus>) {
    let config = JetstreamConfig {
        endpoints: bluesky_endpoints(settings),
        lateness: Duration::from_secs(u64::from(settings.bluesky.late_seconds)),
        ..JetstreamConfig::default()
    };
    let source = Jetstream::new(config);
    let status = source.status();
    (Feed { decode: DecodeOptions::default(), source: Box::new(source) }, status)
}
