//! The command line: global options and the list of commands.
//!
//! Each command's own arguments stand in its file under `commands/`. Where MACI's tools had another name for the
//! same step, the help says so ("was:"), because that is the word coordinators look for.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::builder::FalseyValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use serde::Deserialize;

use crate::commands;

/// Process, prove and judge MACI v3 polls.
///
/// Reads the encrypted votes of a MACI poll, tallies them, proves in zero knowledge that it did so correctly, and lets
/// a market settle only on the proven result.
///
/// Exit codes: 0 yes, 1 the answer is no, 2 usage or configuration, 3 outside world, 4 state conflict, 130 interrupted.
#[derive(Debug, Parser)]
#[command(name = "maci", version = crate::version::short(), long_version = crate::version::long())]
#[command(arg_required_else_help = true, disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: GlobalArgs,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options that every command takes.
#[derive(Args, Debug)]
#[command(next_help_heading = "Global options")]
pub(crate) struct GlobalArgs {
    /// Print one JSON envelope on standard output, on failure too
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// Directory of the journal, the artefacts and the markets [default: .maci]
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "MACI_DATADIR",
        hide_env_values = true
    )]
    pub(crate) datadir: Option<PathBuf>,

    /// Directory of generated proving keys, shared by all polls [default: ~/.cache/maci-rs]
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "MACI_CACHE",
        hide_env_values = true
    )]
    pub(crate) cache: Option<PathBuf>,

    /// Configuration file [default: maci.toml, where there is one]
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "MACI_CONFIG",
        hide_env_values = true
    )]
    pub(crate) config: Option<PathBuf>,

    /// Number of threads [default: one a core]
    #[arg(
        short = 'j',
        long,
        global = true,
        value_name = "N",
        env = "MACI_THREADS",
        hide_env_values = true
    )]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,

    /// Log more: -v info, -vv debug, -vvv trace (RUST_LOG wins)
    #[arg(short, long, global = true, action = clap::ArgAction::Count, conflicts_with = "quiet")]
    pub(crate) verbose: u8,

    /// Show errors only: no progress, warnings or hints
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,

    /// Form of the log [default: text]
    #[arg(
        long,
        global = true,
        value_name = "FORMAT",
        env = "MACI_LOG_FORMAT",
        hide_env_values = true
    )]
    pub(crate) log_format: Option<LogFormat>,

    /// Append the log to a file instead of standard error
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "MACI_LOG_FILE",
        hide_env_values = true
    )]
    pub(crate) log_file: Option<PathBuf>,

    /// Serve Prometheus metrics at this loopback address while the command runs [default: not at all]
    #[arg(
        long,
        global = true,
        value_name = "127.0.0.1:PORT",
        env = "MACI_METRICS",
        hide_env_values = true
    )]
    pub(crate) metrics: Option<SocketAddr>,

    /// Show no progress
    #[arg(long, global = true, env = "MACI_NO_PROGRESS", hide_env_values = true)]
    #[arg(value_parser = FalseyValueParser::new())]
    pub(crate) no_progress: bool,
}

/// The form of log lines.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object a line.
    Json,
}

/// What can be asked of `maci`.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Take one recorded poll the whole way: proofs, tally, verdict, settled market
    Demo(commands::demo::DemoArgs),
    /// Deploy MACI on a chain and register our verifying keys
    Deploy(commands::deploy::DeployArgs),
    /// Create, close and look at polls
    #[command(subcommand)]
    Poll(commands::poll::PollCommand),
    /// Make a voter's key, sign up, join and vote
    #[command(subcommand)]
    Voter(commands::voter::VoterCommand),
    /// Read a poll from a chain or a recording into the journal; needs no key (was: fetchLogs)
    Ingest(commands::ingest::IngestArgs),
    /// Decrypt and process all messages natively (was: first part of generateProofs)
    Process(commands::process::ProcessArgs),
    /// Prove every batch that has no proof yet (was: generateProofs)
    Prove(commands::prove::ProveArgs),
    /// Tally natively and show the results
    Tally(commands::tally::TallyArgs),
    /// Take a poll on a chain from the end of voting to its results; resumes whatever stopped it
    Run(commands::run::RunArgs),
    /// Bring a proven poll onto the chain: merge, proofs, results (was: proveOnChain)
    Submit(commands::submit::SubmitArgs),
    /// Check a poll on a chain, and this machine, before any work
    Doctor(commands::doctor::DoctorArgs),
    /// Show where a job stands, also while another process is at it
    Status(commands::status::StatusArgs),
    /// Make or verify the audit bundle of a proven poll
    #[command(subcommand)]
    Bundle(commands::bundle::BundleCommand),
    /// Write circuit inputs for MACI's own proving tools
    #[command(subcommand)]
    Export(commands::export::ExportCommand),
    /// Make, verify or show the verdict over a bundle
    #[command(subcommand)]
    Verdict(commands::verdict::VerdictCommand),
    /// Run a complete-set market that a verdict settles
    #[command(subcommand)]
    Market(commands::market::MarketCommand),
    /// Settle a market on a verdict (the same as: market settle)
    Settle(commands::settle::SettleArgs),
    /// List, generate, check and export proving and verifying keys
    #[command(subcommand)]
    Keys(commands::keys::KeysCommand),
    /// Measure the circuits
    #[command(subcommand)]
    Circuits(commands::circuits::CircuitsCommand),
    /// Show the settings in force and where each comes from
    #[command(subcommand)]
    Config(commands::config::ConfigCommand),
    /// Print a completion script for a shell
    Completions(commands::completions::CompletionsArgs),
    /// Print the manual page, or write one page a command into a directory
    Man(commands::man::ManArgs),
}
