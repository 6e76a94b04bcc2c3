//! The `groundswell` binary: arguments, configuration, exit codes, wiring. Thin: what it does is in the crates it wires.

#![forbid(unsafe_code)]

mod access;
mod acts;
mod args;
mod audit;
mod checkpoints;
mod commands;
mod coverage;
mod deliver;
mod detections;
mod failure;
mod feeds;
mod inputs;
mod kafka;
mod labelled;
mod logging;
mod output;
mod patience;
mod pipeline;
mod proc;
mod push;
mod reload;
mod settings;
mod signals;
mod sim_source;
mod slots;
mod status;
mod supervisor;
mod watch_desk;
mod watches;

use std::process::ExitCode;

use clap::Parser;

/// Most of what is allocated on the hot path is freed by the same thread within a block: mimalloc's best case. Measured in
/// docs/decisions/0003-dependencies.md.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    forbid_core_files();
    ask_for_open_files();
    let arguments = match args::Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // A closed pipe on `--help | head` is no failure, so the result of printing is ignored.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { failure::USAGE } else { failure::DONE });
        }
    };
    logging::start(&arguments.common);
    match commands::dispatch(arguments) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => failure.report(),
    }
}

/// A thousand live streams are a thousand open files, and more systems allow fewer at first than they would allow. Where this one does
/// not let itself be told, the service starts all the same.
fn ask_for_open_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    const WANTED: u64 = 4_096;
    let limit = getrlimit(Resource::Nofile);
    let allowed = limit.maximum.unwrap_or(u64::MAX);
    if limit.current.is_some_and(|current| current < WANTED.min(allowed)) {
        let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(WANTED.min(allowed)), maximum: limit.maximum });
    }
}

/// A core file would hold keys and texts. Where the system does not let itself be told, the service starts all the same.
fn forbid_core_files() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    let _ = setrlimit(Resource::Core, none);
}
