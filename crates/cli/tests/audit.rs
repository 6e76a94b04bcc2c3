//! The audit log of the whole program: what each command tells, that a service tells what happens to it, that everyone who reads
//! anything can read and verify it, and that an altered copy is found by both verifiers.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod common;

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use common::{finish, get, groundswell, signal, succeed};
use serde_json::Value;

/// What a condition may take to come about on a busy machine, before the test gives up.
const PATIENCE: Duration = Duration::from_mins(1);

fn watch(name: &str, query: &str, more: &str) -> String {
    format!(
        "[[watch]]\nname = \"{name}\"\nquery = '{query}'\n\
         purpose = {{ category = \"crisis-response\", sentence = \"See where flooding is discussed.\" }}\n{more}"
    )
}

fn posts(path: &Path) {
    let mut text = String::new();
    for number in 0..200 {
        let _ = writeln!(
            text,
            "{{\"time\":\"2026-01-05T10:{:02}:00Z\",\"author\":\"a{number}\",\"text\":\"flood of the river #flood\",\"lang\":\"en\"}}",
            number / 20
        );
    }
    std::fs::write(path, text).unwrap();
}

/// All entries, as `audit show` prints them for machines.
fn entries(data: &Path) -> Vec<Value> {
    let out = succeed(groundswell().args(["audit", "show", "--all", "--format", "jsonl", "--data"]).arg(data));
    out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The acts in words, without what differs from run to run.
fn words(entries: &[Value]) -> String {
    entries.iter().fold(String::new(), |mut text, entry| {
        let words = entry["words"].as_str().unwrap();
        let words = words.split_once(", build ").map_or(words, |(before, _)| before);
        let _ = writeln!(text, "{} {} {words}", entry["number"], entry["account"].as_str().unwrap());
        text
    })
}

fn second_verifier(arguments: &[&str], folder: &Path) -> Option<i32> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../audit/tests/verify.py");
    let asked = Command::new("python3").arg("-B").arg(script).args(arguments).current_dir(folder).output();
    let Ok(output) = asked else {
        #[allow(clippy::print_stderr, reason = "a skipped test must say so")]
        {
            eprintln!("SKIPPED: python3 is absent");
        }
        return None;
    };
    Some(output.status.code().unwrap())
}

#[test]
fn every_command_tells_what_it_does() {
    let dir = tempfile::tempdir().unwrap();
    let (data, file, watches) =
        (dir.path().join("data"), dir.path().join("posts.ndjson"), dir.path().join("watches.toml"));
    posts(&file);
    std::fs::write(&watches, watch("floods", "flood AND river", "")).unwrap();
    let on = |arguments: &[&str]| succeed(groundswell().args(arguments).arg("--data").arg(&data));
    let purpose = ["--category", "crisis-response", "--purpose", "See where heat is discussed."];
    on(&[&["watch", "add", "heat", "--query", "heat*", "--sunset", &in_days(30)][..], &purpose].concat());
    on(&["watch", "renew", "heat", "--sunset", &in_days(60)]);
    on(&["watch", "remove", "heat"]);
    let refused = finish(
        groundswell()
            .args(["watch", "add", "jane", "--query", "\"+49 30 5557788\""])
            .args(purpose)
            .arg("--data")
            .arg(&data),
    );
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    let replay = ["replay", file.to_str().unwrap(), "--watches", watches.to_str().unwrap()];
    on(&replay);
    on(&[
        "export",
        "volumes",
        "--by",
        "hashtag",
        "--value",
        "flood",
        "--format",
        "csv",
        "--from",
        "2026-01-05T00:00:00Z",
    ]);
    on(&["export", "narratives", "--events"]);
    // The same watch again is no news.
    on(&replay);
    let told = entries(&data);
    let today = in_days(0);
    let days =
        [(in_days(30), "in 30 days"), (in_days(60), "in 60 days"), (in_days(90), "in 90 days"), (today, "today")];
    let text = days.iter().fold(words(&told), |text, (day, name)| text.replace(day, name));
    insta::assert_snapshot!(text);

    // Nothing of what was asked for, refused or posted is in any of its files.
    let folder = data.join("audit");
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
        for word in ["5557788", "jane", "of the river", "#flood", "a17\""] {
            assert!(!text.contains(word), "{} holds {word}", path.display());
        }
    }

    let whole = succeed(groundswell().args(["audit", "verify", "--data"]).arg(&data));
    assert!(whole.starts_with(&format!("whole: {} entries of groundswell/", told.len())), "{whole}");
    if let Some(code) = second_verifier(&["log.ndjson", "checkpoint", "key.pub"], &folder) {
        assert_eq!(code, 0);
        let script = |arguments: &[&str]| {
            let proof = on(&[&["audit", "prove"], arguments].concat());
            std::fs::write(folder.join("proof.json"), proof).unwrap();
            second_verifier(&["--proof", "proof.json"], &folder)
        };
        assert_eq!(script(&["inclusion", "3"]), Some(0));
        assert_eq!(script(&["inclusion", "0", "--size", "1"]), Some(0));
        assert_eq!(script(&["consistency", "4"]), Some(0));
        std::fs::remove_file(folder.join("proof.json")).unwrap();
    }
    let beyond = finish(groundswell().args(["audit", "prove", "inclusion", "999", "--data"]).arg(&data));
    assert_eq!(beyond.code, 2);
    assert_eq!(
        beyond.stderr.trim_end(),
        format!(
            "groundswell: expected an entry's number below the size, found 999; the log has {0} entries, counted from 0",
            told.len()
        )
    );
}

