//! The service in operation, from outside: signals while it starts, runs and reads, SIGHUP, logs. Ten seconds are what may pass until
//! an ordered end (issue 5); they are a bound and no measurement.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod common;

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use common::{get, groundswell, handles_signals, signal, succeed};

/// What an ordered end may take.
const END_MAX: Duration = Duration::from_secs(10);
/// What a condition may take to come about on a busy machine, before the test gives up.
const PATIENCE: Duration = Duration::from_mins(1);

/// A running program and what it said so far. Killed when dropped.
struct Service {
    child: Child,
    said: Arc<Mutex<String>>,
    reader: Option<std::thread::JoinHandle<()>>,
}

impl Service {
    fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let said = Arc::new(Mutex::new(String::new()));
        let (to, from) = (Arc::clone(&said), child.stderr.take().unwrap());
        let reader = std::thread::spawn(move || {
            for line in BufReader::new(from).lines().map_while(Result::ok) {
                let _ = writeln!(to.lock().unwrap(), "{line}");
            }
        });
        Self { child, said, reader: Some(reader) }
    }

    fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    /// Waits for a condition; `what` is said when it does not come about.
    fn until<T>(&mut self, what: &str, mut look: impl FnMut(&mut Self) -> Option<T>) -> T {
        let began = Instant::now();
        loop {
            if let Some(found) = look(self) {
                return found;
            }
            assert!(began.elapsed() < PATIENCE, "{what} did not come about; it said:\n{}", self.said());
            assert!(self.child.try_wait().unwrap().is_none(), "it ended before {what}; it said:\n{}", self.said());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn until_said(&mut self, text: &str) {
        self.until(text, |service| service.said().contains(text).then_some(()));
    }

    /// The address of the page, once it is there.
    fn address(&mut self) -> String {
        self.until("the page's address", |service| {
            let said = service.said();
            let (_, rest) = said.split_once("http://")?;
            Some(rest.split_once('/')?.0.to_owned())
        })
    }

    /// Waits until it has a handler for SIGTERM.
    fn until_it_handles_signals(&mut self) {
        let process = self.child.id();
        self.until("a handler of signals", |_| handles_signals(process)?.then_some(()));
    }

    fn signal(&self, name: &str) {
        signal(name, self.child.id());
    }

    /// Waits for the end; asserts that it is one in order and in time.
    fn ends_in_order(mut self) -> String {
        let began = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(began.elapsed() < END_MAX, "it has not ended; it said:\n{}", self.said());
            std::thread::sleep(Duration::from_millis(5));
        };
        self.reader.take().unwrap().join().unwrap();
        assert_eq!(status.code(), Some(0), "{status}; it said:\n{}", self.said());
        assert!(!self.said().contains("panicked"), "{}", self.said());
        self.said()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A server that takes connections and never says a word.
struct Mute {
    listener: TcpListener,
}

impl Mute {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        Self { listener }
    }

    fn address(&self) -> String {
        self.listener.local_addr().unwrap().to_string()
    }

    /// The next connection, if somebody has called.
    fn called(&self) -> Option<TcpStream> {
        let (stream, _) = self.listener.accept().ok()?;
        stream.set_nonblocking(true).unwrap();
        Some(stream)
    }
}

/// Whether the other end has hung up.
fn is_over(mut stream: &TcpStream) -> bool {
    let mut bytes = [0; 4_096];
    loop {
        match stream.read(&mut bytes) {
            Ok(0) => return true,
            Ok(_) => {}
            Err(error) => return error.kind() != std::io::ErrorKind::WouldBlock,
        }
    }
}

fn run(folder: &Path) -> Command {
    let mut command = groundswell();
    command.args(["run", "--listen", "127.0.0.1:0", "--workers", "2", "--data"]).arg(folder.join("data"));
    command.env("GROUNDSWELL_STORE_CHECKPOINT_KEY", folder.join("key"));
    command
}

/// Configured with this file; nothing outside of this machine is asked.
fn run_with(folder: &Path, config: &str) -> Command {
    let path = folder.join("groundswell.toml");
    std::fs::write(&path, config).unwrap();
    let mut command = run(folder);
    command.arg("--config").arg(path);
    command
}

fn watch(name: &str) -> String {
    format!(
        "[[watch]]\nname = \"{name}\"\nquery = 'flood* AND river'\n\
         purpose = {{ category = \"research\", sentence = \"See what a reload does.\" }}\n"
    )
}

#[test]
fn sighup_reads_the_configuration_again_and_refuses_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (Mute::new(), Mute::new());
    let config = |endpoint: &Mute, more: &str| {
        format!(
            "{more}[bluesky]\nendpoints = [\"ws://{}/subscribe\"]\n[feeds]\nenabled = false\n[simulator]\nfallback = false\n",
            endpoint.address()
        )
    };
    let (file, watches) = (folder.path().join("groundswell.toml"), folder.path().join("watches.toml"));
    std::fs::write(&watches, watch("before")).unwrap();
    let mut service = Service::start(run_with(folder.path(), &config(&one, "")).arg("--watches").arg(&watches));
    let address = service.address();
    let mut held = vec![service.until("a call of the first endpoint", |_| one.called())];
    let register = |service: &mut Service, name: &str| {
        let name = format!("\"name\":\"{name}\"");
        service.until("the register", |_| get(&address, "/api/v1/watches")?.contains(&name).then_some(()));
    };
    register(&mut service, "before");

    // What is wrong is refused with its place, and nothing has changed: neither by a setting nor by a watch.
    let wrong = config(&other, "workers = 1\n") + "[gate]\nk = \"ten\"\n";
    let line = wrong.lines().count();
    std::fs::write(&file, wrong).unwrap();
    service.signal("HUP");
    service.until_said(&format!("refused, what was in force stays: {}:{line}: ", file.display()));
    std::fs::write(&file, config(&other, "")).unwrap();
    std::fs::write(&watches, "[[watch]]\nname = \"broken\"\nquery = 'flood AND'\n").unwrap();
    service.signal("HUP");
    service.until_said("watches.toml");
    assert!(other.called().is_none(), "a refused change touches no source");
    register(&mut service, "before");

    // What is right: another endpoint, other watches, JSON, and something that needs a restart.
    std::fs::write(&watches, watch("after")).unwrap();
    std::fs::write(&file, config(&other, "[gate]\nk = 12\n[log]\nformat = \"json\"\nlevel = \"debug\"\n")).unwrap();
    service.signal("HUP");
    let second = service.until("a call of the other endpoint", |_| other.called());
    held.extend(std::iter::from_fn(|| one.called()));
    assert!(held.iter().all(is_over), "the source before has ended when the next begins");
    register(&mut service, "after");
    service.until_said("needs a restart: gate.k\"");
    let said = service.said();
    let said = &said[said.find("{\"timestamp\"").unwrap()..];
    let expected =
        "changed: bluesky.endpoints, log.format, log.level; begun anew: bluesky; watches: 1 new, 0 changed, 1 gone";
    assert!(said.contains(expected), "{said}");
    for line in said.lines() {
        let object: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        for field in ["timestamp", "level", "message", "target"] {
            assert!(object[field].is_string(), "{field} is missing: {line}");
        }
    }

    // A source can be switched off, and what needs a restart is said again.
    let after = service.said().len();
    let off = config(&other, "[gate]\nk = 12\n[log]\nformat = \"json\"\nlevel = \"debug\"\n");
    std::fs::write(&file, off.replace("[bluesky]\n", "[bluesky]\nenabled = false\n")).unwrap();
    service.signal("HUP");
    service.until("the end of the source", |service| {
        (is_over(&second) && service.said()[after..].contains("needs a restart: gate.k")).then_some(())
    });
    service.until("a list without it", |_| get(&address, "/api/v1/sources")?.contains("\"items\":[]").then_some(()));
    let table = succeed(groundswell().args(["sources", "--address", &address]));
    assert!(table.starts_with("SOURCE") && table.lines().count() == 1, "{table}");
    // And on again.
    std::fs::write(&file, config(&other, "")).unwrap();
    service.signal("HUP");
    service.until("another call", |_| other.called());
    service.signal("TERM");
    service.ends_in_order();
}

