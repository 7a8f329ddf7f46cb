//! `maci keys list`.

use clap::Args;
use maci_keys::{KeyStore, Manifest};
use serde_json::{Value, json};

use super::KeyDirArgs;
use crate::context::Context;
use crate::failure::Failure;
use crate::job::with_causes;
use crate::report::Report;

/// Arguments of `keys list`.
#[derive(Args, Debug)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    directory: KeyDirArgs,
}

/// Lists keys; checks nothing.
pub(super) fn run(context: &Context<'_>, args: &ListArgs) -> Result<Report, Failure> {
    let directory = &args.directory.dir;
    let manifest = if directory.join(maci_keys::manifest::FILE).exists() {
        let read = Manifest::load(directory);
        Some(read.map_err(|error| Failure::usage("bad_manifest", with_causes(&error)))?)
    } else {
        None
    };
    let entries = manifest.as_ref().map(Manifest::entries).unwrap_or_default();
    let mut rows: Vec<Vec<String>> = entries
        .iter()
        .map(|entry| {
            vec![
                entry.circuit.to_string(),
                "verifying".to_owned(),
                entry.provenance.to_string(),
                entry.vk_id.to_string(),
            ]
        })
        .collect();
    let cached = cached(context);
    rows.extend(cached.iter().map(|(name, bytes)| {
        vec![
            name.clone(),
            "proving".to_owned(),
            "insecure-dev".to_owned(),
            format!("{} MiB", bytes >> 20),
        ]
    }));
    let verifying: Vec<Value> = entries
        .iter()
        .map(|entry| {
            json!({
                "circuit": entry.circuit.to_string(),
                "circuit_digest": entry.circuit_digest,
                "key_id": entry.vk_id.to_string(),
                "provenance": entry.provenance.to_string(),
            })
        })
        .collect();
    let proving: Vec<Value> = cached
        .iter()
        .map(|(file, bytes)| json!({ "file": file, "bytes": bytes.to_string() }))
        .collect();
    let cache = context.settings.cache.value.display().to_string();
    Ok(Report::new(json!({
        "directory": directory,
        "verifying_keys": verifying,
        "cache": cache,
        "proving_keys": proving,
    }))
    .table(&["circuit", "key", "origin", "id or size"], &[], rows)
    .text(format!(
        "{} verifying keys in {}, {} proving keys in {cache}",
        entries.len(),
        directory.display(),
        cached.len()
    )))
}

/// Files of proving keys that this program reads, with their sizes, by name.
fn cached(context: &Context<'_>) -> Vec<(String, u64)> {
    let Ok(entries) = std::fs::read_dir(&context.settings.cache.value) else {
        return Vec::new();
    };
    let ending = KeyStore::ending();
    let mut files: Vec<(String, u64)> = entries
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().ends_with(&ending))
        .map(|entry| {
            let bytes = entry.metadata().map_or(0, |metadata| metadata.len());
            (entry.file_name().to_string_lossy().into_owned(), bytes)
        })
        .collect();
    files.sort();
    files
}
