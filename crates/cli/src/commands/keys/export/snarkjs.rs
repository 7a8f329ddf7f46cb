//! `maci keys export --zkey FILE --wtns FILE`: our circuits for other provers, to measure them side by side.

use maci_circuits::{Circuit, sample_inputs};
use maci_keys::{KeyStore, snarkjs};
use maci_prover::witness::Assignment;
use serde_json::json;

use super::ExportArgs;
use crate::context::Context;
use crate::failure::Failure;
use crate::job::with_causes;
use crate::report::Report;

/// Writes what was asked for.
pub(super) fn run(context: &Context<'_>, args: &ExportArgs) -> Result<Report, Failure> {
    let circuit = args.circuit;
    let mut written = Vec::new();
    if let Some(path) = &args.zkey {
        let token = args.dev_keys.token();
        let store = KeyStore::open(&context.settings.cache.value)
            .map_err(|error| Failure::outside("keys", with_causes(&error)))?;
        let stage = context.progress.stage("keys", 0, 2);
        let key = store
            .load_or_generate(circuit, &mut |_| {})
            .map_err(|error| {
                Failure::conflict("keys", with_causes(&error))
                    .hint("maci keys setup --again makes a damaged key anew")
            })?
            .accept(token)
            .map_err(|error| {
                Failure::usage("insecure_dev_keys", error)
                    .hint("add --insecure-dev-keys: a zkey has no label that would warn others")
            })?;
        stage.set(1);
        context.interrupt.check()?;
        if let Some(token) = token {
            snarkjs::dev_zkey(&key, path, token)
                .map_err(|error| Failure::outside("zkey", with_causes(&error)))?;
        }
        stage.set(2);
        written.push(format!("proving key {}", path.display()));
    }
    if let Some(path) = &args.wtns {
        let refuse = |error: String| Failure::usage("parameters", error);
        let inputs = sample_inputs(circuit).map_err(|error| refuse(error.to_string()))?;
        let circuit = Circuit::new(circuit, inputs).map_err(|error| refuse(error.to_string()))?;
        let assignment = Assignment::of(circuit).map_err(|error| refuse(error.to_string()))?;
        snarkjs::write_wtns(path, assignment.values())
            .map_err(|error| Failure::outside("wtns", format!("{}: {error}", path.display())))?;
        written.push(format!("witness {}", path.display()));
    }
    let report = Report::new(json!({
        "circuit": circuit.to_string(),
        "provenance": "insecure-dev",
        "zkey": args.zkey,
        "wtns": args.wtns,
    }));
    Ok(report.text(format!("{circuit}: {} written", written.join(" and "))))
}
