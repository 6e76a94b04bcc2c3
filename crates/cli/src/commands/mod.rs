//! One file a command.

mod account;
mod audit;
mod bench;
mod completions;
mod config;
mod doctor;
mod eval;
mod export;
mod feed;
mod opt_out;
mod replay;
mod report;
mod run;
mod simulate;
mod sources;
mod watch;

use crate::args::{Arguments, Command};
use crate::failure::Outcome;

/// Runs the command that was asked for.
pub(crate) fn dispatch(arguments: Arguments) -> Outcome {
    let common = &arguments.common;
    match arguments.command {
        Command::Run(run) => run::run(common, &run),
        Command::Replay(replay) => replay::replay(common, &replay),
        Command::Simulate(simulate) => simulate::simulate(common, &simulate),
        Command::Watch(watch) => watch::watch(common, watch),
        Command::Feed(command) => feed::feed(common, command),
        Command::Sources(arguments) => sources::sources(common, &arguments),
        Command::OptOut(opt_out) => opt_out::opt_out(common, &opt_out),
        Command::Account(command) => account::account(common, command),
        Command::Token(command) => account::token(common, command),
        Command::Export(export) => export::export(common, &export),
        Command::Eval(eval) => eval::eval(common, &eval),
        Command::Bench(bench) => bench::bench(common, &bench),
        Command::Audit(command) => audit::audit(common, &command),
        Command::Report(report) => report::report(common, &report),
        Command::Config(config) => config::config(common, &config),
        Command::Doctor(doctor) => doctor::doctor(common, &doctor),
        Command::Completions { shell } => completions::completions(shell),
        Command::Man => completions::man(),
    }
}
