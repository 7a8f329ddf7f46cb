//! `maci completions SHELL`.

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;
use serde_json::json;

use crate::args::Cli;
use crate::context::Context;
use crate::failure::Failure;
use crate::report::Report;

/// Arguments of `completions`.
#[derive(Args, Debug)]
pub(crate) struct CompletionsArgs {
    /// The shell to complete for
    shell: Shell,
}

/// Prints the script.
pub(crate) fn run(_context: &Context<'_>, args: &CompletionsArgs) -> Result<Report, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "maci", &mut script);
    let script = String::from_utf8(script)
        .map_err(|_| Failure::outside("completions", "the completion script is not UTF-8 text"))?;
    Ok(Report::new(json!({ "shell": args.shell.to_string(), "script": script })).verbatim(script))
}
