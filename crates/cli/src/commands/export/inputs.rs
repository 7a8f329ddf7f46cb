//! `maci export inputs`.

use std::path::PathBuf;

use clap::Args;
use maci_coordinator::StageId;
use serde_json::json;

use crate::context::Context;
use crate::coordinator_key::{self, KeyArgs};
use crate::failure::Failure;
use crate::job::{Opening, Session};
use crate::report::Report;

/// Arguments of `export inputs`.
///
/// For a poll that was deployed with MACI's own proving keys: our proofs would not verify there. The native machine
/// processes and tallies as always and writes process_0.json .., tally_0.json .. in submission order, as MACI's witness
/// generator reads them, and the tally.json that they lead to. With the witness of each, `maci prove --zkey FILE --wtns
/// FILE` makes the proof.
///
/// SECRETS: each process file holds the coordinator's private key, and every file holds decrypted votes. They are
/// written for their owner alone (mode 0600); delete them once the proofs are made.
#[derive(Args, Debug)]
pub(crate) struct InputsArgs {
    /// Directory to write to; made, for its owner alone, if it is missing
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    #[command(flatten)]
    key: KeyArgs,

    /// Replace files of another run instead of stopping at them
    #[arg(long)]
    remake: bool,
}

/// Processes and tallies where that is still to be done, then writes the files.
pub(super) fn run(context: &Context<'_>, args: &InputsArgs) -> Result<Report, Failure> {
    let key = Some(coordinator_key::load(context, &args.key)?);
    let mut session = Session::resume(
        context,
        Opening {
            key,
            remake: args.remake,
            ..Opening::default()
        },
    )?;
    session.run(&[StageId::Process, StageId::Tally])?;
    let files = session.export_inputs(&args.out)?;
    let shown = args.out.display().to_string();
    context.warn(
        "secret_files",
        format!("the files in {shown} hold the coordinator's private key and decrypted votes; delete them once the proofs are made"),
    );
    let names: Vec<String> = files
        .iter()
        .filter_map(|path| path.file_name())
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    Ok(
        Report::new(json!({ "directory": shown, "files": names })).text(format!(
            "circuit inputs of {} batches are in {shown}, and the tally.json that they lead to",
            names.len().saturating_sub(1)
        )).text(
            "make a witness of each with MACI's generator, then prove it with maci prove --zkey FILE --wtns FILE"
        ),
    )
}
