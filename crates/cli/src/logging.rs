//! Logs: to standard error or a file, as text or JSON lines; never to standard output, never with a secret in a field.

use std::fs::OpenOptions;
use std::sync::Mutex;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::fmt::writer::BoxMakeWriter;

use crate::args::LogFormat;
use crate::failure::Failure;
use crate::settings::Settings;

/// Targets that nothing switches on (K-17). arkworks opens a span for every gadget that it synthesises, with the gadget's
/// arguments as fields: gigabytes of lines that hold the witness. The HTTP stack writes the whole address of a node, and with
/// it the key that many providers put there.
const NEVER_LOGGED: [&str; 7] = [
    "gr1cs",
    "alloy_rpc_client",
    "alloy_transport",
    "alloy_transport_http",
    "reqwest",
    "hyper",
    "hyper_util",
];

/// Starts logging. `RUST_LOG` wins over `-v` and `-q`, as everywhere else in the Rust world.
pub(crate) fn start(settings: &Settings) -> Result<(), Failure> {
    let level = match (settings.quiet, settings.verbose) {
        (true, _) => "error",
        (false, 0) => "warn",
        (false, 1) => "info",
        (false, 2) => "debug",
        (false, _) => "trace",
    };
    let filter = match std::env::var("RUST_LOG") {
        Ok(directives) if !directives.is_empty() => {
            EnvFilter::try_new(&directives).map_err(|error| {
                Failure::usage(
                    "bad_log_filter",
                    format!("RUST_LOG is not a list of log directives: {error}"),
                )
                .hint("for example RUST_LOG=maci_coordinator=debug,warn")
            })?
        }
        _ => EnvFilter::new(level),
    };
    let filter = NEVER_LOGGED
        .iter()
        .filter_map(|target| format!("{target}=off").parse().ok())
        .fold(filter, EnvFilter::add_directive);
    let writer = match &settings.log_file.value {
        Some(path) => {
            let file = OpenOptions::new()
                .create(true)
                .append(true)
                .open(path)
                .map_err(|error| {
                    Failure::outside(
                        "log_file",
                        format!("log file {} could not be opened: {error}", path.display()),
                    )
                    .hint("name a writable file with --log-file")
                })?;
            BoxMakeWriter::new(Mutex::new(file))
        }
        None => BoxMakeWriter::new(std::io::stderr),
    };
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(writer)
        // A span's end says how long its stage, batch or proof took.
        .with_span_events(FmtSpan::CLOSE)
        .with_ansi(false);
    let started = match settings.log_format.value {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
    started.map_err(|error| {
        Failure::outside("logging", format!("logging could not be started: {error}"))
    })
}