#[test]
fn a_signal_at_any_moment_of_starting_ends_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let endpoint = Mute::new();
    let config = format!("[bluesky]\nendpoints = [\"ws://{}/\"]\n[feeds]\nenabled = false\n", endpoint.address());
    for (number, signal) in (0_u64..12).zip(["TERM", "INT"].into_iter().cycle()) {
        let mut service = Service::start(&mut run_with(folder.path(), &config));
        service.until_it_handles_signals();
        // Moments are spread over the whole of starting, as it goes on this machine.
        std::thread::sleep(Duration::from_millis(number * number));
        service.signal(signal);
        service.ends_in_order();
    }
    // What was left behind starts again.
    let mut service = Service::start(&mut run_with(folder.path(), &config));
    let address = service.address();
    service.until("readiness", |_| get(&address, "/readyz"));
    service.signal("TERM");
    service.ends_in_order();
}

#[test]
fn a_supervisor_is_told_when_it_is_ready_and_when_it_ends() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let socket = std::os::unix::net::UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let told = || {
        let mut bytes = [0; 64];
        let length = socket.recv(&mut bytes).unwrap();
        String::from_utf8(bytes[..length].to_vec()).unwrap()
    };
    let mut service = Service::start(run(folder.path()).arg("--simulated").env("NOTIFY_SOCKET", &path));
    assert_eq!(told(), "READY=1");
    let address = service.address();
    assert!(get(&address, "/readyz").is_some(), "what is ready answers");
    service.signal("TERM");
    assert_eq!(told(), "STOPPING=1");
    service.ends_in_order();
}