#[test]
fn the_transparency_report_says_what_is_watched_why_and_until_when() {
    let dir = tempfile::tempdir().unwrap();
    let (data, file, watches) =
        (dir.path().join("data"), dir.path().join("posts.ndjson"), dir.path().join("watches.toml"));
    posts(&file);
    let mut text = std::fs::read_to_string(&file).unwrap();
    for number in 0..25 {
        let _ = writeln!(text, "{{\"time\":\"2026-01-05T10:09:00Z\",\"id\":\"p{number}\",\"delete\":true}}");
    }
    std::fs::write(&file, text).unwrap();
    let sunset = format!("sunset = \"{}\"\n", in_days(40));
    std::fs::write(&watches, watch("floods", "flood AND (river OR sea)", &sunset)).unwrap();
    succeed(groundswell().arg("replay").arg(&file).arg("--watches").arg(&watches).arg("--data").arg(&data));
    let report = |format: &str| {
        let args = ["report", "transparency", "--format", format, "--watches"];
        succeed(groundswell().args(args).arg(&watches).arg("--data").arg(&data))
    };
    let json: Value = serde_json::from_str(&report("json")).unwrap();
    let watch = &json["watches"][0];
    assert_eq!((&json["k"], &json["simulated"], &watch["name"]), (&10.into(), &false.into(), &"floods".into()));
    assert_eq!(
        (&watch["sentence"], &watch["sunset"]),
        (&"See where flooding is discussed.".into(), &in_days(40).into())
    );
    assert_eq!((&json["watch_hours_shown"], &json["watch_hours_held_back"]), (&1.into(), &0.into()));
    assert_eq!(json["deletions_at_least"], 20, "rounded down to a multiple of k: {json}");
    assert_eq!((&json["acts"]["started"], &json["acts"]["exported"]), (&1.into(), &1.into()));
    assert_eq!(json["released_from"], "2026-01-05T10:00:00Z");
    let html = report("html");
    for part in ["<td><bdi>floods</bdi></td>", "20 deletions", &in_days(40), json["audit"]["key"].as_str().unwrap()] {
        assert!(html.contains(part), "{part} is missing:\n{html}");
    }
    assert!(!html.contains("<script") && !html.contains("http"), "it asks nothing of anyone:\n{html}");
    // The report is an act, and the head in it is of the log with that act.
    assert_eq!(entries(&data).last().unwrap()["words"], "transparency_report exported as html");
}

/// A day from today on, as the program that is tested reckons it.
fn in_days(days: u64) -> String {
    let days = common::now().as_secs() / 86_400 + days;
    groundswell_audit::Day::from_days(days as i64).to_string()
}

