//! The commands, one verb a file.

pub(crate) mod bundle;
pub(crate) mod circuits;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod demo;
pub(crate) mod deploy;
pub(crate) mod doctor;
pub(crate) mod export;
pub(crate) mod ingest;
pub(crate) mod keys;
pub(crate) mod man;
pub(crate) mod market;
pub(crate) mod poll;
pub(crate) mod process;
pub(crate) mod prove;
pub(crate) mod run;
pub(crate) mod settle;
pub(crate) mod status;
pub(crate) mod submit;
pub(crate) mod tally;
pub(crate) mod verdict;
pub(crate) mod voter;

use crate::args::Command;
use crate::context::Context;
use crate::failure::Failure;
use crate::report::Report;

/// Runs one command.
pub(crate) fn run(context: &Context<'_>, command: Command) -> Result<Report, Failure> {
    match command {
        Command::Demo(args) => demo::run(context, &args),
        Command::Deploy(args) => deploy::run(context, &args),
        Command::Voter(command) => voter::run(context, &command),
        Command::Poll(command) => poll::run(context, &command),
        Command::Ingest(args) => ingest::run(context, &args),
        Command::Process(args) => process::run(context, &args),
        Command::Tally(args) => tally::run(context, &args),
        Command::Prove(args) => prove::run(context, &args),
        Command::Bundle(command) => bundle::run(context, &command),
        Command::Run(args) => run::run(context, &args),
        Command::Submit(args) => submit::run(context, &args),
        Command::Doctor(args) => doctor::run(context, &args),
        Command::Status(args) => status::run(context, &args),
        Command::Export(command) => export::run(context, &command),
        Command::Verdict(command) => verdict::run(context, &command),
        Command::Market(command) => market::run(context, &command),
        Command::Settle(args) => settle::run(context, &args),
        Command::Keys(command) => keys::run(context, &command),
        Command::Circuits(command) => circuits::run(context, &command),
        Command::Config(command) => Ok(config::run(context, &command)),
        Command::Completions(args) => completions::run(context, &args),
        Command::Man(args) => man::run(context, &args),
    }
}
