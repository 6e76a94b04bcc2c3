//! The listening socket and the routes.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Router, middleware};
use groundswell_store::ReleasedReader as _;
use thiserror::Error;
use tokio::net::TcpListener;
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{Components, PathItem};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{Need, ROUTES, oidc, signin};
use crate::feeds::{document, hub, stream as feed_stream};
use crate::tls::Tls;
use crate::{ServerState, api, connections, guard, metrics, page};

/// How often it is looked whether a source's state has changed.
const SOURCES_SECONDS: u64 = 5;

/// After being told to stop, open answers get so long to end.
const STOP_SECONDS_MAX: u64 = 5;

/// Why the server does not listen.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BindError {
    /// Not the loopback interface, and nobody would be asked who they are.
    #[error(
        "{address}: without authentication only loopback addresses are served; `groundswell account add NAME --role admin` makes \
         an account, and with it every address can be listened to; or listen on 127.0.0.1:{} and reach it from elsewhere with \
         `ssh -L {}:127.0.0.1:{} HOST`",
        .address.port(), .address.port(), .address.port()
    )]
    NotLoopback {
        /// The address asked for.
        address: SocketAddr,
    },
    /// Someone else has the port.
    #[error("{address}: the port is in use; stop the program that has it, or choose another with --listen")]
    InUse {
        /// The address asked for.
        address: SocketAddr,
    },
    /// The port may not be used by this user.
    #[error("{address}: not allowed to use this port; choose one above 1023 with --listen")]
    NotAllowed {
        /// The address asked for.
        address: SocketAddr,
    },
    /// Anything else.
    #[error("{address}: cannot listen there")]
    Io {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
}

/// A server that listens.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    state: ServerState,
    tls: Option<Tls>,
}

impl Server {
    /// Listens on a loopback address, or on any where authentication is configured; port 0 takes a free one.
    pub async fn bind(address: SocketAddr, state: ServerState) -> Result<Self, BindError> {
        if !address.ip().to_canonical().is_loopback() && !state.access().is_guarded() {
            return Err(BindError::NotLoopback { address });
        }
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::AddrInUse => BindError::InUse { address },
            io::ErrorKind::PermissionDenied => BindError::NotAllowed { address },
            _ => BindError::Io { address, source },
        };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        state.access().network().listens_on(address);
        Ok(Self { listener, address, state, tls: None })
    }

    /// Speaks TLS. The state's [`crate::Network`] must say so too: cookies and headers go by it.
    #[must_use]
    pub fn with_tls(self, tls: Tls) -> Self {
        Self { tls: Some(tls), ..self }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until `stop` comes, then lets open answers end.
    pub async fn run(self, stop: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
        let state = self.state.clone();
        let sources = tokio::spawn(publish_sources(state.clone()));
        let pump = tokio::spawn(hub::pump(state.clone()));
        let mut stopping = state.stopping();
        let serving = connections::serve(self.listener, self.tls, state.clone(), async {
            stop.await;
            state.stop();
        });
        let deadline = async {
            let _ = stopping.wait_for(|stopping| *stopping).await;
            tokio::time::sleep(Duration::from_secs(STOP_SECONDS_MAX)).await;
        };
        tokio::select! {
            () = serving => {}
            () = deadline => {}
        }
        sources.abort();
        pump.abort();
        state.access().acts().tell_repeats(true);
        Ok(())
    }
}

/// Publishes the states of the sources when one has changed and someone listens, and tells refusals that were repeated.
async fn publish_sources(state: ServerState) {
    let mut ticks = tokio::time::interval(Duration::from_secs(SOURCES_SECONDS));
    let mut last = Vec::new();
    loop {
        ticks.tick().await;
        state.access().acts().tell_repeats(false);
        if state.live().streams() == 0 {
            continue;
        }
        let sources = state.status().sources();
        if sources != last {
            state.live().sources(&sources, state.notice());
            last = sources;
        }
    }
}

#[derive(OpenApi)]
#[openapi(modifiers(&Schemes), info(
    title = "Groundswell",
    description = "What public conversation is about, in numbers about groups and never about persons. Every number has \
                   passed the gate: it rests on at least k distinct authors in a window that has closed.",
    license(name = "AGPL-3.0-or-later", identifier = "AGPL-3.0-or-later"),
))]
struct Document;

/// How a request says who sends it. What each route asks for is added by [`protected`].
struct Schemes;

const BY_TOKEN: &str = "apiToken";
const BY_SESSION: &str = "session";
const BY_INGEST_TOKEN: &str = "ingestToken";

/// What an operation asks for, in words.
const NEEDS: &str = "x-groundswell-needs";

