//! `maci market settle`, also `maci settle`: from an audit bundle to a settled market.

use std::path::PathBuf;

use clap::Args;
use maci_settlement::{Command, Decision, Phase, Refusal, Time, gate};
use maci_verdict::{Question, VerdictFile, VerifiedPoll, VerifiedVerdict, judge};
use serde_json::json;

use super::AtArgs;
use super::show::{accounts, accounts_table};
use crate::audit::{self, DevKeysArgs};
use crate::context::Context;
use crate::failure::Failure;
use crate::market_store::{MarketFiles, OpenMarket, refused};
use crate::report::Report;
use crate::verdict_file;

/// Arguments of `market settle`.
#[derive(Args, Debug)]
pub(crate) struct MarketSettleArgs {
    /// The market
    market: String,

    /// The audit bundle of its poll [default: bundle.json in the data directory]
    #[arg(long, value_name = "FILE")]
    bundle: Option<PathBuf>,

    /// A verdict file that has to say the same as the bundle
    #[arg(long, value_name = "FILE")]
    verdict: Option<PathBuf>,

    /// Say what would happen and change nothing
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    at: AtArgs,

    #[command(flatten)]
    dev_keys: DevKeysArgs,
}

/// Takes the market as far as the verdict and the time allow: close, judge, accept the verdict, settle.
pub(crate) fn run(context: &Context<'_>, args: &MarketSettleArgs) -> Result<Report, Failure> {
    let mut market = MarketFiles::new(context, &args.market)?.open()?;
    let path = args
        .bundle
        .clone()
        .unwrap_or_else(|| context.settings.datadir.value.join("bundle.json"));
    let bytes = audit::read(&path)?;
    let poll = audit::poll(context, &path, &bytes, &args.dev_keys.trust(), None)?;
    let now = args.at.time();
    freeze(&mut market, now)?;
    let verdict = verdict(&market, &poll, args)?;
    match gate::decide(market.ledger.market(), &verdict, now) {
        Decision::Refuse(reason) => return Err(refused(&Refusal::Gate(reason))),
        decision if args.dry_run => return Ok(dry_run(&market, &verdict, &decision)),
        Decision::Hold(reason) if market.ledger.market().phase() != Phase::Proposed => {
            return Err(refused(&Refusal::Hold(reason)));
        }
        _ => {}
    }
    if market.ledger.market().phase() == Phase::Judging {
        // The bundle is on disk before the ledger that needs it.
        market.keep_bundle(&poll, &bytes)?;
        market
            .ledger
            .execute(now, &Command::Propose { verdict: &verdict })
            .map_err(|error| refused(&error))?;
    }
    let mut held = None;
    if market.ledger.market().phase() == Phase::Proposed {
        match market.ledger.execute(now, &Command::Settle) {
            Ok(_) => {}
            Err(refusal @ Refusal::Hold(_)) => held = Some(refused(&refusal)),
            Err(refusal) => return Err(refused(&refusal)),
        }
    }
    market.save()?;
    let report = outcome(&market, &verdict);
    Ok(match held {
        Some(reason) => report.refuse(reason),
        None => report,
    })
}

/// Closes the market and freezes its book where that is due and nobody has done it yet; anyone may.
pub(crate) fn freeze(market: &mut OpenMarket, now: Time) -> Result<(), Failure> {
    if matches!(market.ledger.market().phase(), Phase::Open | Phase::Trading) {
        market
            .ledger
            .execute(now, &Command::Close)
            .map_err(|error| refused(&error))?;
    }
    if market.ledger.market().phase() == Phase::Closed {
        market
            .ledger
            .execute(now, &Command::Judge)
            .map_err(|error| refused(&error))?;
    }
    Ok(())
}

/// What the market asks of its poll.
pub(crate) fn question(market: &OpenMarket) -> Result<Question, Failure> {
    market.ledger.market().question().ok_or_else(|| {
        let phase = market.ledger.market().phase();
        Failure::conflict(
            "book_not_frozen",
            format!("the market is {phase}, so it asks no question"),
        )
        .hint("open the market, let trading end and the poll start; then maci market judge")
    })
}

/// Judges the poll under the market's terms; a verdict file, where given, has to agree in every field.
fn verdict(
    market: &OpenMarket,
    poll: &VerifiedPoll,
    args: &MarketSettleArgs,
) -> Result<VerifiedVerdict, Failure> {
    let question = question(market)?;
    match &args.verdict {
        Some(path) => {
            let file: VerdictFile = verdict_file::read(path)?;
            file.verify(poll, &question)
                .map_err(|error| verdict_file::refused(path, &error))
        }
        None => judge(poll, &question).map_err(|error| Failure::no("not_judged", error)),
    }
}

fn dry_run(market: &OpenMarket, verdict: &VerifiedVerdict, decision: &Decision) -> Report {
    let (word, reason) = match decision {
        Decision::Settle(resolution) => ("settle", resolution.to_string()),
        Decision::Hold(reason) => ("hold", reason.to_string()),
        Decision::Refuse(reason) => ("refuse", reason.to_string()),
    };
    let report = Report::new(json!({
        "market": market.name(),
        "dry_run": true,
        "decision": word,
        "reason": reason,
        "verdict_id": verdict.id().to_string(),
    }))
    .text(format!("market {} would {word}: {reason}", market.name()));
    match decision {
        Decision::Hold(_) => report.refuse(Failure::no("verdict_on_hold", reason)),
        _ => report,
    }
}

fn outcome(open: &OpenMarket, verdict: &VerifiedVerdict) -> Report {
    let market = open.ledger.market();
    let void_cause = market.void_cause().map(|cause| cause.to_string());
    let report = Report::new(json!({
        "market": open.name(),
        "market_id": market.market_id().to_string(),
        "market_state": market.phase().to_string(),
        "verdict_id": verdict.id().to_string(),
        "grade": verdict.grade().to_string(),
        "insecure_dev": verdict.insecure_dev(),
        "resolution": verdict.resolution().to_string(),
        "reasons": verdict.reasons(),
        "void_cause": void_cause,
        "ledger_head": open.ledger.head().to_string(),
        "accounts": accounts(market),
    }))
    .text(format!(
        "market {} is {} on verdict {}",
        open.name(),
        market.phase(),
        verdict.id()
    ))
    .text(format!(
        "{} (grade {})",
        verdict.resolution(),
        verdict.grade()
    ));
    let report = match void_cause {
        Some(cause) => report.text(format!("void: {cause}")),
        None => report,
    };
    accounts_table(report.text(""), market)
}
