//! `doctor`: checks the surroundings and says what to do.

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::{TcpListener, TcpStream, ToSocketAddrs as _};
use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use crate::args::{Common, Doctor};
use crate::failure::{DONE, FAILED, Outcome};
use crate::output;
use crate::settings::{self, Settings};

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

/// Checks the configuration, the data folder, the port, the clock, memory and the live source.
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

fn sources(settings: &Settings) -> Vec<Finding> {
    let mut findings = Vec::new();
    if settings.bluesky.enabled {
        let endpoints = crate::inputs::bluesky_endpoints(settings);
        findings.extend(endpoints.iter().map(|endpoint| bluesky(endpoint)));
    } else if !settings.feeds.enabled {
        findings.push(Finding::warning("sources", "all switched off", "the simulator is all that `run` will show"));
    }
    if settings.feeds.enabled {
        findings.extend(feeds(settings));
    }
    findings
}

/// How many feeds are tried: spread over the list, so that a network that blocks some is noticed.
const FEEDS_TRIED: usize = 3;

fn feeds(settings: &Settings) -> Vec<Finding> {
    let list = match crate::inputs::feed_list(settings) {
        Ok(list) => list,
        Err(failure) => {
            let advice = "mend the list that is named";
            return vec![Finding::problem("feeds", failure.to_string(), advice)];
        }
    };
    let mut findings = Vec::new();
    let addresses: Vec<String> = (0..FEEDS_TRIED.min(list.len()))
        .filter_map(|at| list[at * list.len() / FEEDS_TRIED.min(list.len())].address().ok())
        .filter_map(|url| Some(format!("{}:{}", url.host_str()?, url.port_or_known_default()?)))
        .collect();
    let tried: Vec<_> = addresses
        .into_iter()
        .map(|address| {
            std::thread::spawn(move || {
                let reached = reach(&address);
                (address, reached)
            })
        })
        .collect();
    let mut troubles = Vec::new();
    let count = tried.len();
    for thread in tried {
        if let Ok((address, Err(error))) = thread.join() {
            troubles.push(format!("{address}: {error}"));
        }
    }
    let found = format!(
        "{} of {count} that were tried accept connections ({} in the list)",
        count - troubles.len(),
        list.len()
    );
    findings.push(if troubles.is_empty() {
        Finding::ok("feeds", found)
    } else {
        Finding::warning(
            "feeds",
            format!("{found}; {}", troubles.join("; ")),
            "check network and firewall (feeds are not read through a proxy); the page's list of sources says which fail",
        )
    });
    if settings.feeds.contact.trim().is_empty() && !list.is_empty() {
        findings.push(Finding::warning(
            "feeds",
            "`feeds.contact` is empty",
            "name an address of mail or web, so that publishers can reach you before they block you",
        ));
    }
    findings
}

/// How long an endpoint may take to accept a connection.
const REACH_WAIT: Duration = Duration::from_secs(3);

fn reach(address: &str) -> std::io::Result<()> {
    let found = address.to_socket_addrs()?.next().ok_or_else(|| std::io::Error::other("the name has no address"))?;
    TcpStream::connect_timeout(&found, REACH_WAIT).map(|_| ())
}

fn bluesky(endpoint: &str) -> Finding {
    let (scheme, rest) = endpoint.split_once("://").unwrap_or(("wss", endpoint));
    let host = rest.split(['/', '?']).next().unwrap_or(rest);
    let address =
        if host.contains(':') { host.to_owned() } else { format!("{host}:{}", if scheme == "ws" { 80 } else { 443 }) };
    match reach(&address) {
        Ok(()) => Finding::ok("bluesky", format!("{address} accepts connections")),
        Err(error) => Finding::warning(
            "bluesky",
            format!("{address}: {error}"),
            "check network, proxy and firewall; until a live source answers, `run` shows simulated data and keeps trying",
        ),
    }
}
