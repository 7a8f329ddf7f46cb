//! `maci export`: what other programs take from a tally job.

mod inputs;

use clap::Subcommand;

use crate::context::Context;
use crate::failure::Failure;
use crate::report::Report;

/// What can be exported.
#[derive(Debug, Subcommand)]
pub(crate) enum ExportCommand {
    /// Write the circuit inputs of every batch, for polls whose registered keys are MACI's own (SECRET files)
    Inputs(inputs::InputsArgs),
}

/// Does it.
pub(crate) fn run(context: &Context<'_>, command: &ExportCommand) -> Result<Report, Failure> {
    match command {
        ExportCommand::Inputs(args) => inputs::run(context, args),
    }
}
