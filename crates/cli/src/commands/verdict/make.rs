//! `maci verdict make`.

use std::path::PathBuf;

use clap::Args;
use maci_verdict::{VerdictFile, judge};

use super::show;
use crate::audit::{self, DevKeysArgs};
use crate::commands::market::{self, AtArgs};
use crate::context::Context;
use crate::failure::Failure;
use crate::files;
use crate::market_store::MarketFiles;
use crate::report::Report;

/// Arguments of `verdict make`.
#[derive(Args, Debug)]
pub(crate) struct MakeArgs {
    /// The market whose question is answered; its book is frozen if that is due
    #[arg(long, value_name = "NAME")]
    market: String,

    /// The audit bundle [default: bundle.json in the data directory]
    #[arg(long, value_name = "FILE")]
    bundle: Option<PathBuf>,

    /// Where to write the verdict [default: verdict.json in the data directory]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    #[command(flatten)]
    at: AtArgs,

    #[command(flatten)]
    dev_keys: DevKeysArgs,
}

/// Audits, judges and writes the file. The market itself is changed only as far as freezing its book.
pub(super) fn run(context: &Context<'_>, args: &MakeArgs) -> Result<Report, Failure> {
    let datadir = &context.settings.datadir.value;
    let path = args
        .bundle
        .clone()
        .unwrap_or_else(|| datadir.join("bundle.json"));
    let bytes = audit::read(&path)?;
    let poll = audit::poll(context, &path, &bytes, &args.dev_keys.trust(), None)?;
    let mut market = MarketFiles::new(context, &args.market)?.open()?;
    market::settle::freeze(&mut market, args.at.time())?;
    market.save()?;
    let question = market::settle::question(&market)?;
    let verified = judge(&poll, &question).map_err(|error| Failure::no("not_judged", error))?;
    let file = VerdictFile::from(&verified);
    let out = args
        .out
        .clone()
        .unwrap_or_else(|| datadir.join("verdict.json"));
    files::write_whole(&out, "verdict file", &file.to_bytes())?;
    Ok(show::describe(&file, &out))
}
