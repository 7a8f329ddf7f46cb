//! `maci prove`: a job's proofs, or one proof from the files of circom and snarkjs.

mod external;

use std::time::Duration;

use clap::Args;
use maci_coordinator::{ProofKind, StageId};
use maci_prover::{Step, Timings};
use serde_json::{Map, Value, json};

use crate::context::Context;
use crate::failure::Failure;
use crate::proving::ProvingArgs;
use crate::report::Report;
use crate::rusage::peak_rss_mb;

/// Arguments of `prove`.
#[derive(Args, Debug)]
pub(crate) struct ProveArgs {
    #[command(flatten)]
    proving: ProvingArgs,

    #[command(flatten)]
    external: external::ExternalArgs,
}

/// Makes every proof that is missing and checks them all as one transcript.
pub(crate) fn run(context: &Context<'_>, args: &ProveArgs) -> Result<Report, Failure> {
    if let Some(files) = args.external.files() {
        return external::run(context, &files);
    }
    let keys = args.proving.keys(context);
    let mut session = args.proving.resume_with(context, &keys)?;
    session.run(&[StageId::Prove, StageId::Transcript])?;
    let circuits = keys.proved();
    let proofs = session.status()?.proofs;
    let count = |kind| {
        proofs
            .iter()
            .filter(|proof| proof.unit.kind == kind && proof.finished > 0)
            .count()
    };
    let (process, tally) = (count(ProofKind::Process), count(ProofKind::Tally));
    let directory = session.job.dir().proofs().display().to_string();
    let data = json!({
        "process_proofs": process,
        "tally_proofs": tally,
        "proofs": directory,
        "circuits": circuits
            .iter()
            .map(|(id, digest)| json!({ "circuit": id.to_string(), "digest": digest.to_string() }))
            .collect::<Vec<_>>(),
        "seconds": steps(&session.timings()),
        "peak_rss_mb": peak_rss_mb(),
    });
    let report = Report::new(data).text(format!(
        "{process} process and {tally} tally proofs verify as one transcript; they are in {directory}"
    ));
    let shown = circuits.iter().fold(report, |report, (id, digest)| {
        report.text(format!("{id} (matrices {digest})"))
    });
    Ok(shown)
}

/// Seconds of each step, of the proofs that this run made.
fn steps(timings: &Timings) -> Map<String, Value> {
    let seconds =
        |(step, time): (Step, Duration)| (step.name().to_owned(), json!(time.as_secs_f64()));
    timings.iter().map(seconds).collect()
}
