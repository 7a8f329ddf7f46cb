//! Markets on disk: `<data directory>/markets/NAME.ledger`, one line of canonical JSON an event, and beside it
//! `NAME.bundles/`, the audit bundles behind the verdicts that the ledger accepted.
//!
//! A ledger is never trusted as it lies there: every command replays it from its first line (R6), and an event that
//! accepted a verdict is judged again from its bundle (R2). Writing is whole-file and atomic, under a lock, so a market
//! is never half changed and two commands never lose each other's event.

use std::fs::{File, OpenOptions};
use std::path::PathBuf;

use maci_settlement::{Ledger, LedgerError, MarketSpec, Refusal};
use maci_verdict::VerifiedPoll;

use crate::audit;
use crate::context::Context;
use crate::failure::Failure;
use crate::files;

/// A ledger of a million events is smaller than this.
const MAX_LEDGER: u64 = 4 << 30;

/// The files of one market.
#[derive(Debug)]
pub(crate) struct MarketFiles {
    name: String,
    ledger: PathBuf,
    bundles: PathBuf,
    lock: PathBuf,
}

/// A market that is open for one command. Holds the lock until dropped.
#[derive(Debug)]
pub(crate) struct OpenMarket {
    /// The replayed ledger.
    pub(crate) ledger: Ledger,
    files: MarketFiles,
    _lock: File,
}

impl MarketFiles {
    /// The files of the market of this name; nothing is touched.
    pub(crate) fn new(context: &Context<'_>, name: &str) -> Result<Self, Failure> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if name.is_empty() || name.len() > 64 || !name.chars().all(allowed) {
            return Err(Failure::usage(
                "bad_market_name",
                format!(
                    "expected a market name of 1 to 64 letters, digits, - or _, found {name:?}"
                ),
            ));
        }
        let directory = context.settings.datadir.value.join("markets");
        Ok(Self {
            name: name.to_owned(),
            ledger: directory.join(format!("{name}.ledger")),
            bundles: directory.join(format!("{name}.bundles")),
            lock: directory.join(format!("{name}.lock")),
        })
    }

    /// Where the ledger lies.
    pub(crate) fn ledger(&self) -> &std::path::Path {
        &self.ledger
    }

    /// Creates the market; one of the same name is left alone and refused.
    pub(crate) fn create(self, spec: MarketSpec) -> Result<OpenMarket, Failure> {
        let lock = self.lock()?;
        if self.ledger.exists() {
            return Err(Failure::conflict(
                "market_exists",
                format!("there is a market {} already", self.name),
            )
            .hint("choose another name"));
        }
        let ledger = Ledger::new(spec).map_err(|error| Failure::usage("bad_market", error))?;
        let market = OpenMarket {
            ledger,
            files: self,
            _lock: lock,
        };
        market.save()?;
        Ok(market)
    }

    /// Replays the ledger for a command that may change it.
    pub(crate) fn open(self) -> Result<OpenMarket, Failure> {
        if !self.ledger.exists() {
            return Err(
                Failure::usage("no_market", format!("there is no market {}", self.name))
                    .hint("maci market new makes one; --datadir names the directory to look in"),
            );
        }
        let lock = self.lock()?;
        let bytes = files::read_text(&self.ledger, "ledger", MAX_LEDGER)?;
        let polls = self.polls(bytes.as_bytes())?;
        let ledger = Ledger::parse(bytes.as_bytes(), &polls).map_err(|error| {
            Failure::conflict(
                "ledger_damaged",
                format!("the ledger of market {} is refused: {error}", self.name),
            )
            .hint(ledger_hint(&error))
        })?;
        Ok(OpenMarket {
            ledger,
            files: self,
            _lock: lock,
        })
    }

    /// The bundles that the market keeps, in a fixed order.
    pub(crate) fn bundles(&self) -> Vec<PathBuf> {
        let Ok(entries) = std::fs::read_dir(&self.bundles) else {
            return Vec::new();
        };
        let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        paths.sort();
        paths
    }

    /// Audits every kept bundle again, under the keys that the ledger's own header pins.
    pub(crate) fn polls(&self, ledger: &[u8]) -> Result<Vec<VerifiedPoll>, Failure> {
        let header = ledger
            .split_inclusive(|byte| *byte == b'\n')
            .next()
            .unwrap_or_default();
        // A header that does not parse is refused by name when the whole ledger is read.
        let Ok(header) = Ledger::parse(header, &[]) else {
            return Ok(Vec::new());
        };
        let pinned: Vec<_> = header
            .market()
            .spec()
            .polls
            .iter()
            .map(|poll| poll.verifying_keys)
            .collect();
        self.bundles()
            .iter()
            .map(|path| audit::kept_poll(path, &pinned))
            .collect()
    }

    fn lock(&self) -> Result<File, Failure> {
        let failed = |error: std::io::Error| {
            Failure::outside(
                "market_lock",
                format!("could not lock {}: {error}", self.lock.display()),
            )
        };
        if let Some(directory) = self.lock.parent() {
            std::fs::create_dir_all(directory).map_err(failed)?;
        }
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&self.lock)
            .map_err(failed)?;
        // Commands on a market take milliseconds: waiting is better than failing.
        file.lock().map_err(failed)?;
        Ok(file)
    }
}

impl OpenMarket {
    /// The market's name.
    pub(crate) fn name(&self) -> &str {
        &self.files.name
    }

    /// Writes the ledger.
    pub(crate) fn save(&self) -> Result<(), Failure> {
        files::write_whole(&self.files.ledger, "ledger", &self.ledger.to_bytes())
    }

    /// Keeps the bundle behind a verdict that is about to be accepted, so that the ledger can always be replayed.
    pub(crate) fn keep_bundle(&self, poll: &VerifiedPoll, bundle: &[u8]) -> Result<(), Failure> {
        let name = format!("{:x}.json", poll.bundle_digest());
        files::write_whole(&self.files.bundles.join(name), "audit bundle", bundle)
    }
}

/// What to do about a ledger that does not replay.
pub(crate) fn ledger_hint(error: &LedgerError) -> &'static str {
    match error {
        LedgerError::VerdictMissing { .. } => {
            "pass the audit bundle behind the verdict with --bundle"
        }
        _ => "nothing was changed; restore the ledger from a copy whose head you trust",
    }
}

/// Sorts refusals: the verdict's own no, a caller's slip, or a market that is in another state.
pub(crate) fn refused(error: &Refusal) -> Failure {
    match error {
        Refusal::Gate(_) => Failure::no("verdict_refused", error)
            .hint("maci market show tells what the market asks for"),
        Refusal::Hold(_) => {
            Failure::no("verdict_on_hold", error).hint("try again later, or set the time with --at")
        }
        Refusal::Zero { .. }
        | Refusal::UnknownAccount { .. }
        | Refusal::Slot { .. }
        | Refusal::SelfTrade { .. } => Failure::usage("bad_market_command", error),
        _ => Failure::conflict("market_command_refused", error)
            .hint("the market is unchanged; see maci market show"),
    }
}
