//! Running the real binary in tests.

#![allow(dead_code, reason = "each test file uses a part of these helpers")]

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The binary, ready for arguments, without the surroundings' configuration. `GROUNDSWELL_TEST_BINARY` names another build, such
/// as the released one where speed counts.
pub(crate) fn groundswell() -> Command {
    let binary =
        std::env::var_os("GROUNDSWELL_TEST_BINARY").unwrap_or_else(|| env!("CARGO_BIN_EXE_groundswell").into());
    let mut command = Command::new(binary);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("GROUNDSWELL_")) {
        command.env_remove(name);
    }
    command.env("NO_COLOR", "1").stdin(Stdio::null());
    command
}

/// What a finished command printed.
pub(crate) struct Finished {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs to the end.
pub(crate) fn finish(command: &mut Command) -> Finished {
    let Output { status, stdout, stderr } = command.output().expect("the binary starts");
    Finished {
        code: status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&stdout).into_owned(),
        stderr: String::from_utf8_lossy(&stderr).into_owned(),
    }
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
    let out = succeed(groundswell().args(["export", "volumes", "--by", by, "--step", step, "--data"]).arg(data));
    out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
