//! `maci verdict verify`.

use std::path::PathBuf;

use clap::Args;
use maci_verdict::Question;

use super::show;
use crate::audit::{self, DevKeysArgs};
use crate::commands::market;
use crate::context::Context;
use crate::failure::Failure;
use crate::market_store::MarketFiles;
use crate::recording::Recording;
use crate::report::Report;
use crate::verdict_file;

/// Arguments of `verdict verify`.
#[derive(Args, Debug)]
pub(crate) struct VerifyArgs {
    /// The verdict file
    verdict: PathBuf,

    /// The audit bundle that it was made from
    #[arg(long, value_name = "FILE")]
    bundle: PathBuf,

    /// Compare with the question of this market of the data directory, not only with the one in the file
    #[arg(long, value_name = "NAME")]
    market: Option<String>,

    /// Recompute root and chain hashes from this recorded poll too (grade V3)
    #[arg(long, value_name = "DIR")]
    recorded: Option<PathBuf>,

    #[command(flatten)]
    dev_keys: DevKeysArgs,
}

/// Judges the bundle again.
pub(super) fn run(context: &Context<'_>, args: &VerifyArgs) -> Result<Report, Failure> {
    let file = verdict_file::read(&args.verdict)?;
    let bytes = audit::read(&args.bundle)?;
    let log = match &args.recorded {
        Some(directory) => Some(Recording::read(directory)?.parse()?),
        None => None,
    };
    let poll = audit::poll(
        context,
        &args.bundle,
        &bytes,
        &args.dev_keys.trust(),
        log.as_ref(),
    )?;
    let question = match &args.market {
        Some(name) => market::settle::question(&MarketFiles::new(context, name)?.open()?)?,
        // Without a market the file's own question is answered again: the bundle and the rule give these numbers.
        None => Question {
            market_id: file.verdict.market_id,
            condition_id: file.verdict.condition_id,
            question_id: file.verdict.question_id,
            ledger_head: file.verdict.ledger_head,
            gate: file.verdict.gate,
            terms: file.terms.clone(),
        },
    };
    let verified = file
        .verify(&poll, &question)
        .map_err(|error| verdict_file::refused(&args.verdict, &error))?;
    let grade = verified.grade();
    let scope = match &args.market {
        Some(name) => format!("it answers the question of market {name}"),
        None => "whether it answers a market's question was not checked (--market)".to_owned(),
    };
    Ok(show::describe(&file, &args.verdict)
        .with("grade", grade.to_string().into())
        .text(format!("every field follows from the bundle; {scope}"))
        .text(format!("grade {grade}: {}", grade.meaning())))
}