impl Modify for Schemes {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_with(Components::new);
        let bearer = |text: &str| {
            SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(text)).build())
        };
        components.add_security_scheme(
            BY_TOKEN,
            bearer("An API token, where authentication is configured; `groundswell token add` makes one."),
        );
        components.add_security_scheme(BY_INGEST_TOKEN, bearer("The token of the push door, `push.token_file`."));
        components.add_security_scheme(
            BY_SESSION,
            SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::with_description(
                "__Host-groundswell",
                "A session of the page, from /signin; without TLS the cookie is named `groundswell`. What changes something also \
                 needs `X-Groundswell-CSRF`.",
            ))),
        );
    }
}

/// Says at each operation what it asks for, from the one table.
fn protected(mut document: utoipa::openapi::OpenApi) -> utoipa::openapi::OpenApi {
    for (path, item) in &mut document.paths.paths {
        let PathItem { get, post, put, delete, patch, .. } = item;
        for (method, operation) in [("GET", get), ("POST", post), ("PUT", put), ("DELETE", delete), ("PATCH", patch)] {
            let Some(operation) = operation else { continue };
            let need = ROUTES
                .iter()
                .find(|(word, known, _)| *word == method && known == path)
                .map_or(Need::Nobody, |(.., need)| *need);
            let by = |name: &str| SecurityRequirement::new::<_, [&str; 0], &str>(name, []);
            operation.security = Some(match need {
                Need::Open => Vec::new(),
                Need::Own => vec![by(BY_INGEST_TOKEN)],
                _ => vec![by(BY_TOKEN), by(BY_SESSION)],
            });
            operation.extensions =
                Some(ExtensionsBuilder::new().add(NEEDS, serde_json::Value::from(need.as_str())).build());
        }
    }
    document
}

fn documented() -> OpenApiRouter<ServerState> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(api::volumes::volumes))
        .routes(routes!(api::top::top))
        .routes(routes!(api::bursts::bursts))
        .routes(routes!(api::narratives::narratives))
        .routes(routes!(api::narratives::events))
        .routes(routes!(api::amplifications::amplifications))
        .routes(routes!(api::detections::detections))
        .routes(routes!(api::feeds::feeds, api::feeds::add))
        .routes(routes!(api::feeds::feed, api::feeds::remove))
        .routes(routes!(api::feeds::edit))
        .routes(routes!(api::feeds::marks))
        .routes(routes!(api::feeds::preview))
        .routes(routes!(api::feeds::trial))
        .routes(routes!(document::document))
        .routes(routes!(feed_stream::stream))
        .routes(routes!(api::watches::watches, api::watches::add))
        .routes(routes!(api::watches::check))
        .routes(routes!(api::watches::try_query))
        .routes(routes!(api::watches::clauses))
        .routes(routes!(api::watches::tone))
        .routes(routes!(api::watches::change, api::watches::remove))
        .routes(routes!(api::sources::sources))
        .routes(routes!(api::coverage::coverage))
        .routes(routes!(api::audit::checkpoint))
        .routes(routes!(api::audit::entries))
        .routes(routes!(api::audit::inclusion))
        .routes(routes!(api::audit::consistency))
        .routes(routes!(api::status::status))
        .routes(routes!(api::settings::settings))
        .routes(routes!(api::stream::stream))
        .routes(routes!(api::session::session, api::session::sign_out))
        .routes(routes!(api::ingest::ingest))
}

/// The `OpenAPI` document, as it is committed in `openapi.json`.
pub fn openapi() -> String {
    let document = protected(documented().into_openapi());
    let mut text = document.to_pretty_json().expect("the document is made of strings");
    text.push('\n');
    text
}

/// All routes, with what every request passes.
pub fn router(state: ServerState) -> Router {
    let (api, document) = documented().split_for_parts();
    let mut document = protected(document).to_pretty_json().expect("the document is made of strings");
    document.push('\n');
    api.route(
        "/api/openapi.json",
        get(async move || ([(header::CONTENT_TYPE, "application/json")], document.clone()).into_response()),
    )
    .route(signin::PATH, get(signin::form).post(signin::sign_in))
    .route("/signin.css", get(signin::style))
    .route(oidc::START, get(oidc::start))
    .route(oidc::CALLBACK, get(oidc::callback))
    .route("/healthz", get(healthz))
    .route("/readyz", get(readyz))
    .route("/metrics", get(metrics::metrics))
    .fallback(page::page)
    .method_not_allowed_fallback(page::method_not_allowed)
    .layer(middleware::from_fn_with_state(state.clone(), guard::guard))
    .with_state(state)
}

async fn healthz() -> &'static str {
    "ok\n"
}

/// Ready once the engine runs and the store answers.
async fn readyz(State(state): State<ServerState>) -> Response {
    let not_yet = |why: &'static str| (StatusCode::SERVICE_UNAVAILABLE, why).into_response();
    if !state.is_running() {
        return not_yet("the engine does not run yet\n");
    }
    match state.reader() {
        Ok(reader) if reader.ping().await.is_ok() => "ready\n".into_response(),
        Ok(_) => not_yet("the store does not answer\n"),
        Err(_) => not_yet("the store is not open yet\n"),
    }
}
