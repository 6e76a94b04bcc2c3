//! How a command fails: exit codes and messages (CONTRACT section 1).

use std::fmt;
use std::process::ExitCode;

/// Done.
pub(crate) const DONE: u8 = 0;
/// Failed.
pub(crate) const FAILED: u8 = 1;
/// Wrong usage, configuration or query.
pub(crate) const USAGE: u8 = 2;
/// Done, but records were rejected and `--strict` was given.
pub(crate) const REJECTED: u8 = 3;

/// A command's failure: an exit code and what to say on stderr.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    error: anyhow::Error,
}

/// What a command returns: its exit code, or why it failed.
pub(crate) type Outcome = Result<u8, Failure>;

impl Failure {
    /// Wrong usage, configuration or query.
    pub(crate) fn usage(error: impl Into<anyhow::Error>) -> Self {
        Self { code: USAGE, error: error.into() }
    }

    /// Wrong usage, with a message that says everything.
    pub(crate) fn usage_text(text: impl Into<String>) -> Self {
        Self::usage(anyhow::Error::msg(text.into()))
    }

    /// Adds what was being done.
    pub(crate) fn context(mut self, text: impl Into<String>) -> Self {
        self.error = self.error.context(text.into());
        self
    }

    /// Prints the failure and gives the exit code. A closed pipe is success.
    pub(crate) fn report(&self) -> ExitCode {
        if self.is_broken_pipe() {
            return ExitCode::from(DONE);
        }
        crate::output::complain(&self.to_string());
        ExitCode::from(self.code)
    }

    fn is_broken_pipe(&self) -> bool {
        self.error
            .chain()
            .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
            .any(|io| io.kind() == std::io::ErrorKind::BrokenPipe)
    }
}

impl fmt::Display for Failure {
    /// The error and its causes, each said once.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut said = self.error.to_string();
        f.write_str(&said)?;
        for cause in self.error.chain().skip(1) {
            let cause = cause.to_string();
            if !said.contains(&cause) {
                write!(f, ": {cause}")?;
            }
            said = cause;
        }
        Ok(())
    }
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self { code: FAILED, error: error.into() }
    }
}
