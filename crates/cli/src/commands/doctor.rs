//! `doctor`: checks the surroundings and says what to do.

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use groundswell_sources::feed::FeedsSummary;
use groundswell_sources::{BLOCK_QUEUE_MAX, Clock, LiveState, PartStatus, SourceIx, Stop, SystemClock, channel};
use serde::Serialize;

use crate::args::{Common, Doctor};
use crate::failure::{DONE, FAILED, Failure, Outcome};
use crate::inputs::{self, LiveFeed};
use crate::output;
use crate::settings::{self, MastodonInstance, Settings};

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Finding {
    /// What was looked at.
    check: &'static str,
    /// `ok`, `warning` or `problem`.
    state: &'static str,
    /// What was found.
    found: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
}

impl Finding {
    fn ok(check: &'static str, found: impl Into<String>) -> Self {
        Self { check, state: "ok", found: found.into(), advice: None }
    }

    fn warning(check: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { check, state: "warning", found: found.into(), advice: Some(advice.into()) }
    }

    fn problem(check: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { check, state: "problem", found: found.into(), advice: Some(advice.into()) }
    }
}

/// Checks the configuration, the data folder, the port, the clock, memory and each live source.
pub(crate) fn doctor(common: &Common, doctor: &Doctor) -> Outcome {
    let mut findings = Vec::new();
    match settings::load(common) {
        Ok(loaded) => {
            findings.push(Finding::ok("configuration", "valid"));
            findings.push(data_folder(&loaded.settings.data));
            findings.push(port(&loaded.settings));
            findings.push(cores(&loaded.settings));
            findings.push(memory());
            findings.push(clock());
            findings.extend(sources(&loaded.settings));
        }
        Err(failure) => findings.push(Finding::problem(
            "configuration",
            failure.to_string(),
            "mend the place that is named; `groundswell config show` prints what is in force",
        )),
    }
    let problems = findings.iter().filter(|finding| finding.state == "problem").count();
    let text = if doctor.json {
        format!("{}\n", serde_json::json!({"problems": problems, "findings": findings}))
    } else {
        readable(&findings)
    };
    output::write_stdout(text.as_bytes())?;
    Ok(if problems == 0 { DONE } else { FAILED })
}

fn readable(findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        let _ = writeln!(text, "{:<8} {:<14} {}", finding.state, finding.check, finding.found);
        if let Some(advice) = &finding.advice {
            let _ = writeln!(text, "{:23}→ {advice}", "");
        }
    }
    text
}

fn data_folder(path: &Path) -> Finding {
    let probe = path.join(".doctor");
    let tried = std::fs::create_dir_all(path)
        .and_then(|()| std::fs::File::create(&probe))
        .and_then(|mut file| file.write_all(b"probe"))
        .and_then(|()| std::fs::remove_file(&probe));
    match tried {
        Ok(()) => Finding::ok("data folder", format!("{} can be written", path.display())),
        Err(error) => Finding::problem(
            "data folder",
            format!("{}: {error}", path.display()),
            "give the user that runs groundswell the right to write there, or name another folder with --data",
        ),
    }
}

fn port(settings: &Settings) -> Finding {
    match TcpListener::bind(settings.listen) {
        Ok(_) => Finding::ok("address", format!("{} is free", settings.listen)),
        Err(error) => Finding::problem(
            "address",
            format!("{}: {error}", settings.listen),
            "stop what listens there (perhaps another groundswell), or name another address with --listen",
        ),
    }
}

fn cores(settings: &Settings) -> Finding {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let workers = settings.worker_count();
    if workers > cores {
        Finding::warning(
            "workers",
            format!("{workers} on {cores} cores"),
            "more workers than cores only get in each other's way",
        )
    } else {
        Finding::ok("workers", format!("{workers} on {cores} cores"))
    }
}

/// Memory that the engine may need at the full rate, with 10,000 watches; measured, see `benches/results/`.
const MEMORY_WANTED_KIB: u64 = 3 * 1024 * 1024;

fn memory() -> Finding {
    let available = std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("MemAvailable:"))?;
        line.split_whitespace().nth(1)?.parse::<u64>().ok()
    });
    match available {
        Some(kib) if kib < MEMORY_WANTED_KIB => Finding::warning(
            "memory",
            format!("{} MiB available", kib / 1024),
            "at the full rate the engine may need 3 GiB; fewer posts need less",
        ),
        Some(kib) => Finding::ok("memory", format!("{} MiB available", kib / 1024)),
        None => Finding::ok("memory", "cannot be told on this system"),
    }
}

fn clock() -> Finding {
    let now = groundswell_sources::Clock::now(&groundswell_sources::SystemClock::default());
    // 2026-01-01: no build of this program is older.
    if now.unix() < 1_767_225_600 {
        Finding::problem(
            "clock",
            format!("says {now}"),
            "set the clock: live posts would be taken for posts from the future",
        )
    } else {
        Finding::ok("clock", format!("says {now}"))
    }
}

/// How long a source may take to get its first connection.
const TRY_WAIT: Duration = Duration::from_secs(10);

/// How often it is looked whether it has one.
const TRY_LOOK: Duration = Duration::from_millis(20);

