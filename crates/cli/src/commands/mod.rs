//! The commands, one verb a file.

pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod man;

use crate::args::Command;
use crate::context::Context;
use crate::failure::Failure;
use crate::report::Report;

/// Runs one command.
pub(crate) fn run(context: &Context<'_>, command: Command) -> Result<Report, Failure> {
    match command {
        Command::Config(command) => config::run(context, &command),
        Command::Completions(args) => completions::run(context, &args),
        Command::Man(args) => man::run(context, &args),
    }
}
