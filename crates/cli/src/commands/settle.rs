//! `maci settle`: the same as `maci market settle`, under the name of the stage.

use clap::Args;

use super::market::settle::{self, MarketSettleArgs};
use crate::context::Context;
use crate::failure::Failure;
use crate::report::Report;

/// Arguments of `settle`.
#[derive(Args, Debug)]
pub(crate) struct SettleArgs {
    #[command(flatten)]
    market: MarketSettleArgs,
}

/// Settles a market.
pub(crate) fn run(context: &Context<'_>, args: &SettleArgs) -> Result<Report, Failure> {
    settle::run(context, &args.market)
}