#[test]
fn sources_that_hang_do_not_hold_up_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let mute = [Mute::new(), Mute::new(), Mute::new()];
    let config = format!(
        "[bluesky]\nendpoints = [\"ws://{}/\"]\n\
         [feeds]\npublishers = \"none\"\nurls = [\"http://{}/feed\"]\nprivate_addresses = true\n\
         [mastodon]\nenabled = true\ninstances = [{{ host = \"http://{}\", stream = \"poll\" }}]\n",
        mute[0].address(),
        mute[1].address(),
        mute[2].address()
    );
    let mut service = Service::start(&mut run_with(folder.path(), &config));
    let held: Vec<TcpStream> = mute.iter().map(|mute| service.until("a call", |_| mute.called())).collect();
    service.signal("INT");
    service.ends_in_order();
    assert!(held.iter().all(is_over));
}

#[test]
fn under_load_it_ends_in_order_and_the_data_folder_starts_again() {
    let folder = tempfile::tempdir().unwrap();
    for signal in ["INT", "TERM"] {
        let mut command = run(folder.path());
        command.arg("--simulated").env("GROUNDSWELL_SIMULATOR_RATE", "20000");
        let mut service = Service::start(&mut command);
        let address = service.address();
        service.until("posts", |_| {
            let metrics = get(&address, "/metrics")?;
            let read =
                metrics.lines().find_map(|line| line.strip_prefix("groundswell_records_total{state=\"accepted\"} "))?;
            (read.parse::<f64>().ok()? > 20_000.0).then_some(())
        });
        service.signal(signal);
        service.ends_in_order();
    }
}

#[test]
fn a_replay_ends_in_order_at_a_signal_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let posts = folder.path().join("posts.ndjson");
    succeed(groundswell().args(["simulate", "--rate", "100", "--duration", "20min", "--out"]).arg(&posts));
    let replay = |input: &Path| {
        let mut command = groundswell();
        command
            .args(["replay", "--summary", "json", "--workers", "2", "--data"])
            .arg(folder.path().join("data"))
            .arg(input);
        command.env("GROUNDSWELL_STORE_CHECKPOINT_KEY", folder.path().join("key"));
        command
    };
    for millis in [0, 40, 200] {
        let mut service = Service::start(&mut replay(&posts));
        service.until_it_handles_signals();
        std::thread::sleep(Duration::from_millis(millis));
        if service.child.try_wait().unwrap().is_none() {
            service.signal("TERM");
        }
        service.ends_in_order();
    }
    let summary: serde_json::Value = serde_json::from_str(&succeed(replay(&posts).arg("--again"))).unwrap();
    assert_eq!(summary["posts"]["read"], std::fs::read_to_string(&posts).unwrap().lines().count(), "{summary}");

    // A pipe in which nothing comes.
    let mut service = Service::start(replay(Path::new("-")).stdin(Stdio::piped()));
    service.until_it_handles_signals();
    service.signal("INT");
    service.ends_in_order();
}