/// Starts each configured source as `run` would, and says how far it came.
fn sources(settings: &Settings) -> Vec<Finding> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let live = inputs::live(settings, None, &clock).and_then(|(live, _door)| {
        // The door is not opened: nobody pushes to a check.
        let asked = live.into_iter().filter(|feed| feed.kind != "push").collect();
        sampled(asked, settings, &clock)
    });
    let feeds = match live {
        Ok(feeds) => feeds,
        Err(failure) => {
            return vec![Finding::problem("sources", failure.to_string(), "mend the place that is named")];
        }
    };
    if feeds.is_empty() {
        return vec![Finding::warning(
            "sources",
            "none is switched on",
            "the simulator is all that `run` will show; set bluesky.enabled, feeds.enabled, or mastodon.enabled with its instances",
        )];
    }
    let mut findings: Vec<Finding> = settings.mastodon.instances.iter().filter_map(token_file).collect();
    if settings.feeds.enabled && settings.feeds.contact.trim().is_empty() {
        findings.push(Finding::warning(
            "feeds",
            "`feeds.contact` is empty",
            "name an address of mail or web, so that publishers can reach you before they block you",
        ));
    }
    // Side by side: one that does not answer does not make the others wait.
    let tries: Vec<_> = feeds.into_iter().map(|feed| std::thread::spawn(move || try_source(feed))).collect();
    for tried in tries {
        findings.extend(tried.join().unwrap_or_default());
    }
    findings
}

/// How many feeds are tried: spread over the list, so that a network that blocks some is noticed.
const FEEDS_TRIED: usize = 3;

/// All sources, but of feeds a sample: that is enough to know whether they can be reached, and asks nothing of the others.
fn sampled(live: Vec<LiveFeed>, settings: &Settings, clock: &Arc<dyn Clock>) -> Result<Vec<LiveFeed>, Failure> {
    let list = inputs::feed_list(settings)?;
    let step = list.len().div_ceil(FEEDS_TRIED).max(1);
    let sample = list.into_iter().step_by(step).collect();
    let mut sources: Vec<LiveFeed> = live.into_iter().filter(|source| source.feeds.is_none()).collect();
    sources.extend(inputs::feeds(settings, sample, clock)?);
    Ok(sources)
}

/// How a sample of feeds is.
fn tried_feeds(summary: &FeedsSummary) -> Finding {
    let FeedsSummary { feeds, read, trouble, .. } = summary;
    let found = format!("{read} of {feeds} that were tried could be read");
    if read == feeds {
        return Finding::ok("feeds", found);
    }
    let trouble = trouble.as_deref().unwrap_or("no answer in time");
    Finding::warning(
        "feeds",
        format!("{found}; {trouble}"),
        "if none can: check network and firewall (feeds are not read through a proxy); if one cannot: the page's list of \
         sources says which, take it out or mend its address",
    )
}

/// Others than the owner may read a token.
fn token_file(instance: &MastodonInstance) -> Option<Finding> {
    let path = &instance.token_file;
    let mode = std::fs::metadata(path).ok()?.permissions().mode() & 0o777;
    (mode & 0o077 != 0).then(|| {
        Finding::warning(
            "token",
            format!("{}: mode is {mode:04o}, so that others may read it", path.display()),
            format!("chmod 600 {}", path.display()),
        )
    })
}

fn try_source(live: LiveFeed) -> Vec<Finding> {
    let LiveFeed { kind, status, feeds, feed } = live;
    let (blocks, receiver) = channel(BLOCK_QUEUE_MAX, groundswell_sources::IDLE_AFTER_DEFAULT);
    let sender = blocks.sender(SourceIx(0));
    drop(blocks);
    let stop = Stop::default();
    let running = {
        let stop = stop.clone();
        // What it would log is what is found here.
        let quiet = tracing::subscriber::NoSubscriber::default();
        std::thread::spawn(move || tracing::subscriber::with_default(quiet, || feed.source.run(sender, stop)))
    };
    let began = Instant::now();
    while !running.is_finished() && began.elapsed() < TRY_WAIT {
        // What comes is dropped unread.
        while receiver.try_recv().is_ok() {}
        let settled = match &feeds {
            Some(feeds) => feeds.summary().waiting == 0,
            None => status.parts().iter().all(|part| part.state == LiveState::Connected),
        };
        if settled {
            break;
        }
        std::thread::sleep(TRY_LOOK);
    }
    let findings = feeds.as_ref().map(|feeds| vec![tried_feeds(&feeds.summary())]);
    let findings = findings.unwrap_or_else(|| status.parts().iter().map(|part| tried(kind, part)).collect());
    stop.stop();
    drop(receiver);
    if let Ok(Err(error)) = running.join() {
        return vec![Finding::problem(kind, error.to_string(), "mend the configuration")];
    }
    findings
}

fn tried(kind: &'static str, part: &PartStatus) -> Finding {
    if part.state == LiveState::Connected {
        return Finding::ok(kind, format!("connected to {}", part.endpoint));
    }
    let (what, advice) =
        part.last_error.map_or(("no answer in time", "check network, proxy and firewall"), |trouble| {
            (trouble.phrase(), trouble.advice())
        });
    Finding::warning(
        kind,
        format!("{}: {what}", part.endpoint),
        format!("{advice}; until one source answers, `run` shows simulated data and keeps trying"),
    )
}
