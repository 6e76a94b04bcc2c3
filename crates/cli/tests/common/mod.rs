//! Running the real binary in tests.

#![allow(dead_code, reason = "each test file uses a part of these helpers")]

pub(crate) mod cuts;
pub(crate) mod outputs;

use std::io::{Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

/// The binary, ready for arguments, without the surroundings' configuration. `GROUNDSWELL_TEST_BINARY` names another build, such
/// as the released one where speed counts. A debug build shows true counts, since tests compare them to the digit; what readers
/// are shown is [`perturbed`].
pub(crate) fn groundswell() -> Command {
    let binary =
        std::env::var_os("GROUNDSWELL_TEST_BINARY").unwrap_or_else(|| env!("CARGO_BIN_EXE_groundswell").into());
    let mut command = Command::new(binary);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("GROUNDSWELL_")) {
        command.env_remove(name);
    }
    command.env("GROUNDSWELL_DEBUG_EXACT", "1").env("NO_COLOR", "1").stdin(Stdio::null());
    command
}

/// [`groundswell`] with the counts that readers are shown.
pub(crate) fn perturbed() -> Command {
    let mut command = groundswell();
    command.env_remove("GROUNDSWELL_DEBUG_EXACT");
    command
}

/// What a finished command printed.
pub(crate) struct Finished {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A run that takes more seconds will never end, unless `GROUNDSWELL_ENDS_WITHIN` says that it may.
const ENDS_WITHIN: u64 = 300;

/// Runs to the end. One that hangs is a failure that says where, and not a gate that waits for ever.
pub(crate) fn finish(command: &mut Command) -> Finished {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
    let process = child.id();
    let (ended, end) = std::sync::mpsc::channel::<()>();
    let patience = Duration::from_secs(setting("GROUNDSWELL_ENDS_WITHIN", ENDS_WITHIN));
    let watchdog = std::thread::spawn(move || {
        let hangs = end.recv_timeout(patience) == Err(std::sync::mpsc::RecvTimeoutError::Timeout);
        hangs.then(|| {
            let where_it_hangs = threads_of(process);
            signal("KILL", process);
            where_it_hangs
        })
    });
    let output = child.wait_with_output();
    drop(ended);
    let hung = watchdog.join().expect("the watchdog ends");
    let Output { status, stdout, stderr } = output.expect("the binary's output is read");
    if let Some(threads) = hung {
        panic!("{command:?} hangs: {threads}\n{}", String::from_utf8_lossy(&stderr));
    }
    Finished {
        code: status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&stdout).into_owned(),
        stderr: String::from_utf8_lossy(&stderr).into_owned(),
    }
}

/// What each thread of a process waits for, by the kernel's word.
fn threads_of(process: u32) -> String {
    let read = |path: &Path| std::fs::read_to_string(path).unwrap_or_default().trim().to_owned();
    let threads = std::fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    let one = |thread: std::fs::DirEntry| {
        let of = |file| read(&thread.path().join(file));
        format!("\n{} wchan={} syscall={}", of("comm"), of("wchan"), of("syscall"))
    };
    threads.map(one).collect()
}

/// Runs to the end and expects success.
pub(crate) fn succeed(command: &mut Command) -> String {
    let finished = finish(command);
    assert_eq!(finished.code, 0, "{command:?} failed:\n{}", finished.stderr);
    finished.stdout
}

/// `../shared/data`, or `None` with the word that says so.
pub(crate) fn shared_data(file: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(file);
    if path.exists() {
        return Some(path);
    }
    #[allow(clippy::print_stderr, reason = "a skipped test must say so")]
    {
        eprintln!("SKIPPED: ../shared/data is absent");
    }
    None
}

/// A file's text, decompressed where its name says zstd.
pub(crate) fn read_text(path: &Path) -> String {
    let bytes = std::fs::read(path).unwrap();
    if path.extension().is_some_and(|extension| extension == "zst") {
        let mut text = String::new();
        zstd::Decoder::new(&bytes[..]).unwrap().read_to_string(&mut text).unwrap();
        return text;
    }
    String::from_utf8(bytes).unwrap()
}

/// Rows of an export.
pub(crate) fn export(data: &Path, by: &str, step: &str) -> Vec<serde_json::Value> {
    export_text(data, by, step).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The same, as it was printed.
pub(crate) fn export_text(data: &Path, by: &str, step: &str) -> String {
    succeed(groundswell().args(["export", "volumes", "--by", by, "--step", step, "--data"]).arg(data))
}

/// A file of so many hosts for `--cluster`, each with a port that is free now.
pub(crate) fn hosts(path: &Path, processes: usize) {
    let listeners: Vec<_> = (0..processes).map(|_| std::net::TcpListener::bind("127.0.0.1:0").unwrap()).collect();
    let lines: Vec<String> = listeners.iter().map(|listener| listener.local_addr().unwrap().to_string()).collect();
    std::fs::write(path, lines.join("\n")).unwrap();
}

/// What a page of a running service answers, with its head; `None` where it does not, or with another status than 200.
pub(crate) fn get(address: impl ToSocketAddrs, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    answer.starts_with("HTTP/1.0 200").then_some(answer)
}

/// A sample of a service's metrics.
pub(crate) fn metric(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?;
    line.parse::<f64>().ok().map(|value| value as u64)
}

/// Sends a signal, such as `TERM`.
pub(crate) fn signal(name: &str, process: u32) {
    let sent = Command::new("kill").args([format!("-{name}"), process.to_string()]).status().unwrap();
    assert!(sent.success());
}

/// Whether a process has a handler for SIGTERM; `None` where there is no such process.
pub(crate) fn handles_signals(process: u32) -> Option<bool> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"))?;
    Some(u64::from_str_radix(caught.trim(), 16).unwrap() & 1 << (15 - 1) != 0)
}

/// Since 1970, by the machine's clock, which a service that is tested reads as well.
#[allow(clippy::disallowed_methods, reason = "the service that is tested reads the machine's clock")]
pub(crate) fn now() -> Duration {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap()
}

/// A number from the environment, for tests that can be made longer.
pub(crate) fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// A seeded sequence (Steele, Lea, Flood: SplitMix, 2014).
pub(crate) struct Seeded(pub(crate) u64);

impl Seeded {
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let x = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (x ^ (x >> 31)) % bound
    }
}
