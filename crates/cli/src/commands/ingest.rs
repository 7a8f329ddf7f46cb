//! `maci ingest`.

use std::path::PathBuf;

use clap::Args;
use maci_coordinator::{Recorded, StageId};
use serde_json::json;

use super::poll;
use crate::context::Context;
use crate::failure::Failure;
use crate::job::{Opening, Session};
use crate::report::Report;

/// Arguments of `ingest`.
#[derive(Args, Debug)]
pub(crate) struct IngestArgs {
    /// Directory with the deployment.json and logs.json of one poll; nothing else in it is read
    #[arg(long, value_name = "DIR")]
    recorded: PathBuf,
}

/// Reads a recorded poll into the journal, checking every value that the chain recorded. Needs no secret.
pub(crate) fn run(context: &Context<'_>, args: &IngestArgs) -> Result<Report, Failure> {
    let source = Some(Recorded::directory(&args.recorded));
    let opening = Opening {
        source,
        ..Opening::default()
    };
    let mut session = Session::open(context, &context.settings.datadir.value, opening)?;
    session.run(&[StageId::Ingest])?;
    let log = session.log()?;
    let directory = context.settings.datadir.value.display().to_string();
    let mut data = poll::describe_data(&log);
    if let Some(object) = data.as_object_mut() {
        object.insert("datadir".to_owned(), json!(directory));
    }
    Ok(Report::new(data).text(format!(
        "{} messages of {} voters are in {directory}; every value that the chain recorded agrees",
        log.num_messages().saturating_sub(1),
        log.total_signups().saturating_sub(1),
    )))
}
