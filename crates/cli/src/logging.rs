//! Logs on stderr, as lines for people. What the levels promise: ERROR, somebody must act; WARN, something was left out and
//! counted; INFO, the service changed its state; DEBUG, one line for each bad record; TRACE, for us.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

use crate::args::Common;

/// Starts logging as the common options ask. `GROUNDSWELL_LOG` (like `groundswell_edge=debug`) goes before them.
pub(crate) fn start(common: &Common) {
    let level = match (common.quiet, common.verbose) {
        (true, _) => "error",
        (false, 0) => "warn,groundswell=info",
        (false, 1) => "warn,groundswell=debug,groundswell_engine=debug,groundswell_sources=debug,groundswell_cli=debug",
        (false, _) => "debug,groundswell=trace",
    };
    let filter = std::env::var("GROUNDSWELL_LOG")
        .ok()
        .and_then(|directives| EnvFilter::try_new(directives).ok())
        .unwrap_or_else(|| EnvFilter::new(level));
    let color = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let started = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(color)
        .with_target(common.verbose > 1)
        .try_init();
    // A second start happens in tests only, and the first one's settings then stay in force.
    drop(started);
}
