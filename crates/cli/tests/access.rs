//! Accounts and API tokens from the command line to the running service.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod common;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use common::{finish, groundswell, succeed};

const PASSWORD: &str = "correct horse battery staple";

fn on(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = groundswell();
    command.args(arguments).arg("--data").arg(folder);
    command
}

/// With a line on stdin, as a script has it.
fn with_line(mut command: Command, line: &str) -> (i32, String) {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // It may have ended without reading.
    let _ = child.stdin.take().unwrap().write_all(line.as_bytes());
    let output = child.wait_with_output().unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

fn http(address: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

struct Service {
    child: Child,
    address: String,
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn start(folder: &Path, listen: &str) -> Service {
    let log = folder.join("log");
    let child = on(folder, &["run", "--simulated", "--workers", "1", "--listen", listen])
        .env("GROUNDSWELL_LOG", "debug")
        .stderr(std::fs::File::create(&log).unwrap())
        .spawn()
        .unwrap();
    let mut service = Service { child, address: String::new() };
    let began = Instant::now();
    while service.address.is_empty() {
        assert!(began.elapsed() < Duration::from_mins(2), "{}", std::fs::read_to_string(&log).unwrap());
        let said = std::fs::read_to_string(&log).unwrap();
        if let Some(line) = said.lines().find(|line| line.starts_with("http://")) {
            line.trim_start_matches("http://").trim_end_matches('/').clone_into(&mut service.address);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    service
}

#[test]
fn accounts_and_tokens_are_made_listed_and_taken_away() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    assert_eq!(succeed(&mut on(folder, &["account", "list"])), "");
    let (code, said) = with_line(on(folder, &["account", "add", "ada", "--role", "admin"]), "short\n");
    assert!(code == 2 && said.contains("at least 12 characters"), "{said}");
    assert!(!folder.join("accounts.json").exists());
    let (code, said) = with_line(on(folder, &["account", "add", "ada", "--role", "admin"]), &format!("{PASSWORD}\n"));
    assert!(code == 0 && said.contains("asks everybody who they are") && !said.contains(PASSWORD), "{said}");
    let mode = std::fs::metadata(folder.join("accounts.json")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let listed = succeed(&mut on(folder, &["account", "list"]));
    assert!(listed.starts_with("ada\tadmin\tsince 2"), "{listed}");
    let token = succeed(&mut on(folder, &["token", "add", "grafana", "--role", "viewer", "--days", "30"]));
    assert!(token.starts_with("gsw_") && token.trim().len() == 68, "{token}");
    let listed = succeed(&mut on(folder, &["token", "list", "--json"]));
    assert!(listed.contains("\"grafana\"") && listed.contains("\"expired\":false") && !listed.contains(token.trim()));
    for (arguments, expected) in [
        (&["account", "add", "Ada Lovelace", "--role", "admin"][..], "expected a name of small letters"),
        (&["account", "add", "bea", "--role", "root"], "possible values: viewer, editor, admin, auditor"),
        (&["account", "remove", "bea"], "there is no bea"),
        (&["account", "password", "bea"], "there is no bea"),
        (&["token", "revoke", "bea"], "there is no bea"),
        (&["token", "add", "grafana", "--role", "viewer"], "grafana is there already"),
        (&["token", "add", "x", "--role", "viewer", "--days", "367"], "367"),
    ] {
        let (code, said) = with_line(on(folder, arguments), &format!("{PASSWORD}\n"));
        assert!(code == 2 && said.contains(expected), "{arguments:?}: {said}");
    }
    succeed(&mut on(folder, &["token", "revoke", "grafana"]));
    succeed(&mut on(folder, &["account", "remove", "ada"]));
    assert_eq!(succeed(&mut on(folder, &["account", "list"])), "");
}

#[test]
fn beyond_loopback_only_with_accounts_and_a_token_reads() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let refused = finish(&mut on(folder, &["run", "--simulated", "--listen", "0.0.0.0:0"]));
    assert_eq!(refused.code, 1, "{}", refused.stderr);
    assert!(refused.stderr.contains("groundswell account add NAME --role admin"), "{}", refused.stderr);

    let (code, said) = with_line(on(folder, &["account", "add", "ada", "--role", "viewer"]), PASSWORD);
    assert_eq!(code, 0, "{said}");
    let token = succeed(&mut on(folder, &["token", "add", "grafana", "--role", "viewer"]));
    let service = start(folder, "0.0.0.0:0");
    let port = service.address.rsplit(':').next().unwrap();
    let ask = |head: &str| {
        let head = format!("GET /metrics HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{head}Connection: close\r\n\r\n");
        http(&format!("127.0.0.1:{port}"), &head)
    };
    assert!(ask("").starts_with("HTTP/1.1 401 "));
    let bearer = format!("Authorization: Bearer {}\r\n", token.trim());
    let read = ask(&bearer);
    assert!(read.starts_with("HTTP/1.1 200 ") && read.contains("groundswell_build_info"), "{read}");
    let said = std::fs::read_to_string(folder.join("log")).unwrap();
    assert!(said.contains("in the clear"), "{said}");
    // Refusals are told to the audit log at its next look.
    let told = || succeed(&mut on(folder, &["audit", "show"]));
    for tries in 0.. {
        if told().contains("to /metrics denied with 401") {
            break;
        }
        assert!(tries < 300, "{}", told());
        std::thread::sleep(Duration::from_millis(100));
    }
    assert!(
        told().contains("account ada made, role viewer") && told().contains("token grafana made for viewer"),
        "{}",
        told()
    );
    // Revoked, and refused from that moment on, without a signal.
    succeed(&mut on(folder, &["token", "revoke", "grafana"]));
    assert!(ask(&bearer).starts_with("HTTP/1.1 401 "));
    let said = std::fs::read_to_string(folder.join("log")).unwrap();
    assert!(!said.contains(token.trim()) && !said.contains(PASSWORD) && !said.contains("127.0.0.1"), "{said}");
    let doctor = finish(on(folder, &["doctor", "--json"]).env("GROUNDSWELL_LISTEN", format!("127.0.0.1:{port}")));
    assert!(doctor.stdout.contains("a groundswell answers at"), "{}", doctor.stdout);
    assert!(doctor.stdout.contains("everybody is asked who they are"), "{}", doctor.stdout);
}

#[test]
fn a_register_that_others_may_read_or_that_is_missing_refuses_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let named = finish(
        on(folder, &["run", "--simulated", "--listen", "127.0.0.1:0"])
            .env("GROUNDSWELL_ACCESS_ACCOUNTS_FILE", folder.join("elsewhere.json")),
    );
    assert!(named.code == 2 && named.stderr.contains("there is no such file"), "{}", named.stderr);
    let (code, _) = with_line(on(folder, &["account", "add", "ada", "--role", "viewer"]), PASSWORD);
    assert_eq!(code, 0);
    std::fs::set_permissions(folder.join("accounts.json"), std::fs::Permissions::from_mode(0o640)).unwrap();
    let open = finish(&mut on(folder, &["run", "--simulated", "--listen", "127.0.0.1:0"]));
    assert!(open.code == 2 && open.stderr.contains("chmod 600"), "{}", open.stderr);
}
