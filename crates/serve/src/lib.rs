//! What the outside sees: the HTTP API under `/api/v1`, live updates, health, metrics, and the dashboard.
//!
//! On a post's way: after the store, at the very end. This crate depends on `gate`, `store` and `sketch` and on nothing that
//! could hand it a post; it is given a [`groundswell_store::Reader`] of released tables and a [`StatusSource`], and
//! everything that it writes was released.
//!
//! Main types: [`ServerState`], what is shown; [`Access`], to whom; [`Server`], which listens (loopback only, where nobody is
//! asked who they are); [`AuditSource`], where the audit
//! log is read from; [`Live`], where committed windows are announced; [`IngestDoor`], behind which the binary puts what takes
//! pushed posts (this crate carries their bytes and does not read them); [`openapi`], the document that the API keeps.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! use std::sync::Arc;
//! use groundswell_gate::{EngineStatus, Released, SourceStatus, WatchEntry};
//! use groundswell_serve::{BindError, Live, Server, ServerState, StatusSource};
//!
//! struct Idle;
//! impl StatusSource for Idle {
//!     fn status(&self) -> Released<EngineStatus> {
//!         Released::operational(EngineStatus {
//!             version: "0.1.0".to_owned(), simulated: false, k: 10, workers: 2, watermark: None,
//!             counters: std::collections::BTreeMap::new(),
//!         })
//!     }
//!     fn sources(&self) -> Vec<Released<SourceStatus>> { Vec::new() }
//!     fn watches(&self) -> Vec<Released<WatchEntry>> { Vec::new() }
//! }
//!
//! let state = ServerState::new(Arc::new(Idle), Live::new());
//! let server = Server::bind("127.0.0.1:0".parse().unwrap(), state.clone()).await.unwrap();
//! println!("http://{}", server.address());
//! server.run(async {}).await.unwrap();
//!
//! let everywhere = Server::bind("0.0.0.0:8750".parse().unwrap(), state).await;
//! assert!(matches!(everywhere, Err(BindError::NotLoopback { .. })));
//! # });
//! ```
//!
//! Invariants, each with the test that holds it:
//! - What is written was released: wire types take `Released` alone, and bodies look as the document says
//!   (`tests/api.rs`: `answers_are_as_the_document_says`).
//! - `openapi.json` is what this crate serves (`tests/openapi.rs`).
//! - Without authentication only local names are answered and nothing is listened to but loopback (`access::network::tests`,
//!   `tests/api.rs`).
//! - With it, each route says in one table who may use it, and who is nobody gets nothing (`tests/roles.rs`, `tests/attacks.rs`).
//! - No other site acts for somebody who has signed in (`tests/sign_in.rs`).
//! - A request is read in one way or refused; slow clients keep nobody out (`tests/attacks.rs`).
//! - While data are simulated, every answer says so (`tests/api.rs`: `simulated_data_say_so`).
//! - Refusals are told to the audit log by route and never by address (`tests/audit.rs`).
//! - Nothing is taken without the token, and what is too large is refused before it is held (`tests/ingest.rs`).
//! - A feed is valid in both forms and comes back as it was (`tests/feeds.rs`); a live stream misses nothing and
//!   tells nothing twice, whenever it was cut (`tests/feed_stream.rs`).
//! - A slow reader costs nobody else anything (`live::tests`, `tests/stream.rs`).
//!
//! Bounds: [`REQUESTS_MAX`], [`REQUEST_SECONDS_MAX`], [`REQUEST_BODY_BYTES_MAX`], [`STREAMS_MAX`], [`EVENTS_KEPT_MAX`],
//! [`FEED_STREAMS_MAX`], [`FEED_EVENTS_KEPT_MAX`], [`FEED_ITEMS_MAX`],
//! [`CONNECTIONS_MAX`], [`HEADER_BYTES_MAX`], [`HEADER_SECONDS_MAX`], [`SESSIONS_MAX`], [`SESSIONS_PER_ACCOUNT_MAX`], [`CALLERS_MAX`],
//! [`ACCOUNTS_MAX`], [`API_TOKENS_MAX`], [`PASSWORD_CHECKS_MAX`], [`SIGN_IN_BYTES_MAX`], [`REQUESTS_BURST`],
//! [`STRANGER_REQUESTS_BURST`], [`ACCOUNT_DELAY_SECONDS_MAX`], [`PEER_DELAY_SECONDS_MAX`], [`PUSHES_MAX`], [`PUSH_BODY_BYTES_MAX`], [`PUSH_BODY_SECONDS_MAX`], [`PUSH_DURABLE_SECONDS_MAX`], [`WRONG_TOKENS_MAX`].
//!
//! Sources: RFC 4287 (Atom), JSON Feed 1.1, RFC 9110 and 9112 (HTTP), RFC 6265bis (cookies), RFC 6750 (bearer tokens), RFC 9106 (Argon2), OWASP's cheat sheets on
//! password storage, sessions and CSRF, W3C Fetch Metadata, RFC 6797 (HSTS), RFC 9457 (problems), the WHATWG HTML standard (server-sent events), `OpenAPI` 3.1, the
//! Prometheus text format 0.0.4.

