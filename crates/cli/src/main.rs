//! `maci`: the command line of maci-rs.
//!
//! This crate holds arguments, configuration, output and exit codes, and no logic of its own: every command calls
//! one of the libraries beside it and turns what comes back into a [`report::Report`] or a [`failure::Failure`].

mod app;
mod args;
mod audit;
mod chain;
mod chain_source;
mod commands;
mod context;
mod coordinator_key;
mod deployment;
mod failure;
mod files;
mod interrupt;
mod job;
mod logging;
mod market_store;
mod metrics;
mod output;
mod pins;
mod proving;
mod proving_keys;
mod recording;
mod report;
mod results;
mod rule;
mod rusage;
mod settings;
mod simulate;
mod verdict_file;
mod version;
mod voter_file;

fn main() -> std::process::ExitCode {
    app::run(std::env::args_os())
}
