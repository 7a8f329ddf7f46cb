//! From arguments to exit code: parse, settle the settings, start logging, run one command, print how it ended.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory as _, FromArgMatches as _};

use crate::args::Cli;
use crate::commands;
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::interrupt::Interrupt;
use crate::logging;
use crate::metrics::Metrics;
use crate::output::{self, Printer, Progress, Warning};
use crate::report::Report;
use crate::settings::Settings;

/// Runs the whole program.
pub(crate) fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    let parsed = Cli::command()
        .try_get_matches_from(&args)
        .and_then(|matches| Cli::from_arg_matches(&matches).map(|cli| (cli, matches)));
    let exit = match parsed {
        Ok((cli, matches)) => {
            let printer = Printer::new(cli.global.json, cli.global.quiet);
            let (outcome, warnings) = dispatch(cli, &matches, &printer);
            printer.finish(&outcome, &warnings)
        }
        Err(error) => refuse_arguments(&error, &args),
    };
    ExitCode::from(exit.code())
}

fn dispatch(
    cli: Cli,
    matches: &clap::ArgMatches,
    printer: &Printer,
) -> (Result<Report, Failure>, Vec<Warning>) {
    let settings = match Settings::resolve(&cli.global, matches)
        .and_then(|s| logging::start(&s).map(|()| s))
    {
        Ok(settings) => settings,
        Err(failure) => return (Err(failure), Vec::new()),
    };
    // Every pool of this process, rayon's global one included, obeys --threads.
    if let Err(error) = rayon::ThreadPoolBuilder::new()
        .num_threads(settings.threads.value)
        .build_global()
    {
        tracing::debug!(%error, "the thread pool was there already");
    }
    let progress = Progress::detect(settings.quiet || settings.no_progress.value);
    let metrics = match settings.metrics.value.map(Metrics::serve).transpose() {
        Ok(metrics) => metrics,
        Err(failure) => return (Err(failure), Vec::new()),
    };
    let metrics = metrics.map(|(metrics, address)| {
        progress.note(&format!("metrics at http://{address}/metrics"));
        metrics
    });
    let context = Context::new(settings, progress, Interrupt::install(), metrics, printer);
    let outcome = commands::run(&context, cli.command);
    (outcome, context.into_warnings())
}

/// Help and version are answers; everything else that clap stops at is a usage error, in the form asked for.
fn refuse_arguments(error: &clap::Error, args: &[OsString]) -> Exit {
    let text = error.render().to_string();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            output::write_help(&text, true);
            Exit::Yes
        }
        _ if wants_json(args) => {
            // clap puts usage and hints below its message; the envelope takes the message alone.
            let message = text
                .lines()
                .next()
                .unwrap_or_default()
                .trim_start_matches("error: ")
                .to_owned();
            let failure =
                Failure::usage("usage", message).hint("maci --help lists commands and options");
            Printer::new(true, false).finish(&Err(failure), &[])
        }
        _ => {
            output::write_help(&text, false);
            Exit::Usage
        }
    }
}

fn wants_json(args: &[OsString]) -> bool {
    args.iter()
        .skip(1)
        .take_while(|arg| *arg != "--")
        .any(|arg| arg == "--json")
}
