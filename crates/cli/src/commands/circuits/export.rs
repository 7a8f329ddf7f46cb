//! `maci circuits export`.

use std::path::PathBuf;

use clap::Args;
use maci_keys::{R1cs, iden3};
use maci_verifier::CircuitId;
use serde_json::json;

use super::selection::KindArgs;
use super::stats::synthesis;
use crate::context::Context;
use crate::failure::Failure;
use crate::files;
use crate::report::Report;

/// Arguments of `circuits export`.
#[derive(Args, Debug)]
pub(crate) struct ExportArgs {
    /// Circuit by id, for example message-processor-qv-10-20-2
    #[arg(
        value_name = "ID",
        required_unless_present = "circuit",
        conflicts_with = "circuit"
    )]
    id: Option<CircuitId>,

    #[command(flatten)]
    kind: KindArgs,

    /// Where to write the matrices, in the format of circom and snarkjs
    #[arg(long, value_name = "FILE")]
    r1cs: PathBuf,
}

/// Writes a circuit for tools that read iden3's format.
pub(super) fn run(context: &Context<'_>, args: &ExportArgs) -> Result<Report, Failure> {
    let Some(id) = args.kind.circuit()?.or(args.id) else {
        return Err(Failure::usage("no_circuit", "no circuit is named"));
    };
    context.interrupt.check()?;
    let r1cs = R1cs::of(id).map_err(|error| synthesis(id, &error))?;
    let bytes = iden3::to_bytes(&r1cs);
    files::write_whole(&args.r1cs, "circuit", &bytes)?;
    let path = args.r1cs.display().to_string();
    let data = json!({
        "circuit": id.to_string(),
        "r1cs": path,
        "bytes": bytes.len(),
        "constraints": r1cs.constraints(),
        "wires": r1cs.variables(),
        "digest": r1cs.digest.to_string(),
    });
    Ok(Report::new(data).text(format!(
        "{id}: {} constraints over {} wires written to {path} (matrices {})",
        r1cs.constraints(),
        r1cs.variables(),
        r1cs.digest
    )))
}