#[test]
fn an_altered_copy_is_told_with_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let file = dir.path().join("posts.ndjson");
    posts(&file);
    succeed(groundswell().arg("replay").arg(&file).arg("--data").arg(&data));
    let folder = data.join("audit");
    let log = std::fs::read_to_string(folder.join("log.ndjson")).unwrap();
    let copy = dir.path().join("copy");
    std::fs::create_dir(&copy).unwrap();
    for name in ["checkpoint", "key.pub"] {
        std::fs::copy(folder.join(name), copy.join(name)).unwrap();
    }
    let verify = |text: &str, more: &[&str]| {
        std::fs::write(copy.join("log.ndjson"), text).unwrap();
        let place = |name: &str| copy.join(name).display().to_string();
        finish(
            groundswell()
                .args(["audit", "verify", "--log", &place("log.ndjson"), "--checkpoint", &place("checkpoint")])
                .args(["--key", &place("key.pub")])
                .args(more),
        )
    };
    let whole = verify(&log, &[]);
    assert_eq!((whole.code, whole.stderr.as_str()), (0, ""));
    // Of the names and hashes, which differ from run to run, only the places are shown.
    let shown = |text: &str| {
        let key = std::fs::read_to_string(copy.join("key.pub")).unwrap();
        let key = key.trim_end();
        let origin = key.split('+').next().unwrap();
        let root = text.split_once("root ").map(|(_, rest)| rest.lines().next().unwrap().to_owned());
        let text = text.replace(key, "KEY").replace(origin, "ORIGIN");
        root.map_or(text.clone(), |root| text.replace(&root, "ROOT"))
    };
    insta::assert_snapshot!("whole", shown(&whole.stdout));
    let altered = verify(&log.replacen("\"k\":10", "\"k\":50", 1), &[]);
    assert_eq!(altered.code, 1);
    insta::assert_snapshot!("altered", shown(&altered.stdout));
    let lines: Vec<&str> = log.split_inclusive('\n').collect();
    let cut = verify(&lines[..2].concat(), &[]);
    assert_eq!(cut.code, 1);
    insta::assert_snapshot!("cut", shown(&cut.stdout));
    let machine = verify(&lines[..2].concat(), &["--json"]);
    let report: Value = serde_json::from_str(&machine.stdout).unwrap();
    assert_eq!(
        (machine.code, &report["damages"][0]["kind"], &report["damages"][0]["first"]),
        (1, &"cut_off".into(), &2.into())
    );
    assert_eq!(second_verifier(&["log.ndjson", "checkpoint", "key.pub"], &copy).unwrap_or(1), 1);
    // Nobody's cosignature where one is wanted.
    assert_eq!(verify(&log, &["--quorum", "1"]).code, 1);
    let private = std::fs::read_to_string(folder.join("key")).unwrap();
    std::fs::write(copy.join("key.pub"), &private).unwrap();
    let refused = verify(&log, &[]);
    assert_eq!(refused.code, 2);
    assert!(
        !refused.stderr.contains(private.trim_end().splitn(5, '+').last().unwrap()),
        "a private key is not printed"
    );
    // A log of one's own that was altered is not appended to.
    std::fs::write(folder.join("log.ndjson"), log.replacen("\"k\":10", "\"k\":50", 1)).unwrap();
    let again = finish(groundswell().args(["replay", "--again"]).arg(&file).arg("--data").arg(&data));
    assert_eq!(again.code, 1);
    assert!(again.stderr.contains("nothing is appended to a log that was altered"), "{}", again.stderr);
    // What cannot be told is not done.
    let export = finish(groundswell().args(["export", "volumes", "--data"]).arg(&data));
    assert_eq!((export.code, export.stdout.as_str()), (1, ""));
    let purpose = ["--category", "crisis-response", "--purpose", "See where heat is discussed."];
    let add =
        finish(groundswell().args(["watch", "add", "heat", "--query", "heat*"]).args(purpose).arg("--data").arg(&data));
    assert_eq!(add.code, 1);
    assert_eq!(succeed(groundswell().args(["watch", "list", "--data"]).arg(&data)), "");
}

#[test]
fn a_key_that_others_can_read_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (data, file) = (dir.path().join("data"), dir.path().join("posts.ndjson"));
    posts(&file);
    succeed(groundswell().arg("replay").arg(&file).arg("--data").arg(&data));
    let key = data.join("audit/key");
    assert_eq!(std::fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    for command in
        [&["run", "--simulated", "--listen", "127.0.0.1:0"][..], &["replay", "--again", file.to_str().unwrap()]]
    {
        let refused = finish(groundswell().args(command).arg("--data").arg(&data));
        assert_eq!(refused.code, 1, "{}", refused.stderr);
        assert!(refused.stderr.contains("others may read the key (mode 644)"), "{}", refused.stderr);
    }
    // Another place and a name of one's own; the name stays.
    let apart = dir.path().join("apart");
    let named = |origin: &str| {
        finish(
            groundswell()
                .args(["replay", file.to_str().unwrap(), "--data"])
                .arg(dir.path().join("named"))
                .env("GROUNDSWELL_AUDIT_ORIGIN", origin)
                .env("GROUNDSWELL_AUDIT_KEY", &apart),
        )
    };
    assert_eq!(named("example.org/ours").code, 0);
    assert!(apart.exists() && !dir.path().join("named/audit/key").exists());
    let head = succeed(groundswell().args(["audit", "checkpoint", "--data"]).arg(dir.path().join("named")));
    assert!(head.starts_with("example.org/ours\n"), "{head}");
    let other = named("example.org/other");
    assert_eq!(other.code, 2);
    assert!(other.stderr.contains("a log keeps its name"), "{}", other.stderr);
}

/// A service that is killed when dropped.
struct Service {
    child: Child,
    said: Arc<Mutex<String>>,
}

