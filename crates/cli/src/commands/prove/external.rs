//! `maci prove --zkey FILE --wtns FILE`: any circuit of circom with snarkjs' Groth16 key, by our engine.

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use maci_crypto::{Fr, field};
use maci_keys::snarkjs::{Wtns, Zkey};
use maci_prover::{Cancel, CircomError, ProveError, prove_circom};
use rand::RngCore as _;
use serde_json::json;
use zeroize::Zeroizing;

use crate::context::Context;
use crate::failure::Failure;
use crate::files;
use crate::proving::unreadable;
use crate::report::Report;
use crate::rusage::peak_rss_mb;

/// One proof from two files, whatever the data directory holds.
#[derive(Args, Debug)]
#[command(next_help_heading = "Proofs of other circuits")]
pub(crate) struct ExternalArgs {
    /// Prove with this key of snarkjs (Groth16 over BN254), as it is or prepared, instead of working on a job
    #[arg(long, value_name = "FILE", requires = "wtns")]
    zkey: Option<PathBuf>,

    /// The witness to prove, as circom's generators write it
    #[arg(long, value_name = "FILE", requires = "zkey")]
    wtns: Option<PathBuf>,

    /// Where the proof goes, as snarkjs writes it
    #[arg(
        long,
        value_name = "FILE",
        requires = "zkey",
        default_value = "proof.json"
    )]
    proof: PathBuf,

    /// Where the public inputs go
    #[arg(
        long,
        value_name = "FILE",
        requires = "zkey",
        default_value = "public.json"
    )]
    public: PathBuf,
}

/// Every file of such a proof.
pub(super) struct Files<'a> {
    zkey: &'a Path,
    wtns: &'a Path,
    proof: &'a Path,
    public: &'a Path,
}

impl ExternalArgs {
    /// The files, when a proof of another circuit is asked for.
    pub(super) fn files(&self) -> Option<Files<'_>> {
        Some(Files {
            zkey: self.zkey.as_deref()?,
            wtns: self.wtns.as_deref()?,
            proof: &self.proof,
            public: &self.public,
        })
    }
}

/// Reads, proves, verifies, writes.
pub(super) fn run(context: &Context<'_>, files: &Files<'_>) -> Result<Report, Failure> {
    let start = Instant::now();
    let stage = context.progress.stage("prove", 0, 3);
    let key = Zkey::open(files.zkey).map_err(|error| unreadable("zkey", files.zkey, &error))?;
    stage.set(1);
    let witness = Wtns::open(files.wtns).map_err(|error| unreadable("wtns", files.wtns, &error))?;
    let read = start.elapsed();
    stage.set(2);
    context.interrupt.check()?;
    let cancel = Cancel::at_once(context.interrupt.cancel().flag());
    let proved =
        prove_circom(&key, &witness, randomness(), &cancel).map_err(|error| match error {
            CircomError::Witness(error) => unreadable("wtns", files.wtns, &error),
            CircomError::Prove(ProveError::Cancelled) => Failure::interrupted(),
            error @ CircomError::Rejected => Failure::no("unsatisfied", error)
                .hint("make the witness anew with the generator of the key's own circuit"),
            error => Failure::no("unprovable", error),
        })?;
    let proving = start.elapsed().saturating_sub(read);
    stage.set(3);
    let public: Vec<String> = proved.public_inputs.iter().map(field::to_dec).collect();
    let public_text = serde_json::to_string_pretty(&public).unwrap_or_default();
    files::write_whole(files.proof, "proof", proved.proof.to_snarkjs().as_bytes())?;
    files::write_whole(files.public, "public inputs", public_text.as_bytes())?;
    let report = Report::new(json!({
        "proof": files.proof,
        "public": files.public,
        "public_inputs": public,
        "zkey_sha256": key.prepared_from.map(hex::encode),
        "variables": key.variables,
        "domain": key.domain_size,
        "seconds": { "read": read.as_secs_f64(), "prove": proving.as_secs_f64(), "steps": super::steps(&proved.timings) },
        "peak_rss_mb": peak_rss_mb(),
    }));
    Ok(report.text(format!(
        "the proof verifies under the key; it is in {}, its {} public inputs in {}",
        files.proof.display(),
        public.len(),
        files.public.display()
    )))
}

/// Groth16's r and s. This key's circuit may be anyone's, so nothing is derived from it: they are drawn.
fn randomness() -> (Fr, Fr) {
    let draw = || {
        let mut wide = Zeroizing::new([0u8; 64]);
        rand::rngs::OsRng.fill_bytes(wide.as_mut());
        field::from_be_bytes_mod(wide.as_ref())
    };
    (draw(), draw())
}
