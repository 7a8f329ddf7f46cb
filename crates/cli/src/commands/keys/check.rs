//! `maci keys check`.

use clap::Args;
use maci_keys::{Manifest, ManifestError};
use serde_json::json;

use super::KeyDirArgs;
use crate::context::Context;
use crate::failure::Failure;
use crate::job::with_causes;
use crate::report::Report;

/// Arguments of `keys check`.
#[derive(Args, Debug)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    directory: KeyDirArgs,
}

/// Reads every key through the manifest and makes every development key again; a difference is the answer no.
pub(super) fn run(context: &Context<'_>, args: &CheckArgs) -> Result<Report, Failure> {
    let directory = &args.directory.dir;
    let manifest = Manifest::load(directory).map_err(|error| match error {
        ManifestError::Io { .. } => Failure::usage("no_manifest", with_causes(&error))
            .hint("name the directory of manifest.toml with --dir, or make one with maci keys setup --write DIR"),
        error => Failure::no("keys_invalid", with_causes(&error)),
    })?;
    let total = manifest.entries().len();
    let stage = context.progress.stage("keys", 0, total as u64);
    let mut begun = 0u64;
    let checked = manifest.check(directory, &mut |_| {
        stage.set(begun);
        begun += 1;
    });
    drop(stage);
    let report = Report::new(json!({
        "directory": directory,
        "keys": manifest.entries().iter().map(|entry| entry.circuit.to_string()).collect::<Vec<_>>(),
        "valid": checked.is_ok(),
    }));
    Ok(match checked {
        Ok(()) => report.text(format!(
            "{total} keys are those of the manifest, of the circuits as they are now, and of their public seed"
        )),
        Err(error) => report.refuse(
            Failure::no("keys_invalid", with_causes(&error))
                .hint("a changed circuit needs new keys: maci keys setup --write DIR"),
        ),
    })
}
