//! `doctor`: checks the surroundings and says what to do.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use groundswell_serve::NoActs;
use groundswell_sources::feed::FeedsSummary;
use groundswell_sources::{BLOCK_QUEUE_MAX, Clock, LiveState, PartStatus, SourceIx, Stop, SystemClock, channel};
use serde::Serialize;

use crate::args::{Common, Doctor};
use crate::failure::{DONE, FAILED, Failure, Outcome};
use crate::inputs::{self, EXCHANGEABLE, LiveFeed, Maker};
use crate::settings::{self, Settings};
use crate::{access, audit, output, push};

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
            findings.push(key_file("key", &loaded.settings.store.checkpoint_key, "store.checkpoint_key"));
            findings.push(key_file("audit key", &audit::key_file(&loaded.settings), "audit.key"));
            findings.push(port(&loaded.settings));
            findings.push(who_may_read(&loaded.settings));
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

/// Who may read, and whether the service could start so.
fn who_may_read(settings: &Settings) -> Finding {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    if let Err(failure) = access::access(settings, Arc::new(NoActs), &clock).and_then(|_| access::tls(settings)) {
        return Finding::problem("access", failure.to_string(), "`run` would refuse to start; mend what is named");
    }
    let local = settings.listen.ip().to_canonical().is_loopback();
    if !access::is_guarded(settings) {
        let found = "nobody is asked who they are";
        return if local {
            Finding::ok("access", format!("{found}, and only this machine is answered"))
        } else {
            Finding::problem(
                "access",
                format!("{found}, so `run` would refuse to listen on {}", settings.listen),
                "`groundswell account add NAME --role admin` makes an account; or listen on 127.0.0.1",
            )
        };
    }
    if !local && !access::is_encrypted(settings) {
        return Finding::warning(
            "access",
            "everybody is asked who they are, over the network in the clear",
            "set server.tls, or server.public_url to the https:// of a proxy before it",
        );
    }
    Finding::ok("access", "everybody is asked who they are")
}

fn port(settings: &Settings) -> Finding {
    match TcpListener::bind(settings.listen) {
        Ok(_) => Finding::ok("address", format!("{} is free", settings.listen)),
        // Over TLS it is not asked.
        Err(_) if !settings.server.tls.cert.as_os_str().is_empty() => {
            Finding::ok("address", format!("{} is taken, perhaps by a groundswell that runs", settings.listen))
        }
        Err(_) if is_ours(settings.listen) => {
            Finding::ok("address", format!("a groundswell answers at {}", settings.listen))
        }
        Err(error) => Finding::problem(
            "address",
            format!("{}: {error}", settings.listen),
            "stop what listens there (perhaps another groundswell), or name another address with --listen",
        ),
    }
}

/// Whether what listens there is one of us, and well.
fn is_ours(address: SocketAddr) -> bool {
    let ask = || {
        let mut stream = TcpStream::connect_timeout(&address, ASK_WAIT)?;
        stream.set_read_timeout(Some(ASK_WAIT))?;
        stream.write_all(b"GET /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n")?;
        let mut answer = String::new();
        stream.take(ANSWER_BYTES_MAX).read_to_string(&mut answer)?;
        Ok::<_, std::io::Error>(answer)
    };
    // One that asks who reads it answers with a problem of ours.
    ask().is_ok_and(|answer| {
        ["groundswell_build_info", "urn:groundswell:problem:"].iter().any(|ours| answer.contains(ours))
    })
}

/// How long what listens may take to say who it is, and how much of that is read.
const ASK_WAIT: Duration = Duration::from_secs(2);
const ANSWER_BYTES_MAX: u64 = 64 * 1024;

