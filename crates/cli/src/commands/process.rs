//! `maci process`.

use clap::Args;
use maci_coordinator::StageId;
use serde_json::json;

use crate::context::Context;
use crate::coordinator_key::{self, KeyArgs};
use crate::failure::Failure;
use crate::job::{Opening, Session};
use crate::report::Report;

/// Arguments of `process`.
#[derive(Args, Debug)]
pub(crate) struct ProcessArgs {
    #[command(flatten)]
    key: KeyArgs,
}

/// Decrypts and processes all messages, newest first, without proofs.
pub(crate) fn run(context: &Context<'_>, args: &ProcessArgs) -> Result<Report, Failure> {
    let key = Some(coordinator_key::load(context, &args.key)?);
    let mut session = Session::resume(
        context,
        Opening {
            key,
            ..Opening::default()
        },
    )?;
    session.run(&[StageId::Process])?;
    let log = session.log()?;
    let (messages, batches) = (log.num_messages(), log.message_batches());
    Ok(
        Report::new(json!({ "messages": messages.to_string(), "message_batches": batches })).text(
            format!("{messages} messages processed in {batches} batches, the placeholder included"),
        ),
    )
}
