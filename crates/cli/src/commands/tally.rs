//! `maci tally`.

use clap::Args;
use maci_coordinator::StageId;

use crate::context::Context;
use crate::coordinator_key::{self, KeyArgs};
use crate::failure::Failure;
use crate::job::{Opening, Session};
use crate::report::Report;
use crate::results::PollResults;

/// Arguments of `tally`.
#[derive(Args, Debug)]
pub(crate) struct TallyArgs {
    #[command(flatten)]
    key: KeyArgs,
}

/// Tallies all ballots without proofs and writes MACI's `tally.json` into the data directory.
pub(crate) fn run(context: &Context<'_>, args: &TallyArgs) -> Result<Report, Failure> {
    let key = Some(coordinator_key::load(context, &args.key)?);
    let mut session = Session::resume(
        context,
        Opening {
            key,
            ..Opening::default()
        },
    )?;
    session.run(&[StageId::Tally])?;
    let results = PollResults::of(&mut session)?;
    Ok(results.table(Report::new(results.data())))
}
