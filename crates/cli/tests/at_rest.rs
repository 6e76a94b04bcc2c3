//! What lies about: files of the data folder, temporary files, logs, metrics, core files, the process's environment. No key, no id of who
//! opted out, no text (PRIVACY section 8).
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod common;

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use common::{finish, get, groundswell, succeed};

const OPTED_OUT: &str = "did:plc:optedoutcanaryaaaaaaaaaa";
const SECRET: &str = "xqsecretopinion";
const TOKEN: &str = "a-token-of-this-test-and-nothing-else";

struct Service(Child);

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { all.extend(files(&path)) } else { all.push(path) }
    }
    all
}

fn holds(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    })
}

/// Adds the account on stdin, as an operator would.
fn opt_out(data: &Path, source: &str, ids: &str) -> String {
    let mut child = groundswell()
        .args(["opt-out", "add", source, "--data"])
        .arg(data)
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(ids.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn who_opts_out_is_not_counted_and_not_written_down() {
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("data"), folder.path().join("posts.ndjson"));
    let said = opt_out(&data, "file", &format!("{OPTED_OUT}\n\n{OPTED_OUT}\nother\n"));
    assert!(said.contains("2 added, 1 were there already; 2 in all") && !said.contains(OPTED_OUT), "{said}");
    assert_eq!(succeed(groundswell().args(["opt-out", "count", "--data"]).arg(&data)), "2\n");
    let post = |author: &str| format!(r#"{{"time":"2026-01-05T10:00:00Z","author":"{author}","text":"flood"}}"#);
    std::fs::write(&file, [post(OPTED_OUT), post("someone")].join("\n")).unwrap();
    let summary = succeed(groundswell().args(["replay", "--summary", "json", "--data"]).arg(&data).arg(&file));
    let summary: serde_json::Value = serde_json::from_str(&summary).unwrap();
    assert_eq!((&summary["posts"]["accepted"], &summary["posts"]["opted_out"]), (&1.into(), &1.into()));
    for path in files(&data) {
        assert!(!holds(&std::fs::read(&path).unwrap(), OPTED_OUT.as_bytes()), "{}", path.display());
    }
    // Too long to be an id, and not quoted.
    let mut child = groundswell()
        .args(["opt-out", "add", "file", "--data"])
        .arg(&data)
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&vec![b'x'; 5_000]).unwrap();
    let refused = child.wait_with_output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        String::from_utf8(refused.stderr)
            .unwrap()
            .contains("stdin:1: expected an id of at most 2048 bytes, found 5000")
    );
}

#[test]
fn keys_that_others_can_read_are_refused_by_run_and_replay() {
    for key in ["opt-outs.key", "checkpoint.key"] {
        let folder = tempfile::tempdir().unwrap();
        let (data, file) = (folder.path().join("data"), folder.path().join("posts.ndjson"));
        std::fs::create_dir(&data).unwrap();
        std::fs::write(&file, "").unwrap();
        let path = data.join(key);
        std::fs::write(&path, [7; 32]).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        for command in [&["run", "--listen", "127.0.0.1:0"][..], &["replay", file.to_str().unwrap()]] {
            let refused = finish(
                groundswell()
                    .args(command)
                    .env("GROUNDSWELL_STORE_CHECKPOINT_KEY", data.join("checkpoint.key"))
                    .arg("--data")
                    .arg(&data),
            );
            assert_ne!(refused.code, 0, "{key} {command:?}");
            assert!(refused.stderr.contains("600"), "{}", refused.stderr);
        }
    }
}

