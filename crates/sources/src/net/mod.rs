//! What the sources share that read from servers: waits, TLS, what an error means, batches of messages.

mod backoff;
mod batch;
mod endpoints;
#[cfg(test)]
mod stranger;
mod trouble;
mod ws;

pub(crate) use backoff::Backoff;
pub(crate) use batch::{BATCH_BYTES, BATCH_WAIT, Batch};
pub(crate) use endpoints::Endpoints;
#[cfg(test)]
pub(crate) use stranger::stranger;
pub(crate) use trouble::{Failure, RETRY_AFTER_MAX};
pub(crate) use ws::{Beat, Heartbeat, connect};

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::channel::Stop;

/// How a client names itself to servers.
pub(crate) const USER_AGENT: &str =
    concat!("groundswell/", env!("CARGO_PKG_VERSION"), " (counts public posts, keeps no authors)");

/// TLS with the roots that are compiled in, so that a machine without a store of its own can read too.
pub(crate) fn tls() -> Arc<rustls::ClientConfig> {
    static CONFIG: OnceLock<Arc<rustls::ClientConfig>> = OnceLock::new();
    Arc::clone(CONFIG.get_or_init(|| {
        let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        let config = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring speaks the default versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        Arc::new(config)
    }))
}

/// Waits until a stop is asked for.
pub(crate) async fn stopped(stop: &Stop) {
    while !stop.stopped() {
        tokio::time::sleep(BATCH_WAIT).await;
    }
}

/// Waits; true if a stop was asked for meanwhile.
pub(crate) async fn wait(wait: Duration, stop: &Stop) -> bool {
    tokio::select! {
        () = tokio::time::sleep(wait) => stop.stopped(),
        () = stopped(stop) => true,
    }
}
