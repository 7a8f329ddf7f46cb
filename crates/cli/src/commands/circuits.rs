//! `maci circuits`: measuring what is proved, and choosing its parameters.

mod export;
mod plan;
mod selection;
mod stats;

use clap::Subcommand;

use crate::context::Context;
use crate::failure::Failure;
use crate::report::Report;

pub(crate) use stats::measure;

/// What can be asked about circuits.
#[derive(Debug, Subcommand)]
pub(crate) enum CircuitsCommand {
    /// Count rows, variables and non-zero entries, by component and per message
    Stats(stats::StatsArgs),
    /// Recommend depths and batch sizes for a poll, and predict its proofs, time, memory and gas
    Plan(plan::PlanArgs),
    /// Write a circuit's matrices for other tools
    Export(export::ExportArgs),
}

/// Answers it.
pub(crate) fn run(context: &Context<'_>, command: &CircuitsCommand) -> Result<Report, Failure> {
    match command {
        CircuitsCommand::Stats(args) => stats::run(context, args),
        CircuitsCommand::Plan(args) => plan::run(context, args),
        CircuitsCommand::Export(args) => export::run(context, args),
    }
}
