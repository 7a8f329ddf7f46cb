//! `maci keys export`: a verifying key as others read it, or a circuit's dev proving key and a witness for snarkjs.

mod snarkjs;

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use maci_keys::{AllowInsecureDevKeys, Manifest};
use maci_verifier::{CircuitId, VerifyingKey};
use serde_json::json;

use super::KeyDirArgs;
use crate::audit::{self, DevKeysArgs};
use crate::context::Context;
use crate::failure::Failure;
use crate::files;
use crate::job::with_causes;
use crate::report::Report;

/// Arguments of `keys export`.
#[derive(Args, Debug)]
pub(crate) struct ExportArgs {
    /// The circuit, for example message-processor-qv-10-20-2
    circuit: CircuitId,

    /// The form
    #[arg(long, value_enum, default_value_t = Form::Snarkjs)]
    format: Form,

    /// Write to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    /// Write the circuit's development proving key for snarkjs to this file instead
    #[arg(long, value_name = "FILE", conflicts_with_all = ["format", "out"])]
    zkey: Option<PathBuf>,

    /// Write a witness of a simulated poll for that key to this file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["format", "out"])]
    wtns: Option<PathBuf>,

    #[command(flatten)]
    dev_keys: DevKeysArgs,

    #[command(flatten)]
    directory: KeyDirArgs,
}

/// Forms of an exported key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// verification_key.json of snarkjs
    Snarkjs,
    /// The VerifyingKey struct of MACI's contracts
    Maci,
}

/// Exports a key. A verifying key is public; what it is worth is in its label, which is shown.
pub(super) fn run(context: &Context<'_>, args: &ExportArgs) -> Result<Report, Failure> {
    if args.zkey.is_some() || args.wtns.is_some() {
        return snarkjs::run(context, args);
    }
    let key = verifying_key(context, args)?;
    context.warn(
        "insecure_dev_keys",
        format!(
            "the key of {} is a development key: anyone can forge proofs for it",
            args.circuit
        ),
    );
    let text = match args.format {
        Form::Snarkjs => key.points().to_snarkjs(),
        Form::Maci => key.points().to_maci_json(),
    };
    let form = if args.format == Form::Snarkjs {
        "snarkjs"
    } else {
        "maci"
    };
    let report = Report::new(json!({
        "circuit": args.circuit.to_string(),
        "key_id": key.id().to_string(),
        "format": form,
        "provenance": "insecure-dev",
        "out": args.out,
        "key": serde_json::from_str::<serde_json::Value>(&text).unwrap_or_default(),
    }));
    match &args.out {
        Some(out) => {
            files::write_whole(out, "verifying key", text.as_bytes())?;
            Ok(report.text(format!(
                "key {} of {} written to {}",
                key.id(),
                args.circuit,
                out.display()
            )))
        }
        None => Ok(report.verbatim(format!("{}\n", text.trim_end()))),
    }
}

/// The shipped key where the manifest lists the circuit, else the one that its seed gives.
fn verifying_key(context: &Context<'_>, args: &ExportArgs) -> Result<VerifyingKey, Failure> {
    let directory = &args.directory.dir;
    let listed = Manifest::load(directory)
        .ok()
        .filter(|manifest| manifest.entry(args.circuit).is_ok());
    match listed {
        Some(manifest) => manifest
            .verifying_key(directory, args.circuit)
            .map_err(|error| {
                Failure::no("keys_invalid", with_causes(&error))
                    .hint("maci keys check names every fault")
            })?
            .accept(Some(AllowInsecureDevKeys::because_the_user_said_so()))
            .map_err(|error| Failure::usage("insecure_dev_keys", error)),
        None => audit::dev_key(context, args.circuit),
    }
}
