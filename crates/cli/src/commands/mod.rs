//! The commands, one verb a file.

pub(crate) mod circuits;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod ingest;
pub(crate) mod man;
pub(crate) mod poll;
pub(crate) mod process;
pub(crate) mod tally;

use crate::args::Command;
use crate::context::Context;
use crate::failure::Failure;
use crate::report::Report;

/// Runs one command.
pub(crate) fn run(context: &Context<'_>, command: Command) -> Result<Report, Failure> {
    match command {
        Command::Poll(command) => poll::run(context, &command),
        Command::Ingest(args) => ingest::run(context, &args),
        Command::Process(args) => process::run(context, &args),
        Command::Tally(args) => tally::run(context, &args),
        Command::Circuits(command) => circuits::run(context, &command),
        Command::Config(command) => config::run(context, &command),
        Command::Completions(args) => completions::run(context, &args),
        Command::Man(args) => man::run(context, &args),
    }
}