#[test]
fn logs_are_lines_or_json_and_a_failure_keeps_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("groundswell.toml");
    std::fs::write(&file, "[log]\nformat = \"json\"\nlevel = \"warn\"\n").unwrap();
    let shown = succeed(groundswell().args(["config", "show", "--config"]).arg(&file));
    assert!(shown.contains("log.format = \"json\"") && shown.contains("GROUNDSWELL_LOG_LEVEL"), "{shown}");
    let shown = succeed(groundswell().args(["config", "show", "--log-format", "text", "--config"]).arg(&file));
    assert!(shown.contains("log.format = \"text\"  # --log-format"), "{shown}");

    let failed = common::finish(groundswell().args(["run", "--log-format", "json", "--config", "/nowhere"]));
    assert_eq!(failed.code, 2);
    let object: serde_json::Value = serde_json::from_str(failed.stderr.trim()).unwrap();
    assert_eq!(object["level"], "ERROR");
    assert!(object["message"].as_str().unwrap().contains("/nowhere: cannot be read"), "{object}");
}

#[test]
fn the_doctor_looks_at_each_source_by_itself_and_knows_a_service_that_runs() {
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("push.token");
    let mut service = Service::start(run(folder.path()).arg("--simulated"));
    let address = service.address();
    let config = format!(
        "listen = \"{address}\"\n[bluesky]\nenabled = false\n[feeds]\nenabled = false\n[mastodon]\nenabled = true\n\
         instances = [{{ host = \"a.example\", token_file = \"/nowhere/a.token\" }}]\n[push]\ntoken_file = \"{}\"\n",
        token.display()
    );
    std::fs::write(folder.path().join("groundswell.toml"), config).unwrap();
    let doctor = || {
        let mut command = groundswell();
        command.args(["doctor", "--json", "--data"]).arg(folder.path().join("data"));
        command.env("GROUNDSWELL_STORE_CHECKPOINT_KEY", folder.path().join("key"));
        let finished = common::finish(command.arg("--config").arg(folder.path().join("groundswell.toml")));
        let told: serde_json::Value = serde_json::from_str(&finished.stdout).unwrap();
        let findings = told["findings"].as_array().unwrap().iter().map(|finding| {
            let word = |field: &str| finding[field].as_str().unwrap_or_default().to_owned();
            format!("{} {}: {}; {}", word("state"), word("check"), word("found"), word("advice"))
        });
        (finished.code, findings.collect::<Vec<_>>())
    };
    let has = |findings: &[String], start: &str, text: &str| {
        assert!(
            findings.iter().any(|line| line.starts_with(start) && line.contains(text)),
            "{start} {text}: {findings:#?}"
        );
    };

    let (code, findings) = doctor();
    assert_eq!(code, 1);
    has(&findings, "ok address", &format!("a groundswell answers at {address}"));
    has(&findings, "ok key", "will be made at the first start");
    has(&findings, "problem mastodon", "/nowhere/a.token: cannot be read");
    has(&findings, "problem push", "push.token: cannot be read");

    let secret = "correct-horse-battery-staple-0123456789";
    std::fs::write(&token, secret).unwrap();
    std::fs::set_permissions(&token, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    let (_, findings) = doctor();
    has(&findings, "ok push", "/api/v1/ingest");
    has(&findings, "warning push", &format!("chmod 600 {}", token.display()));
    assert!(!findings.join("\n").contains(secret));
    service.signal("TERM");
    service.ends_in_order();
}

#[test]
fn what_is_packaged_is_what_systemd_reads() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/check-packaging");
    let finished = common::finish(&mut Command::new(script));
    assert_eq!(finished.code, 0, "{}", finished.stderr);
    #[allow(clippy::print_stderr, reason = "a skipped test must say so")]
    {
        eprint!("{}", finished.stdout);
    }
    let settings = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packaging/groundswell.toml");
    let uncommented: String = std::fs::read_to_string(&settings)
        .unwrap()
        .lines()
        .map(|line| line.strip_prefix("# ").filter(|line| line.contains(['[', ']', '=', '{'])).unwrap_or(line))
        .fold(String::new(), |text, line| text + line + "\n");
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [("as-it-is", std::fs::read_to_string(&settings).unwrap()), ("uncommented", uncommented)] {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        succeed(groundswell().args(["config", "check", "--config"]).arg(path));
    }
}
