//! `maci keys setup`.

use std::path::PathBuf;

use clap::Args;
use maci_circuits::SHIPPED;
use maci_keys::{KeyStore, Manifest};
use maci_verifier::CircuitId;
use serde_json::json;

use crate::context::Context;
use crate::failure::Failure;
use crate::job::with_causes;
use crate::report::Report;

/// Arguments of `keys setup`.
#[derive(Args, Debug)]
pub(crate) struct SetupArgs {
    /// Circuits by id, for example vote-tally-qv-10-1-2 [default: the shipped ones]
    #[arg(value_name = "CIRCUIT")]
    circuits: Vec<CircuitId>,

    /// Write verifying keys and their manifest into this directory instead of proving keys into the cache
    #[arg(long, value_name = "DIR")]
    write: Option<PathBuf>,

    /// Make proving keys anew even where the cache has them
    #[arg(long, conflicts_with = "write")]
    again: bool,
}

/// Makes keys.
pub(super) fn run(context: &Context<'_>, args: &SetupArgs) -> Result<Report, Failure> {
    let circuits = if args.circuits.is_empty() {
        SHIPPED.to_vec()
    } else {
        args.circuits.clone()
    };
    context.warn(
        "insecure_dev_keys",
        "these keys come from a public seed: anyone can forge proofs for them; use them for tests and demonstrations only",
    );
    let names: Vec<String> = circuits.iter().map(ToString::to_string).collect();
    let stage = context.progress.stage("keys", 0, circuits.len() as u64);
    if let Some(directory) = &args.write {
        let mut begun = 0u64;
        Manifest::write_dev_keys(directory, &circuits, &mut |_| {
            stage.set(begun);
            begun += 1;
        })
        .map_err(|error| Failure::outside("keys", with_causes(&error)))?;
        return Ok(
            Report::new(json!({ "directory": directory, "verifying_keys": names })).text(format!(
                "{} verifying keys and {} written to {}",
                names.len(),
                maci_keys::manifest::FILE,
                directory.display()
            )),
        );
    }
    let store = KeyStore::open(&context.settings.cache.value)
        .map_err(|error| Failure::outside("keys", with_causes(&error)))?;
    for (done, circuit) in (1u64..).zip(&circuits) {
        context.interrupt.check()?;
        let made = if args.again {
            store.regenerate(*circuit, &mut |_| {})
        } else {
            store.load_or_generate(*circuit, &mut |_| {})
        };
        made.map_err(|error| {
            Failure::conflict("keys", with_causes(&error))
                .hint("maci keys setup --again makes a damaged key anew")
        })?;
        stage.set(done);
    }
    let cache = store.directory().display().to_string();
    Ok(
        Report::new(json!({ "cache": cache, "proving_keys": names }))
            .text(format!("{} proving keys are in {cache}", names.len())),
    )
}
