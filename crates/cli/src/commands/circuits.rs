//! `maci circuits`: measuring what is proved.

mod stats;

use clap::Subcommand;

use crate::context::Context;
use crate::failure::Failure;
use crate::report::Report;

pub(crate) use stats::measure;

/// What can be asked about circuits.
#[derive(Debug, Subcommand)]
pub(crate) enum CircuitsCommand {
    /// Count rows, variables and non-zero entries, by clause and per message
    Stats(stats::StatsArgs),
}

/// Answers it.
pub(crate) fn run(context: &Context<'_>, command: &CircuitsCommand) -> Result<Report, Failure> {
    match command {
        CircuitsCommand::Stats(args) => stats::run(context, args),
    }
}