impl Service {
    fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let said = Arc::new(Mutex::new(String::new()));
        let (to, from) = (Arc::clone(&said), child.stderr.take().unwrap());
        std::thread::spawn(move || {
            for line in BufReader::new(from).lines().map_while(Result::ok) {
                let _ = writeln!(to.lock().unwrap(), "{line}");
            }
        });
        Self { child, said }
    }

    fn until<T>(&mut self, what: &str, mut look: impl FnMut(&str) -> Option<T>) -> T {
        let began = Instant::now();
        loop {
            let said = self.said.lock().unwrap().clone();
            if let Some(found) = look(&said) {
                return found;
            }
            assert!(began.elapsed() < PATIENCE, "{what} did not come about; it said:\n{said}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn address(&mut self) -> String {
        self.until("the page's address", |said| Some(said.split_once("http://")?.1.split_once('/')?.0.to_owned()))
    }

    fn stop(mut self) {
        signal("TERM", self.child.id());
        assert!(self.child.wait().unwrap().success(), "{}", self.said.lock().unwrap());
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn body(address: &str, path: &str) -> Option<String> {
    Some(get(address, path)?.split_once("\r\n\r\n")?.1.to_owned())
}

/// Asks as a page of somewhere else would.
fn from_elsewhere(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.0\r\nHost: evil.example\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_service_tells_what_happens_to_it_and_everyone_can_check() {
    let dir = tempfile::tempdir().unwrap();
    let (data, watches, config): (PathBuf, PathBuf, PathBuf) =
        (dir.path().join("data"), dir.path().join("watches.toml"), dir.path().join("groundswell.toml"));
    std::fs::write(&watches, watch("floods", "flood AND river", "") + &watch("heat", "heat*", "")).unwrap();
    std::fs::write(&config, "[log]\nlevel = \"info\"\n").unwrap();
    let mut command = groundswell();
    command.args(["run", "--simulated", "--listen", "127.0.0.1:0", "--watches"]).arg(&watches);
    command.arg("--data").arg(&data).arg("--config").arg(&config);
    command.env("GROUNDSWELL_SIMULATOR_BACKFILL_MINUTES", "1").env("GROUNDSWELL_SIMULATOR_RATE", "5");
    let mut service = Service::start(&mut command);
    let address = service.address();

    // Beside it, a watch is added; at a reload it is in force, another is changed and one is gone.
    succeed(
        groundswell()
            .args(["watch", "add", "storms", "--query", "storm*", "--category", "crisis-response"])
            .args(["--purpose", "See where storms are discussed.", "--sunset", &in_days(90)])
            .arg("--data")
            .arg(&data),
    );
    std::fs::write(&watches, watch("floods", "flood AND (river OR sea)", "")).unwrap();
    std::fs::write(&config, "[log]\nlevel = \"debug\"\n").unwrap();
    signal("HUP", service.child.id());
    service.until("the reload", |said| {
        said.contains("the configuration was read again; changed: log.level").then_some(())
    });
    assert!(from_elsewhere(&address, "/api/v1/volumes?value=someone").starts_with("HTTP/1.0 421"));
    assert!(from_elsewhere(&address, "/people/someone").starts_with("HTTP/1.0 421"));

    // What the API says verifies, by itself and against the log.
    let page: Value = serde_json::from_str(&body(&address, "/api/v1/audit/entries?newest=2").unwrap()).unwrap();
    let size = page["head"]["size"].as_u64().unwrap();
    assert_eq!(page["items"].as_array().unwrap().len(), 2);
    assert_eq!(page["items"][1]["number"].as_u64(), Some(size - 1));
    let head = body(&address, "/api/v1/audit/checkpoint").unwrap();
    assert_eq!(page["head"]["note"], head);
    for (path, file) in [
        (format!("/api/v1/audit/proof/inclusion?entry={}", size - 1), "inclusion.json"),
        ("/api/v1/audit/proof/consistency?from=1".to_owned(), "consistency.json"),
    ] {
        let proof: Value = serde_json::from_str(&body(&address, &path).unwrap()).unwrap();
        std::fs::write(dir.path().join(file), proof["proof"].to_string()).unwrap();
        assert_eq!(second_verifier(&["--proof", file], dir.path()).unwrap_or(0), 0, "{proof}");
    }
    service.stop();

    std::fs::write(dir.path().join("earlier"), head).unwrap();
    let verified = finish(
        groundswell().args(["audit", "verify", "--data"]).arg(&data).arg("--earlier").arg(dir.path().join("earlier")),
    );
    assert_eq!(verified.code, 0, "{}", verified.stdout);
    let told = entries(&data);
    let text = words(&told).replace(&in_days(90), "in 90 days");
    insta::assert_snapshot!(text);
    let all: String = told.iter().map(|entry| entry["line"].as_str().unwrap()).collect();
    assert!(!all.contains("someone") && !all.contains("people"), "an address that was asked for is not written down");
}
