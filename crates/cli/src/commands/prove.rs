//! `maci prove`.

use clap::Args;
use maci_coordinator::{ProofKind, StageId};
use serde_json::json;

use crate::audit::DevKeysArgs;
use crate::context::Context;
use crate::coordinator_key::{self, KeyArgs};
use crate::failure::Failure;
use crate::job::{Opening, Session};
use crate::proving_keys::LocalKeys;
use crate::report::Report;

/// Arguments of `prove`.
#[derive(Args, Debug)]
pub(crate) struct ProveArgs {
    #[command(flatten)]
    key: KeyArgs,

    #[command(flatten)]
    dev_keys: DevKeysArgs,

    /// Make damaged proofs and files again instead of stopping at them
    #[arg(long)]
    remake: bool,
}

/// Makes every proof that is missing and checks them all as one transcript.
pub(crate) fn run(context: &Context<'_>, args: &ProveArgs) -> Result<Report, Failure> {
    let key = Some(coordinator_key::load(context, &args.key)?);
    let keys = Some(LocalKeys::new(context, args.dev_keys.token()));
    let mut session = Session::resume(
        context,
        Opening {
            key,
            keys,
            remake: args.remake,
            ..Opening::default()
        },
    )?;
    session.run(&[StageId::Prove, StageId::Transcript])?;
    let proofs = session.status()?.proofs;
    let count = |kind| {
        proofs
            .iter()
            .filter(|proof| proof.unit.kind == kind && proof.finished > 0)
            .count()
    };
    let (process, tally) = (count(ProofKind::Process), count(ProofKind::Tally));
    let directory = session.job.dir().proofs().display().to_string();
    Ok(Report::new(json!({ "process_proofs": process, "tally_proofs": tally, "proofs": directory })).text(format!(
        "{process} process and {tally} tally proofs verify as one transcript; they are in {directory}"
    )))
}