#![forbid(unsafe_code)]

mod access;
mod api;
mod audit;
mod connections;
mod feeds;
mod guard;
mod ingest;
mod live;
mod metrics;
mod page;
mod params;
mod problem;
mod secret_file;
mod server;
mod state;
mod tls;
mod watches;
mod wire;

pub use access::signin::SIGN_IN_BYTES_MAX;
pub use access::{
    ACCOUNT_DELAY_SECONDS_MAX, ACCOUNTS_MAX, API_TOKEN_DAYS_MAX, API_TOKEN_PREFIX, API_TOKENS_MAX, ATTEMPTS_FREE,
    Access, AccessConfig, Account, AccountName, ActSink, ApiToken, CALLERS_MAX, HttpAct, NAME_BYTES_MAX, Network,
    NoActs, NotAName, NotAPublicUrl, OidcConfig, PASSWORD_BYTES_MAX, PASSWORD_CHARS_MIN, PASSWORD_CHECKS_MAX,
    PEER_ATTEMPTS_FREE, PEER_DELAY_SECONDS_MAX, PasswordCost, PasswordError, PublicUrl, REQUESTS_BURST,
    REQUESTS_PER_SECOND, Register, RegisterError, Role, SESSIONS_MAX, SESSIONS_PER_ACCOUNT_MAX, SIGN_INS_AWAY_MAX,
    STRANGER_REQUESTS_BURST, STRANGER_REQUESTS_PER_SECOND,
};
pub use audit::{AuditFault, AuditSource};
pub use connections::{CONNECTIONS_MAX, HEADER_BYTES_MAX, HEADER_SECONDS_MAX};
pub use feeds::{
    DeliveryMessage, DeliveryPreview, FEED_EVENTS_KEPT_MAX, FEED_ITEMS_MAX, FEED_STREAMS_MAX, FeedAct, FeedDesk,
    FeedDone, FeedFault,
};
pub use guard::{REQUEST_BODY_BYTES_MAX, REQUEST_SECONDS_MAX};
pub use ingest::{
    IngestBatch, IngestDoor, IngestPacking, IngestReceipt, IngestRefusal, IngestRejection, PUSH_BODY_BYTES_MAX,
    PUSH_BODY_SECONDS_MAX, PUSH_DURABLE_SECONDS_MAX, PUSHES_MAX, TOKEN_BYTES_MIN, WRONG_TOKENS_MAX,
};
pub use live::{EVENTS_KEPT_MAX, Live, STREAMS_MAX};
pub use page::has_dashboard;
pub use server::{BindError, Server, openapi, router};
pub use state::{REQUESTS_MAX, ServerState, StatusSource};
pub use tls::{Tls, TlsError};
pub use watches::{
    QueryCost, QueryPart, QueryReading, WatchAct, WatchDesk, WatchDone, WatchFault, WatchNote, WatchReading,
    WatchTerms, WatchTrial,
};
pub use wire::SPARK_WINDOWS;
pub use wire::tone::TONE_LANGUAGES;
