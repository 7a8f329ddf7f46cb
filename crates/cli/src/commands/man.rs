//! `maci man [--out DIR]`.

use std::path::PathBuf;

use clap::{Args, CommandFactory as _};
use serde_json::json;

use crate::args::Cli;
use crate::context::Context;
use crate::failure::Failure;
use crate::files;
use crate::report::Report;

/// Arguments of `man`.
#[derive(Args, Debug)]
pub(crate) struct ManArgs {
    /// Write maci.1 and one page a command into this directory instead of printing the main page
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Prints or writes manual pages.
pub(crate) fn run(_context: &Context<'_>, args: &ManArgs) -> Result<Report, Failure> {
    let mut command = Cli::command();
    command.build();
    let Some(directory) = &args.out else {
        let page = render(command)?;
        return Ok(Report::new(json!({ "page": page })).verbatim(page));
    };
    let mut names = Vec::new();
    let mut pending = vec![command];
    while let Some(command) = pending.pop() {
        pending.extend(
            command
                .get_subcommands()
                .filter(|sub| !sub.is_hide_set())
                .cloned(),
        );
        let name = format!(
            "{}.1",
            command.get_display_name().unwrap_or(command.get_name())
        );
        files::write_whole(
            &directory.join(&name),
            "manual page",
            render(command)?.as_bytes(),
        )?;
        names.push(name);
    }
    names.sort();
    let count = names.len();
    Ok(
        Report::new(json!({ "directory": directory, "pages": names })).text(format!(
            "{count} manual pages written to {}",
            directory.display()
        )),
    )
}

fn render(command: clap::Command) -> Result<String, Failure> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command)
        .render(&mut page)
        .map_err(|error| {
            Failure::outside("man", format!("the manual page could not be made: {error}"))
        })?;
    String::from_utf8(page)
        .map_err(|_| Failure::outside("man", "the manual page is not UTF-8 text"))
}
