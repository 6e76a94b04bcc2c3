//! Logs on stderr, as lines for people or as JSON for machines. What the levels promise: ERROR, somebody must act; WARN, something
//! was left out and counted; INFO, the service changed its state; DEBUG, one line for each bad record; TRACE, for us.
//!
//! Level and form can change while the service runs. In the JSON form everything that `run` says on stderr is one object a line.

use std::any::Any;
use std::io::IsTerminal as _;
use std::panic::PanicHookInfo;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::ValueEnum;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tracing_subscriber::layer::{Layered, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer, Registry, reload};

use crate::args::Common;

/// Logs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct LogSettings {
    /// `error`, `warn`, `info`, `debug`, `trace`, or directives such as `warn,groundswell_sources=debug`; empty means `info`. `-v`
    /// and `--quiet` go before it, and `GROUNDSWELL_LOG` before those.
    pub(crate) level: String,
    /// Lines for people, or one JSON object a line.
    pub(crate) format: LogFormat,
}

/// The form of logs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// Lines for people
    #[default]
    Text,
    /// One JSON object a line
    Json,
}

impl LogSettings {
    /// Checks the directives; they are no secret, so an error may quote them.
    pub(crate) fn check(&self) -> Result<(), (&'static str, String)> {
        EnvFilter::try_new(directives(&self.level)).map(drop).map_err(|_| {
            let expected =
                "expected error, warn, info, debug, trace or directives such as warn,groundswell_sources=debug";
            ("log.level", format!("{expected}, found {}", self.level))
        })
    }
}

/// What the short words stand for.
fn directives(level: &str) -> &str {
    match level {
        "" | "info" => "warn,groundswell=info",
        "debug" => "warn,groundswell=debug,groundswell_engine=debug,groundswell_sources=debug,groundswell_cli=debug",
        "trace" => "debug,groundswell=trace",
        other => other,
    }
}

type Filtered = Layered<reload::Layer<EnvFilter, Registry>, Registry>;
type Lines = Box<dyn Layer<Filtered> + Send + Sync>;

struct Handles {
    filter: reload::Handle<EnvFilter, Registry>,
    lines: reload::Handle<Lines, Filtered>,
}

static HANDLES: OnceLock<Handles> = OnceLock::new();
static IS_JSON: AtomicBool = AtomicBool::new(false);

/// Starts logging as the common options ask, before anything is known of the configuration.
pub(crate) fn start(common: &Common) {
    let format = std::env::var("GROUNDSWELL_LOG_FORMAT").ok().and_then(|word| LogFormat::from_str(&word, true).ok());
    let settings = LogSettings { format: common.log_format.or(format).unwrap_or_default(), ..LogSettings::default() };
    let (filter, filter_handle) = reload::Layer::new(filter(common, &settings));
    let (lines, lines_handle) = reload::Layer::new(lines(common, settings.format));
    // A second start happens in tests only, and the first one's settings then stay in force.
    if tracing_subscriber::registry().with(filter).with(lines).try_init().is_ok() {
        IS_JSON.store(settings.format == LogFormat::Json, Ordering::Release);
        let _ = HANDLES.set(Handles { filter: filter_handle, lines: lines_handle });
    }
    std::panic::set_hook(Box::new(panicked));
}

/// Logs as the configuration asks from now on.
pub(crate) fn apply(common: &Common, settings: &LogSettings) {
    let Some(handles) = HANDLES.get() else { return };
    // The subscriber lives as long as the program, so neither can fail.
    let _ = handles.filter.reload(filter(common, settings));
    if (settings.format == LogFormat::Json) != is_json() {
        let _ = handles.lines.reload(lines(common, settings.format));
        IS_JSON.store(settings.format == LogFormat::Json, Ordering::Release);
    }
}

/// Whether what is said on stderr is to be JSON.
pub(crate) fn is_json() -> bool {
    IS_JSON.load(Ordering::Acquire)
}

fn filter(common: &Common, settings: &LogSettings) -> EnvFilter {
    let level = match (common.quiet, common.verbose) {
        (true, _) => "error",
        (false, 0) => directives(&settings.level),
        (false, 1) => directives("debug"),
        (false, _) => directives("trace"),
    };
    std::env::var("GROUNDSWELL_LOG")
        .ok()
        .and_then(|directives| EnvFilter::try_new(directives).ok())
        .or_else(|| EnvFilter::try_new(level).ok())
        .unwrap_or_else(|| EnvFilter::new(directives("")))
}

fn lines(common: &Common, format: LogFormat) -> Lines {
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    match format {
        LogFormat::Json => {
            layer.json().flatten_event(true).with_current_span(false).with_span_list(false).with_ansi(false).boxed()
        }
        LogFormat::Text => {
            let color = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
            layer.with_ansi(color).with_target(common.verbose > 1).boxed()
        }
    }
}

/// Says where a thread panicked, and why as far as [`reason`] goes.
fn panicked(panic: &PanicHookInfo<'_>) {
    let thread = std::thread::current();
    let thread = thread.name().unwrap_or("a thread");
    let place = panic.location().map_or_else(String::new, ToString::to_string);
    let why = reason(panic.payload());
    // In a cluster Timely's threads and all workers end in this way when another process is gone, which is no defect.
    if place.contains("timely_communication") {
        if let Some(process) = thread.strip_prefix("timely:recv-") {
            tracing::error!(target: "groundswell", "process {process} of the cluster is gone, or its connection broke");
        } else {
            tracing::debug!(target: "groundswell", "{thread} ended at {place}: {why}");
        }
        return;
    }
    tracing::error!(target: "groundswell", "{thread} panicked at {place}: {why}; this is a defect of the program, please report it");
}

/// A literal of the program, or a word for what may quote what was being read: a slice that ends inside a character quotes the text.
fn reason(payload: &dyn Any) -> &'static str {
    payload.downcast_ref::<&'static str>().copied().unwrap_or("the reason may quote a post, so it is not said")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_quotes_nothing_that_was_read() {
        let told = |act: fn()| reason(&*std::panic::catch_unwind(act).unwrap_err()).to_owned();
        assert_eq!(told(|| panic!("never")), "never");
        let read = || {
            let text = String::from("the river rises Δ");
            let _ = &text[..text.len() - 1];
        };
        assert!(!told(read).contains("river"));
    }

    #[test]
    fn a_level_is_a_word_or_directives() {
        for level in ["", "error", "warn", "info", "debug", "trace", "warn,groundswell_sources=debug"] {
            let settings = LogSettings { level: level.to_owned(), ..LogSettings::default() };
            assert_eq!(settings.check(), Ok(()), "{level}");
        }
        let settings = LogSettings { level: "loud=very".to_owned(), ..LogSettings::default() };
        assert!(settings.check().unwrap_err().1.contains("found loud=very"));
    }
}
