//! Logs: to standard error or a file, as text or JSON lines; never to standard output, never with a secret in a field.

use std::fs::OpenOptions;
use std::sync::Mutex;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::FilterFn;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::fmt::writer::BoxMakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

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
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(writer)
        // A span's end says how long its stage, batch or proof took.
        .with_span_events(FmtSpan::CLOSE)
        .with_ansi(false);
    // A filter of its own: a directive, however precise, cannot switch on what it is asked first.
    let registry = tracing_subscriber::registry()
        .with(FilterFn::new(|metadata| may_be_logged(metadata.target())))
        .with(filter);
    let started = match settings.log_format.value {
        LogFormat::Text => registry.with(lines).try_init(),
        LogFormat::Json => registry.with(lines.json()).try_init(),
    };
    started.map_err(|error| {
        Failure::outside("logging", format!("logging could not be started: {error}"))
    })
}

/// Whether a target is none of those, nor below one.
fn may_be_logged(target: &str) -> bool {
    let crate_name = target.split("::").next().unwrap_or_default();
    !NEVER_LOGGED.contains(&crate_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k_17_what_holds_witnesses_and_addresses_is_never_logged() {
        for target in [
            "reqwest",
            "alloy_transport_http::reqwest_transport",
            "hyper_util::client::legacy",
            "gr1cs",
        ] {
            assert!(!may_be_logged(target), "{target}");
        }
        for target in ["maci_chain::client", "maci_coordinator", ""] {
            assert!(may_be_logged(target), "{target}");
        }
    }
}
