//! The verbs that are one command of the engine each: deposit, withdraw, open, split, merge, trade, transfer, close,
//! judge, void, redeem. They differ only in their arguments, so they share this file.

use clap::Args;
use maci_settlement::types::AccountError;
use maci_settlement::{AccountId, Amount, Command, Slot, Trade};
use serde_json::json;

use super::AtArgs;
use crate::context::Context;
use crate::failure::Failure;
use crate::market_store::{MarketFiles, refused};
use crate::report::Report;

/// A market and nothing else.
#[derive(Args, Debug)]
pub(crate) struct PlainArgs {
    /// The market
    market: String,

    #[command(flatten)]
    at: AtArgs,
}

/// A market and an account.
#[derive(Args, Debug)]
pub(crate) struct AccountArgs {
    /// The market
    market: String,

    /// The account
    #[arg(value_parser = parse_account)]
    account: AccountId,

    #[command(flatten)]
    at: AtArgs,
}

/// A market, an account and an amount.
#[derive(Args, Debug)]
pub(crate) struct AmountArgs {
    /// The market
    market: String,

    /// The account
    #[arg(value_parser = parse_account)]
    account: AccountId,

    /// Whole base units
    amount: u128,

    #[command(flatten)]
    at: AtArgs,
}

/// Tokens from one account to another.
#[derive(Args, Debug)]
pub(crate) struct TransferArgs {
    /// The market
    market: String,

    /// Who gives
    #[arg(value_parser = parse_account)]
    from: AccountId,

    /// Who gets
    #[arg(value_parser = parse_account)]
    to: AccountId,

    /// The outcome, counted from 0
    #[arg(long, value_name = "SLOT")]
    outcome: u16,

    /// How many tokens
    #[arg(long, value_name = "N")]
    shares: u128,

    #[command(flatten)]
    at: AtArgs,
}

/// Tokens for collateral.
#[derive(Args, Debug)]
pub(crate) struct TradeArgs {
    /// The market
    market: String,

    /// Who pays
    #[arg(long, value_name = "ACCOUNT", value_parser = parse_account)]
    buyer: AccountId,

    /// Who delivers
    #[arg(long, value_name = "ACCOUNT", value_parser = parse_account)]
    seller: AccountId,

    /// The outcome, counted from 0
    #[arg(long, value_name = "SLOT")]
    outcome: u16,

    /// How many tokens
    #[arg(long, value_name = "N")]
    shares: u128,

    /// What the buyer pays in base units
    #[arg(long, value_name = "AMOUNT")]
    payment: u128,

    #[command(flatten)]
    at: AtArgs,
}

/// Reads the name of an account.
pub(crate) fn parse_account(text: &str) -> Result<AccountId, AccountError> {
    text.parse()
}

/// Brings collateral in.
pub(super) fn deposit(context: &Context<'_>, args: &AmountArgs) -> Result<Report, Failure> {
    let command = Command::Deposit {
        account: args.account.clone(),
        amount: Amount(args.amount),
    };
    act(context, &args.market, &args.at, &command)
}

/// Takes collateral out.
pub(super) fn withdraw(context: &Context<'_>, args: &AmountArgs) -> Result<Report, Failure> {
    let command = Command::Withdraw {
        account: args.account.clone(),
        amount: Amount(args.amount),
    };
    act(context, &args.market, &args.at, &command)
}

/// Makes complete sets.
pub(super) fn split(context: &Context<'_>, args: &AmountArgs) -> Result<Report, Failure> {
    let command = Command::Split {
        account: args.account.clone(),
        amount: Amount(args.amount),
    };
    act(context, &args.market, &args.at, &command)
}

/// Unmakes complete sets.
pub(super) fn merge(context: &Context<'_>, args: &AmountArgs) -> Result<Report, Failure> {
    let command = Command::Merge {
        account: args.account.clone(),
        amount: Amount(args.amount),
    };
    act(context, &args.market, &args.at, &command)
}

/// Sells tokens.
pub(super) fn trade(context: &Context<'_>, args: &TradeArgs) -> Result<Report, Failure> {
    let command = Command::Trade(Trade {
        buyer: args.buyer.clone(),
        seller: args.seller.clone(),
        slot: Slot(args.outcome),
        shares: Amount(args.shares),
        payment: Amount(args.payment),
    });
    act(context, &args.market, &args.at, &command)
}

/// Moves tokens.
pub(super) fn transfer(context: &Context<'_>, args: &TransferArgs) -> Result<Report, Failure> {
    let command = Command::Transfer {
        from: args.from.clone(),
        to: args.to.clone(),
        slot: Slot(args.outcome),
        shares: Amount(args.shares),
    };
    act(context, &args.market, &args.at, &command)
}

/// Opens the market.
pub(super) fn open(context: &Context<'_>, args: &PlainArgs) -> Result<Report, Failure> {
    act(context, &args.market, &args.at, &Command::Open)
}

/// Ends trading.
pub(super) fn close(context: &Context<'_>, args: &PlainArgs) -> Result<Report, Failure> {
    act(context, &args.market, &args.at, &Command::Close)
}

/// Freezes the book.
pub(super) fn judge(context: &Context<'_>, args: &PlainArgs) -> Result<Report, Failure> {
    act(context, &args.market, &args.at, &Command::Judge)
}

/// Voids the market.
pub(super) fn void(context: &Context<'_>, args: &PlainArgs) -> Result<Report, Failure> {
    act(context, &args.market, &args.at, &Command::Void)
}

/// Pays an account.
pub(super) fn redeem(context: &Context<'_>, args: &AccountArgs) -> Result<Report, Failure> {
    act(
        context,
        &args.market,
        &args.at,
        &Command::Redeem {
            account: args.account.clone(),
        },
    )
}

/// Replays the market, carries the command out and writes the ledger.
fn act(
    context: &Context<'_>,
    name: &str,
    at: &AtArgs,
    command: &Command<'_>,
) -> Result<Report, Failure> {
    let mut market = MarketFiles::new(context, name)?.open()?;
    let event = market
        .ledger
        .execute(at.time(), command)
        .map_err(|error| refused(&error))?;
    let done = event.map(|event| (event.seq, event.body.kind(), event.hash));
    if done.is_some() {
        market.save()?;
    }
    let phase = market.ledger.market().phase();
    let report = Report::new(json!({
        "market": market.name(),
        "event": done.map(|(seq, kind, _)| json!({ "seq": seq.to_string(), "kind": kind })),
        "ledger_head": market.ledger.head().to_string(),
        "market_state": phase.to_string(),
    }));
    Ok(match done {
        Some((seq, kind, _)) => report.text(format!(
            "market {name}: event {seq} ({kind}); the market is {phase}"
        )),
        None => report.text(format!(
            "market {name}: nothing left to do; the market is {phase}"
        )),
    })
}
