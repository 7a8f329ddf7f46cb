//! Settings with their sources: flag > `MACI_*` variable > `maci.toml` > default.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::ArgMatches;
use clap::parser::ValueSource;
use serde::Deserialize;

use crate::args::{GlobalArgs, LogFormat};
use crate::failure::Failure;

/// File read from the working directory when `--config` names no other.
const DEFAULT_FILE: &str = "maci.toml";

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// The command line.
    Flag,
    /// A `MACI_*` variable.
    Environment,
    /// The configuration file.
    File,
    /// Nobody said anything.
    Default,
}

impl Source {
    /// The word shown by `config show`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Flag => "flag",
            Self::Environment => "environment",
            Self::File => "file",
            Self::Default => "default",
        }
    }
}

/// A value and where it comes from.
#[derive(Clone, Debug)]
pub(crate) struct Sourced<T> {
    /// The value in force.
    pub(crate) value: T,
    /// Its source.
    pub(crate) source: Source,
}

/// Everything global that a command may need to know.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// Errors only.
    pub(crate) quiet: bool,
    /// Count of `-v`.
    pub(crate) verbose: u8,
    /// Journal, artefacts, markets.
    pub(crate) datadir: Sourced<PathBuf>,
    /// Generated keys.
    pub(crate) cache: Sourced<PathBuf>,
    /// Threads of the proving pool.
    pub(crate) threads: Sourced<usize>,
    /// Form of the log.
    pub(crate) log_format: Sourced<LogFormat>,
    /// File of the log.
    pub(crate) log_file: Sourced<Option<PathBuf>>,
    /// Where metrics are served, if anywhere.
    pub(crate) metrics: Sourced<Option<SocketAddr>>,
    /// No progress at all.
    pub(crate) no_progress: Sourced<bool>,
    /// The coordinator key's file as the configuration file or the variable names it; `--key-file` is looked at first.
    pub(crate) key_file: Sourced<Option<PathBuf>>,
    /// The configuration file that was read.
    pub(crate) file: Option<PathBuf>,
}

/// `maci.toml`. There is no key in it that holds a secret, only the name of the file that does.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct ConfigFile {
    datadir: Option<PathBuf>,
    cache: Option<PathBuf>,
    threads: Option<u16>,
    log_format: Option<LogFormat>,
    log_file: Option<PathBuf>,
    metrics: Option<SocketAddr>,
    no_progress: Option<bool>,
    key_file: Option<PathBuf>,
}

impl Settings {
    /// Resolves every setting. `matches` says which values came from the environment.
    pub(crate) fn resolve(args: &GlobalArgs, matches: &ArgMatches) -> Result<Self, Failure> {
        let (file, config) = read_config(args.config.as_deref())?;
        let given = |id: &str| match matches.value_source(id) {
            Some(ValueSource::CommandLine) => Some(Source::Flag),
            Some(ValueSource::EnvVariable) => Some(Source::Environment),
            _ => None,
        };
        let threads = config.threads.filter(|&n| n > 0);
        if config.threads == Some(0) {
            return Err(Failure::usage(
                "bad_config",
                "threads in the configuration file is 0, expected 1 or more",
            ));
        }
        let key_file_variable =
            std::env::var_os("MACI_COORDINATOR_KEY_FILE").filter(|v| !v.is_empty());
        Ok(Self {
            quiet: args.quiet,
            verbose: args.verbose,
            datadir: pick(
                given("datadir"),
                args.datadir.clone(),
                config.datadir,
                || PathBuf::from(".maci"),
            ),
            cache: pick(
                given("cache"),
                args.cache.clone(),
                config.cache,
                maci_keys::KeyStore::default_directory,
            ),
            threads: pick(
                given("threads"),
                args.threads.map(usize::from),
                threads.map(usize::from),
                || std::thread::available_parallelism().map_or(1, usize::from),
            ),
            log_format: pick(
                given("log_format"),
                args.log_format,
                config.log_format,
                || LogFormat::Text,
            ),
            log_file: pick(
                given("log_file"),
                args.log_file.clone().map(Some),
                config.log_file.map(Some),
                || None,
            ),
            metrics: pick(
                given("metrics"),
                args.metrics.map(Some),
                config.metrics.map(Some),
                || None,
            ),
            no_progress: pick(
                given("no_progress"),
                Some(args.no_progress),
                config.no_progress,
                || false,
            ),
            key_file: pick(
                key_file_variable.is_some().then_some(Source::Environment),
                key_file_variable.map(|path| Some(PathBuf::from(path))),
                config.key_file.map(Some),
                || None,
            ),
            file,
        })
    }
}

fn pick<T>(
    given: Option<Source>,
    value: Option<T>,
    file: Option<T>,
    default: impl FnOnce() -> T,
) -> Sourced<T> {
    match (given, value, file) {
        (Some(source), Some(value), _) => Sourced { value, source },
        (_, _, Some(value)) => Sourced {
            value,
            source: Source::File,
        },
        _ => Sourced {
            value: default(),
            source: Source::Default,
        },
    }
}

fn read_config(named: Option<&Path>) -> Result<(Option<PathBuf>, ConfigFile), Failure> {
    let path = named.map_or_else(|| PathBuf::from(DEFAULT_FILE), Path::to_path_buf);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => {
            return Ok((None, ConfigFile::default()));
        }
        Err(error) => {
            return Err(Failure::usage(
                "config_file",
                format!(
                    "configuration file {} could not be read: {error}",
                    path.display()
                ),
            )
            .hint("name another file with --config, or none"));
        }
    };
    let config = toml::from_str(&text).map_err(|error| {
        Failure::usage(
            "bad_config",
            format!(
                "{} is not a maci configuration: {}",
                path.display(),
                error.message()
            ),
        )
        .hint("known keys: datadir, cache, threads, log-format, log-file, metrics, no-progress, key-file")
    })?;
    Ok((Some(path), config))
}
