//! `maci market ledger-verify`.

use std::path::{Path, PathBuf};

use clap::Args;
use maci_settlement::Ledger;
use serde_json::json;

use crate::audit::{self, DevKeysArgs};
use crate::context::Context;
use crate::failure::Failure;
use crate::files;
use crate::market_store::{MarketFiles, ledger_hint};
use crate::report::Report;

/// A ledger of a million events is smaller than this.
const MAX_LEDGER: u64 = 4 << 30;

/// Arguments of `market ledger-verify`.
#[derive(Args, Debug)]
pub(crate) struct LedgerVerifyArgs {
    /// The market, or a ledger file
    market: String,

    /// An audit bundle behind a verdict of the ledger; may be given again
    #[arg(long, value_name = "FILE")]
    bundle: Vec<PathBuf>,

    #[command(flatten)]
    dev_keys: DevKeysArgs,
}

/// Replays a ledger; what is wrong with it is the answer, not an error.
pub(super) fn run(context: &Context<'_>, args: &LedgerVerifyArgs) -> Result<Report, Failure> {
    let given = Path::new(&args.market);
    let (path, kept) = if given.is_file() {
        (given.to_path_buf(), None)
    } else {
        let files = MarketFiles::new(context, &args.market)?;
        (files.ledger().to_path_buf(), Some(files))
    };
    let text = files::read_text(&path, "ledger", MAX_LEDGER)?;
    let mut polls = match kept {
        Some(files) => files.polls(text.as_bytes())?,
        None => Vec::new(),
    };
    for bundle in &args.bundle {
        let bytes = audit::read(bundle)?;
        polls.push(audit::poll(
            context,
            bundle,
            &bytes,
            &args.dev_keys.trust(),
            None,
        )?);
    }
    let file = path.display().to_string();
    Ok(match Ledger::parse(text.as_bytes(), &polls) {
        Ok(ledger) => {
            let (events, head, phase) = (
                ledger.events().len(),
                ledger.head(),
                ledger.market().phase(),
            );
            Report::new(json!({
                "ledger": file,
                "valid": true,
                "events": events,
                "ledger_head": head.to_string(),
                "market_id": ledger.market().market_id().to_string(),
                "market_state": phase.to_string(),
            }))
            .text(format!("{file}: {events} events replay to the same balances and hashes; the market is {phase}"))
            .text(format!("head {head}"))
        }
        Err(error) => Report::new(json!({ "ledger": file, "valid": false })).refuse(
            Failure::no("ledger_invalid", format!("{file}: {error}")).hint(ledger_hint(&error)),
        ),
    })
}