#[test]
fn nothing_that_lies_about_holds_a_key_or_a_text() {
    let folder = tempfile::tempdir().unwrap();
    let (data, keys, temporary) = (folder.path().join("data"), folder.path().join("keys"), folder.path().join("tmp"));
    std::fs::create_dir(&temporary).unwrap();
    std::fs::create_dir(&keys).unwrap();
    let token_file = keys.join("push.token");
    std::fs::write(&token_file, TOKEN).unwrap();
    std::fs::set_permissions(&token_file, std::fs::Permissions::from_mode(0o600)).unwrap();
    opt_out(&data, "push", &format!("{OPTED_OUT}\n"));
    let listen = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let log = folder.path().join("log");
    let service = groundswell()
        .args(["run", "-vvv", "--listen", &listen.to_string(), "--data"])
        .arg(&data)
        .env("GROUNDSWELL_LOG", "trace")
        .env("TMPDIR", &temporary)
        .env("GROUNDSWELL_STORE_CHECKPOINT_KEY", keys.join("checkpoint.key"))
        .env("GROUNDSWELL_STORE_CHECKPOINT_SECONDS", "0.2")
        .env("GROUNDSWELL_PUSH_TOKEN_FILE", &token_file)
        .env("GROUNDSWELL_SIMULATOR_FALLBACK", "false")
        .env("GROUNDSWELL_BLUESKY_ENDPOINTS", "ws://127.0.0.1:9/subscribe")
        .env("GROUNDSWELL_FEEDS_ENABLED", "false")
        // Text that is held lies nowhere.
        .env("GROUNDSWELL_EXPLORE_INDEX_MIB", "16")
        .stdout(Stdio::null())
        .stderr(std::fs::File::create(&log).unwrap())
        .spawn()
        .unwrap();
    let mut service = Service(service);
    let said = || std::fs::read_to_string(&log).unwrap();
    let mut wait = |what: &str, ready: &mut dyn FnMut() -> bool| {
        for _ in 0..600 {
            if ready() {
                return;
            }
            assert!(service.0.try_wait().unwrap().is_none(), "it ended:\n{}", said());
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        panic!("{what} did not come about:\n{}", said());
    };
    wait("an answer", &mut || get(listen, "/readyz").is_some());
    let post = format!(r#"{{"time":{},"author":"{OPTED_OUT}x","text":"{SECRET}"}}"#, common::now().as_secs());
    wait("an accepted post", &mut || {
        let mut stream = std::net::TcpStream::connect(listen).unwrap();
        write!(
            stream,
            "POST /api/v1/ingest HTTP/1.0\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: {}\r\n\r\n{post}",
            post.len()
        )
        .unwrap();
        let mut answer = String::new();
        let _ = std::io::Read::read_to_string(&mut stream, &mut answer);
        answer.contains("\"accepted\":1")
    });
    let key_file = keys.join("checkpoint.key");
    wait("a checkpoint", &mut || {
        key_file.exists() && files(&data).iter().any(|path| path.to_string_lossy().contains("checkpoint-"))
    });
    let id = service.0.id();
    let proc = |name: &str| std::fs::read(format!("/proc/{id}/{name}")).unwrap();
    let limits = String::from_utf8(proc("limits")).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"], "{core}");

    let all_keys = [key_file, data.join("opt-outs.key")];
    let mut needles: Vec<Vec<u8>> = vec![OPTED_OUT.into(), SECRET.into(), TOKEN.into()];
    for path in &all_keys {
        assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600, "{}", path.display());
        let key = std::fs::read(path).unwrap();
        assert_eq!(key.len(), 32);
        needles.push(hex(&key).into_bytes());
        needles.push(key);
    }
    let metrics = get(listen, "/metrics").unwrap();
    let mut places: Vec<(String, Vec<u8>)> = vec![
        ("metrics".into(), metrics.into_bytes()),
        ("environment".into(), proc("environ")),
        ("command line".into(), proc("cmdline")),
        ("log".into(), said().into_bytes()),
    ];
    places.extend(files(folder.path()).into_iter().filter(|path| !all_keys.contains(path) && *path != token_file).map(
        |path| {
            // A file may be replaced while it is looked for.
            (path.display().to_string(), std::fs::read(&path).unwrap_or_default())
        },
    ));
    assert!(places.len() > 6, "{:?}", places.iter().map(|(place, _)| place).collect::<Vec<_>>());
    for (place, bytes) in &places {
        for needle in &needles {
            assert!(!holds(bytes, needle), "{place} holds a key, an id or a text");
        }
    }
}
