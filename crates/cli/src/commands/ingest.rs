//! `maci ingest`.

use std::path::PathBuf;

use clap::Args;
use maci_coordinator::{Recorded, Source, StageId};
use serde_json::json;

use super::poll;
use crate::chain_source::ChainSourceArgs;
use crate::context::Context;
use crate::failure::Failure;
use crate::job::{self, Opening, Session};
use crate::report::Report;

/// Arguments of `ingest`.
#[derive(Args, Debug)]
pub(crate) struct IngestArgs {
    /// Directory of a recorded poll: deployment.json, logs.json and, if messages were relayed, relayed/
    #[arg(long, value_name = "DIR")]
    recorded: Option<PathBuf>,

    #[command(flatten)]
    chain: ChainSourceArgs,

    /// Write a poll read from a chain as a recorded one, for auditors without a node
    #[arg(long, value_name = "DIR", conflicts_with = "recorded")]
    save: Option<PathBuf>,
}

impl IngestArgs {
    /// A directory that is named comes before a node that the environment names.
    fn source(&self) -> Result<Source, Failure> {
        match &self.recorded {
            Some(directory) => Ok(Recorded::directory(directory).into()),
            None if self.chain.is_given() => Ok(self.chain.source()?.into()),
            None => Err(
                Failure::usage("no_source", "nothing to read the poll from").hint(
                    "name a recorded poll with --recorded DIR, or a node with --rpc URL --maci ADDRESS --poll N",
                ),
            ),
        }
    }
}

/// Reads a poll into the journal, checking every value that the chain recorded. Needs no secret.
pub(crate) fn run(context: &Context<'_>, args: &IngestArgs) -> Result<Report, Failure> {
    let opening = Opening {
        source: Some(args.source()?),
        ..Opening::default()
    };
    let mut session = Session::open(context, &context.settings.datadir.value, opening)?;
    session.run(&[StageId::Ingest])?;
    let log = session.log()?;
    let directory = context.settings.datadir.value.display().to_string();
    let mut data = poll::describe_data(&log);
    let mut text = format!(
        "{} messages of {} voters are in {directory}; every value that the chain recorded agrees",
        log.num_messages().saturating_sub(1),
        log.total_signups().saturating_sub(1),
    );
    if let Some(save) = &args.save {
        let exported = session.job.export_recorded(save);
        exported.map_err(|error| job::failure(&error))?;
        text.push_str("\nrecorded in ");
        text.push_str(&save.display().to_string());
    }
    if let Some(object) = data.as_object_mut() {
        object.insert("datadir".to_owned(), json!(directory));
        if let Some(save) = &args.save {
            object.insert("recorded".to_owned(), json!(save.display().to_string()));
        }
    }
    Ok(Report::new(data).text(text))
}
