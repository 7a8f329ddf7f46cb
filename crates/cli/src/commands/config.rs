//! `maci config show`.

use clap::Subcommand;
use serde_json::{Map, Value, json};

use crate::context::Context;
use crate::report::Report;
use crate::settings::Source;

/// What can be asked about the configuration.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Show each setting with its value and where it comes from
    Show,
}

/// Shows settings.
pub(crate) fn run(context: &Context<'_>, command: &ConfigCommand) -> Report {
    match command {
        ConfigCommand::Show => show(context),
    }
}

fn show(context: &Context<'_>) -> Report {
    let settings = &context.settings;
    let path =
        |path: &Option<std::path::PathBuf>| path.as_ref().map(|path| path.display().to_string());
    let rows: [(&str, Option<String>, Source); 8] = [
        (
            "datadir",
            Some(settings.datadir.value.display().to_string()),
            settings.datadir.source,
        ),
        (
            "cache",
            Some(settings.cache.value.display().to_string()),
            settings.cache.source,
        ),
        (
            "threads",
            Some(settings.threads.value.to_string()),
            settings.threads.source,
        ),
        (
            "log-format",
            Some(format!("{:?}", settings.log_format.value).to_lowercase()),
            settings.log_format.source,
        ),
        (
            "log-file",
            path(&settings.log_file.value),
            settings.log_file.source,
        ),
        (
            "metrics",
            settings.metrics.value.map(|address| address.to_string()),
            settings.metrics.source,
        ),
        (
            "no-progress",
            Some(settings.no_progress.value.to_string()),
            settings.no_progress.source,
        ),
        (
            "key-file",
            path(&settings.key_file.value),
            settings.key_file.source,
        ),
    ];
    let data: Map<String, Value> = rows
        .iter()
        .map(|(name, value, source)| {
            (
                (*name).to_owned(),
                json!({ "value": value, "source": source.name() }),
            )
        })
        .collect();
    let table = rows
        .iter()
        .map(|(name, value, source)| {
            vec![
                (*name).to_owned(),
                value.clone().unwrap_or_else(|| "-".to_owned()),
                source.name().to_owned(),
            ]
        })
        .collect();
    Report::new(json!({ "file": settings.file, "settings": data })).table(
        &["setting", "value", "from"],
        &[],
        table,
    )
}
