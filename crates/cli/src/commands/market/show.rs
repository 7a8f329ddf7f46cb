//! `maci market show`.

use clap::Args;
use maci_settlement::Market;
use serde_json::{Value, json};

use crate::context::Context;
use crate::failure::Failure;
use crate::market_store::MarketFiles;
use crate::report::Report;

/// Arguments of `market show`.
#[derive(Args, Debug)]
pub(crate) struct ShowArgs {
    /// The market
    market: String,
}

/// Shows a market.
pub(super) fn run(context: &Context<'_>, args: &ShowArgs) -> Result<Report, Failure> {
    let open = MarketFiles::new(context, &args.market)?.open()?;
    let market = open.ledger.market();
    let spec = market.spec();
    let report = Report::new(json!({
        "market": args.market,
        "market_id": market.market_id().to_string(),
        "question": spec.question.text,
        "market_state": market.phase().to_string(),
        "close_time": spec.close_time.to_string(),
        "settle_by": spec.settle_by.to_string(),
        "locked": market.locked().to_string(),
        "events": open.ledger.events().len(),
        "ledger_head": open.ledger.head().to_string(),
        "verdict_id": market.accepted().map(|accepted| accepted.verdict_id.to_string()),
        "void_cause": market.void_cause().map(|cause| cause.to_string()),
        "outcomes": outcomes(market),
        "accounts": accounts(market),
    }));
    let mut facts = vec![
        ("market", format!("{} {}", args.market, market.market_id())),
        ("question", spec.question.text.clone()),
        ("state", market.phase().to_string()),
        ("trading closes", spec.close_time.to_string()),
        ("settle by", spec.settle_by.to_string()),
        (
            "locked",
            format!("{} {}", market.locked(), spec.collateral.name),
        ),
        (
            "ledger",
            format!(
                "{} events, head {}",
                open.ledger.events().len(),
                open.ledger.head()
            ),
        ),
    ];
    if let Some(accepted) = market.accepted() {
        facts.push(("verdict", accepted.verdict_id.to_string()));
    }
    if let Some(cause) = market.void_cause() {
        facts.push(("void because", cause.to_string()));
    }
    Ok(accounts_table(report.facts(&facts).text(""), market))
}

/// The outcomes with their supply, for the envelope.
fn outcomes(market: &Market) -> Vec<Value> {
    let labels = market.spec().outcomes.iter();
    let supply = market.supply().iter();
    labels
        .zip(supply)
        .map(|(label, supply)| json!({ "label": label, "supply": supply.to_string() }))
        .collect()
}

/// All accounts, for the envelope.
pub(crate) fn accounts(market: &Market) -> Vec<Value> {
    let results = market.profit_and_loss();
    let accounts = market.accounts().iter();
    accounts
        .zip(results)
        .map(|((id, account), (_, result))| {
            json!({
                "account": id.as_str(),
                "cash": account.cash.to_string(),
                "bond": account.bond.to_string(),
                "positions": account.positions.iter().map(ToString::to_string).collect::<Vec<_>>(),
                "redeemable": market.entitlements().get(id).map(ToString::to_string),
                "redeemed": account.redeemed.map(|amount| amount.to_string()),
                "profit": result.to_string(),
            })
        })
        .collect()
}

/// All accounts, for people.
pub(crate) fn accounts_table(report: Report, market: &Market) -> Report {
    // Complete sets fill every column alike; where a market has many outcomes only the telling ones are shown.
    let labels = &market.spec().outcomes;
    let shown = telling_outcomes(market);
    let mut header = vec!["account", "cash"];
    header.extend(
        shown
            .iter()
            .filter_map(|&slot| labels.get(slot))
            .map(String::as_str),
    );
    header.extend(["redeemed", "profit"]);
    let numeric: Vec<usize> = (1..header.len()).collect();
    let results = market.profit_and_loss();
    let rows = market
        .accounts()
        .iter()
        .zip(results)
        .map(|((id, account), (_, result))| {
            let mut row = vec![id.to_string(), account.cash.to_string()];
            row.extend(
                shown
                    .iter()
                    .filter_map(|&slot| account.positions.get(slot))
                    .map(ToString::to_string),
            );
            row.push(
                account
                    .redeemed
                    .map_or_else(|| "-".to_owned(), |amount| amount.to_string()),
            );
            row.push(result.to_string());
            row
        })
        .collect();
    report.table(&header, &numeric, rows)
}

/// Widest table of positions.
const MAX_COLUMNS: usize = 6;

/// All outcomes of a small market; of a large one those that not the same single account holds entirely.
fn telling_outcomes(market: &Market) -> Vec<usize> {
    let slots = market.spec().outcomes.len();
    if slots <= MAX_COLUMNS {
        return (0..slots).collect();
    }
    let holders = |slot: usize| {
        let held = |account: &&maci_settlement::Account| {
            account
                .positions
                .get(slot)
                .is_some_and(|tokens| tokens.0 > 0)
        };
        market.accounts().values().filter(held).count()
    };
    (0..slots)
        .filter(|&slot| holders(slot) > 1)
        .take(MAX_COLUMNS)
        .collect()
}
