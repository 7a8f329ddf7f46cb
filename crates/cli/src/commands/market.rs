//! `maci market`: a complete-set market in the own ledger.
//!
//! The engine is `maci-settlement`; here are its commands by name. Amounts are whole base units.

mod act;
mod ledger_verify;
pub(crate) mod new;
pub(crate) mod settle;
pub(crate) mod show;

use std::time::{SystemTime, UNIX_EPOCH};

use clap::{Args, Subcommand};
use maci_settlement::Time;

use crate::context::Context;
use crate::failure::Failure;
use crate::report::Report;

/// What can be done with a market.
#[derive(Debug, Subcommand)]
pub(crate) enum MarketCommand {
    /// Make a market that a poll will judge
    New(Box<new::NewArgs>),
    /// Bring collateral in
    Deposit(act::AmountArgs),
    /// Take free collateral out
    Withdraw(act::AmountArgs),
    /// Open the market for splitting and trading
    Open(act::PlainArgs),
    /// Turn collateral into complete sets, one token of each outcome a unit
    Split(act::AmountArgs),
    /// Turn complete sets back into collateral
    Merge(act::AmountArgs),
    /// Sell outcome tokens to another account for collateral
    Trade(act::TradeArgs),
    /// Move outcome tokens to another account
    Transfer(act::TransferArgs),
    /// End trading
    Close(act::PlainArgs),
    /// Freeze the book once the poll has started
    Judge(act::PlainArgs),
    /// Settle on the verdict over an audit bundle
    Settle(settle::MarketSettleArgs),
    /// Void the market once its deadline is over
    Void(act::PlainArgs),
    /// Pay an account what the settlement entitles it to
    Redeem(act::AccountArgs),
    /// Show the market, its book and its accounts
    Show(show::ShowArgs),
    /// Replay the ledger from its first line and check every hash, balance and verdict
    LedgerVerify(ledger_verify::LedgerVerifyArgs),
}

/// When a command happens. The engine has no clock.
#[derive(Args, Debug)]
pub(crate) struct AtArgs {
    /// Unix time of the command [default: now]
    #[arg(long, value_name = "SECONDS")]
    at: Option<u64>,
}

impl AtArgs {
    /// The given time, or the clock's.
    pub(crate) fn time(&self) -> Time {
        let now = || {
            SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| since.as_secs())
        };
        Time(self.at.unwrap_or_else(now))
    }
}

/// Does it.
pub(crate) fn run(context: &Context<'_>, command: &MarketCommand) -> Result<Report, Failure> {
    match command {
        MarketCommand::New(args) => new::run(context, args),
        MarketCommand::Settle(args) => settle::run(context, args),
        MarketCommand::Show(args) => show::run(context, args),
        MarketCommand::LedgerVerify(args) => ledger_verify::run(context, args),
        MarketCommand::Deposit(args) => act::deposit(context, args),
        MarketCommand::Withdraw(args) => act::withdraw(context, args),
        MarketCommand::Split(args) => act::split(context, args),
        MarketCommand::Merge(args) => act::merge(context, args),
        MarketCommand::Trade(args) => act::trade(context, args),
        MarketCommand::Transfer(args) => act::transfer(context, args),
        MarketCommand::Open(args) => act::open(context, args),
        MarketCommand::Close(args) => act::close(context, args),
        MarketCommand::Judge(args) => act::judge(context, args),
        MarketCommand::Void(args) => act::void(context, args),
        MarketCommand::Redeem(args) => act::redeem(context, args),
    }
}