/// Whether a key is there for its owner only. `setting`: what names its place.
fn key_file(check: &'static str, path: &Path, setting: &str) -> Finding {
    match std::fs::File::open(path) {
        Ok(_) => open_to_others(check, path)
            .unwrap_or_else(|| Finding::ok(check, format!("{} is there, for its owner only", path.display()))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Finding::ok(check, format!("{} will be made at the first start", path.display()))
        }
        Err(error) => Finding::problem(
            check,
            format!("{}: {error}", path.display()),
            format!("give the user that runs groundswell the right to read it, or name another with {setting}"),
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

/// Starts each configured source as `run` would, and says how far it came. One that cannot even be made does not hide the others.
fn sources(settings: &Settings) -> Vec<Finding> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let maker = Maker::new(Arc::clone(&clock), None);
    let mut findings: Vec<Finding> = secrets(settings).filter_map(|(key, path)| open_to_others(key, path)).collect();
    let mut tries = Vec::new();
    for name in EXCHANGEABLE {
        let made = if name == "feeds" { sample(settings, &clock) } else { maker.one(settings, name) };
        match made {
            // Side by side: one that does not answer does not make the others wait.
            Ok(Some(feed)) => tries.push(std::thread::spawn(move || try_source(feed))),
            Ok(None) => {}
            Err(failure) => findings.push(Finding::problem(name, failure.to_string(), "mend the place that is named")),
        }
    }
    if settings.feeds.enabled && settings.feeds.contact.trim().is_empty() {
        findings.push(Finding::warning(
            "feeds",
            "`feeds.contact` is empty",
            "name an address of mail or web, so that publishers can reach you before they block you",
        ));
    }
    let door = door(settings);
    if tries.is_empty() && door.is_none() && findings.iter().all(|finding| finding.state != "problem") {
        findings.push(Finding::warning(
            "sources",
            "none is switched on",
            "the simulator is all that `run` will show; set bluesky.enabled, feeds.enabled, mastodon.enabled with its instances, \
             kafka.brokers or push.token_file",
        ));
    }
    for tried in tries {
        findings.extend(tried.join().unwrap_or_default());
    }
    findings.extend(door);
    findings
}

/// The push door, where one is configured. It is not opened: nobody pushes to a check.
fn door(settings: &Settings) -> Option<Finding> {
    match push::token(&settings.push) {
        Ok(None) => None,
        Ok(Some(_)) => {
            let found = format!("`run` opens http://{}/api/v1/ingest to whoever sends the token", settings.listen);
            Some(Finding::ok("push", found))
        }
        Err(failure) => Some(Finding::problem(
            "push",
            failure.to_string(),
            "put a token that the user who runs groundswell can read where push.token_file says: `openssl rand -hex 32`",
        )),
    }
}

/// Files that hold secrets, with the settings that name them.
fn secrets(settings: &Settings) -> impl Iterator<Item = (&'static str, &Path)> {
    let instances = settings.mastodon.instances.iter().map(|instance| ("mastodon", instance.token_file.as_path()));
    instances.chain([
        ("kafka", settings.kafka.password_file.as_path()),
        ("kafka", settings.kafka.tls_key.as_path()),
        ("push", settings.push.token_file.as_path()),
        ("access", settings.access.oidc.client_secret_file.as_path()),
    ])
}

/// How many feeds are tried: spread over the list, so that a network that blocks some is noticed.
const FEEDS_TRIED: usize = 3;

/// A sample of the feeds: enough to know whether they can be reached, and it asks nothing of the others.
fn sample(settings: &Settings, clock: &Arc<dyn Clock>) -> Result<Option<LiveFeed>, Failure> {
    let list = inputs::feed_list(settings)?;
    let step = list.len().div_ceil(FEEDS_TRIED).max(1);
    inputs::feeds(settings, list.into_iter().step_by(step).collect(), clock)
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

/// Others than the owner may read a secret.
fn open_to_others(source: &'static str, path: &Path) -> Option<Finding> {
    let mode = std::fs::metadata(path).ok()?.permissions().mode() & 0o777;
    (mode & 0o077 != 0).then(|| {
        Finding::warning(
            source,
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
